#pragma once
/// \file
/// What a safetensors file says about its tensors: element types, shapes, places in the file.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// Element types of the format. Those without a C++ counterpart can be listed and skipped, not converted; `other` stands
/// for the types that the format gets after this library is written.
enum class dtype : std::uint8_t {
  boolean,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  i64,
  u64,
  f64,
  other
};

namespace detail {

/// A size that fits into memory as memory's own type: a cast where the two differ, and none, of which some compilers warn,
/// where they are one.
template <std::unsigned_integral Size>
constexpr std::size_t in_memory(Size size) {
  if constexpr (std::is_same_v<Size, std::size_t>) {
    return size;
  } else {
    return static_cast<std::size_t>(size);
  }
}

struct dtype_row {
  std::string_view name;
  int bytes;
};
/// In the order of `dtype`, `other` left out: its name stands in the file, its size is not known.
inline constexpr std::array<dtype_row, 15> dtype_table{{{"BOOL", 1},
                                                        {"U8", 1},
                                                        {"I8", 1},
                                                        {"F8_E5M2", 1},
                                                        {"F8_E4M3", 1},
                                                        {"I16", 2},
                                                        {"U16", 2},
                                                        {"F16", 2},
                                                        {"BF16", 2},
                                                        {"I32", 4},
                                                        {"U32", 4},
                                                        {"F32", 4},
                                                        {"I64", 8},
                                                        {"U64", 8},
                                                        {"F64", 8}}};
static_assert(dtype_table[static_cast<std::size_t>(dtype::f64)].name == "F64");

}  // namespace detail

/// The name of an element type in the file: "F32".
constexpr std::string_view name_of(dtype type) {
  return type == dtype::other ? "another type" : detail::dtype_table[static_cast<std::size_t>(type)].name;
}
/// Bytes of one element; 0 of `other`.
constexpr int bytes_of(dtype type) {
  return type == dtype::other ? 0 : detail::dtype_table[static_cast<std::size_t>(type)].bytes;
}

/// The element type with that name in the file, if there is one.
constexpr std::optional<dtype> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < detail::dtype_table.size(); ++i) {
    if (detail::dtype_table[i].name == name) return static_cast<dtype>(i);
  }
  return std::nullopt;
}

/// What the library reads and writes: float, double, and integers of 8 to 64 bits. Not bool: its memory may only hold 0
/// and 1, which no file promises; booleans are std::uint8_t.
template <class T> concept element = std::is_arithmetic_v<T> && sizeof(T) <= 8 && !std::is_same_v<T, bool>;

/// The element type that holds a C++ number.
template <element T>
constexpr dtype dtype_of() {
  if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? dtype::f32 : dtype::f64;
  } else if constexpr (std::is_signed_v<T>) {
    return sizeof(T) == 1 ? dtype::i8 : sizeof(T) == 2 ? dtype::i16 : sizeof(T) == 4 ? dtype::i32 : dtype::i64;
  } else {
    return sizeof(T) == 1 ? dtype::u8 : sizeof(T) == 2 ? dtype::u16 : sizeof(T) == 4 ? dtype::u32 : dtype::u64;
  }
}

/// One tensor of a file. `begin` and `end` count bytes from the start of the payload (the end of the header).
struct tensor_info {
  std::string name;
  dtype type = dtype::f32;
  std::vector<index_t> shape;  ///< row-major; empty for a single number
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string other_type = {};  ///< the type's name in the file where `type` is `dtype::other`

  /// The name of the element type in the file.
  [[nodiscard]] std::string_view type_name() const { return type == dtype::other ? other_type : name_of(type); }
};

/// A line of the file's `__metadata__`: text for people and programs, never numbers of the model.
struct metadata_entry {
  std::string key;
  std::string value;
};

/// One tensor to be written; the numbers stay where they are until then.
struct tensor_source {
  std::string name;
  dtype type = dtype::f32;
  std::vector<index_t> shape;
  void const* data = nullptr;
};

/// A tensor to be written: `data` holds the product of `shape` numbers in row-major order.
template <element T>
tensor_source source_of(std::string name, std::vector<index_t> shape, T const* data) {
  return {std::move(name), dtype_of<T>(), std::move(shape), data};
}

namespace detail {

/// Bytes that one array can have on this machine: 2 GiB less one where pointers have 32 bits.
inline constexpr std::int64_t most_bytes = (std::numeric_limits<std::ptrdiff_t>::max)();

/// Number of elements, or nothing where no array can have so many. A zero extent does not hide an overflow in the
/// others: what is valid must not depend on the order of the extents.
inline std::optional<std::uint64_t> checked_count(std::span<index_t const> shape) {
  std::int64_t product = 1;
  bool empty = false;
  for (auto const extent : shape) {
    if (extent < 0) return std::nullopt;
    empty = empty || extent == 0;
    if (extent != 0 && (__builtin_mul_overflow(product, extent, &product) || product > most_bytes)) return std::nullopt;
  }
  return empty ? 0 : static_cast<std::uint64_t>(product);
}

/// Bytes of a tensor, or nothing where no array can have so many.
inline std::optional<std::uint64_t> checked_bytes(std::span<index_t const> shape, dtype type) {
  auto const count = checked_count(shape);
  if (!count) return std::nullopt;
  std::int64_t bytes = 0;
  bool const over = __builtin_mul_overflow(static_cast<std::int64_t>(*count), std::int64_t{bytes_of(type)}, &bytes) ||
                    bytes > most_bytes;
  return over ? std::nullopt : std::optional(static_cast<std::uint64_t>(bytes));
}

}  // namespace detail

}  // namespace io
S2RM_NAMESPACE_END
