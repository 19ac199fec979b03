#pragma once
/// \file
/// The CPU backend: the primitives of ops/ops.hpp on a fixed pool of threads.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "s2rm/backend/eigen/gemm.hpp"
#include "s2rm/backend/eigen/kernel.hpp"
#include "s2rm/backend/eigen/pool.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/ops/ops.hpp"

namespace s2rm::backend {

/// Which product does the GEMMs.
enum class gemm {
  blocked,  ///< the register-blocked kernel: the same bits for a row whatever the number of rows
  eigen     ///< Eigen's product: portable; a stream then equals a sequence up to rounding only
};

/// The CPU. Copies share one pool; the last one ends it. One pool serves one caller at a time: programs that step
/// several models at once give each its own backend.
struct eigen {
  int threads = 1;  ///< workers in all, the caller among them; 1 spawns none
  backend::gemm gemm = backend::gemm::blocked;
  std::shared_ptr<detail::pool> pool = std::make_shared<detail::pool>(checked(threads));

  /// `T` numbers on a 64-byte boundary.
  template <class T>
  class buffer {
   public:
    buffer() = default;
    explicit buffer(index_t n) : size_(n) {
      if (n > 0) data_.reset(static_cast<T*>(::operator new(static_cast<std::size_t>(n) * sizeof(T), alignment)));
    }
    [[nodiscard]] T* data() { return data_.get(); }
    [[nodiscard]] T const* data() const { return data_.get(); }
    [[nodiscard]] index_t size() const { return size_; }

   private:
    static constexpr std::align_val_t alignment{64};
    struct release {
      void operator()(T* p) const { ::operator delete(p, alignment); }
    };
    std::unique_ptr<T, release> data_;
    index_t size_ = 0;
  };

  template <class T, index_t G, index_t Out, index_t In>
  void product(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, out_rows<T> y) const {
    grouped<G>(n, Out * In, [=, this](index_t g, index_t first, index_t count) {
      multiply<T>({x.at(first, g), x.stride, 1, w.transposed + g * Out * In, Out, y.at(first, g), y.stride,
                   bias == nullptr ? nullptr : bias + g * Out, false},
                  count, Out, In);
    });
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_add(weight<T, G, Out, In> w, index_t n, in_rows<T> x, out_rows<T> y) const {
    grouped<G>(n, Out * In, [=, this](index_t g, index_t first, index_t count) {
      multiply<T>(
          {x.at(first, g), x.stride, 1, w.transposed + g * Out * In, Out, y.at(first, g), y.stride, nullptr, true},
          count, Out, In);
    });
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    back(w, n, dy, dx, false);
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed_add(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    back(w, n, dy, dx, true);
  }

  template <index_t G, index_t Out, index_t In, class T>
  void outer_add(index_t n, in_rows<T> dy, in_rows<T> x, T* dw) const {
    // Rows of dw are cut into fixed bands, the sum over rows into blocks that stay in cache.
    constexpr index_t band = 32, depth = 256;
    constexpr index_t bands = (Out + band - 1) / band;
    pool->run(n * Out * In * G < serial_work ? 1 : G * bands, [=, this](index_t task) {
      bool const all = n * Out * In * G < serial_work;
      for (index_t t = all ? 0 : task; t < (all ? G * bands : task + 1); ++t) {
        index_t const g = t / bands, first = (t % bands) * band;
        for (index_t r = 0; r < n; r += depth) {
          multiply<T>(
              {dy.at(r, g) + first, 1, dy.stride, x.at(r, g), x.stride, dw + (g * Out + first) * In, In, nullptr, true},
              std::min(band, Out - first), In, std::min(depth, n - r));
        }
      }
    });
  }

  template <index_t G, index_t Width, class T>
  void column_sum_add(index_t n, in_rows<T> dy, T* db) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        T const* from = dy.at(r, g);
        for (index_t c = 0; c < Width; ++c) db[g * Width + c] += from[c];
      }
    }
  }

  template <class F>
  void for_each(index_t n, F const& f) const {
    chunked(n, 64, [&f](index_t first, index_t last) {
      for (index_t i = first; i < last; ++i) f(i);
    });
  }

  template <index_t Width, class F>
  void for_rows(index_t n, F const& f) const {
    chunked(n, 16, [&f](index_t first, index_t last) {
      for (index_t r = first; r < last; ++r) {
        for (index_t c = 0; c < Width; ++c) f(r, c);
      }
    });
  }

  template <class F>
  void reduce(index_t n, F const& f, double* out) const {
    double sum = 0;
    for (index_t i = 0; i < n; ++i) sum += f(i);
    *out = sum;
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
    if (n > 0) std::memmove(to, from, static_cast<std::size_t>(n) * sizeof(T));
  }
  template <class T>
  void fill(index_t n, std::type_identity_t<T> value, T* x) const {
    std::fill_n(x, n, value);
  }
  void wait() const {}

 private:
  /// Below this many multiply-adds a product stays on the calling thread: waking workers costs more.
  static constexpr index_t serial_work = 1 << 16;

  template <class T>
  void multiply(detail::product_operands<T> const& m, index_t n, index_t columns, index_t depth) const {
#if S2RM_HAS_VECTOR_KERNEL
    if (gemm == backend::gemm::blocked) {
      detail::product_block(m, n, columns, depth);
      return;
    }
#endif
    detail::product_by_eigen(m, n, columns, depth);
  }

  template <class T, index_t G, index_t Out, index_t In>
  void back(weight<T, G, Out, In> w, index_t n, rows<T const> dy, rows<T> dx, bool accumulate) const {
    grouped<G>(n, Out * In, [=, this](index_t g, index_t first, index_t count) {
      multiply<T>({dy.at(first, g), dy.stride, 1, w.canonical + g * Out * In, In, dx.at(first, g), dx.stride, nullptr,
                   accumulate},
                  count, In, Out);
    });
  }

  /// Calls f(group, first row, rows) over fixed blocks of rows.
  template <index_t G, class F>
  void grouped(index_t n, index_t work, F const& f) const {
    constexpr index_t block = 256;
    index_t const blocks = (n + block - 1) / block;
    auto const one = [&](index_t t) { f(t % G, (t / G) * block, std::min(block, n - (t / G) * block)); };
    if (threads == 1 || n * work * G < serial_work) {
      for (index_t t = 0; t < G * blocks; ++t) one(t);
    } else {
      pool->run(G * blocks, one);
    }
  }

  /// Calls f(first, last) over fixed chunks.
  template <class F>
  void chunked(index_t n, index_t least, F const& f) const {
    constexpr index_t most = 16;
    index_t const chunks = std::clamp<index_t>(n / least, 1, most);
    if (threads == 1 || chunks == 1) {
      f(index_t{0}, n);
      return;
    }
    pool->run(chunks, [&](index_t i) { f(n * i / chunks, n * (i + 1) / chunks); });
  }

  static int checked(int threads) {
    require_value(threads >= 1 && threads <= 1024,
                  "backend::eigen: threads: expected 1 to 1024, found " + std::to_string(threads));
    return threads;
  }
};

}  // namespace s2rm::backend
