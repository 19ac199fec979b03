#pragma once
/// \file
/// W x for few rows, with its bias and a GELU behind it, in one kernel. Libraries are tuned for many rows: for ten of
/// them cuBLAS splits a depth of 128 among 264 blocks of an H200 and takes 54 microseconds.
///
/// A block is up to 8 rows by 8 columns of one group. 32 threads share the depth of two columns, 16 bytes at a time
/// where everything is aligned to that; every weight is read once and serves all rows of the block. All reads of a
/// thread are in flight at once up to a depth of 128. Parts of a sum meet in shared memory and are added in the order
/// of the threads.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/backend/thrust/kernels/host_gemm.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// How many numbers 16 bytes are.
template <class T>
inline constexpr int vector_width = static_cast<int>(16 / sizeof(T));

/// Whether rows that begin at p and are `steps` apart can be read by 16 bytes.
template <class T, class... Steps>
bool whole_vectors(T const* p, Steps... steps) {
  return reinterpret_cast<std::uintptr_t>(p) % 16 == 0 && ((steps % vector_width<T> == 0) && ...);
}

/// Whether a product can be computed here: W has its rows whole, and offsets are numbers of 32 bits.
template <class T>
bool can_be_few_rows(product_task<T> const& t) {
  constexpr index_t max_offset = 0x7fffffff;
  return t.rows > 0 && t.a_k == 1 && t.b_k == 1 && t.depth > 0 &&
         t.rows * t.a_row + t.groups * t.a_group + t.depth <= max_offset &&
         t.rows * t.c_row + t.groups * t.c_group <= max_offset &&
         t.groups * t.b_group + t.columns * t.b_column <= max_offset;
}
/// Whether it is faster on a device than the library. From 65 rows on the depth must occupy 32 threads, and the work
/// must be so small that the launch dominates. The bounds are estimates.
template <class T>
bool has_few_rows(product_task<T> const& t) {
  index_t const work = t.rows * t.groups * t.columns * t.depth;
  return can_be_few_rows(t) && (t.rows <= 64 ? work <= index_t{1} << 27 : t.depth >= 64 && work <= index_t{1} << 24);
}

/// The task, for at most `Rows` rows in a block; depth by `Vector` numbers at a time. Where `gelu` is not null, gelu(y)
/// goes there, laid out as y is.
template <class T, int Rows, int Vector>
struct few_rows_product {
  static constexpr int threads = 128, lanes = 32, each = 2, columns = threads / lanes * each;
  /// So many that a thread has the registers for all its reads at once.
  static constexpr int blocks_together = sizeof(T) == 4 ? 4 : 3;
  static constexpr int outputs = Rows * columns, step = lanes + 1;
  static constexpr int chunks = Vector < 4 ? 4 / Vector : 1;  // of a column that a thread has in flight
  static_assert(outputs <= threads);
  static constexpr std::size_t shared_bytes = static_cast<std::size_t>(outputs * step + outputs) * sizeof(T) + 32;
  T const *a, *b, *bias;
  T *c, *gelu;
  int rows, groups, width, depth;
  int a_row, a_group, b_group, b_column, c_row, c_group;
  int row_tiles, tile, column_tiles;  // `tile` rows each
  bool accumulate;

  few_rows_product(product_task<T> const& t, T* gelu_to)
      : a(t.a),
        b(t.b),
        bias(t.bias),
        c(t.c),
        gelu(gelu_to),
        rows(static_cast<int>(t.rows)),
        groups(static_cast<int>(t.groups)),
        width(static_cast<int>(t.columns)),
        depth(static_cast<int>(t.depth)),
        a_row(static_cast<int>(t.a_row)),
        a_group(static_cast<int>(t.a_group)),
        b_group(static_cast<int>(t.b_group)),
        b_column(static_cast<int>(t.b_column)),
        c_row(static_cast<int>(t.c_row)),
        c_group(static_cast<int>(t.c_group)),
        row_tiles((rows + Rows - 1) / Rows),
        tile((rows + row_tiles - 1) / row_tiles),
        column_tiles((width + columns - 1) / columns),
        accumulate(t.accumulate) {}
  [[nodiscard]] index_t blocks() const { return index_t{groups} * row_tiles * column_tiles; }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto const index = static_cast<unsigned>(block.index), of_row = index / static_cast<unsigned>(column_tiles);
    int const g = static_cast<int>(of_row / static_cast<unsigned>(row_tiles));
    int const column = (static_cast<int>(index) - static_cast<int>(of_row) * column_tiles) * columns;
    int const row = (static_cast<int>(of_row) - g * row_tiles) * tile;
    int const rows_here = rows - row < tile ? rows - row : tile;
    int const columns_here = width - column < columns ? width - column : columns;
    shared_layout cut{block.shared};
    T* const part = cut.template take<T>(outputs * step);
    T* const start = cut.template take<T>(outputs);

