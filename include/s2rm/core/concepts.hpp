#pragma once
/// \file
/// Kinds of policies, and how a model finds the policy of each slot among its template arguments.
///
/// A policy is a tag type with a member `kind`; its options are its template arguments. The layer of a slot is its
/// policy's `policy::template on<Shape>`. Policies may be given in any order; a slot left empty has a default.

#include <concepts>
#include <type_traits>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// The slots of a model.
namespace kind {
struct cell {};
struct kernel {};
struct encoder {};
struct places {};
struct decoder {};
struct likelihood {};
struct normalisation {};
struct interaction {};
struct carry {};
struct state_norm {};
struct readout {};
struct initial_state {};
struct weights {};
struct time {};
struct lead {};
struct residual {};
struct dynamics {};
}  // namespace kind

namespace detail {

template <class Policy, class Kind>
concept has_kind = requires { typename Policy::kind; } && std::same_as<typename Policy::kind, Kind>;

template <class Kind, class Default, class... Policies>
struct pick {
  using type = Default;
};
template <class Kind, class Default, class First, class... Rest>
struct pick<Kind, Default, First, Rest...>
    : std::conditional_t<has_kind<First, Kind>, std::type_identity<First>, pick<Kind, Default, Rest...>> {};

template <class Policy, class... Kinds>
inline constexpr bool is_any_kind = (has_kind<Policy, Kinds> || ...);

template <class Policy>
inline constexpr bool fills_a_slot =
    is_any_kind<Policy, kind::cell, kind::kernel, kind::encoder, kind::places, kind::decoder, kind::likelihood,
                kind::normalisation, kind::interaction, kind::carry, kind::state_norm, kind::readout,
                kind::initial_state, kind::weights, kind::time, kind::lead, kind::residual, kind::dynamics>;

}  // namespace detail

/// The policy of `Kind` among `Policies`, or `Default`.
template <class Kind, class Default, class... Policies>
using policy_for = typename detail::pick<Kind, Default, Policies...>::type;

S2RM_NAMESPACE_END
