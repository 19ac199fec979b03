#pragma once
/// \file
/// Optimisers: one pass over the flat block, one functor. The gradient's norm stays in backend memory, so that neither
/// clipping nor the test for non-finite gradients involves the host.

#include <array>
#include <cmath>

#include "s2rm/core/concepts.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/train/schedule.hpp"
#include "s2rm/train/state.hpp"

S2RM_NAMESPACE_BEGIN
namespace optim {

/// What one update reads besides weights and gradients.
struct control {
  double norm2 = 0;        ///< squared norm of the whole gradient
  double rate = 0;         ///< base rate times schedule
  double first_bias = 1;   ///< 1 - beta1^n of the n-th update (Adam)
  double second_bias = 1;  ///< 1 - beta2^n
};

/// The factor of clipping by global norm; 1 where clip is 0.
S2RM_HD inline double clip_factor(double norm2, double clip) {
  return clip > 0 && norm2 > clip * clip ? clip / std::sqrt(norm2) : 1.0;
}

/// Adam with decoupled weight decay (Kingma & Ba 2015; Loshchilov & Hutter 2019), on all parameters alike:
///   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,  w -= rate (m^ / (sqrt(v^) + eps) + decay w).
/// A gradient with a non-finite norm changes nothing.
struct adam {
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  double clip = 0.0;  ///< largest norm of the whole gradient; 0: no clipping
  s2rm::schedule::warm_up_cosine schedule{};

  static constexpr index_t moments = 2;

  /// The numbers of update `applied` + 1, made in step `step`.
  [[nodiscard]] S2RM_HD control begin(index_t step, index_t applied) const {
    auto const n = static_cast<double>(applied + 1);
    return {0, rate * schedule(step), 1 - std::pow(beta1, n), 1 - std::pow(beta2, n)};
  }

  template <class T>
  struct update;

  /// All that the weights after an update depend on.
  [[nodiscard]] std::array<setting, 9> settings() const {
    return {{{"adam.rate", rate},
             {"adam.beta1", beta1},
             {"adam.beta2", beta2},
             {"adam.epsilon", epsilon},
             {"adam.weight_decay", weight_decay},
             {"adam.clip", clip},
             {"schedule.warm_up", static_cast<double>(schedule.warm_up)},
             {"schedule.total", static_cast<double>(schedule.total)},
             {"schedule.floor", schedule.floor}}};
  }

  void(check)() const {
    require_value(math::is_finite(rate) && rate >= 0, {"optim::adam: rate: expected a finite number >= 0"});
    require_value(
        math::is_finite(beta1) && beta1 >= 0 && beta1 < 1 && math::is_finite(beta2) && beta2 >= 0 && beta2 < 1,
        {"optim::adam: beta1, beta2: expected [0, 1)"});
    require_value(math::is_finite(epsilon) && epsilon > 0, {"optim::adam: epsilon: expected a finite number > 0"});
    require_value(math::is_finite(weight_decay) && weight_decay >= 0,
                  {"optim::adam: weight_decay: expected a finite number >= 0"});
    require_value(math::is_finite(clip) && clip >= 0, {"optim::adam: clip: expected a finite number >= 0 (0: none)"});
    (schedule.check)();
  }
};

/// One parameter.
template <class T>
struct adam::update {
  adam o;
  control const* c;
  index_t n;
  T const* g;
  T* w;
  T* moment;  ///< (2, n)

