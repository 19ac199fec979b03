#include "text_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

namespace sensors {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;

/// Empty where iconv does not know the encoding, or a byte is none of it.
std::optional<std::string> converted(std::string_view bytes, std::string const& from) {
  auto* const converter = iconv_open("UTF-8", from.c_str());
  if (reinterpret_cast<std::intptr_t>(converter) == -1) return std::nullopt;
  std::unique_ptr<void, decltype(&iconv_close)> const closed_at_the_end{converter, iconv_close};
  std::string text;
  std::array<char, 1 << 14> part{};
  auto* in = const_cast<char*>(bytes.data());
  auto left = bytes.size();
  while (true) {
    auto* out = part.data();
    auto room = part.size();
    auto const done = iconv(converter, left > 0 ? &in : nullptr, &left, &out, &room);
    text.append(part.data(), part.size() - room);
    if (done == static_cast<std::size_t>(-1) && errno != E2BIG) return std::nullopt;
    if (done != static_cast<std::size_t>(-1) && left == 0) return text;
  }
}

/// What a byte order mark or the zeros of UTF-16 say; empty without them.
std::string detected(std::string_view bytes) {
  using namespace std::string_view_literals;
  // UTF-32 first: its little-endian mark begins with that of UTF-16.
  for (auto const& [mark, name] :
       {std::pair{"\xff\xfe\0\0"sv, "UTF-32"}, std::pair{"\0\0\xfe\xff"sv, "UTF-32"}, std::pair{"\xff\xfe"sv, "UTF-16"},
        std::pair{"\xfe\xff"sv, "UTF-16"}, std::pair{"\xef\xbb\xbf"sv, "UTF-8"}}) {
    if (bytes.starts_with(mark)) return name;
  }
  if (bytes.size() >= 2 && bytes.size() % 2 == 0) {  // a header begins with letters
    if (bytes[0] == '\0' && bytes[1] != '\0') return "UTF-16BE";
    if (bytes[0] != '\0' && bytes[1] == '\0') return "UTF-16LE";
  }
  return {};
}

}  // namespace

std::string read_bytes(std::filesystem::path const& path) {
  std::unique_ptr<archive, decltype(&archive_read_free)> const file{archive_read_new(), archive_read_free};
  auto* const open = file.get();
  for (auto const support :
       {archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_zstd, archive_read_support_format_raw, archive_read_support_format_empty}) {
    support(open);
  }
  auto const require = [&](bool good) {
    if (!good) throw data_error{path.string() + ": " + archive_error_string(open)};
  };
  if (std::filesystem::is_directory(path)) throw data_error{path.string() + ": expected a file, found a folder"};
  require(archive_read_open_filename(open, path.c_str(), 1 << 16) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  auto const begun = archive_read_next_header(open, &entry);
  require(begun == ARCHIVE_OK || begun == ARCHIVE_EOF);
  std::string bytes;
  std::string part(1 << 16, '\0');
  while (begun == ARCHIVE_OK) {
    auto const count = archive_read_data(open, part.data(), part.size());
    require(count >= 0);
    if (count == 0) break;
    bytes.append(part, 0, static_cast<std::size_t>(count));
    if (bytes.size() > most_bytes) {
      throw data_error{path.string() + ": expected at most " + std::to_string(most_bytes) + " bytes of text"};
    }
  }
  if (bytes.starts_with("PK\x03\x04")) {
    throw data_error{
        path.string() +
        ": expected CSV, found a zip archive or a workbook (.xlsx): unpack it, or export its sheet as CSV"};
  }
  return bytes;
}

std::string as_utf8(std::string_view bytes, std::string const& name, std::string const& encoding,
                    std::vector<std::string>* notes) {
  auto from = detected(bytes);  // what the bytes say goes before what was said of both files
  if (from.empty()) from = encoding;
  auto text = converted(bytes, from.empty() ? "UTF-8" : from);
  if (!text && from.empty()) {
    text = converted(bytes, "WINDOWS-1252");
    if (text && notes != nullptr) {
      notes->push_back(name + ": is not UTF-8, read as Windows-1252 (Latin-1); --encoding says another");
    }
  }
  if (!text) {
    throw data_error{name + ": expected text in " + (from.empty() ? "UTF-8" : from) +
                     ", found bytes that are none, or an encoding that iconv does not know; --encoding names it"};
  }
  if (text->starts_with("\xef\xbb\xbf")) text->erase(0, 3);  // byte order mark, as spreadsheets write it
  if (text->find('\0') != std::string::npos) throw data_error{name + ": expected text, found bytes that are 0"};
  if (text->find('\n') == std::string::npos) std::replace(text->begin(), text->end(), '\r', '\n');  // as old Macs did
  return std::move(*text);
}

}  // namespace sensors
