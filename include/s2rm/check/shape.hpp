#pragma once
/// \file
/// The compile-time check of a model's shape: the first stage of check/model.hpp.

#include <concepts>
#include <type_traits>

#include "s2rm/check/contract.hpp"
#include "s2rm/core/shape.hpp"

S2RM_NAMESPACE_BEGIN
namespace check {

template <class S>
concept constant_sizes = requires {
  typename integer<S::modules>;
  typename integer<S::hidden>;
  typename integer<S::heads>;
  typename integer<S::head_width>;
  typename integer<S::sphere>;
  typename integer<S::place>;
  typename integer<S::frequencies>;
  typename integer<S::place_hidden>;
  typename integer<S::context>;
};

template <class S>
concept sizes_per_object = requires {
  requires any_per_object<decltype(&S::modules), decltype(&S::hidden), decltype(&S::heads), decltype(&S::head_width),
                          decltype(&S::sphere), decltype(&S::place), decltype(&S::frequencies),
                          decltype(&S::place_hidden), decltype(&S::context)>;
};

template <class V>
concept array_shape = requires {
  typename integer<V::size>;
  typename integer<V::rank>;
  typename integer<V::extents.size()>;
} && V::extents.size() == V::rank;

template <class V>
constexpr bool proper_extents() {
  index_t product = 1;
  for (auto const extent : V::extents) {
    if (extent < 1) return false;
    product *= extent;
  }
  return product == V::size;
}

template <class Shape>
consteval auto shape_fault() {
  namespace e = errors;
  if constexpr (!std::derived_from<Shape, s2rm::shape>) {
    return fault<e::not_a_shape<Shape>>{};
  } else if constexpr (sizes_per_object<Shape>) {
    return fault<e::size_is_not_a_constant<Shape>>{};
  } else if constexpr (!constant_sizes<Shape>) {
    return fault<e::size_is_not_a_constant<Shape>>{};
  } else if constexpr (Shape::modules < 1) {
    return fault<e::require_modules<Shape, Shape::modules>>{};
  } else if constexpr (Shape::hidden < 1) {
    return fault<e::require_hidden<Shape, Shape::hidden>>{};
  } else if constexpr (Shape::heads < 1) {
    return fault<e::require_heads<Shape, Shape::heads>>{};
  } else if constexpr (Shape::head_width < 1) {
    return fault<e::require_head_width<Shape, Shape::head_width>>{};
  } else if constexpr (Shape::sphere < 2) {
    return fault<e::require_sphere<Shape, Shape::sphere>>{};
  } else if constexpr (Shape::place < 1 || Shape::place > 3) {
    return fault<e::require_place<Shape, Shape::place>>{};
  } else if constexpr (Shape::frequencies < 1) {
    return fault<e::require_frequencies<Shape, Shape::frequencies>>{};
  } else if constexpr (Shape::place_hidden < 1) {
    return fault<e::require_place_hidden<Shape, Shape::place_hidden>>{};
  } else if constexpr (Shape::context < 0) {
    return fault<e::require_context<Shape, Shape::context>>{};
  } else if constexpr (!requires { typename Shape::view; }) {
    return fault<e::shape_without_view<Shape>>{};
  } else if constexpr (!array_shape<typename Shape::view>) {
    return fault<e::view_without_size<Shape, typename Shape::view>>{};
  } else if constexpr (!proper_extents<typename Shape::view>()) {
    return fault<e::require_view_size<Shape, typename Shape::view, Shape::view::size>>{};
  } else if constexpr (!array_shape<target_of<Shape>>) {
    return fault<e::target_without_size<Shape, target_of<Shape>>>{};
  } else if constexpr (!proper_extents<target_of<Shape>>()) {
    return fault<e::require_view_size<Shape, target_of<Shape>, target_of<Shape>::size>>{};
  } else {
    return sound{};
  }
}

}  // namespace check
S2RM_NAMESPACE_END
