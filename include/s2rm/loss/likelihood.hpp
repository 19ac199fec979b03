#pragma once
/// \file
/// Likelihoods: what the decoder's numbers mean, the loss of one target element, and its gradient.
///
/// `on<Target>` describes one query: `outputs` numbers o come in, `Target::size` numbers x are compared.
///   value(o, x, e)                loss of element e
///   gradient(o, x, e, scale, d)   writes scale * dloss_e/do for the outputs that element e depends on

#include <cmath>
#include <numbers>

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/math/scalar.hpp"

namespace s2rm::likelihood {

/// Binary targets, o are logits: loss = softplus(o) - o x. Outputs (target...).
struct bernoulli {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on {
    static constexpr index_t parameters = 1;  ///< numbers per target element
    static constexpr index_t outputs = Target::size;
    static constexpr bool has_location = false;

    template <class T>
    S2RM_HD static T value(T const* o, T const* x, index_t e) {
      return math::softplus(o[e]) - o[e] * x[e];
    }
    template <class T>
    S2RM_HD static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
      d[e] = scale * (math::sigmoid(o[e]) - x[e]);
    }
  };
};

/// Real targets, o = [mean (target...), log-variance (target...)]:
/// loss = (log 2 pi + v + (x - m)^2 e^-v) / 2.
struct gaussian {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on {
    static constexpr index_t parameters = 2;
    static constexpr index_t outputs = 2 * Target::size;
    static constexpr bool has_location = true;  ///< the first Target::size outputs are a location

    template <class T>
    S2RM_HD static T value(T const* o, T const* x, index_t e) {
      T const v = o[Target::size + e];
      T const miss = x[e] - o[e];
      return T(0.5) * (T(std::numbers::ln2 + 1.14472988584940017414) + v + miss * miss * math::exp(-v));
    }
    template <class T>
    S2RM_HD static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
      T const inverse = math::exp(-o[Target::size + e]);
      T const miss = x[e] - o[e];
      d[e] = -scale * miss * inverse;
      d[Target::size + e] = scale * T(0.5) * (T(1) - miss * miss * inverse);
    }
  };
};

/// Targets are class indices 0..K-1 (stored as numbers), o = logits (K, target...): loss = log sum e^o - o_x.
template <index_t K>
struct categorical {
  static_assert(K >= 2, "s2rm[S206]: a categorical likelihood needs at least two classes. See docs/errors.md#S206");
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on {
    static constexpr index_t parameters = K;
    static constexpr index_t outputs = K * Target::size;
    static constexpr bool has_location = false;

    template <class T>
    S2RM_HD static T log_sum(T const* o, index_t e) {
      T highest = o[e];
      for (index_t k = 1; k < K; ++k) highest = o[k * Target::size + e] > highest ? o[k * Target::size + e] : highest;
      T sum = T(0);
      for (index_t k = 0; k < K; ++k) sum += math::exp(o[k * Target::size + e] - highest);
      return highest + std::log(sum);
    }
    template <class T>
    S2RM_HD static T value(T const* o, T const* x, index_t e) {
      T const total = log_sum(o, e);
      // A class that does not exist makes the loss not finite: the step is skipped and counted.
      auto chosen = static_cast<T>(std::nan(""));
      for (index_t k = 0; k < K; ++k) chosen = x[e] == T(k) ? o[k * Target::size + e] : chosen;
      return total - chosen;
    }
    template <class T>
    S2RM_HD static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
      T const total = log_sum(o, e);
      for (index_t k = 0; k < K; ++k) {
        d[k * Target::size + e] = scale * (math::exp(o[k * Target::size + e] - total) - (x[e] == T(k) ? T(1) : T(0)));
      }
    }
  };
};

/// loss of element e of query `row`, and 0 where the query is masked: for a sum over all (row, e).
template <class Likelihood, class Target, class T>
struct loss_term {
  T const* o;
  T const* x;
  std::uint8_t const* mask;
  S2RM_HD double operator()(index_t i) const {
    index_t const row = i / Target::size;
    if (mask != nullptr && mask[row] == 0) return 0.0;
    return static_cast<double>(
        Likelihood::value(o + row * Likelihood::outputs, x + row * Target::size, i % Target::size));
  }
};

/// Gradient of the mean loss with respect to the outputs; exactly 0 where the query is masked.
template <class Likelihood, class Target, class T>
struct loss_gradient {
  T const* o;
  T const* x;
  std::uint8_t const* mask;
  T scale;  ///< 1 / number of unmasked target elements
  T* d;
  S2RM_HD void operator()(index_t row) const {
    T* const to = d + row * Likelihood::outputs;
    if (mask != nullptr && mask[row] == 0) {
      for (index_t i = 0; i < Likelihood::outputs; ++i) to[i] = T(0);
      return;
    }
    for (index_t e = 0; e < Target::size; ++e) {
      Likelihood::gradient(o + row * Likelihood::outputs, x + row * Target::size, e, scale, to);
    }
  }
};

}  // namespace s2rm::likelihood
