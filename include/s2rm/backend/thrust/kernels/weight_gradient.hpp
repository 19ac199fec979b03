#pragma once
/// \file
/// Gradients of weights and biases: dw_g += sum over rows of dy^T x, db_g += sum over rows of dy. Split-K: rows are
/// cut into splits, so that there are enough blocks to fill a device; partial sums lie in the context's scratch and are
/// added in the order of the splits. How rows are cut depends on the extents alone.

#include <cstddef>
#include <type_traits>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/backend/thrust/kernels/skinny_gemm.hpp"
#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// How many splits n rows are cut into, and the rows of each.
struct row_splits {
  index_t count = 1, rows = 0;
  /// At most `max` splits, of at least `min_rows` rows, a multiple of 8.
  static row_splits of(index_t n, index_t min_rows, index_t max) {
    index_t const wanted = n / min_rows < max ? n / min_rows : max;
    if (wanted <= 1) return {1, n};
    index_t const each = ((n + wanted - 1) / wanted + 7) / 8 * 8;
    return {(n + each - 1) / each, each};
  }
};

/// Four neighbours, read and written at once: 16 bytes for float.
template <class T>
struct alignas(16) four {
  T x[4];
};
template <class T>
S2RM_HD inline void copy_four(T const* from, T* to) {
  *reinterpret_cast<four<T>*>(to) = *reinterpret_cast<four<T> const*>(from);
}
/// Those of which `left` are there, the others 0; by one access where `whole` says that they are aligned.
template <class T>
S2RM_HD inline void load_four(T const* from, index_t left, bool whole, T* to) {
  if (whole && left >= 4) {
    copy_four(from, to);
  } else {
    for (index_t j = 0; j < 4; ++j) to[j] = j < left ? from[j] : T(0);
  }
}

/// A split's share of dw and db. A block is 64 x 64 numbers of dw; its 256 threads are four slices of 64 that share out
/// the rows, a thread has 8 x 8 numbers. Rows come to shared memory 32 at a time (double buffering: the next are in
/// flight while these are multiplied).
template <class T>
struct weight_gradient {
  static constexpr int threads = 256, blocks_together = 2;
  static constexpr int tile = 64, slices = 4, depth = 32, slice_rows = depth / slices, own = 8, half = tile / 2;
  static constexpr int buffer = depth * tile, lanes = tile / 4, lines = threads / lanes;
  static constexpr std::size_t shared_bytes = static_cast<std::size_t>(slices * tile * tile) * sizeof(T);
  static_assert(4 * buffer <= slices * tile * tile);

  index_t groups, out, in, n;
  T const* dy;
  index_t dy_row, dy_group;
  T const* x;
  index_t x_row, x_group;
  T *dw, *db;  ///< added to where there is one split; db may be null
  T* partial;  ///< else written to: (splits, numbers)
  row_splits splits;
  bool dy_whole, x_whole;  ///< whether rows may be read four numbers at a time

  static constexpr index_t tiles(index_t width) { return (width + tile - 1) / tile; }
  [[nodiscard]] index_t blocks() const { return groups * tiles(out) * tiles(in) * splits.count; }
  /// Numbers of dw and db.
  static constexpr index_t numbers(index_t groups, index_t out, index_t in, bool bias) {
    return groups * out * (bias ? in + 1 : in);
  }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    // Which numbers and rows: 32 bits, whose divisions are short.
    auto const down = static_cast<unsigned>(tiles(out)), across = static_cast<unsigned>(tiles(in));
    auto const count = static_cast<unsigned>(splits.count);
    auto rest = static_cast<unsigned>(block.index);
    index_t const first_in = static_cast<index_t>(rest % across) * tile;
    rest /= across;
    index_t const first_out = static_cast<index_t>(rest % down) * tile;
    rest /= down;
    index_t const split = rest % count, g = rest / count;
    index_t const first = split * splits.rows, last = first + splits.rows < n ? first + splits.rows : n;
    bool const bias = db != nullptr && first_in == 0;

