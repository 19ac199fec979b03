#pragma once
/// \file
/// Whole files in and out: exact reads, and writes that either replace the old file completely or leave it untouched.
///
/// A write goes to a new file in the same folder, is flushed to the device, and only then takes the final name
/// (rename is atomic within one folder). A reader of that name sees the old content or the new, never a part.
///
/// What differs between systems is in io/posix_file.hpp and io/windows_file.hpp. A path given as text is UTF-8 on Windows
/// and bytes elsewhere.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "s2rm/io/message.hpp"
#include "s2rm/io/posix_file.hpp"
#include "s2rm/io/windows_file.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// A path as the functions of this folder take it. (`path::string` has the code page's characters on Windows.)
inline std::string path_text(std::filesystem::path const& path) {
#if defined(_WIN32)
  auto const text = path.u8string();
  return {text.begin(), text.end()};
#else
  return path.string();
#endif
}

namespace detail {

/// "s2rm: <path>: <what>: <the system's text>"
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_system_error(std::string const& path, char const* what,
                                                                      std::error_code code) {
  refuse(path, {what, ": ", code.message()});
}
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_system_error(std::string const& path, char const* what) {
  throw_system_error(path, what, system_file::last_error());
}

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  descriptor(descriptor&&) = delete;
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (number_ >= 0) static_cast<void>(system_file::close(number_));
  }
  [[nodiscard]] int number() const { return number_; }
  /// Closes now; returns false where the system reports that written data were lost.
  [[nodiscard]] bool close() { return system_file::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

/// The folder part of a path, for opening it.
inline std::string folder_of(std::string const& path) {
  auto const separator = system_file::last_separator(path);
  if (separator == std::string::npos) return ".";
  return separator == 0 ? "/" : path.substr(0, separator);
}

inline void write_all(int number, std::span<std::byte const> bytes, std::string const& path) {
  while (!bytes.empty()) {
    auto const written = system_file::write_some(number, bytes);
    if (written < 0) {
      if (system_file::interrupted()) continue;
      throw_system_error(path, "cannot write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// Makes the new name itself survive a power loss.
inline void flush_folder(std::string const& folder) {
  int number = -1;
  if (!system_file::open_folder(folder, number)) throw_system_error(folder, "cannot open the folder");
  descriptor const opened(number);
  if (!system_file::flush_folder(number)) throw_system_error(folder, "cannot flush the folder");
}

/// A new, empty file beside `path`: created exclusively, deleted again unless `commit` gave it its final name.
class temporary_file {
 public:
  explicit temporary_file(std::string const& path) : file_(create(path, name_)) {}
  temporary_file(temporary_file const&) = delete;
  temporary_file& operator=(temporary_file const&) = delete;
  ~temporary_file() {
    if (name_.empty()) return;
    if (file_.number() >= 0) static_cast<void>(file_.close());  // an open file cannot be removed on Windows
    system_file::remove(name_);
  }
  [[nodiscard]] int number() const { return file_.number(); }

  void commit(std::string const& path) {
    if (!system_file::flush(file_.number())) throw_system_error(path, "cannot flush");
    if (!file_.close()) throw_system_error(path, "cannot close");
    if (!system_file::replace(name_, path)) throw_system_error(path, "cannot rename onto");
    name_.clear();
    flush_folder(folder_of(path));
  }

 private:
  /// Exclusive creation keeps two writers apart; the process number and a counter only make a free name likely.
  static descriptor create(std::string const& path, std::string& name) {
    static std::atomic<unsigned> counter{0};
    constexpr char const* failed = "cannot create a temporary file beside it";
    for (int attempt = 0; attempt < 100; ++attempt) {
      std::string candidate = path;
      append(candidate, {".tmp.", system_file::process_number(), ".", std::uint64_t{counter++}});
      int const number = system_file::create(candidate);
      if (number >= 0) {
        name = std::move(candidate);
        return descriptor(number);
      }
      if (!system_file::name_taken()) throw_system_error(path, failed);
    }
    throw_system_error(path, failed, std::make_error_code(std::errc::file_exists));
  }

  std::string name_;  // before file_, whose initialiser sets it
  descriptor file_;
};

/// Whether a file's name is one that `temporary_file` gives: "<name>.tmp.<number>.<number>".
inline bool is_temporary(std::string_view name) {
  for (int i = 0; i < 2; ++i) {
    auto const rest = name.find_last_not_of("0123456789");
    if (rest == std::string_view::npos || rest + 1 == name.size() || name[rest] != '.') return false;
    name = name.substr(0, rest);
  }
  return name.ends_with(".tmp");
}

/// Removes the temporary files of a folder whose writers are gone: those that nobody has open, and too old for their
/// writer to be about to lock them. A file that cannot be removed stays; it does no harm.
inline void remove_unfinished(std::filesystem::path const& folder) {
  constexpr std::int64_t young = 60;  // seconds
  std::error_code code;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    if (is_temporary(path_text(entry->path().filename()))) {
      system_file::remove_abandoned(path_text(entry->path()), young);
    }
  }
}

}  // namespace detail

/// A regular file opened for reading. Anything else (folder, pipe, device) is refused: its size would mean nothing.
class input_file {
 public:
  /// \throws file_error if the file can not be opened or is not a regular file.
  explicit input_file(std::string path) : path_(std::move(path)), file_(detail::system_file::open_to_read(path_)) {
    if (file_.number() < 0) detail::throw_system_error(path_, "cannot open");
    detail::system_file::facts found;
    if (!detail::system_file::ask(file_.number(), found)) detail::throw_system_error(path_, "cannot ask its size");
    if (!found.regular) detail::refuse(path_, {"expected a regular file"});
    size_ = found.size;
  }

  [[nodiscard]] std::string const& path() const { return path_; }
  /// Bytes in the file when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Reads the next `out.size()` bytes.
  /// \throws file_error if the file ends before.
  void read(std::span<std::byte> out) {
    while (!out.empty()) {
      auto const got = detail::system_file::read_some(file_.number(), out);
      if (got < 0) {
        if (detail::system_file::interrupted()) continue;
        detail::throw_system_error(path_, "cannot read");
      }
      if (got == 0) detail::refuse(path_, {"the file became shorter while it was read"});
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }

 private:
  std::string path_;
  detail::descriptor file_;
  std::uint64_t size_ = 0;
};

namespace detail {

/// Bytes in memory, read like a file.
class memory_input {
 public:
  explicit memory_input(std::span<std::byte const> bytes) : rest_(bytes), size_(bytes.size()) {}
  [[nodiscard]] std::uint64_t size() const { return size_; }
  void read(std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), rest_.data(), out.size());
    rest_ = rest_.subspan(out.size());
  }

 private:
  std::span<std::byte const> rest_;
  std::uint64_t size_;
};

}  // namespace detail

/// Replaces `path` by the concatenation of `pieces`, all or nothing: written to a new file in the same folder, flushed,
/// renamed; then the folder is flushed. An existing file keeps its permissions (on Windows the new one has those of its
/// folder); a symbolic link is replaced by the file.
/// \throws file_error on any failure; up to the rename the old file is then untouched and the new one is gone.
inline void write_file_atomically(std::string const& path, std::span<std::span<std::byte const> const> pieces) {
  detail::system_file::facts old;
  bool const exists = detail::system_file::ask(path, old);
  // Renaming onto /dev/null would destroy it for the whole machine.
  if (exists && !old.regular) detail::refuse(path, {"exists and is not a regular file, it will not be replaced"});
  detail::temporary_file fresh(path);
  if (exists && !detail::system_file::keep_permissions(fresh.number(), old)) {
    detail::throw_system_error(path, "cannot keep its permissions");
  }
  for (auto const piece : pieces) detail::write_all(fresh.number(), piece, path);
  fresh.commit(path);
}

}  // namespace io
S2RM_NAMESPACE_END
