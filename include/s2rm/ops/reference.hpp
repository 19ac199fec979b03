#pragma once
/// \file
/// The primitives as naive loops: a complete backend, slow and plain. It is the oracle of the tests.

#include <algorithm>
#include <vector>

#include "s2rm/math/simd.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// See ops.hpp for what each primitive means.
struct reference {
  template <class T>
  struct buffer {
    std::vector<T> numbers;
    [[nodiscard]] T* data() { return numbers.data(); }
    [[nodiscard]] T const* data() const { return numbers.data(); }
    [[nodiscard]] index_t size() const { return static_cast<index_t>(numbers.size()); }
  };

  static constexpr bool packs = false;  ///< products read the canonical weights
  template <index_t G, index_t Out, index_t In, class T>
  void pack(T const*, T*, T*) const {}

  template <class T, index_t G, index_t Out, index_t In>
  void product(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, out_rows<T> y) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        for (index_t o = 0; o < Out; ++o) y.at(r, g)[o] = bias == nullptr ? T(0) : bias[g * Out + o];
      }
    }
    product_add(w, n, x, y);
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_add(weight<T, G, Out, In> w, index_t n, in_rows<T> x, out_rows<T> y) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        for (index_t o = 0; o < Out; ++o) {
          T sum = y.at(r, g)[o];
          for (index_t i = 0; i < In; ++i) sum += w.canonical[(g * Out + o) * In + i] * x.at(r, g)[i];
          y.at(r, g)[o] = sum;
        }
      }
    }
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) std::fill_n(dx.at(r, g), In, T(0));
    }
    product_transposed_add(w, n, dy, dx);
  }

  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed_add(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        for (index_t i = 0; i < In; ++i) {
          T sum = dx.at(r, g)[i];
          for (index_t o = 0; o < Out; ++o) sum += w.canonical[(g * Out + o) * In + i] * dy.at(r, g)[o];
          dx.at(r, g)[i] = sum;
        }
      }
    }
  }

  template <index_t G, index_t Out, index_t In, class T>
  void outer_add(index_t n, in_rows<T> dy, in_rows<T> x, T* dw) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        for (index_t o = 0; o < Out; ++o) {
          for (index_t i = 0; i < In; ++i) dw[(g * Out + o) * In + i] += dy.at(r, g)[o] * x.at(r, g)[i];
        }
      }
    }
  }
  template <index_t G, index_t Width, class T>
  void column_sum_add(index_t n, in_rows<T> dy, T* db) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t g = 0; g < G; ++g) {
        for (index_t o = 0; o < Width; ++o) db[g * Width + o] += dy.at(r, g)[o];
      }
    }
  }

  template <class F>
  void for_each(index_t n, F f) const {
    for (index_t i = 0; i < n; ++i) {
      if constexpr (math::laned_each<F>) {
        f.template lanes<math::lanes<typename F::scalar, 1>>(i);
      } else {
        f(i);
      }
    }
  }

  template <index_t Width, class F>
  void for_rows(index_t n, F f) const {
    for (index_t r = 0; r < n; ++r) {
      for (index_t c = 0; c < Width; ++c) {
        if constexpr (math::laned_rows<F>) {
          f.template lanes<math::lanes<typename F::scalar, 1>>(r, c);
        } else {
          f(r, c);
        }
      }
    }
  }

  template <class F>
  void reduce(index_t n, F f, double* out) const {
    double sum = 0;
    for (index_t i = 0; i < n; ++i) sum += f(i);
    *out = sum;
  }

  template <class T>
  [[nodiscard]] buffer<T> allocate(index_t n) const {
    return {std::vector<T>(static_cast<std::size_t>(n))};
  }
  template <class T>
  void copy_in(index_t n, T const* host, T* device) const {
    std::copy_n(host, n, device);
  }
  template <class T>
  void copy_out(index_t n, T const* device, T* host) const {
    std::copy_n(device, n, host);
  }
  template <class T>
  void copy(index_t n, T const* from, T* to) const {
    std::copy_n(from, n, to);
  }
  template <class T>
  void fill(index_t n, std::type_identity_t<T> value, T* x) const {
    std::fill_n(x, n, value);
  }
  void wait() const {}
};

}  // namespace ops
S2RM_NAMESPACE_END
