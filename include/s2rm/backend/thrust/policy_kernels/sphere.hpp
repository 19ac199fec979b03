#pragma once
/// \file
/// Block kernels of layer/sphere.hpp: several threads a row.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/layer/sphere.hpp"
#include "s2rm/math/normalise.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// How the threads of a block are shared out among rows of S numbers.
template <index_t S>
struct threads_per_row {
  static constexpr int threads = 256, lanes = S <= 16 ? 16 : 32, lines = threads / lanes;
  static constexpr index_t blocks(index_t n) { return (n + lines - 1) / lines; }
  /// One thread's partial sum of the dot product of two rows.
  template <class T>
  S2RM_HD static T partial_dot(index_t lane, T const* a, T const* b) {
    T sum = T(0);
    for (index_t c = lane; c < S; c += lanes) sum += a[c] * b[c];
    return sum;
  }
  /// The dot product of row t / lanes from the partial sums of its threads, in the same order for each of them.
  template <class T>
  S2RM_HD static T dot(T const* partial, int t) {
    T const* const of = partial + t / lanes * lanes;
    T sum[4] = {};
    for (int i = 0; i < lanes; i += 4) {
      for (int k = 0; k < 4; ++k) sum[k] += of[i + k];
    }
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
  }
};

template <index_t S, class T>
struct block_kernel<layer::project_row<S, T>> : threads_per_row<S> {
  using threads_per_row<S>::threads, threads_per_row<S>::lanes, threads_per_row<S>::lines;
  static constexpr std::size_t shared_bytes = threads * sizeof(T);
  layer::project_row<S, T> f;
  index_t n;
  block_kernel(layer::project_row<S, T> const& functor, index_t count) : f(functor), n(count) {}
  [[nodiscard]] index_t blocks() const { return threads_per_row<S>::blocks(n); }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const squares = reinterpret_cast<T*>(block.shared);
    block.each([&](int t) {
      index_t const r = block.index * lines + t / lanes;
      if (r < n) squares[t] = threads_per_row<S>::partial_dot(t % lanes, f.z.at(r), f.z.at(r));
    });
    block.each([&](int t) {
      index_t const r = block.index * lines + t / lanes;
      if (r >= n) return;
      T const scale = math::scale_to_sphere(threads_per_row<S>::dot(squares, t)).scale;
      for (index_t c = t % lanes; c < S; c += lanes) f.s.at(r)[c] = f.z.at(r)[c] * scale;
    });
  }
};

template <index_t S, class T>
struct block_kernel<layer::project_row_backward<S, T>> : threads_per_row<S> {
  using threads_per_row<S>::threads, threads_per_row<S>::lanes, threads_per_row<S>::lines;
  static constexpr std::size_t shared_bytes = 2 * threads * sizeof(T);
  layer::project_row_backward<S, T> f;
  index_t n;
  block_kernel(layer::project_row_backward<S, T> const& functor, index_t count) : f(functor), n(count) {}
  [[nodiscard]] index_t blocks() const { return threads_per_row<S>::blocks(n); }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const squares = reinterpret_cast<T*>(block.shared);
    T* const products = squares + threads;
    block.each([&](int t) {
      index_t const r = block.index * lines + t / lanes;
      if (r >= n) return;
      squares[t] = threads_per_row<S>::partial_dot(t % lanes, f.z.at(r), f.z.at(r));
      products[t] = threads_per_row<S>::partial_dot(t % lanes, f.z.at(r), f.ds.at(r));
    });
    block.each([&](int t) {
      index_t const r = block.index * lines + t / lanes;
      if (r >= n) return;
      auto const sphere = math::scale_to_sphere(threads_per_row<S>::dot(squares, t));
      T const scale = sphere.scale;
      T const along = sphere.clamped ? T(0) : threads_per_row<S>::dot(products, t) * scale * scale;
      for (index_t c = t % lanes; c < S; c += lanes) {
        T const value = (f.ds.at(r)[c] - f.z.at(r)[c] * along) * scale;
        T* const to = f.dz.at(r) + c;
        *to = f.add ? *to + value : value;
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
