#pragma once
/// \file
/// NumPy's .npy files. xtensor writes them. Its reader (0.24) is not used: it allocates what the header says before it
/// looks at the file's length, accepts truncated files, misreads headers of 128 to 255 bytes and ignores the rank. Here
/// the header is read and checked against the file's size first; the numbers are then read directly into the array.

#include "s2rm/adapters/xtensor.hpp"

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
#include <utility>
#include <vector>

#include "s2rm/io/file.hpp"
#include "s2rm/io/message.hpp"
#include "s2rm/io/tensor_info.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// An extent that may be anything.
inline constexpr index_t any_extent = -1;

namespace detail {

template <std::size_t N>
constexpr std::array<index_t, N> filled(index_t value) {
  std::array<index_t, N> all{};
  all.fill(value);
  return all;
}

/// NumPy's name of an element type: "<f4", "|u1".
template <element T>
std::string numpy_type() {
  char const kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return {sizeof(T) == 1 ? '|' : '<', kind, static_cast<char>('0' + sizeof(T))};
}

/// What a .npy header says.
struct npy_header {
  std::string_view descr, order;
  std::vector<index_t> shape;
};

/// Reads the header's one line: a Python dictionary of exactly 'descr', 'fortran_order' and 'shape', in any order.
class npy_reader {
 public:
  npy_reader(std::string_view text, std::string const& path) : text_(text), path_(path) {}

  npy_header read() {
    npy_header header;
    unsigned seen = 0;
    expect('{');
    while (!taken('}')) {
      auto const key = quoted_text();
      unsigned const part = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
      if (part == 0) refuse(path_, {"the .npy header has an unknown key ", quoted{key}});
      if ((seen & part) != 0) refuse(path_, {"the .npy header has ", quoted{key}, " twice"});
      seen |= part;
      expect(':');
      if (part == 1) header.descr = quoted_text();
      if (part == 2) header.order = word();
      if (part == 4) header.shape = shape();
      if (!taken(',')) {
        expect('}');
        break;
      }
    }
    for (auto const& [part, key] : {std::pair{1U, "descr"}, {2U, "fortran_order"}, {4U, "shape"}}) {
      if ((seen & part) == 0) refuse(path_, {"the .npy header has no '", key, "'"});
    }
    skip_blanks();
    if (!text_.empty()) refuse(path_, {"the .npy header goes on after its last brace"});
    return header;
  }

 private:
  void skip_blanks() { text_.remove_prefix((std::min)(text_.find_first_not_of(" \n"), text_.size())); }
  bool taken(char c) {
    skip_blanks();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (taken(c)) return;
    refuse(path_, {"expected a .npy header, a dictionary: '", std::string_view(&c, 1), "', found ", quoted{text_}});
  }
  std::string_view take(std::size_t count) {
    auto const part = text_.substr(0, count);
    text_.remove_prefix(count);
    return part;
  }
  std::string_view quoted_text() {
    expect('\'');
    auto const end = text_.find('\'');
    if (end == std::string_view::npos) refuse(path_, {"expected a quote in the .npy header, found ", quoted{text_}});
    auto const found = take(end);
    text_.remove_prefix(1);
    return found;
  }
  std::string_view word() {
    skip_blanks();
    return take((std::min)(text_.find_first_not_of("TrueFals"), text_.size()));
  }
  /// "(20, 32, 2)", "(20,)" or "()".
  std::vector<index_t> shape() {
    skip_blanks();
    auto const whole = text_;
    auto const shown = [&] { return quoted{whole.substr(0, whole.find(')') + 1)}; };
    expect('(');
    std::vector<index_t> extents;
    while (!taken(')')) {
      auto const digits = take((std::min)(text_.find_first_not_of("0123456789"), text_.size()));
      if (digits.empty()) refuse(path_, {"expected a shape, found ", shown()});
      if (extents.size() == max_extents) {
        refuse(path_, {"expected a shape of at most ", max_extents, " extents, found more"});
      }
      index_t extent = 0;
      for (char const c : digits) {
        if (extent > (index_t{1} << 56)) refuse(path_, {"the shape ", shown(), " overflows"});
        extent = 10 * extent + (c - '0');
      }
      extents.push_back(extent);
      if (taken(',')) continue;
      if (extents.size() == 1 || !taken(')')) refuse(path_, {"expected a shape, found ", shown()});
      break;
    }
    return extents;
  }

  static constexpr std::uint64_t max_extents = 32;  // NumPy's own bound
  std::string_view text_;
  std::string const& path_;
};

/// Bytes before the header's text, and how many it has.
struct npy_prefix {
  std::uint64_t start = 10, length = 0;
};

/// Reads what stands before the header: magic, version 1 or 2, length. `first` holds the first 12 bytes of the file.
inline npy_prefix check_npy_prefix(std::string_view first, std::uint64_t size, std::string const& path) {
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (size < 12 || !first.starts_with(magic)) refuse(path, {"not a .npy file"});
  auto const byte = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(first[i])); };
  npy_prefix prefix{10, byte(8) | byte(9) << 8};
  if (byte(6) == 2) {
    prefix = {12, prefix.length | byte(10) << 16 | byte(11) << 24};
  } else if (byte(6) != 1) {
    refuse(path, {"expected .npy version 1 or 2, found ", byte(6)});
  }
  if (byte(7) != 0) refuse(path, {"expected .npy version ", byte(6), ".0, found ", byte(6), ".", byte(7)});
  constexpr std::uint64_t longest = 0xffff;
  if (auto const left = size - prefix.start; prefix.length > (std::min)(longest, left)) {
    refuse(path, {"expected a .npy header of at most ", (std::min)(longest, left), " bytes, found ", prefix.length});
  }
  return prefix;
}

