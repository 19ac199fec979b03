#pragma once
/// \file
/// Projection to the unit sphere: s = z / max(|z|, 1e-12).
/// Backward: dz = (ds - s (s . ds)) / |z|, and ds / 1e-12 where the norm was clamped.

#include <cmath>
#include <cstddef>

#include "s2rm/math/row.hpp"
#include "s2rm/ops/ops.hpp"

namespace s2rm::geometry {

/// How kernels share out rows of S numbers among the threads of a block.
template <index_t S>
struct shared_rows {
  static constexpr int threads = 256, lanes = S <= 16 ? 16 : 32, lines = threads / lanes;
  static constexpr index_t blocks(index_t n) { return (n + lines - 1) / lines; }
  /// sum[t] = a thread's part of the dot of two rows.
  template <class T>
  S2RM_HD static T part(index_t lane, T const* a, T const* b) {
    T mine = T(0);
    for (index_t c = lane; c < S; c += lanes) mine += a[c] * b[c];
    return mine;
  }
  /// The dot from the parts of all threads of row t / lanes, for each of them in the same order.
  template <class T>
  S2RM_HD static T whole(T const* parts, int t) {
    T const* const of = parts + t / lanes * lanes;
    T sum[4] = {};
    for (int i = 0; i < lanes; i += 4) {
      for (int k = 0; k < 4; ++k) sum[k] += of[i + k];
    }
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
  }
};

/// One row: s from z.
template <index_t S, class T>
struct project_row {
  rows<T const> z;
  rows<T> s;
  S2RM_HD void operator()(index_t r) const {
    T const* const from = z.at(r);
    T* const to = s.at(r);
    T const length = std::sqrt(math::dot<S>(from, from));
    T const scale = T(1) / (length > T(1e-12) ? length : T(1e-12));
    math::across<T, S>([=](auto l, index_t i) { l.store(to + i, l.load(from + i) * scale); });
  }

  struct kernel : shared_rows<S> {
    using shared_rows<S>::threads, shared_rows<S>::lanes, shared_rows<S>::lines;
    static constexpr std::size_t shared_bytes = threads * sizeof(T);
    project_row f;
    index_t n;
    kernel(project_row const& functor, index_t count) : f(functor), n(count) {}
    [[nodiscard]] index_t blocks() const { return shared_rows<S>::blocks(n); }
    template <class Block>
    S2RM_HD void operator()(Block const& block) const {
      auto* const parts = reinterpret_cast<T*>(block.shared);
      block.each([&](int t) {
        index_t const r = block.index * lines + t / lanes;
        if (r < n) parts[t] = shared_rows<S>::part(t % lanes, f.z.at(r), f.z.at(r));
      });
      block.each([&](int t) {
        index_t const r = block.index * lines + t / lanes;
        if (r >= n) return;
        T const length = std::sqrt(shared_rows<S>::whole(parts, t));
        T const scale = T(1) / (length > T(1e-12) ? length : T(1e-12));
        for (index_t c = t % lanes; c < S; c += lanes) f.s.at(r)[c] = f.z.at(r)[c] * scale;
      });
    }
  };
};

/// One row: dz from ds, overwritten, or added where `add` is set. dz may be ds.
template <index_t S, class T>
struct project_row_backward {
  rows<T const> z;
  rows<T const> ds;
  rows<T> dz;
  bool add = false;
  S2RM_HD void operator()(index_t r) const {
    T const* const from = z.at(r);
    T const* const d = ds.at(r);
    T* const to = dz.at(r);
    T const length = std::sqrt(math::dot<S>(from, from));
    bool const clamped = !(length > T(1e-12));
    T const scale = T(1) / (clamped ? T(1e-12) : length);
    T const along = clamped ? T(0) : math::dot<S>(from, d) * scale * scale;
    bool const onto = add;
    math::across<T, S>([=](auto l, index_t i) {
      auto const value = (l.load(d + i) - l.load(from + i) * along) * scale;
      l.store(to + i, onto ? l.load(to + i) + value : value);
    });
  }

  struct kernel : shared_rows<S> {
    using shared_rows<S>::threads, shared_rows<S>::lanes, shared_rows<S>::lines;
    static constexpr std::size_t shared_bytes = 2 * threads * sizeof(T);
    project_row_backward f;
    index_t n;
    kernel(project_row_backward const& functor, index_t count) : f(functor), n(count) {}
    [[nodiscard]] index_t blocks() const { return shared_rows<S>::blocks(n); }
    template <class Block>
    S2RM_HD void operator()(Block const& block) const {
      auto* const squares = reinterpret_cast<T*>(block.shared);
      T* const products = squares + threads;
      block.each([&](int t) {
        index_t const r = block.index * lines + t / lanes;
        if (r >= n) return;
        squares[t] = shared_rows<S>::part(t % lanes, f.z.at(r), f.z.at(r));
        products[t] = shared_rows<S>::part(t % lanes, f.z.at(r), f.ds.at(r));
      });
      block.each([&](int t) {
        index_t const r = block.index * lines + t / lanes;
        if (r >= n) return;
        T const length = std::sqrt(shared_rows<S>::whole(squares, t));
        bool const clamped = !(length > T(1e-12));
        T const scale = T(1) / (clamped ? T(1e-12) : length);
        T const along = clamped ? T(0) : shared_rows<S>::whole(products, t) * scale * scale;
        for (index_t c = t % lanes; c < S; c += lanes) {
          T const value = (f.ds.at(r)[c] - f.z.at(r)[c] * along) * scale;
          T* const to = f.dz.at(r) + c;
          *to = f.add ? *to + value : value;
        }
      });
    }
  };
};

}  // namespace s2rm::geometry
