#pragma once
/// \file
/// A checkpoint's weights, read without exceptions: for programs that are compiled without, and for threads that must not
/// throw. What is accepted is what io/checkpoint.hpp accepts; why a file is not accepted is a code instead of a text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/io/checkpoint.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN

/// Why weights were not loaded.
enum class load_status : std::uint8_t {
  ok,
  no_file,           ///< it cannot be opened or read, or is no regular file
  not_a_checkpoint,  ///< it is no safetensors file, or larger than any of this model
  other_model,       ///< names, shapes or types are not those of this model
  damaged,           ///< the checksum does not match
  not_finite         ///< a weight is not finite, or not in the range of the model's type
};
constexpr char const* text_of(load_status status) {
  switch (status) {
    case load_status::ok: return "ok";
    case load_status::no_file: return "expected a file that can be read";
    case load_status::not_a_checkpoint: return "expected a safetensors file";
    case load_status::other_model: return "expected the names and shapes of this model";
    case load_status::damaged: return "the checksum does not match";
    case load_status::not_finite: return "expected finite weights";
  }
  return "unknown";
}

namespace io::detail {

/// A whole file of at most `most` bytes.
inline bool read_whole(std::string const& path, std::uint64_t most, std::vector<std::byte>& out, load_status& why) {
  why = load_status::no_file;
  descriptor const file(system_file::open_to_read(path));
  system_file::facts found;
  if (file.number() < 0 || !system_file::ask(file.number(), found) || !found.regular) return false;
  if (found.size > (std::min)(most, static_cast<std::uint64_t>(most_bytes))) {
    why = load_status::not_a_checkpoint;
    return false;
  }
  out.resize(in_memory(found.size));
  for (std::span<std::byte> rest(out); !rest.empty();) {
    auto const got = system_file::read_some(file.number(), rest);
    if (got == 0 || (got < 0 && !system_file::interrupted())) return false;
    if (got > 0) rest = rest.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

/// The header's events, where it is one.
inline bool parse_quietly(std::string_view json, header_events& events) {
  auto const text = json_of(json);
  if (text.empty()) return false;
  rapid::MemoryStream stream(text.data(), text.size());
  rapid::Reader reader;
  return !reader.Parse<rapid::kParseValidateEncodingFlag>(stream, events).IsError() && stream.Tell() == text.size();
}

/// Tensors are as long as their shapes say and lie within the payload, one after the other.
inline bool well_laid_out(std::vector<tensor_info> const& tensors, std::uint64_t payload) {
  std::uint64_t expected = 0;
  for (auto const* const tensor : in_file_order(tensors)) {
    auto const bytes = checked_bytes(tensor->shape, tensor->type);
    if (!bytes || tensor->begin != expected || tensor->end < tensor->begin || tensor->end - tensor->begin != *bytes) {
      return false;
    }
    expected = tensor->end;
  }
  return expected == payload;
}

}  // namespace io::detail

/// Reads the weights `fields` of a checkpoint to the flat block `values`. Where the status is not `ok`, nothing of
/// `values` can be relied upon. Only memory that cannot be had ends the program.
template <class T>
[[nodiscard]] load_status read_weights(std::string const& path, std::span<field_info const> fields,
                                       T* values) noexcept {
  namespace detail = io::detail;
  auto const limits = detail::limits_for(fields, {});
  std::vector<std::byte> bytes;
  auto why = load_status::ok;
  if (!detail::read_whole(path, 8 + limits.header + limits.payload, bytes, why)) return why;
  std::uint64_t length = 0;
  if (bytes.size() < 8) return load_status::not_a_checkpoint;
  std::memcpy(&length, bytes.data(), 8);
  if (length > limits.header || length > bytes.size() - 8) return load_status::not_a_checkpoint;
  std::string_view const header(reinterpret_cast<char const*>(bytes.data()), 8 + detail::in_memory(length));
  auto const payload = std::span<std::byte const>(bytes).subspan(header.size());
  detail::header_events events(limits);
  auto const& tensors = events.header.tensors;
  bool const sound = detail::parse_quietly(header.substr(8), events) && detail::well_laid_out(tensors, payload.size());
  if (!sound) return load_status::not_a_checkpoint;

  auto const& metadata = events.header.metadata;
  auto const own = std::count_if(metadata.begin(), metadata.end(), [](auto const& entry) {
    return entry.key.starts_with("s2rm.") && entry.key != detail::bands_key;
  });
  if (own > 0) {
    auto const format = std::find_if(metadata.begin(), metadata.end(), [](auto const& entry) {
      return entry.key == "s2rm.format" && detail::known_format(entry.value);
    });
    if (own != 4 || format == metadata.end()) return load_status::not_a_checkpoint;
    auto const digits = detail::find_checksum(header);
    if (digits == std::string_view::npos || header.size() - digits < detail::checksum_blank.size()) {
      return load_status::damaged;
    }
    auto const sum = detail::sum_without_checksum(bytes, digits);
    if (sum.hexadecimal() != header.substr(digits, detail::checksum_blank.size())) return load_status::damaged;
  }

  std::size_t known = 0;
  for (auto const& tensor : tensors) {
    if (tensor.name.starts_with(detail::training_prefix)) continue;
    auto const field =
        std::find_if(fields.begin(), fields.end(), [&](field_info const& one) { return one.name == tensor.name; });
    if (field == fields.end() || !detail::converts_to<T>(tensor.type)) return load_status::other_model;
    auto const shape = detail::shape_of(*field);
    if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end()))
      return load_status::other_model;
    auto const begin = detail::in_memory(tensor.begin), size = detail::in_memory(tensor.end - tensor.begin);
    detail::copy_numbers(tensor.type, payload.subspan(begin, size), values + field->offset);
    if (!std::all_of(values + field->offset, values + field->offset + field->size,
                     [](T x) { return math::is_finite(x); })) {
      return load_status::not_finite;
    }
    ++known;
  }
  return known == fields.size() ? load_status::ok : load_status::other_model;
}

S2RM_NAMESPACE_END
