#pragma once
/// \file
/// Reader and writer of safetensors files: named dense arrays, row-major, with a JSON header and nothing executable.
///
/// Layout: 8 bytes header length N (little endian), N bytes JSON, then the raw bytes of the tensors without gaps.
/// The reader checks the whole header against the file's size before any tensor is touched, and no number in the file
/// sizes an allocation: header and payload are what the file really has, and at most what `safetensors_limits` allow.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/io/file.hpp"
#include "s2rm/io/message.hpp"
#include "s2rm/io/safetensors_header.hpp"
#include "s2rm/io/safetensors_header_writer.hpp"
#include "s2rm/io/tensor_info.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

static_assert(std::endian::native == std::endian::little, "s2rm: files are little endian, this machine is not");

namespace detail {

/// Whether elements of a file can become T: the same type, one of float and double for the other, booleans as bytes.
template <element T>
constexpr bool converts_to(dtype type) {
  return type == dtype_of<T>() || (std::is_same_v<T, std::uint8_t> && type == dtype::boolean) ||
         (std::is_floating_point_v<T> && (type == dtype::f32 || type == dtype::f64));
}

/// Copies numbers whose type converts to T.
template <element T>
void copy_numbers(dtype type, std::span<std::byte const> bytes, T* out) {
  if constexpr (std::is_floating_point_v<T>) {
    if (type != dtype_of<T>()) {
      using other = std::conditional_t<std::is_same_v<T, float>, double, float>;
      for (std::size_t i = 0; i < bytes.size() / sizeof(other); ++i) {
        other value;
        std::memcpy(&value, bytes.data() + i * sizeof(other), sizeof(other));  // the file promises no alignment
        out[i] = static_cast<T>(value);
      }
      return;
    }
  }
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
}

}  // namespace detail

/// A file in memory, every check passed.
struct safetensors_file {
  std::string source;                    ///< the file's name, for error texts
  std::vector<tensor_info> tensors;      ///< in the order of the header
  std::vector<metadata_entry> metadata;  ///< likewise
  std::string header;                    ///< as it stands in the file: length and JSON
  std::vector<std::byte> payload;

  /// The tensor of that name, or null.
  [[nodiscard]] tensor_info const* find(std::string_view name) const {
    for (auto const& tensor : tensors) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }

  /// The metadata of that key, or null.
  [[nodiscard]] std::string const* find_metadata(std::string_view key) const {
    for (auto const& entry : metadata) {
      if (entry.key == key) return &entry.value;
    }
    return nullptr;
  }

  /// The tensor of that name.
  /// \throws file_error if there is none.
  [[nodiscard]] tensor_info const& at(std::string_view name) const {
    auto const* const tensor = find(name);
    if (tensor == nullptr) detail::refuse_tensor(source, name, {"missing"});
    return *tensor;
  }

  /// The tensor of that name if it has that shape and can become numbers of type T.
  /// \throws file_error if it is missing, has another shape or another element type.
  template <element T>
  [[nodiscard]] tensor_info const& at(std::string_view name, std::span<index_t const> shape) const {
    auto const& tensor = at(name);
    require_type<T>(tensor);
    if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
      detail::refuse_tensor(source, name, {"expected shape ", shape, ", found ", tensor.shape});
    }
    return tensor;
  }

  /// The raw bytes of one of this file's tensors.
  [[nodiscard]] std::span<std::byte const> bytes(tensor_info const& tensor) const {
    return std::span(payload).subspan(detail::in_memory(tensor.begin), detail::in_memory(tensor.end - tensor.begin));
  }

  /// Copies one of this file's tensors to `out`, which has room for all its numbers. F32 and F64 convert into each
  /// other, BOOL reads as std::uint8_t; every other type only as itself.
  /// \throws file_error if the element type is another.
  template <element T>
  void copy(tensor_info const& tensor, T* out) const {
    require_type<T>(tensor);
    detail::copy_numbers(tensor.type, bytes(tensor), out);
  }

  /// All numbers of a tensor, row-major; its shape is `at(name).shape`.
  /// \throws file_error if it is missing or of another element type.
  template <element T>
  [[nodiscard]] std::vector<T> numbers(std::string_view name) const {
    auto const& tensor = at(name);
    require_type<T>(tensor);
    std::vector<T> values(
        detail::in_memory((tensor.end - tensor.begin) / static_cast<std::uint64_t>(bytes_of(tensor.type))));
    detail::copy_numbers(tensor.type, bytes(tensor), values.data());
    return values;
  }

 private:
  template <element T>
  void require_type(tensor_info const& tensor) const {
    if (!detail::converts_to<T>(tensor.type)) {
      detail::refuse_tensor(source, tensor.name,
                            {"expected dtype ", std::is_floating_point_v<T> ? "F32 or F64" : name_of(dtype_of<T>()),
                             ", found ", tensor.type_name()});
    }
  }
};