/// Checks a header's text against the expected type and shape and against the `left` bytes that follow it. Returns the
/// shape.
inline std::vector<index_t> check_npy_header(std::string_view text, std::uint64_t left, dtype type,
                                             std::string_view numpy_name, std::span<index_t const> expected,
                                             std::string const& path) {
  auto const header = npy_reader(text, path).read();
  if (header.descr != numpy_name && !(type == dtype::u8 && header.descr == "|b1")) {
    refuse(path, {"expected dtype '", numpy_name, "', found ", quoted{header.descr}});
  }
  if (header.order != "False") refuse(path, {"expected row-major order, found fortran_order ", header.order});
  auto const& shape = header.shape;
  if (shape.size() != expected.size()) {
    refuse(path,
           {"expected rank ", std::uint64_t{expected.size()}, ", found ", std::uint64_t{shape.size()}, " ", shape});
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (expected[i] != any_extent && expected[i] != shape[i]) {
      refuse(path, {"expected ", static_cast<std::uint64_t>(expected[i]), " for extent ", std::uint64_t{i},
                    " of the shape, found ", shape});
    }
  }
  auto const bytes = checked_bytes(shape, type);
  if (!bytes) refuse(path, {"the shape ", shape, " overflows"});
  if (*bytes != left) refuse(path, {"expected ", *bytes, " bytes for the shape ", shape, ", found ", left});
  return shape;
}

/// A whole .npy file from `input_file` or `memory_input`.
template <element T, std::size_t Rank, class Input>
tensor<T, Rank> read_npy(Input& input, std::array<index_t, Rank> const& expected, std::uint64_t max_bytes,
                         std::string const& path) {
  std::array<char, 12> first{};
  input.read(std::as_writable_bytes(std::span(first))
                 .first(static_cast<std::size_t>(std::min<std::uint64_t>(first.size(), input.size()))));
  std::string_view const known(first.data(), first.size());
  auto const prefix = check_npy_prefix(known, input.size(), path);
  // Of a version 1 header two bytes are read already. A shorter one is empty and refused below.
  std::string header(known.substr(prefix.start).substr(0, prefix.length));
  auto const have = header.size();
  header.resize(static_cast<std::size_t>(prefix.length));
  input.read(std::as_writable_bytes(std::span(header)).subspan(have));
  auto const left = input.size() - prefix.start - prefix.length;
  if (left > max_bytes) refuse(path, {"expected at most ", max_bytes, " bytes of numbers, found ", left});
  auto const found = check_npy_header(header, left, dtype_of<T>(), numpy_type<T>(), expected, path);
  std::array<std::size_t, Rank> shape{};
  std::copy(found.begin(), found.end(), shape.begin());
  tensor<T, Rank> values(shape);
  input.read(std::as_writable_bytes(std::span(values.data(), values.size())));
  return values;
}

}  // namespace detail

/// What `load_npy` requires of a file besides element type and rank.
template <std::size_t Rank>
struct npy_limits {
  std::array<index_t, Rank> shape = detail::filled<Rank>(any_extent);  ///< exactly this; `any_extent`: any number
  std::uint64_t bytes = std::uint64_t{1} << 32;                        ///< at most; 4 GiB
};

/// Reads a .npy file of exactly this element type and rank, in row-major order; booleans read as std::uint8_t. Memory
/// is allocated once the header agrees with the file's length and with `limits`.
/// \throws file_error naming the file, what was expected and what was found.
template <element T, std::size_t Rank>
tensor<T, Rank> load_npy(std::string const& path, npy_limits<Rank> const& limits = {}) {
  input_file input(path);
  return detail::read_npy<T, Rank>(input, limits.shape, limits.bytes, path);
}

/// The same from bytes in memory; `source` names them in error texts.
template <element T, std::size_t Rank>
tensor<T, Rank> load_npy(std::span<std::byte const> bytes, std::string const& source,
                         npy_limits<Rank> const& limits = {}) {
  detail::memory_input input(bytes);
  return detail::read_npy<T, Rank>(input, limits.shape, limits.bytes, source);
}

/// Writes a .npy file, all or nothing (see `write_file_atomically`).
/// \throws file_error on any failure; what stood at `path` before is then untouched.
template <element T, std::size_t Rank>
void save_npy(std::string const& path, tensor<T, Rank> const& values) {
  auto const text = xt::dump_npy(values);
  std::array<std::span<std::byte const>, 1> const pieces{std::as_bytes(std::span(text))};
  write_file_atomically(path, pieces);
}

}  // namespace io
S2RM_NAMESPACE_END
