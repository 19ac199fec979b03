#pragma once
/// \file
/// The CPU backend: the primitives of ops/ops.hpp on a fixed pool of threads. Eigen's is only the fallback product
/// (eigen_gemm.hpp), for compilers without vector extensions and as the check of ours. The default product
/// (blocked_gemm.hpp) is our own, because a row must have the same bits whatever the number of rows (a stream then
/// equals a sequence to the bit), and so is the thread pool, because the order of sums must not depend on the number of
/// threads.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "s2rm/backend/eigen/blocked_gemm.hpp"
#include "s2rm/backend/eigen/gemm.hpp"
#include "s2rm/backend/eigen/memory.hpp"
#include "s2rm/backend/eigen/thread_pool.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/math/sum.hpp"
#include "s2rm/ops/ops.hpp"
#if !S2RM_HAS_VECTOR_KERNEL
#include "s2rm/backend/eigen/eigen_gemm.hpp"
#endif

S2RM_NAMESPACE_BEGIN
namespace backend {

/// The CPU. Copies share one pool; the last one ends it. One pool serves one caller at a time: programs that step
/// several models at once give each its own backend.
struct eigen {
  int threads = 1;  ///< workers in all, the caller among them; 1 spawns none
  backend::gemm gemm = backend::gemm::blocked;
  std::shared_ptr<detail::pool> pool = std::make_shared<detail::pool>(checked(threads), detail::outer_bytes);

  /// \copydoc detail::buffer
  template <class T>
  using buffer = detail::buffer<T>;

  static constexpr bool packs = true;

  template <index_t G, index_t Out, index_t In, class T>
  void pack(T const* canonical, T* packed, T* packed_transposed) const {
    pack_groups(G, Out, In, canonical, packed, packed_transposed);
  }

  /// Packs for W x with weights rounded to bf16.
  template <index_t G, index_t Out, index_t In>
  void pack_half(float const* canonical, bf16* half) const {
    share(G, G * Out * In,
          [=](index_t g) { detail::pack_half_panels(canonical + g * Out * In, In, In, Out, half + g * Out * In); });
  }