    block.each([&](int thread) {
      // The initial value of a result is loaded first and used last.
      int const r = thread / columns < rows_here ? thread / columns : rows_here - 1;
      int const o = thread % columns < columns_here ? thread % columns : columns_here - 1;
      T from = T(0);
      if (accumulate) {
        from = c[(row + r) * c_row + g * c_group + column + o];
      } else if (bias != nullptr) {
        from = bias[g * width + column + o];
      }
      add(thread % lanes, thread / lanes * each, row * a_row + g * a_group, g * b_group + column * b_column, rows_here,
          columns_here, part);
      if (thread < outputs) start[thread] = from;
    });
    block.each([&](int thread) {
      int const r = thread / columns, o = thread % columns;
      if (r >= rows_here || o >= columns_here) return;
      T const* const local = part + thread * step;
      T sum[4] = {};
      for (int lane = 0; lane < lanes; lane += 4) {
        for (int i = 0; i < 4; ++i) sum[i] += local[lane + i];
      }
      T const value = start[thread] + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
      int const to = (row + r) * c_row + g * c_group + column + o;
      c[to] = value;
      if (gelu != nullptr) gelu[to] = math::gelu(value);
    });
  }

 private:
  struct vector {
    T of[Vector];
  };
  /// Beyond the depth: zeros, and something is read all the same.
  S2RM_HD static vector load(T const* p, bool inside) {
    vector v;
    if constexpr (Vector == 1) {
      v.of[0] = *p;
    } else {
#if S2RM_DEVICE
      __builtin_memcpy(&v, __builtin_assume_aligned(p, 16), sizeof v);
#else
      __builtin_memcpy(&v, p, sizeof v);
#endif
    }
    for (T& number : v.of) number = inside ? number : T(0);
    return v;
  }

  /// One thread's part of `each` columns for all rows. Beyond an edge the last row, column or depth is read again, so
  /// that no read depends on a condition and all can be in flight.
  S2RM_HD void add(int lane, int first, int of_a, int of_b, int rows_here, int columns_here, T* part) const {
    T sum[Rows][each] = {};
    for (int at = lane * Vector; at < depth; at += lanes * Vector * chunks) {
      vector weight[each][chunks], in[Rows][chunks];
      for (int i = 0; i < chunks; ++i) {
        int const k = at + i * lanes * Vector;
        bool const inside = k < depth;
        int const here = inside ? k : depth - Vector;
        for (int c = 0; c < each; ++c) {
          int const column = first + c < columns_here ? first + c : columns_here - 1;
          weight[c][i] = load(b + (of_b + column * b_column + here), inside);
        }
        for (int r = 0; r < Rows; ++r) {
          in[r][i] = load(a + (of_a + (r < rows_here ? r : rows_here - 1) * a_row + here), inside);
        }
      }
      for (int i = 0; i < chunks; ++i) {
        for (int r = 0; r < Rows; ++r) {
          for (int c = 0; c < each; ++c) {
            for (int v = 0; v < Vector; ++v) sum[r][c] += in[r][i].of[v] * weight[c][i].of[v];
          }
        }
      }
    }
    for (int r = 0; r < Rows; ++r) {
      for (int c = 0; c < each; ++c) part[(r * columns + first + c) * step + lane] = sum[r][c];
    }
  }
};

/// f(kernel) for the kernel that suits a task of few rows, and what it returns. On a host (`Device` false) that depends
/// on the depth alone: a row has the same bits whatever the number of rows and their addresses are.
template <bool Device, class T, class F>
bool with_few_rows(product_task<T> const& t, T* gelu, F const& f) {
  auto const by = [&]<int Vector>(std::integral_constant<int, Vector>) {
    if constexpr (Device) {
      if (t.rows <= 2) return f(few_rows_product<T, 2, Vector>(t, gelu));
    }
    return f(few_rows_product<T, 8, Vector>(t, gelu));
  };
  bool const whole = !Device || (whole_vectors(t.a, t.a_row, t.a_group) && whole_vectors(t.b, t.b_group, t.b_column));
  return whole && t.depth % vector_width<T> == 0 ? by(std::integral_constant<int, vector_width<T>>{})
                                                 : by(std::integral_constant<int, 1>{});
}

