#pragma once
/// \file
/// What a policy's layer must have, checked member by member: the first thing missing is a type of s2rm::errors. Called
/// by check/model.hpp; check/layer_messages.hpp has the texts. Only declarations are examined, no body is instantiated.

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "s2rm/attention/normalisation.hpp"
#include "s2rm/check/layer_messages.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/decoder/residual.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/ops/reference.hpp"

S2RM_NAMESPACE_BEGIN
namespace check {

/// Nothing to report.
struct sound {};

/// The report to instantiate.
template <class Report>
struct fault {
  using report = Report;
};

template <class Result>
inline constexpr bool failed = !std::is_same_v<std::remove_cv_t<Result>, sound>;

/// Checks whether layers can be called with the naive backend and float, by the very argument types the model
/// calls them with. Bodies are not instantiated.
using backend = ops::reference;
using number = float;

/// Ask for a constant: `typename integer<L::in>` is ill-formed where L::in is missing, no integer or not constexpr.
template <index_t>
struct integer;
template <bool>
struct flag;

/// Whether one of these is a pointer to a non-static member. Asked first, because g++ 12 takes `typename
/// integer<L::in>` with such a member for an error, not for a "no".
template <class... Pointers> concept any_per_object = (std::is_member_object_pointer_v<Pointers> || ...);

template <class X>
inline constexpr bool is_field_list = false;
template <class... Fields>
inline constexpr bool is_field_list<schema<Fields...>> = true;
/// `schema<...>` or a struct that derives from it.
template <class X> concept is_schema = requires { typename X::unnamed; } && is_field_list<typename X::unnamed>;

template <class L> concept has_params = is_schema<typename L::params>;

template <class C> concept cell_memory = is_schema<typename C::saved> && is_schema<typename C::delta>;

template <class C> concept cell_start = is_schema<typename C::initial>;

/// Whether every field of the initial state begins with the modules, and all are as large as the state.
template <class Cell>
constexpr bool starts_every_module(index_t modules) {
  for (auto const& f : Cell::initial::infos) {
    if (f.rank < 1 || f.extents[0] != modules) return false;
  }
  return Cell::initial::size == modules * Cell::state;
}

template <class C, class T>
concept cell_initialises = requires(T* values, init::source from) {
  C::initialise(values, from);
  C::initialise_state(values);
};

template <class C, class B, class T>
concept cell_forward =
    requires(B& be, parameters_of<T, typename C::params> p, index_t n, rows<T> u, rows<T const> h,
             saved_of<T, typename C::saved> saved, T* scratch) { C::forward(be, p, n, u, h, h, u, saved, scratch); };

template <class C, class B, class T>
concept cell_backward = requires(B& be, parameters_of<T, typename C::params> p, index_t n, rows<T> u, rows<T const> h,
                                 saved_of<T const, typename C::saved> saved, saved_of<T, typename C::delta> delta,
                                 T* scratch) { C::backward(be, p, n, u, h, h, u, saved, delta, u, u, u, scratch); };

template <class C, class B, class T>
concept cell_gradient =
    requires(B& be, index_t n, rows<T> u, rows<T const> h, saved_of<T const, typename C::delta> delta,
             gradients_of<T, typename C::params> dp, T* scratch) { C::gradient(be, n, u, h, delta, dp, scratch); };

template <class C, class Shape>
consteval auto cell_fault() {
  namespace e = errors;
  if constexpr (requires { requires any_per_object<decltype(&C::state)>; }) {
    return fault<e::cell_without_state<C>>{};
  } else if constexpr (!requires { typename integer<C::state>; }) {
    return fault<e::cell_without_state<C>>{};
  } else if constexpr (C::state < Shape::hidden) {
    return fault<e::state_smaller_than_hidden<C, Shape, e::size<C::state>, e::wanted<Shape::hidden>>>{};
  } else if constexpr (!has_params<C>) {
    return fault<e::cell_without_params<C>>{};
  } else if constexpr (!cell_memory<C>) {
    return fault<e::cell_without_saved<C>>{};
  } else if constexpr (requires { requires any_per_object<decltype(&C::scratch), decltype(&C::gradient_scratch)>; }) {
    return fault<e::cell_without_scratch<C>>{};
  } else if constexpr (!requires {
                         typename integer<C::scratch>;
                         typename integer<C::gradient_scratch>;
                       }) {
    return fault<e::cell_without_scratch<C>>{};
  } else if constexpr (!cell_start<C>) {
    return fault<e::cell_without_initial<C>>{};
  } else if constexpr (!starts_every_module<C>(Shape::modules)) {
    return fault<e::initial_is_not_the_state<C, e::size<C::initial::size>, e::wanted<Shape::modules * C::state>>>{};
  } else if constexpr (!cell_initialises<C, number>) {
    return fault<e::cell_without_initialise<C>>{};
  } else if constexpr (!cell_forward<C, backend, number>) {
    return fault<e::cell_without_forward<C>>{};
  } else if constexpr (!cell_backward<C, backend, number>) {
    return fault<e::cell_without_backward<C>>{};
  } else if constexpr (!cell_gradient<C, backend, number>) {
    return fault<e::cell_without_gradient<C>>{};
  } else {
    return sound{};
  }
}

/// Encoders and decoders have one contract; their messages name them.
struct encoder_errors {
  template <class L>
  using sizes = errors::encoder_without_sizes<L>;
  template <class L>
  using params = errors::encoder_without_params<L>;
  template <class L>
  using saved = errors::encoder_without_saved<L>;
  template <class L>
  using scratch = errors::encoder_without_scratch<L>;
  template <class L>
  using initialise = errors::encoder_without_initialise<L>;
  template <class L>
  using forward = errors::encoder_without_forward<L>;
  template <class L>
  using backward = errors::encoder_without_backward<L>;
};
struct decoder_errors {
  template <class L>
  using sizes = errors::decoder_without_sizes<L>;
  template <class L>
  using params = errors::decoder_without_params<L>;
  template <class L>
  using saved = errors::decoder_without_saved<L>;
  template <class L>
  using scratch = errors::decoder_without_scratch<L>;
  template <class L>
  using initialise = errors::decoder_without_initialise<L>;
  template <class L>
  using forward = errors::decoder_without_forward<L>;
  template <class L>
  using backward = errors::decoder_without_backward<L>;
};

template <class L, class B, class T>
concept layer_forward = requires(B& be, parameters_of<T, typename L::params> p, index_t n, rows<T> x, T* saved) {
  L::forward(be, p, n, x, x, saved);
};

template <class L, class B, class T>
concept layer_backward =
    requires(B& be, parameters_of<T, typename L::params> p, index_t n, rows<T> x, T* saved,
             gradients_of<T, typename L::params> dp) { L::backward(be, p, n, x, x, saved, x, dp, saved); };

template <class L, class Errors>
consteval auto layer_fault() {
  if constexpr (requires { requires any_per_object<decltype(&L::in), decltype(&L::out)>; }) {
    return fault<typename Errors::template sizes<L>>{};
  } else if constexpr (!requires {
                         typename integer<L::in>;
                         typename integer<L::out>;
                       }) {
    return fault<typename Errors::template sizes<L>>{};
  } else if constexpr (!has_params<L>) {
    return fault<typename Errors::template params<L>>{};
  } else if constexpr (requires { requires any_per_object<decltype(&L::saved)>; }) {
    return fault<typename Errors::template saved<L>>{};
  } else if constexpr (!requires { typename integer<L::saved>; }) {
    return fault<typename Errors::template saved<L>>{};
  } else if constexpr (requires { requires any_per_object<decltype(&L::scratch)>; }) {
    return fault<typename Errors::template scratch<L>>{};
  } else if constexpr (!requires { typename integer<L::scratch>; }) {
    return fault<typename Errors::template scratch<L>>{};
  } else if constexpr (!requires(number* values, init::source from) { L::initialise(values, from); }) {
    return fault<typename Errors::template initialise<L>>{};
  } else if constexpr (!layer_forward<L, backend, number>) {
    return fault<typename Errors::template forward<L>>{};
  } else if constexpr (!layer_backward<L, backend, number>) {
    return fault<typename Errors::template backward<L>>{};
  } else {
    return sound{};
  }
}

template <class K, class T>
concept kernel_functions = requires(T cosine, T const* p, index_t i) {
  typename flag<K::straight_through>;
  { K::reaches(cosine) } -> std::convertible_to<bool>;
  { K::log_weight(cosine, p) } -> std::convertible_to<T>;
  { K::slope(cosine, p) } -> std::convertible_to<T>;
  { K::parameter_slope(i, cosine, p) } -> std::convertible_to<T>;
};

template <class K>
consteval auto kernel_fault() {
  namespace e = errors;
  if constexpr (!has_params<K>) {
    return fault<e::kernel_without_params<K>>{};
  } else if constexpr (!requires(number* values, init::source from) { K::initialise(values, from); }) {
    return fault<e::kernel_without_initialise<K>>{};
  } else if constexpr (!kernel_functions<K, number>) {
    return fault<e::kernel_without_functions<K>>{};
  } else {
    return sound{};
  }
}

template <class N, class T>
concept normalises =
    requires(index_t count, normalisation::row_geometry<T> g, T* w, T const* extra, T (*score)(index_t)) {
      typename integer<N::extra>;
      N::forward(count, g, w, w);
      N::template backward<false>(count, g, extra, extra, w, w, count, score);
      N::template backward<true>(count, g, extra, extra, w, w, count, score);
    };

template <class L>
concept likelihood_sizes = requires {
  typename integer<L::parameters>;
  typename integer<L::outputs>;
  typename flag<L::has_location>;
};

template <class L, class T>
concept likelihood_functions = requires(T const* o, T const* x, index_t e, T scale, T* d) {
  { L::value(o, x, e) } -> std::convertible_to<T>;
  L::gradient(o, x, e, scale, d);
};

/// A likelihood over classes says how many there are.
template <class L> concept few_classes = requires { requires L::classes < 2; };
/// A likelihood of known variance says it.
template <class L> concept no_variance = requires { requires L::variance_ratio::num <= 0; };
/// A product of likelihoods says whether its parts share the channels out.
template <class L> concept channels_not_shared_out = requires { requires !L::each_once(); };

template <class L, class Target>
consteval auto likelihood_fault() {
  namespace e = errors;
  if constexpr (requires { requires any_per_object<decltype(&L::parameters), decltype(&L::outputs)>; }) {
    return fault<e::likelihood_without_sizes<L>>{};
  } else if constexpr (!likelihood_sizes<L>) {
    return fault<e::likelihood_without_sizes<L>>{};
  } else if constexpr (L::outputs != L::parameters * Target::size) {
    return fault<e::outputs_are_not_parameters_of_the_target<L, Target, e::size<L::outputs>,
                                                             e::wanted<L::parameters * Target::size>>>{};
  } else if constexpr (!likelihood_functions<L, number>) {
    return fault<e::likelihood_without_functions<L>>{};
  } else if constexpr (few_classes<L>) {
    return fault<e::require_classes<L, L::classes>>{};
  } else if constexpr (no_variance<L>) {
    return fault<e::require_variance<L, typename L::variance_ratio>>{};
  } else if constexpr (channels_not_shared_out<L>) {
    return fault<e::channels_of_a_product<L>>{};
  } else {
    return sound{};
  }
}

template <class F>
concept counts_features = requires {
  typename integer<F::count>;
  requires F::count >= 1;
};

template <class F, class B, class T>
concept computes_features = requires(B& be, index_t n, T const* x, T* gamma) {
  F::forward(be, n, x, gamma);
  { F::sample() } -> std::convertible_to<std::vector<double>>;
  { F::description() } -> std::convertible_to<std::string>;
};

template <class F>
consteval auto place_features_fault() {
  if constexpr (requires { requires any_per_object<decltype(&F::count)>; }) {
    return fault<errors::place_features_incomplete<F>>{};
  } else if constexpr (!counts_features<F>) {
    return fault<errors::place_features_incomplete<F>>{};
  } else if constexpr (!computes_features<F, backend, number>) {
    return fault<errors::place_features_incomplete<F>>{};
  } else {
    return sound{};
  }
}

template <class R, class Shape, class T>
concept guesses = requires { typename flag<R::active>; } &&
                  (requires(residual::seen<Shape, T> seen, T const* x, index_t e) {
                    { R::template guess<Shape, T>(seen, x, e) } -> std::convertible_to<T>;
                  } || requires(residual::seen<Shape, T> seen, T const* x, T const* c, index_t e) {
                    { R::template guess<Shape, T>(seen, x, c, e) } -> std::convertible_to<T>;
                  });

}  // namespace check
S2RM_NAMESPACE_END