namespace detail {

/// Length of the header, from the first 8 bytes of a file of `size` bytes.
inline std::uint64_t header_length(std::string_view first, std::uint64_t size, std::string const& file,
                                   safetensors_limits const& limits) {
  constexpr std::uint64_t most_of_format = 100'000'000;  // the format's own limit: beyond it the bytes are no length
  std::uint64_t length = 0;
  std::memcpy(&length, first.data(), 8);
  if (length > (std::max)(limits.header, most_of_format)) {
    refuse(file, {"expected a header of at most ", limits.header, " bytes, found ", length,
                  " (is this a safetensors file?)"});
  }
  if (length > size - 8) {
    refuse(file, {"expected a header of ", length, " bytes, found ", size - 8,
                  " bytes after its length (the file is truncated)"});
  }
  if (length > limits.header) {
    refuse(file,
           {"expected a header of at most ", limits.header, " bytes, found ", length, " (safetensors_limits::header)"});
  }
  auto const largest = (std::min)(limits.payload, static_cast<std::uint64_t>(most_bytes));
  if (size - 8 - length > largest) {
    refuse(file, {"expected at most ", largest, " bytes of tensors, found ", size - 8 - length,
                  " (safetensors_limits::payload)"});
  }
  return length;
}

/// The file without its payload, everything about the header checked. `Input` has `size()` and `read(span)`.
template <class Input>
safetensors_file read_header(Input& input, std::string source, safetensors_limits const& limits) {
  auto const size = input.size();
  if (size < 8) refuse(source, {"expected at least 8 bytes, found ", size});
  safetensors_file file;
  file.header.resize(8);
  input.read({reinterpret_cast<std::byte*>(file.header.data()), 8});
  auto const length = header_length(file.header, size, source, limits);
  file.header.resize(8 + static_cast<std::size_t>(length));
  input.read({reinterpret_cast<std::byte*>(file.header.data()) + 8, static_cast<std::size_t>(length)});
  auto parsed = parse_safetensors_header(std::string_view(file.header).substr(8), size - 8 - length, source, limits);
  file.source = std::move(source);
  file.tensors = std::move(parsed.tensors);
  file.metadata = std::move(parsed.metadata);
  return file;
}

/// The rest of what `read_header` began.
template <class Input>
void read_payload(Input& input, safetensors_file& file) {
  file.payload.resize(static_cast<std::size_t>(input.size()) - file.header.size());
  input.read(file.payload);
}

}  // namespace detail

/// Reads a file.
/// \throws file_error naming the file, the tensor, what was expected and what was found.
inline safetensors_file read_safetensors(std::string const& path, safetensors_limits const& limits = {}) {
  input_file input(path);
  auto file = detail::read_header(input, path, limits);
  detail::read_payload(input, file);
  return file;
}

/// The same from bytes in memory; `source` names them in error texts.
inline safetensors_file read_safetensors(std::span<std::byte const> bytes, std::string source,
                                         safetensors_limits const& limits = {}) {
  detail::memory_input input(bytes);
  auto file = detail::read_header(input, std::move(source), limits);
  detail::read_payload(input, file);
  return file;
}

namespace detail {

/// Widest elements first, else in the order given, so that every tensor is aligned to its element size.
inline std::vector<tensor_source> sorted_by_width(std::span<tensor_source const> tensors) {
  std::vector<tensor_source> sorted;
  sorted.reserve(tensors.size());
  for (int const width : {8, 4, 2, 1, 0}) {
    for (auto const& tensor : tensors) {
      if (bytes_of(tensor.type) == width) sorted.push_back(tensor);
    }
  }
  return sorted;
}

/// The file in pieces: its header, then the tensors' bytes where they lie.
inline std::vector<std::span<std::byte const>> pieces_of(std::string const& header,
                                                         std::span<tensor_source const> tensors) {
  std::vector<std::span<std::byte const>> parts{std::as_bytes(std::span(header))};
  for (auto const& tensor : tensors) {
    auto const bytes = in_memory(*checked_bytes(tensor.shape, tensor.type));
    parts.emplace_back(static_cast<std::byte const*>(tensor.data), bytes);
  }
  return parts;
}

}  // namespace detail

/// Writes a file, all or nothing (see `write_file_atomically`): widest element types first, else in the order given.
/// \throws file_error on a name that occurs twice, text that is not UTF-8, or any failure of the disk; what stood at
/// `path` before is then untouched.
inline void write_safetensors(std::string const& path, std::span<tensor_source const> tensors,
                              std::span<metadata_entry const> metadata = {}) {
  auto const sorted = detail::sorted_by_width(tensors);
  auto const header = make_safetensors_header(sorted, metadata, path);
  write_file_atomically(path, detail::pieces_of(header, sorted));
}

}  // namespace io
S2RM_NAMESPACE_END