/// Several of them: block after block of the first, then of the second, ...
template <class T, int Rows, int Vector, std::size_t Count>
struct few_rows_products {
  using one = few_rows_product<T, Rows, Vector>;
  static constexpr int threads = one::threads, blocks_together = one::blocks_together;
  static constexpr std::size_t shared_bytes = one::shared_bytes;
  one all[Count];
  [[nodiscard]] index_t blocks() const {
    index_t sum = 0;
    for (one const& k : all) sum += k.blocks();
    return sum;
  }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    Block local = block;
    for (int i = 0; i < static_cast<int>(Count); ++i) {
      index_t const here = all[i].groups * all[i].row_tiles * all[i].column_tiles;
      if (local.index < here) return all[i](local);
      local.index -= here;
    }
  }
};
/// f of the kernel of one kind.
template <int Rows, int Vector, class T, std::size_t Count, class F, std::size_t... Index>
bool run_together(std::array<product_task<T>, Count> const& all, F const& f, std::index_sequence<Index...>) {
  using kernels = few_rows_products<T, Rows, Vector, Count>;
  return f(kernels{{typename kernels::one(all[Index], static_cast<T*>(nullptr))...}});
}
/// f(kernel), and what it returns, for tasks that do not read each other's results; false where one has not few rows.
template <class T, std::size_t Count, class F>
bool with_few_rows(std::array<product_task<T>, Count> const& all, F const& f) {
  bool fewest = true, whole = true;
  for (auto const& t : all) {
    if (!has_few_rows(t)) return false;
    fewest = fewest && t.rows <= 2;
    whole = whole && t.depth % vector_width<T> == 0 && whole_vectors(t.a, t.a_row, t.a_group) &&
            whole_vectors(t.b, t.b_group, t.b_column);
  }
  constexpr auto every = std::make_index_sequence<Count>{};
  constexpr int wide = vector_width<T>;
  if (fewest) return whole ? run_together<2, wide>(all, f, every) : run_together<2, 1>(all, f, every);
  return whole ? run_together<8, wide>(all, f, every) : run_together<8, 1>(all, f, every);
}

/// y[r, g, c] = bias[g, c], or 0 without one, before a product of many rows adds to it: a thread has one place (g, c)
/// of `Vector` numbers, and every `lines`th row.
template <class T, int Vector>
struct spread_bias {
  T const* bias;
  T* y;
  index_t rows, row, group;
  unsigned columns, places, of_group, lines;
  S2RM_HD void operator()(index_t i) const {
    auto const index = static_cast<unsigned>(i), line = index / places, place = index - line * places;
    unsigned const g = place / of_group, c = (place - g * of_group) * Vector;
    T value[Vector];
    for (unsigned v = 0; v < Vector; ++v) value[v] = bias == nullptr ? T(0) : bias[g * columns + c + v];
    T* const to = y + g * group + c;
    for (index_t r = line; r < rows; r += lines) {
      if constexpr (Vector > 1) {
        void* const at = to + r * row;  // nvcc 13.0 fails on the expression itself
        __builtin_memcpy(__builtin_assume_aligned(at, 16), value, sizeof value);
      } else {
        to[r * row] = value[0];
      }
    }
  }
};

/// Calls each(n, functor) for the biases of a product, with about as many indices as there are threads at once.
template <class T, class Each>
void spread_biases(product_task<T> const& t, index_t threads, Each const& each) {
  auto const by = [&]<int Vector>(std::integral_constant<int, Vector>) {
    index_t const of_group = t.columns / Vector, places = t.groups * of_group, wanted = threads / places;
    index_t const lines = wanted < 1 ? 1 : (wanted < t.rows ? wanted : t.rows);
    each(places * lines, spread_bias<T, Vector>{t.bias, t.c, t.rows, t.c_row, t.c_group,
                                                static_cast<unsigned>(t.columns), static_cast<unsigned>(places),
                                                static_cast<unsigned>(of_group), static_cast<unsigned>(lines)});
  };
  if (t.columns % vector_width<T> == 0 && whole_vectors(t.c, t.c_row, t.c_group)) {
    by(std::integral_constant<int, vector_width<T>>{});
  } else {
    by(std::integral_constant<int, 1>{});
  }
}

/// a += bias, z = gelu(a), for rows of `Width` numbers.
template <class T, index_t Width>
struct bias_gelu_rows {
  using scalar = T;
  T const* bias;
  T *a, *z;
  template <class L>
  S2RM_HD void lanes(index_t r, index_t c) const {
    T* const at = a + r * Width + c;
    auto const sum = L::load(at) + L::load(bias + c);
    L::store(at, sum);
    L::store(z + r * Width + c, math::gelu(sum));
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
