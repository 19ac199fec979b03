#pragma once
/// \file
/// The register-blocked product behind every GEMM of the Eigen backend.
///
///   c[r, o] = start + sum over k of a[r, k] b[k, o],   start = 0, bias[o] or c[r, o]
///
/// One tile of rows x columns stays in registers while k runs. Each number of c is one chain of multiply-adds in the
/// order of k, whichever tile it falls into: the result for a row does not depend on how many rows there are, so a
/// stream and a sequence agree to the last bit. GCC and clang vector extensions are used; other compilers take
/// Eigen's product (gemm.hpp).

#include <cstddef>

#include "s2rm/core/config.hpp"

#if defined(__GNUC__) || defined(__clang__)
#define S2RM_HAS_VECTOR_KERNEL 1
#else
#define S2RM_HAS_VECTOR_KERNEL 0
#endif

namespace s2rm::backend::detail {

/// Bytes of the widest vector register this translation unit is compiled for.
#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

/// The operands of one product: strides in numbers; the columns of b and c are contiguous.
template <class T>
struct product_operands {
  T const* a;
  index_t a_row, a_step;  ///< a[r, k] = a[r * a_row + k * a_step]
  T const* b;
  index_t b_step;  ///< b[k, o] = b[k * b_step + o]
  T* c;
  index_t c_row;
  T const* bias;    ///< may be null
  bool accumulate;  ///< start from c
};

#if S2RM_HAS_VECTOR_KERNEL

// The tile must be unrolled into registers whatever the optimisation level.
#if defined(__clang__)
#define S2RM_UNROLL _Pragma("unroll")
#else
#define S2RM_UNROLL _Pragma("GCC unroll 8")
#endif

/// `Width` numbers of type T as one register; Width = 1 is the plain number.
template <class T, index_t Width>
struct vector_of {
  typedef T type __attribute__((vector_size(sizeof(T) * Width), aligned(alignof(T)), may_alias));  // NOLINT
};
template <class T>
struct vector_of<T, 1> {
  using type = T;
};

template <index_t Rows, index_t Vectors, index_t Width, class T>
inline void product_tile(product_operands<T> const& m, index_t row, index_t column, index_t depth) {
  using vec = typename vector_of<T, Width>::type;
  vec acc[Rows][Vectors];
  T* const c = m.c + row * m.c_row + column;
  S2RM_UNROLL
  for (index_t r = 0; r < Rows; ++r) {
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) {
      if (m.accumulate) {
        acc[r][v] = *reinterpret_cast<vec const*>(c + r * m.c_row + v * Width);
      } else if (m.bias != nullptr) {
        acc[r][v] = *reinterpret_cast<vec const*>(m.bias + column + v * Width);
      } else {
        acc[r][v] = vec{};
      }
    }
  }
  T const* a = m.a + row * m.a_row;
  T const* b = m.b + column;
  for (index_t k = 0; k < depth; ++k, a += m.a_step, b += m.b_step) {
    vec right[Vectors];
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) right[v] = *reinterpret_cast<vec const*>(b + v * Width);
    S2RM_UNROLL
    for (index_t r = 0; r < Rows; ++r) {
      T const left = a[r * m.a_row];
      S2RM_UNROLL
      for (index_t v = 0; v < Vectors; ++v) acc[r][v] += left * right[v];
    }
  }
  S2RM_UNROLL
  for (index_t r = 0; r < Rows; ++r) {
    S2RM_UNROLL
    for (index_t v = 0; v < Vectors; ++v) *reinterpret_cast<vec*>(c + r * m.c_row + v * Width) = acc[r][v];
  }
}

/// All rows of one strip of columns: tiles of 8 rows, then 4, 2, 1.
template <index_t Vectors, index_t Width, class T>
inline void product_strip(product_operands<T> const& m, index_t row_count, index_t column, index_t depth) {
  index_t r = 0;
  for (; r + 8 <= row_count; r += 8) product_tile<8, Vectors, Width>(m, r, column, depth);
  if (r + 4 <= row_count) {
    product_tile<4, Vectors, Width>(m, r, column, depth);
    r += 4;
  }
  if (r + 2 <= row_count) {
    product_tile<2, Vectors, Width>(m, r, column, depth);
    r += 2;
  }
  if (r < row_count) product_tile<1, Vectors, Width>(m, r, column, depth);
}

/// The columns that no full register covers, by halves.
template <index_t Width, class T>
inline void product_tail(product_operands<T> const& m, index_t row_count, index_t column, index_t columns,
                         index_t depth) {
  if (column + Width <= columns) {
    product_strip<1, Width>(m, row_count, column, depth);
    column += Width;
  }
  if constexpr (Width > 1) product_tail<Width / 2>(m, row_count, column, columns, depth);
}

template <class T>
inline void product_block(product_operands<T> const& m, index_t row_count, index_t columns, index_t depth) {
  constexpr index_t width = static_cast<index_t>(vector_bytes / sizeof(T));
  constexpr index_t vectors = vector_bytes == 64 ? 3 : 1;
  index_t column = 0;
  for (; column + vectors * width <= columns; column += vectors * width) {
    product_strip<vectors, width>(m, row_count, column, depth);
  }
  if constexpr (vectors > 1) {
    if (column + 2 * width <= columns) {
      product_strip<2, width>(m, row_count, column, depth);
      column += 2 * width;
    }
  }
  product_tail<width>(m, row_count, column, columns, depth);
}

#undef S2RM_UNROLL
#endif

}  // namespace s2rm::backend::detail
