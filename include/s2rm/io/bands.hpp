#pragma once
/// \file
/// A text about a model's bands in the metadata of its checkpoint: `s2rm.bands`, of format 3 (io/checkpoint.hpp). It belongs to the
/// weights of the file: every other save leaves it out. What it says is train/conformal.hpp's.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/io/checkpoint.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// Bytes of the text.
inline constexpr std::size_t max_bands_text = std::size_t{1} << 16;

/// The text; empty where the file has none. All of the file is read for its checksum, and none of it is held.
/// \throws file_error as `open_checkpoint` does; on a header that another program wrote anew, whose checksum nobody can
/// check, too.
inline std::string read_bands(std::string const& path) {
  input_file input(path);
  auto file = detail::read_header(input, path, safetensors_limits{});
  if (!detail::check_metadata(file)) return {};
  auto const* const text = file.find_metadata(detail::bands_key);
  if (text == nullptr) return {};
  auto sum = detail::sum_of_header(file);
  detail::read_wanted(input, file, [](tensor_info const&) { return false; }, sum);
  detail::check_checksum(file, sum);
  return *text;
}

/// Writes the text into a checkpoint in place of the one it has; an empty one takes it out. Nothing else of the file
/// changes, and it is replaced all or nothing (`write_file_atomically`).
/// \throws value_error on a text beyond `max_bands_text`; file_error where the file is no sound checkpoint of this
/// library, and on any failure of the disk: what stood at `path` is then untouched.
inline void write_bands(std::string const& path, std::string_view text) {
  if (text.size() > max_bands_text) {
    std::string problem;
    detail::append(problem, {"s2rm: ", path, ": bands: expected at most ", std::uint64_t{max_bands_text},
                             " bytes of text, found ", std::uint64_t{text.size()}});
    throw_error<value_error>(problem);
  }
  auto const file = read_safetensors(path);
  if (!detail::check_metadata(file)) detail::refuse(path, {"expected a checkpoint with s2rm.* metadata, found none"});
  auto sum = detail::sum_of_header(file);
  sum.add(file.payload);
  detail::check_checksum(file, sum);

  std::vector<tensor_source> tensors;
  bool training = false;
  for (auto const& tensor : file.tensors) {
    tensors.push_back({tensor.name, tensor.type, tensor.shape, file.bytes(tensor).data()});
    training = training || tensor.name.starts_with(detail::training_prefix);
  }
  std::vector<metadata_entry> metadata;
  for (auto const& entry : file.metadata) {
    if (entry.key != detail::bands_key && entry.key != detail::checksum_key) metadata.push_back(entry);
    if (entry.key == detail::format_key) metadata.back().value = !text.empty() ? "3" : training ? "2" : "1";
  }
  if (!text.empty()) metadata.push_back({std::string(detail::bands_key), std::string(text)});
  detail::write_with_checksum(path, tensors, std::move(metadata));
}

}  // namespace io
S2RM_NAMESPACE_END
