#pragma once
/// \file
/// Likelihoods: what the decoder's numbers mean, the loss of one target element, and its gradient.
///
/// `on<Target>` describes one query: `outputs` numbers o come in, `Target::size` numbers x are compared.
///   value(o, x, e)                loss of element e
///   gradient(o, x, e, scale, d)   writes scale * dloss_e/do for the outputs that element e depends on
///
/// A likelihood may offer both for a register of elements e .. e + L::width - 1 as well (math/simd.hpp); where it does,
/// these are used, in any order of elements or all at the same time, so they must say the same:
///   value_lanes<L>(o, x, e), gradient_lanes<L>(o, x, e, scale, d)

#include <cmath>
#include <numbers>

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/math/scalar.hpp"

S2RM_NAMESPACE_BEGIN
namespace likelihood {

/// `value` and `gradient` of a likelihood that has both for registers: a register of one element.
template <class Likelihood>
struct element_wise {
  template <class T>
  S2RM_HD static T value(T const* o, T const* x, index_t e) {
    return Likelihood::template value_lanes<math::lanes<T, 1>>(o, x, e);
  }
  template <class T>
  S2RM_HD static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
    Likelihood::template gradient_lanes<math::lanes<T, 1>>(o, x, e, scale, d);
  }

 private:
  element_wise() = default;
  friend Likelihood;
};

/// Binary targets, o are logits: loss = softplus(o) - o x. Outputs (target...).
struct bernoulli {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : element_wise<on<Target>> {
    static constexpr index_t parameters = 1;  ///< numbers per target element
    static constexpr index_t outputs = Target::size;
    static constexpr bool has_location = false;

    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e) {
      auto const logit = L::load(o + e);
      return math::softplus(logit) - logit * L::load(x + e);
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d) {
      L::store(d + e, scale * (math::sigmoid(L::load(o + e)) - L::load(x + e)));
    }
  };
};

/// Real targets, o = [mean (target...), log-variance (target...)]:
/// loss = (log 2 pi + v + (x - m)^2 e^-v) / 2.
struct gaussian {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : element_wise<on<Target>> {
    static constexpr index_t parameters = 2;
    static constexpr index_t outputs = 2 * Target::size;
    static constexpr bool has_location = true;  ///< the first Target::size outputs are a location

    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e) {
      auto const v = L::load(o + Target::size + e);
      auto const miss = L::load(x + e) - L::load(o + e);
      return T(0.5) * (T(std::numbers::ln2 + 1.14472988584940017414) + v + miss * miss * math::exp(-v));
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d) {
      auto const inverse = math::exp(-L::load(o + Target::size + e));
      auto const miss = L::load(x + e) - L::load(o + e);
      L::store(d + e, -scale * miss * inverse);
      L::store(d + Target::size + e, scale * T(0.5) * (T(1) - miss * miss * inverse));
    }
  };
};

/// Targets are class indices 0..K-1 (stored as numbers), o = logits (K, target...): loss = log sum e^o - o_x.
template <index_t K>
struct categorical {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : element_wise<on<Target>> {
    static constexpr index_t classes = K;  ///< at least 2 (S206)
    static constexpr index_t parameters = K;
    static constexpr index_t outputs = K * Target::size;
    static constexpr bool has_location = false;

    template <class L, class T>
    S2RM_HD static auto log_sum(T const* o, index_t e) {
      auto highest = L::load(o + e);
      for (index_t k = 1; k < K; ++k) {
        auto const logit = L::load(o + k * Target::size + e);
        highest = logit > highest ? logit : highest;
      }
      auto sum = L::all(T(0));
      for (index_t k = 0; k < K; ++k) sum += math::exp(L::load(o + k * Target::size + e) - highest);
      return highest + math::log(sum);
    }
    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e) {
      auto const total = log_sum<L>(o, e);
      auto const target = L::load(x + e);
      // A class that does not exist makes the loss not finite: the step is skipped and counted.
      auto chosen = L::all(static_cast<T>(std::nan("")));
      for (index_t k = 0; k < K; ++k) chosen = target == L::all(T(k)) ? L::load(o + k * Target::size + e) : chosen;
      return total - chosen;
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d) {
      auto const total = log_sum<L>(o, e);
      auto const target = L::load(x + e);
      for (index_t k = 0; k < K; ++k) {
        auto const share = math::exp(L::load(o + k * Target::size + e) - total);
        L::store(d + k * Target::size + e, scale * (share - (target == L::all(T(k)) ? L::all(T(1)) : L::all(T(0)))));
      }
    }
  };
};

/// Likelihoods that run on registers.
template <class Likelihood, class T>
concept has_lanes = requires(T const* o, T const* x, index_t e, T scale, T* d) {
  Likelihood::template value_lanes<math::lanes<T, 1>>(o, x, e);
  Likelihood::template gradient_lanes<math::lanes<T, 1>>(o, x, e, scale, d);
};

/// loss of element e of query `row`, and 0 where the query is masked: for a sum over all (row, e).
template <class Likelihood, class Target, class T>
struct loss_term {
  using scalar = T;
  static constexpr index_t width = Target::size;
  T const* o;
  T const* x;
  std::uint8_t const* mask;
  template <class L>
  S2RM_HD auto lanes(index_t row, index_t e) const
    requires has_lanes<Likelihood, T>
  {
    if (mask != nullptr && mask[row] == 0) return L::all(T(0));
    return Likelihood::template value_lanes<L>(o + row * Likelihood::outputs, x + row * width, e);
  }
  S2RM_HD double operator()(index_t i) const {
    index_t const row = i / width;
    if (mask != nullptr && mask[row] == 0) return 0.0;
    return static_cast<double>(Likelihood::value(o + row * Likelihood::outputs, x + row * width, i % width));
  }
};

/// The factor of a loss: a number, or 1 / count where a count lies in backend memory (0 where it is 0).
template <class T>
struct loss_scale {
  T value = T(1);
  double const* count = nullptr;
  S2RM_HD constexpr loss_scale(T by) : value(by) {}  // NOLINT(*-explicit-*): a number is one
  S2RM_HD static constexpr loss_scale over(double const* count) {
    loss_scale s(T(0));
    s.count = count;
    return s;
  }
  [[nodiscard]] S2RM_HD T get() const {
    if (count == nullptr) return value;
    return *count > 0 ? static_cast<T>(1.0 / *count) : T(0);
  }
};

/// Gradient of the mean loss with respect to the outputs; exactly 0 where the query is masked.
template <class Likelihood, class Target, class T>
struct loss_gradient {
  T const* o;
  T const* x;
  std::uint8_t const* mask;
  loss_scale<T> scale;  ///< 1 / number of unmasked target elements
  T* d;
  S2RM_HD void operator()(index_t row) const {
    T const* const out = o + row * Likelihood::outputs;
    T const* const target = x + row * Target::size;
    T* const to = d + row * Likelihood::outputs;
    T const by = scale.get();
    if (mask != nullptr && mask[row] == 0) {
      math::fill<Likelihood::outputs>(to, T(0));
    } else if constexpr (has_lanes<Likelihood, T>) {
      math::across<T, Target::size>(
          [=](auto l, index_t e) { Likelihood::template gradient_lanes<decltype(l)>(out, target, e, by, to); });
    } else {
      for (index_t e = 0; e < Target::size; ++e) Likelihood::gradient(out, target, e, by, to);
    }
  }
};

}  // namespace likelihood
S2RM_NAMESPACE_END
