#pragma once
/// \file
/// NumPy's .npy files. xtensor writes them. Its reader (0.24) is not used: it allocates what the header asks for before
/// it looks at the file's length, takes a truncated file for a whole one, misreads headers of 128 to 255 bytes and
/// ignores the rank. Once all that is checked here, what is left to do is one copy.

#include "s2rm/data/xtensor.hpp"

#if __has_include(<xtensor/io/xnpy.hpp>)  // from 0.26
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "s2rm/data/file.hpp"
#include "s2rm/data/message.hpp"
#include "s2rm/data/tensor_info.hpp"

namespace s2rm::data {

namespace detail {

/// NumPy's name of an element type: "<f4", "|u1".
template <element T>
std::string numpy_type() {
  char const kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return {sizeof(T) == 1 ? '|' : '<', kind, static_cast<char>('0' + sizeof(T))};
}

/// The text between `key` (as NumPy writes it) and `end` in a header.
inline std::string_view value_after(std::string_view header, std::string_view key, char end, std::string const& path) {
  auto const at = header.find(key);
  auto const stop = at == std::string_view::npos ? at : header.find(end, at + key.size());
  if (stop == std::string_view::npos) refuse(path, {"the .npy header has no ", key});
  return header.substr(at + key.size(), stop - at - key.size());
}

/// "20, 32, 2" or "20," as extents.
inline std::vector<index_t> shape_in(std::string_view text, std::string const& path) {
  std::vector<index_t> shape;
  index_t extent = 0;
  bool digits = false;
  for (char const c : text) {
    if (c >= '0' && c <= '9') {
      if (extent > (index_t{1} << 56)) refuse(path, {"the shape (", text, ") overflows"});
      extent = 10 * extent + (c - '0');
      digits = true;
    } else if (c == ',' && digits) {
      shape.push_back(extent);
      extent = 0;
      digits = false;
    } else if (c != ' ' || digits) {
      refuse(path, {"expected a shape, found (", text, ")"});
    }
  }
  if (digits) shape.push_back(extent);
  return shape;
}

/// Where the numbers begin, and their shape.
struct npy_layout {
  std::size_t begin = 0;
  std::vector<index_t> shape;
};

/// Reads the header and checks version, its length, element type, order, rank, and that exactly the bytes of the shape
/// follow.
inline npy_layout check_npy(std::string_view file, dtype type, std::string_view numpy_name, std::size_t rank,
                            std::string const& path) {
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (file.size() < 12 || file.substr(0, 6) != magic) refuse(path, {"not a .npy file"});
  auto const byte = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(file[i])); };
  std::uint64_t start = 10, length = byte(8) | byte(9) << 8;
  if (byte(6) == 2) {
    start = 12;
    length |= byte(10) << 16 | byte(11) << 24;
  } else if (byte(6) != 1) {
    refuse(path, {"expected .npy version 1 or 2, found ", byte(6)});
  }
  if (length > 0xffff || length > file.size() - start) {
    refuse(path, {"expected a .npy header of at most ", std::uint64_t{file.size()} - start, " bytes, found ", length});
  }
  auto const header = file.substr(start, length);
  auto const found = value_after(header, "'descr': '", '\'', path);
  if (found != numpy_name && !(type == dtype::u8 && found == "|b1")) {
    refuse(path, {"expected dtype '", numpy_name, "', found '", found, "'"});
  }
  if (auto const order = value_after(header, "'fortran_order': ", ',', path); order != "False") {
    refuse(path, {"expected row-major order, found fortran_order ", order});
  }
  auto const shape = shape_in(value_after(header, "'shape': (", ')', path), path);
  if (shape.size() != rank) {
    refuse(path, {"expected rank ", std::uint64_t{rank}, ", found ", std::uint64_t{shape.size()}, " ", shape});
  }
  auto const bytes = checked_bytes(shape, type);
  auto const left = file.size() - start - length;
  if (!bytes) refuse(path, {"the shape ", shape, " overflows"});
  if (*bytes != left) refuse(path, {"expected ", *bytes, " bytes for the shape ", shape, ", found ", left});
  return {start + length, shape};
}

}  // namespace detail

/// Reads a .npy file of exactly this element type and rank, in row-major order; booleans read as std::uint8_t.
/// \throws file_error naming the file, what was expected and what was found.
template <element T, std::size_t Rank>
tensor<T, Rank> load_npy(std::string const& path) {
  input_file input(path);
  std::string bytes(static_cast<std::size_t>(input.size()), '\0');
  input.read(std::as_writable_bytes(std::span(bytes)));
  auto const layout = detail::check_npy(bytes, dtype_of<T>(), detail::numpy_type<T>(), Rank, path);
  std::array<std::size_t, Rank> shape{};
  std::copy(layout.shape.begin(), layout.shape.end(), shape.begin());
  tensor<T, Rank> values(shape);
  if (values.size() > 0) std::memcpy(values.data(), bytes.data() + layout.begin, bytes.size() - layout.begin);
  return values;
}

/// Writes a .npy file, all or nothing (see `write_file_atomically`).
/// \throws file_error on any failure; what stood at `path` before is then untouched.
template <element T, std::size_t Rank>
void save_npy(std::string const& path, tensor<T, Rank> const& values) {
  auto const text = xt::dump_npy(values);
  std::array<std::span<std::byte const>, 1> const pieces{std::as_bytes(std::span(text))};
  write_file_atomically(path, pieces);
}

}  // namespace s2rm::data
