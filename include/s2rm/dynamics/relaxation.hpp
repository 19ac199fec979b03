#pragma once
/// \file
/// `time::elapsed`: between two steps the state relaxes towards the initial state, every number of every module at a rate
/// of its own (model §2.11). With D the time since the step before, for each number of the carried state (an LSTM's memory
/// too):
///
///   lambda = softplus(rho),   f = e^(-lambda D),   h <- f h + (1 - f) h_0          that is h_0 + (h - h_0) f
///
/// D = 0 leaves every bit of h, a long D gives h_0 exactly; D_1 then D_2 is D_1 + D_2 up to rounding. Where a state starts
/// there is nothing to relax.
///
/// Backward, from d = dL/d(the relaxed state):
///   dh = f d,   dh_0 = sum over rows of (1 - f) d, and of d where a row starts,
///   dlambda = sum over rows of -D f (h - h_0) d,   drho = dlambda sigmoid(rho)
/// Sums over rows of h_0 and lambda are those of a whole backward pass, the read-out's included (model/read_out.hpp);
/// they go to the parameters at its end.

#include <cmath>

#include "s2rm/core/arena.hpp"
#include "s2rm/layer/time_features.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// What the state was and is: f of one number at a time, and both of its uses.
template <class L>
struct relaxing {
  using V = typename L::type;
  V factor;
  S2RM_HD relaxing(V rate, typename L::scalar time) : factor(math::exp(-(rate * L::all(time)))) {}
  [[nodiscard]] S2RM_HD V state(V h, V initial) const { return factor * h + lost() * initial; }
  [[nodiscard]] S2RM_HD V lost() const { return L::all(typename L::scalar(1)) - factor; }
};

/// state_in of one step, as `choose_state`, relaxed where it does not start.
template <class T, index_t Width>
struct relax_state {
  using scalar = T;
  std::uint8_t const* start;  ///< (B)
  T const* elapsed;           ///< (B), null: 1
  T const* rate;              ///< (M, state): lambda
  T const* initial;           ///< (M, state)
  T const* carried;           ///< (B, M, state); read only where start is 0
  T* state;
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    auto const begin = L::load(initial + j);
    T* const to = state + b * Width + j;
    if (start[b] != 0) return L::store(to, begin);
    relaxing<L> const by(L::load(rate + j), elapsed == nullptr ? T(1) : layer::proper_time(elapsed[b]));
    L::store(to, by.state(L::load(carried + b * Width + j), begin));
  }
};

/// Its backward pass: d = dL/dstate_in becomes that of the state before, 0 where the state starts; each row's terms of
/// dL/dh_0 and dL/dlambda go where they are summed from.
template <class T, index_t Width>
struct relax_state_backward {
  using scalar = T;
  relax_state<T, Width> forward;
  T* d;                     ///< (B, M, state)
  T *of_initial, *of_rate;  ///< (B, M, state)
  template <class L>
  S2RM_HD void lanes(index_t b, index_t j) const {
    index_t const at = b * Width + j;
    auto const given = L::load(d + at), none = L::all(T(0));
    if (forward.start[b] != 0) {
      L::store(of_initial + at, given), L::store(of_rate + at, none), L::store(d + at, none);
      return;
    }
    T const time = forward.elapsed == nullptr ? T(1) : layer::proper_time(forward.elapsed[b]);
    relaxing<L> const by(L::load(forward.rate + j), time);
    auto const passed = by.factor * given;
    L::store(of_initial + at, by.lost() * given);
    L::store(of_rate + at, (L::load(forward.initial + j) - L::load(forward.carried + at)) * L::all(time) * passed);
    L::store(d + at, passed);
  }
};

/// lambda = softplus(rho) of `count` numbers, `Alike` times: modules may share their rates.
template <index_t Alike, class T>
struct relaxation_rates {
  using scalar = T;
  T const* rho;
  T* rate;
  index_t count;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    auto const one = math::softplus(L::load(rho + i));
    for (index_t k = 0; k < Alike; ++k) L::store(rate + k * count + i, one);
  }
};
/// drho += dlambda sigmoid(rho).
template <index_t Alike, class T>
struct relaxation_rates_backward {
  using scalar = T;
  T const *rho, *drate;
  T* drho;
  index_t count;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    auto sum = L::load(drate + i);
    for (index_t k = 1; k < Alike; ++k) sum += L::load(drate + k * count + i);
    L::store(drho + i, L::load(drho + i) + sum * math::sigmoid(L::load(rho + i)));
  }
};

/// The rates of a model whose states relax: lambda, for the forward pass.
template <class T>
struct relaxation_activations {
  T* rate;  ///< (M, state)
  static constexpr relaxation_activations lay_out(arena& a, index_t width) { return {a.take<T>(width)}; }
};
/// Sums of a backward pass, and a step's terms of them.
template <class T>
struct relaxation_workspace {
  T *initial, *rate;            ///< (M, state): dL/dh_0, dL/dlambda
  T *step_initial, *step_rate;  ///< (B, M, state)
  static constexpr relaxation_workspace lay_out(arena& a, index_t batch, index_t width) {
    return {a.take<T>(width), a.take<T>(width), a.take<T>(batch * width), a.take<T>(batch * width)};
  }
};

/// rho at the start: a rate of 0.02 in the unit of time.
template <class Time, class T>
T initial_rate() {
  double const per_unit = 0.02 * static_cast<double>(Time::unit::den) / static_cast<double>(Time::unit::num);
  return static_cast<T>(std::log(std::expm1(per_unit)));
}

}  // namespace dynamics
S2RM_NAMESPACE_END