  /// What is the same for all parameters.
  struct ready {
    using scalar = T;
    T const* g;
    T *w, *first, *second;
    bool finite;
    T clip, beta1, rest1, beta2, rest2;
    T step, decay;    ///< rate / (1 - beta1^n), rate decay
    T root, epsilon;  ///< 1 / sqrt(1 - beta2^n)
    /// What is read of one parameter, in L's numbers.
    template <class V>
    struct values {
      V g, m, v, w;
    };
    using numbers = values<T>;
    template <class L>
    S2RM_HD values<typename L::type> read(index_t i) const {
      return {L::load(g + i), L::load(first + i), L::load(second + i), L::load(w + i)};
    }
    template <class L>
    S2RM_HD void write(index_t i, values<typename L::type> const& old) const {
      auto const gi = old.g * clip;
      auto const m = beta1 * old.m + rest1 * gi;
      auto const v = beta2 * old.v + rest2 * gi * gi;
      L::store(first + i, m);
      L::store(second + i, v);
      L::store(w + i, old.w - (step * m / (math::sqrt(v) * root + epsilon) + decay * old.w));
    }
    template <class L>
    S2RM_HD void lanes(index_t i) const {
      if (finite) write<L>(i, read<L>(i));
    }
  };
  S2RM_HD ready prepared() const {
    return {g,
            w,
            moment,
            moment + n,
            math::is_finite(c->norm2),
            T(clip_factor(c->norm2, o.clip)),
            T(o.beta1),
            T(1 - o.beta1),
            T(o.beta2),
            T(1 - o.beta2),
            T(c->rate / c->first_bias),
            T(c->rate * o.weight_decay),
            T(1 / std::sqrt(c->second_bias)),
            T(o.epsilon)};
  }
  S2RM_HD void operator()(index_t i) const { prepared().template lanes<math::lanes<T, 1>>(i); }
};

/// Stochastic gradient descent with momentum, PyTorch's form: m = momentum m + g + decay w, w -= rate m.
struct sgd {
  double rate = 1e-2;
  double momentum = 0.9;
  double weight_decay = 0.0;
  double clip = 0.0;
  s2rm::schedule::warm_up_cosine schedule{};

  static constexpr index_t moments = 1;

  [[nodiscard]] S2RM_HD control begin(index_t step, index_t /*applied*/) const {
    return {0, rate * schedule(step), 1, 1};
  }

  template <class T>
  struct update;

  /// All that the weights after an update depend on.
  [[nodiscard]] std::array<setting, 7> settings() const {
    return {{{"sgd.rate", rate},
             {"sgd.momentum", momentum},
             {"sgd.weight_decay", weight_decay},
             {"sgd.clip", clip},
             {"schedule.warm_up", static_cast<double>(schedule.warm_up)},
             {"schedule.total", static_cast<double>(schedule.total)},
             {"schedule.floor", schedule.floor}}};
  }

  void(check)() const {
    require_value(math::is_finite(rate) && rate >= 0, {"optim::sgd: rate: expected a finite number >= 0"});
    require_value(math::is_finite(momentum) && momentum >= 0 && momentum < 1,
                  {"optim::sgd: momentum: expected [0, 1)"});
    require_value(math::is_finite(weight_decay) && weight_decay >= 0,
                  {"optim::sgd: weight_decay: expected a finite number >= 0"});
    require_value(math::is_finite(clip) && clip >= 0, {"optim::sgd: clip: expected a finite number >= 0 (0: none)"});
    (schedule.check)();
  }
};

/// One parameter.
template <class T>
struct sgd::update {
  sgd o;
  control const* c;
  index_t n;
  T const* g;
  T* w;
  T* moment;  ///< (n)

  /// What is the same for all parameters.
  struct ready {
    using scalar = T;
    T const* g;
    T *w, *moment;
    bool finite;
    T clip, momentum, decay, rate;
    /// What is read of one parameter, in L's numbers.
    template <class V>
    struct values {
      V g, m, w;
    };
    using numbers = values<T>;
    template <class L>
    S2RM_HD values<typename L::type> read(index_t i) const {
      return {L::load(g + i), L::load(moment + i), L::load(w + i)};
    }
    template <class L>
    S2RM_HD void write(index_t i, values<typename L::type> const& old) const {
      auto const gi = old.g * clip + decay * old.w;
      auto const m = momentum * old.m + gi;
      L::store(moment + i, m);
      L::store(w + i, old.w - rate * m);
    }
    template <class L>
    S2RM_HD void lanes(index_t i) const {
      if (finite) write<L>(i, read<L>(i));
    }
  };
  S2RM_HD ready prepared() const {
    return {g,
            w,
            moment,
            math::is_finite(c->norm2),
            T(clip_factor(c->norm2, o.clip)),
            T(o.momentum),
            T(o.weight_decay),
            T(c->rate)};
  }
  S2RM_HD void operator()(index_t i) const { prepared().template lanes<math::lanes<T, 1>>(i); }
};

}  // namespace optim
S2RM_NAMESPACE_END
