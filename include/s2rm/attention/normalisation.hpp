#pragma once
/// \file
/// How scores l and kernel values Z of one row become weights w (model §2.5). Each policy has, for one row of `count`
/// sources whose numbers lie `step` apart:
///
///   forward:   w from l, log Z, reach; also writes `extra` (one number per source and one more), what backward needs
///   backward:  given dw in `d`, overwrites d with dl and adds to dlog Z
///
/// A row without a reached source has w = 0, and every gradient through it is 0, exactly.

#include "s2rm/attention/pairs.hpp"
#include "s2rm/core/concepts.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace normalisation {

/// Where the log Z and the reach of the sources of one row are.
template <class T>
struct row_geometry {
  T const* log_weight;
  std::uint8_t const* reach;
  index_t step;
  S2RM_HD T log_z(index_t j) const { return log_weight[j * step]; }
  S2RM_HD std::uint8_t reach_of(index_t j) const { return reach[j * step]; }
};

/// The reached source of largest weight; -1 where none is reached. Gradients of a softmax are differences dw_j - sum w
/// dw: relative to this source's dw they lose no digits when it has nearly all the weight.
template <class T>
S2RM_HD inline index_t heaviest(index_t count, row_geometry<T> g, T const* w) {
  index_t best = -1;
  for (index_t j = 0; j < count; ++j) {
    if (g.reach_of(j) == kernel::reached && (best < 0 || w[j] > w[best])) best = j;
  }
  return best;
}

/// w = softmax(l + log Z) over the reached sources, the maximum subtracted. The default.
///
/// Backward: dl = w (dw - sum w dw), dlog Z += dl. Straight through the cut: for a source that is present but cut off,
/// with w~ = Z~ e^l / sum of the reached, dlog Z += w~ (dw - sum w dw).
struct log_space {
  using kind = s2rm::kind::normalisation;
  static constexpr index_t extra = 2;  ///< numbers saved per row: the maximum and 1 / sum

  template <class T>
  S2RM_HD static void forward(index_t count, row_geometry<T> g, T* w, T* extra_row) {
    T highest = T(0);
    bool any = false;
    for (index_t j = 0; j < count; ++j) {
      if (g.reach_of(j) != kernel::reached) continue;
      w[j] += g.log_z(j);
      if (!any || w[j] > highest) highest = w[j];
      any = true;
    }
    T sum = T(0);
    for (index_t j = 0; j < count; ++j) {
      w[j] = g.reach_of(j) == kernel::reached ? math::exp(w[j] - highest) : T(0);
      sum += w[j];
    }
    T const scale = any ? T(1) / sum : T(0);
    for (index_t j = 0; j < count; ++j) w[j] *= scale;
    extra_row[0] = highest;
    extra_row[1] = scale;
  }

  /// `score(j)` recomputes l of a source; it is called for cut-off sources only.
  template <bool StraightThrough, class T, class Score>
  S2RM_HD static void backward(index_t count, row_geometry<T> g, T const* w, T const* extra_row, T* d, T* dlog,
                               index_t dlog_step, Score const& score) {
    index_t const top = heaviest(count, g, w);
    T const base = top < 0 ? T(0) : d[top];
    T mean = T(0);
    for (index_t j = 0; j < count; ++j) {
      d[j] -= base;
      mean += g.reach_of(j) == kernel::reached ? w[j] * d[j] : T(0);
    }
    for (index_t j = 0; j < count; ++j) {
      if constexpr (StraightThrough) {
        if (g.reach_of(j) == kernel::cut_off && extra_row[1] > T(0)) {
          T const as_if = math::exp(score(j) + g.log_z(j) - extra_row[0]) * extra_row[1];
          dlog[j * dlog_step] += as_if * (d[j] - mean);
        }
      }
      d[j] = g.reach_of(j) == kernel::reached ? w[j] * (d[j] - mean) : T(0);
      dlog[j * dlog_step] += d[j];
    }
  }
};

/// The paper-like form: a = softmax(l) over all present sources, n = Z a, w = n / (sum n + 1e-6).
///
/// Backward, with S = sum n + 1e-6: dn = (dw - sum w dw) / S, dlog Z += n dn, da = Z dn, dl = a (da - sum a da).
/// Straight through the cut: dlog Z += Z~ a dn for present sources beyond it.
struct product {
  using kind = s2rm::kind::normalisation;
  static constexpr index_t extra = 3;  ///< the maximum, 1 / sum of e^l, and S

  template <class T>
  S2RM_HD static void forward(index_t count, row_geometry<T> g, T* w, T* extra_row) {
    T highest = T(0);
    bool any = false;
    for (index_t j = 0; j < count; ++j) {
      if (g.reach_of(j) == kernel::absent) continue;
      if (!any || w[j] > highest) highest = w[j];
      any = true;
    }
    T sum = T(0);
    for (index_t j = 0; j < count; ++j) {
      w[j] = g.reach_of(j) != kernel::absent ? math::exp(w[j] - highest) : T(0);
      sum += w[j];
    }
    T const scale = any ? T(1) / sum : T(0);
    T total = T(1e-6);
    for (index_t j = 0; j < count; ++j) {
      w[j] = g.reach_of(j) == kernel::reached ? w[j] * scale * math::exp(g.log_z(j)) : T(0);
      total += w[j];
    }
    for (index_t j = 0; j < count; ++j) w[j] /= total;
    extra_row[0] = highest;
    extra_row[1] = scale;
    extra_row[2] = total;
  }

  template <bool StraightThrough, class T, class Score>
  S2RM_HD static void backward(index_t count, row_geometry<T> g, T const* w, T const* extra_row, T* d, T* dlog,
                               index_t dlog_step, Score const& score) {
    T const total = extra_row[2];
    index_t const top = heaviest(count, g, w);
    bool const any = top >= 0;
    T const base = any ? d[top] : T(0);
    // sum w = 1 - 1e-6 / S: what the base leaves over.
    T mean = any ? -base * (T(1e-6) / total) : T(0);
    for (index_t j = 0; j < count; ++j) {
      d[j] -= base;
      mean += g.reach_of(j) == kernel::reached ? w[j] * d[j] : T(0);
    }
    T shared = T(0);
    for (index_t j = 0; j < count; ++j) {
      if (g.reach_of(j) == kernel::absent) continue;
      T const dn = (d[j] - mean) / total;
      if (g.reach_of(j) == kernel::reached) {
        dlog[j * dlog_step] += w[j] * total * dn;
        shared += w[j] * total * dn;  // sum of a da, since n = Z a
      } else if (StraightThrough && any) {
        T const a = math::exp(score(j) - extra_row[0]) * extra_row[1];
        dlog[j * dlog_step] += math::exp(g.log_z(j)) * a * dn;
      }
    }
    for (index_t j = 0; j < count; ++j) {
      if (g.reach_of(j) == kernel::absent) {
        d[j] = T(0);
        continue;
      }
      T const n_dn = g.reach_of(j) == kernel::reached ? w[j] * (d[j] - mean) : T(0);
      T const a = math::exp(score(j) - extra_row[0]) * extra_row[1];
      d[j] = n_dn - a * shared;
    }
  }
};

}  // namespace normalisation
S2RM_NAMESPACE_END