  /// Packed weights as products take them, with the block product that reads them. A template, so that it is compiled
  /// where it is used.
  template <class Stored>
  static half_weights half_view(Stored const* half) {
    return {half, [](void const* operands, index_t row_count, index_t columns, index_t depth) {
              detail::product_block(*static_cast<detail::product_operands<float, Stored> const*>(operands), row_count,
                                    columns, depth);
            }};
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, out_rows<T> y) const {
    multiply(w, bias, n, x, y, false);
  }
  template <class T, index_t... G, index_t... Out, index_t... In>
  void products(one_product<T, G, Out, In> const&... one) const {
    if (threads == 1 || !by_panels()) {
      (product(one.w, one.bias, one.n, one.x, one.y), ...);
    } else {
      grouped<T> const all[] = {
          {{G, Out, In}, one.w.packed, one.w.half, one.bias, one.n, one.x, one.y, false, threads}...};
      together(all, static_cast<index_t>(sizeof...(one)));
    }
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_add(weight<T, G, Out, In> w, index_t n, in_rows<T> x, out_rows<T> y) const {
    multiply(w, in_vector<T>{}, n, x, y, true);
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    multiply_transposed(w, n, dy, dx, false);
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed_add(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    multiply_transposed(w, n, dy, dx, true);
  }

  template <index_t G, index_t Out, index_t In, class T>
  void outer_add(index_t n, in_rows<T> dy, in_rows<T> x, T* dw) const {
    outer<T>(G, Out, In, n, dy, x, dw);
  }

  template <index_t G, index_t Width, class T>
  void column_sum_add(index_t n, in_rows<T> dy, T* db) const {
    sum_columns<T>(G, Width, n, dy, db);
  }

  template <class F>
  void for_each(index_t n, F const& f) const {
    chunked(n, 64, [&f](index_t first, index_t last) { math::each_index(f, first, last); });
  }

  template <index_t Width, class F>
  void for_rows(index_t n, F const& f) const {
    chunked(n, 16, [&f](index_t first, index_t last) {
      for (index_t r = first; r < last; ++r) math::each_column<Width>(f, r);
    });
  }

  template <class F>
  void reduce(index_t n, F const& f, double* out) const {
    // A fixed number of partial sums: their order depends on n alone.
    constexpr index_t parts = 64;
    double part[parts];
    index_t const whole = math::terms_to_cut<F>(n);
    share(parts, n, [&](index_t p) { part[p] = math::sum_of_terms(f, whole * p / parts, whole * (p + 1) / parts); });
    double total = 0;
    for (double const sum : part) total += sum;
    *out = total;
  }

  template <class T>
  [[nodiscard]] buffer<T> allocate(index_t n) const {
    return buffer<T>(n);
  }
  template <class T>
  void copy_in(index_t n, T const* host, T* device) const {
    copy(n, host, device);
  }
  template <class T>
  void copy_out(index_t n, T const* device, T* host) const {
    copy(n, device, host);
  }
  template <class T>
  void copy(index_t n, T const* from, T* to) const {
    chunked(n, serial_work, [=](index_t first, index_t last) {
      if (last > first) std::memcpy(to + first, from + first, static_cast<std::size_t>(last - first) * sizeof(T));
    });
  }
  template <class T>
  void fill(index_t n, std::type_identity_t<T> value, T* x) const {
    chunked(n, serial_work, [=](index_t first, index_t last) { std::fill(x + first, x + last, value); });
  }
  void wait() const {}

 private:
  /// Below this many multiply-adds or numbers work stays on the calling thread: sharing it costs more.
  static constexpr index_t serial_work = 1 << 15;
  /// Rows of a product that stay in the L2 cache while all panels of the weight are read.
  static constexpr index_t row_block = 128;

  // Above, extents are template arguments; below, they are numbers, so that a model with a dozen shapes compiles one
  // product. Only the loops of a tile gain from static extents, and a tile has them.

  template <class T>
  [[gnu::noinline]] void pack_groups(index_t groups, index_t out, index_t in, T const* canonical, T* packed,
                                     T* packed_transposed) const {
    // Each block of panels of each group, in both orders, is one task.
    constexpr index_t columns = detail::panel<T> * 4;
    index_t const forward = (out + columns - 1) / columns, back = (in + columns - 1) / columns;
    share(groups * (forward + back), groups * out * in, [=](index_t t) {
      index_t const g = t / (forward + back), part = t % (forward + back), at = g * out * in;
      if (part < forward) {
        index_t const first = part * columns;
        detail::pack_panels(canonical + at + first * in, 1, in, in, (std::min)(columns, out - first),
                            packed + at + first * in);
      } else {
        index_t const first = (part - forward) * columns;
        detail::pack_panels(canonical + at + first, in, 1, out, (std::min)(columns, in - first),
                            packed_transposed + at + first * out);
      }
    });
  }

  /// y = W x, with the panels of W, or Eigen's product.
  template <class T, index_t G, index_t Out, index_t In>
  void multiply(weight<T, G, Out, In> w, T const* bias, index_t n, rows<T const> x, rows<T> y, bool accumulate) const {
    if (!by_panels()) {
      by_eigen<T>({G, Out, In}, w.canonical, 1, In, bias, n, x, y, accumulate);
    } else {
      by_blocks<T>({G, Out, In}, w.packed, w.half, bias, n, x, y, accumulate);
    }
  }

  /// dx = W^T dy, likewise.
  template <class T, index_t G, index_t Out, index_t In>
  void multiply_transposed(weight<T, G, Out, In> w, index_t n, rows<T const> dy, rows<T> dx, bool accumulate) const {
    if (!by_panels()) {
      by_eigen<T>({G, In, Out}, w.canonical, In, 1, nullptr, n, dy, dx, accumulate);
    } else {
      by_blocks<T>({G, In, Out}, w.packed_transposed, {}, nullptr, n, dy, dx, accumulate);
    }
  }

  /// Of a grouped product: y (n, groups, columns) from x (n, groups, depth).
  struct extents {
    index_t groups, columns, depth;
    [[nodiscard]] index_t size() const { return groups * columns * depth; }
  };

  template <class T>
  [[gnu::noinline]] void by_eigen(extents e, T const* w, index_t k_step, index_t o_step, T const* bias, index_t n,
                                  rows<T const> x, rows<T> y, bool accumulate) const {
    if (n == 0) return;
    auto const product_of = unpacked_product<T>();
    share(e.groups, n * e.size(), [=](index_t g) {
      product_of({x.at(0, g), x.stride, 1, w + g * e.columns * e.depth, y.at(0, g), y.stride,
                  bias == nullptr ? nullptr : bias + g * e.columns, accumulate},
                 k_step, o_step, n, e.columns, e.depth);
    });
  }

  /// One grouped product as tasks: blocks of rows of every group; of columns too, where there are fewer of them than
  /// threads.
  template <class T>
  struct grouped {
    extents e;
    T const* w;
    half_weights half;
    T const* bias;
    index_t n;
    rows<T const> x;
    rows<T> y;
    bool accumulate;
    index_t panels, blocks, parts;

    grouped(extents size, T const* weights, half_weights halves, T const* biases, index_t count, rows<T const> from,
            rows<T> to, bool add, int threads)
        : e(size),
          w(weights),
          half(halves),
          bias(biases),
          n(count),
          x(from),
          y(to),
          accumulate(add),
          panels((e.columns + detail::panel<T> - 1) / detail::panel<T>),
          blocks((n + row_block - 1) / row_block),
          parts(blocks * e.groups >= threads ? 1 : (std::min<index_t>)(panels, threads)) {}

    [[nodiscard]] index_t tasks() const { return e.groups * blocks * parts; }
    [[nodiscard]] index_t work() const { return n * e.size(); }
    void operator()(index_t t) const {
      index_t const g = t / (blocks * parts), first = t / parts % blocks * row_block, part = t % parts;
      index_t const column = panels * part / parts * detail::panel<T>;
      index_t const end = (std::min)(e.columns, panels * (part + 1) / parts * detail::panel<T>);
      index_t const at = (g * e.columns + column) * e.depth, count = (std::min)(row_block, n - first);
      T const* const from = x.at(first, g);
      T* const to = y.at(first, g) + column;
      T const* const start = bias == nullptr ? nullptr : bias + g * e.columns + column;
      if (half.numbers == nullptr) {
        detail::product_block<T, T>({from, x.stride, 1, w + at, to, y.stride, start, accumulate}, count, end - column,
                                    e.depth);
      } else {
        detail::product_operands<T, bf16> const m{from, x.stride, 1,     half.numbers + at,
                                                  to,   y.stride, start, accumulate};
        half.multiply(&m, count, end - column, e.depth);
      }
    }
  };

  template <class T>
  [[gnu::noinline]] void by_blocks(extents e, T const* w, half_weights half, T const* bias, index_t n, rows<T const> x,
                                   rows<T> y, bool accumulate) const {
    grouped<T> const one(e, w, half, bias, n, x, y, accumulate, threads);
    share(one.tasks(), one.work(), one);
  }

  template <class T>
  [[gnu::noinline]] void together(grouped<T> const* all, index_t count) const {
    index_t tasks = 0, work = 0;
    for (index_t i = 0; i < count; ++i) {
      tasks += all[i].tasks();
      work += all[i].work();
    }
    share(tasks, work, [all](index_t t) {
      grouped<T> const* one = all;
      for (; t >= one->tasks(); ++one) t -= one->tasks();
      (*one)(t);
    });
  }

  /// dw (groups, out, in) += the sum over n rows of dy^T x.
  template <class T>
  [[gnu::noinline]] void outer(index_t groups, index_t out, index_t in, index_t n, rows<T const> dy, rows<T const> x,
                               T* dw) const {
    if (n == 0) return;
    // Where there are fewer groups than threads, rows of dw are cut into bands. Every number is one chain over the rows
    // whatever the cut.
    index_t const band = groups >= threads ? out : 64, bands = (out + band - 1) / band;
    share(groups * bands, n * groups * out * in, [=, this](index_t t, int worker) {
      index_t const g = t / bands, first = (t % bands) * band;
      rows<T const> const left = dy.shifted(first + g * dy.group), right = x.shifted(g * x.group);
      outer_band<T>(n, left, (std::min)(band, out - first), right, in, dw + (g * out + first) * in, worker);
    });
  }

  template <class T>
  [[gnu::noinline]] void sum_columns(index_t groups, index_t width, index_t n, rows<T const> dy, T* db) const {
    share(groups, n * groups * width, [=](index_t g) {
      T* const to = db + g * width;
      for (index_t r = 0; r < n; ++r) {
        T const* const from = dy.at(r, g);
        for (index_t c = 0; c < width; ++c) to[c] += from[c];
      }
    });
  }

  /// dw (count, width) += sum over n rows of dy^T x, for `count` columns of dy and all `width` of x. Both are packed
  /// first: rows of one group lie far apart, and would be fetched again for every tile.
  template <class T>
  void outer_band(index_t n, rows<T const> dy, index_t count, rows<T const> x, index_t width, T* dw, int worker) const {
    if (!by_panels()) {
      unpacked_product<T>()({dy.data, 1, dy.stride, x.data, dw, width, nullptr, true}, x.stride, 1, count, width, n);
      return;
    }
    constexpr index_t depth = detail::outer_depth<T>, columns = detail::outer_columns<T>;
    T* const left = reinterpret_cast<T*>(pool->scratch(worker));
    T* const right = left + detail::outer_rows / detail::tile_rows * detail::tile_step(depth);
    for (index_t r = 0; r < n; r += depth) {
      index_t const deep = (std::min)(depth, n - r);
      for (index_t c = 0; c < width; c += columns) {
        index_t const some = (std::min)(columns, width - c);
        detail::pack_panels(x.at(r) + c, x.stride, 1, deep, some, right);
        for (index_t o = 0; o < count; o += detail::outer_rows) {
          index_t const high = (std::min)(detail::outer_rows, count - o);
          detail::pack_tiles(dy.at(r) + o, dy.stride, deep, high, left);
          detail::product_of_packed<T>(left, right, dw + o * width + c, width, high, some, deep);
        }
      }
    }
  }

  /// Eigen's product, where `by_panels` does not hold.
  template <class T>
  [[nodiscard]] detail::unpacked_product<T> unpacked_product() const {
#if S2RM_HAS_VECTOR_KERNEL
    return gemm.template product<T>();
#else
    return detail::product_by_eigen<T>;
#endif
  }

  [[nodiscard]] bool by_panels() const { return S2RM_HAS_VECTOR_KERNEL && gemm == backend::gemm::blocked; }

  /// Calls f(i) or f(i, worker) for i < count: in parallel where the work is worth it.
  template <class F>
  void share(index_t count, index_t work, F const& f) const {
    pool->run(count, f, threads > 1 && work >= serial_work);
  }

  /// Calls f(first, last) over fixed chunks.
  template <class F>
  void chunked(index_t n, index_t least, F const& f) const {
    constexpr index_t max_chunks = 16;
    index_t const chunks = threads == 1 ? 1 : std::clamp<index_t>(n / least, 1, max_chunks);
    pool->run(chunks, [&](index_t i) { f(n * i / chunks, n * (i + 1) / chunks); });
  }

  static int checked(int threads) {
    require_value(threads >= 1 && threads <= 1024, {"backend::eigen: threads: expected 1 to 1024, found ", threads});
    return threads;
  }
};

}  // namespace backend
S2RM_NAMESPACE_END