    T* const shared = reinterpret_cast<T*>(block.shared);
    typename Block::template registers<T, own * own> product;
    typename Block::template registers<T, 4> column;
    T const* const left = dy + g * dy_group + first_out;
    T const* const right = x + g * x_group + first_in;
    // Two rows of fours a thread and operand.
    auto const load = [&](int t, index_t row, T* a, T* b) {
      index_t const c = t % lanes * 4;
      for (int h = 0; h < 2; ++h) {
        index_t const r = row + t / lanes + h * lines;
        index_t const there = r < last ? tile : 0;
        load_four(left + r * dy_row + c, there < out - first_out ? there - c : out - first_out - c, dy_whole,
                  a + 4 * h);
        load_four(right + r * x_row + c, there < in - first_in ? there - c : in - first_in - c, x_whole, b + 4 * h);
      }
    };
    auto const store = [&](int t, int at, T const* a, T const* b) {
      T* const sum = column.of(t);
      for (int h = 0; h < 2; ++h) {
        int const to = at * 2 * buffer + (t / lanes + h * lines) * tile + t % lanes * 4;
        copy_four(a + 4 * h, shared + to);
        copy_four(b + 4 * h, shared + buffer + to);
        for (int j = 0; j < 4; ++j) sum[j] += a[4 * h + j];
      }
    };
    block.each([&](int t) {
      alignas(16) T a[8], b[8];
      for (int i = 0; i < own * own; ++i) product.of(t)[i] = T(0);
      for (int j = 0; j < 4; ++j) column.of(t)[j] = T(0);
      load(t, first, a, b);
      store(t, 0, a, b);
    });
    int at = 0;
    for (index_t row = first; row < last; row += depth) {
      block.each([&](int t) {
        alignas(16) T a[8], b[8];
        bool const more = row + depth < last;
        if (more) load(t, row + depth, a, b);
        // Threads beyond the edges have nothing to multiply.
        if (first_out + line_of(t, 0) < out && first_in + column_of(t) < in) {
          multiply(t, shared + at * 2 * buffer, product.of(t));
        }
        if (more) store(t, 1 - at, a, b);
      });
      at = 1 - at;
    }

    index_t const size = groups * out * in;
    T* const own_partial = partial + split * numbers(groups, out, in, db != nullptr);
    bool const direct = splits.count == 1;
    if (bias) {
      block.each([&](int t) { copy_four(column.of(t), shared + t / lanes * tile + t % lanes * 4); });
      block.each([&](int t) {
        if (t >= tile || first_out + t >= out) return;
        T sum = T(0);
        for (int line = 0; line < lines; ++line) sum += shared[line * tile + t];
        index_t const to = g * out + first_out + t;
        if (direct) {
          db[to] += sum;
        } else {
          own_partial[size + to] = sum;
        }
      });
    }
    block.each([&](int t) {
      T const* const local = product.of(t);
      T* const to = shared + t / (threads / slices) * tile * tile;
      for (int i = 0; i < own; ++i) {
        for (int h = 0; h < 2; ++h)
          copy_four(local + i * own + 4 * h, to + line_of(t, i) * tile + h * half + column_of(t));
      }
    });
    block.each([&](int t) {
      constexpr int each = tile * tile / threads;
      T* const to = direct ? dw : own_partial;
      T sum[each];
      // All are read before any is written, so that the reads are in flight at once.
      for (int e = 0; e < each; ++e) {
        int const i = e * threads + t;
        T const* const from = shared + i;
        sum[e] = (from[0] + from[tile * tile]) + (from[2 * tile * tile] + from[3 * tile * tile]);
        if (direct && inside(first_out, first_in, i)) sum[e] += to[place(g, first_out, first_in, i)];
      }
      for (int e = 0; e < each; ++e) {
        int const i = e * threads + t;
        if (inside(first_out, first_in, i)) to[place(g, first_out, first_in, i)] = sum[e];
      }
    });
  }

 private:
  /// Where number i of a tile goes, and whether there is such a one.
  S2RM_HD bool inside(index_t o, index_t c, int i) const { return o + i / tile < out && c + i % tile < in; }
  S2RM_HD index_t place(index_t g, index_t o, index_t c, int i) const {
    return (g * out + o + i / tile) * in + c + i % tile;
  }
  /// A thread has lines 4 y ... 4 y + 3 and 32 more on, and columns likewise: neighbours read neighbours.
  S2RM_HD static int line_of(int t, int i) { return t % tile / 8 * 4 + i / 4 * half + i % 4; }
  S2RM_HD static int column_of(int t) { return t % 8 * 4; }

  S2RM_HD static void multiply(int t, T const* shared, T* product) {
    T const* const from = shared + t / (threads / slices) * slice_rows * tile;
    for (int k = 0; k < slice_rows; ++k) {
      alignas(16) T a[own], b[own];
      for (int h = 0; h < 2; ++h) {
        copy_four(from + k * tile + h * half + t % tile / 8 * 4, a + 4 * h);
        copy_four(from + buffer + k * tile + h * half + column_of(t), b + 4 * h);
      }
      for (int i = 0; i < own; ++i) {
        for (int j = 0; j < own; ++j) product[i * own + j] += a[i] * b[j];
      }
    }
  }
};

/// The splits' sums of columns: a block is 32 columns of one group and one split, eight rows at a time.
template <class T>
struct sum_columns {
  static constexpr int columns = 32, lines = 8, threads = columns * lines;
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  index_t groups, width, n;
  T const* dy;
  index_t dy_row, dy_group;
  T* db;       ///< added to where there is one split
  T* partial;  ///< else written to: (splits, groups, width)
  row_splits splits;

  [[nodiscard]] index_t column_tiles() const { return (width + columns - 1) / columns; }
  [[nodiscard]] index_t blocks() const { return groups * column_tiles() * splits.count; }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<T*>(block.shared);
    auto const across = static_cast<unsigned>((width + columns - 1) / columns), all = static_cast<unsigned>(groups);
    auto rest = static_cast<unsigned>(block.index);
    index_t const first = static_cast<index_t>(rest % across) * columns;
    rest /= across;
    index_t const g = rest % all, split = rest / all;
    index_t const begin = split * splits.rows, end = begin + splits.rows < n ? begin + splits.rows : n;
    block.each([&](int t) {
      constexpr int flight = 8;  // rows in flight at once
      index_t const c = first + t % columns;
      T const* const from = dy + g * dy_group + c;
      T local = T(0);
      if (c < width) {
        for (index_t r = begin + t / columns; r < end; r += flight * lines) {
          T x[flight];
          for (int i = 0; i < flight; ++i) x[i] = r + i * lines < end ? from[(r + i * lines) * dy_row] : T(0);
          for (int i = 0; i < flight; ++i) local += x[i];
        }
      }
      sum[t] = local;
    });
    for (int half = lines / 2; half > 0; half /= 2) {
      block.each([&](int t) {
        if (t < half * columns) sum[t] += sum[t + half * columns];
      });
    }
    block.each([&](int t) {
      if (t >= columns || first + t >= width) return;
      index_t const to = g * width + first + t;
      if (splits.count == 1) {
        db[to] += sum[t];
      } else {
        partial[split * groups * width + to] = sum[t];
      }
    });
  }
};

/// The partial sums of all splits, added to dw (the first `weights` numbers) and db (the rest). `Lines` threads share the splits of a
/// number.
template <class T, int Lines>
struct add_splits {
  static constexpr int threads = 256, columns = threads / Lines;
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  index_t splits, numbers, weights;
  T const* partial;
  T *dw, *db;

  [[nodiscard]] index_t blocks() const { return (numbers + columns - 1) / columns; }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const sum = reinterpret_cast<T*>(block.shared);
    block.each([&](int t) {
      constexpr int flight = 8;
      index_t const i = block.index * columns + t % columns;
      T local = T(0);
      if (i < numbers) {
        for (index_t p = t / columns; p < splits; p += flight * Lines) {
          T x[flight];
          for (int k = 0; k < flight; ++k)
            x[k] = p + k * Lines < splits ? partial[(p + k * Lines) * numbers + i] : T(0);
          for (int k = 0; k < flight; ++k) local += x[k];
        }
      }
      sum[t] = local;
    });
    for (int half = Lines / 2; half > 0; half /= 2) {
      block.each([&](int t) {
        if (t < half * columns) sum[t] += sum[t + half * columns];
      });
    }
    block.each([&](int t) {
      index_t const i = block.index * columns + t;
      if (t >= columns || i >= numbers) return;
      T* const to = i < weights ? dw + i : db + (i - weights);
      *to += sum[t];
    });
  }
};

/// How many splits of so many numbers fit the scratch, at most 64.
template <class System, class T>
constexpr index_t max_splits(index_t numbers) {
  auto const fit = static_cast<index_t>(System::context::scratch_bytes / sizeof(T)) / (numbers > 0 ? numbers : 1);
  return fit < 64 ? fit : 64;
}
/// Adds the partial sums of several splits.
template <class T, class Backend>
void add_up_splits(Backend const& be, index_t splits, index_t numbers, index_t weights, T* dw, T* db) {
  auto const run = [&]<int Lines>(std::integral_constant<int, Lines>) {
    add_splits<T, Lines> const k{splits, numbers, weights, static_cast<T*>(be.context->scratch), dw, db};
    be.blocks(k.blocks(), k);
  };
  if (splits > 8) {
    run(std::integral_constant<int, 8>{});
  } else if (splits > 1) {
    run(std::integral_constant<int, 1>{});
  }
}

/// db += sums of columns.
template <class System, class T, class Backend>
void add_column_sums(Backend const& be, index_t groups, index_t width, index_t n, rows<T const> dy, T* db) {
  if (n <= 0) return;
  auto const splits = row_splits::of(n, 64, max_splits<System, T>(groups * width));
  sum_columns<T> const k{groups, width, n, dy.data, dy.stride, dy.group, db, static_cast<T*>(be.context->scratch),
                         splits};
  be.blocks(k.blocks(), k);
  add_up_splits<T>(be, splits.count, groups * width, groups * width, db, static_cast<T*>(nullptr));
}

/// dw and, unless null, db; returns whether it was done. Not done where tiles alone fill a device several times, or in
/// double on a system with a library: the library is as fast there.
template <class System, class T, class Backend>
bool add_weight_gradients(Backend const& be, index_t groups, index_t out, index_t in, index_t n, rows<T const> dy,
                          rows<T const> x, T* dw, T* db) {
  using kernel = weight_gradient<T>;
  constexpr bool library =
      requires(typename System::context& c, product_task<T> const& t) { System::multiply(c, precision::full, t); };
  constexpr index_t wanted = 2 * target_device::multiprocessors;  // blocks
  if constexpr (library && !std::is_same_v<T, float>) {
    return false;
  } else {
    index_t const tiles = groups * kernel::tiles(out) * kernel::tiles(in);
    index_t const numbers = kernel::numbers(groups, out, in, db != nullptr);
    if (tiles > 2 * wanted) return false;
    if (n <= 0 || tiles == 0) return true;
    index_t const wanted_splits = wanted / tiles, fit = max_splits<System, T>(numbers);
    kernel const k{groups,
                   out,
                   in,
                   n,
                   dy.data,
                   dy.stride,
                   dy.group,
                   x.data,
                   x.stride,
                   x.group,
                   dw,
                   db,
                   static_cast<T*>(be.context->scratch),
                   row_splits::of(n, 32, wanted_splits < fit ? wanted_splits : fit),
                   whole_vectors(dy.data, dy.stride, dy.group),
                   whole_vectors(x.data, x.stride, x.group)};
    be.blocks(k.blocks(), k);
    add_up_splits<T>(be, k.splits.count, numbers, groups * out * in, dw, db);
    return true;
  }
}

}  // namespace backend::detail
S2RM_NAMESPACE_END
