#pragma once
/// \file
/// xtensor at the data boundary: `batch`, which owns a batch of sequences, and views without a copy, both ways.
///
/// Every array is row-major and of static rank: `xt::xtensor<T, N>`, never `xt::xarray`. Beware of xtensor's own braces
/// in one dimension: `xt::xtensor<float, 1> x({3})` is ONE element of value 3, not three elements.
/// `make_tensor<float>(3)` has three elements, in every rank alike.

#include "s2rm/core/config.hpp"  // first: it says what xtensor would not about a compiler that cannot work
//
#if __has_include(<xtensor/containers/xtensor.hpp>)  // from 0.26
#include <xtensor/containers/xbuffer_adaptor.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xbuffer_adaptor.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/shape.hpp"
#include "s2rm/core/span.hpp"
#include "s2rm/io/tensor_info.hpp"
#include "s2rm/model/batch.hpp"

S2RM_NAMESPACE_BEGIN

/// The one array type at the boundary, whatever xtensor's default layout is.
template <class T, std::size_t Rank>
using tensor = xt::xtensor<T, Rank, xt::layout_type::row_major>;

/// A tensor of these extents, filled with T(0).
/// \throws shape_error if an extent is negative, or no array of this machine can have so many numbers.
template <class T, std::convertible_to<index_t>... Extents>
tensor<T, sizeof...(Extents)> make_tensor(Extents... extents) {
  std::array<index_t, sizeof...(Extents)> const wanted{static_cast<index_t>(extents)...};
  for (auto const extent : wanted) {
    if (extent < 0)
      throw_error<shape_error>("s2rm: make_tensor: expected extents >= 0, found " + std::to_string(extent));
  }
  auto const count = io::detail::checked_count(wanted);
  if (!count || *count > static_cast<std::uint64_t>(io::detail::most_bytes) / sizeof(T)) {
    throw_error<shape_error>(
        "s2rm: make_tensor: expected an array that memory can hold, found more bytes than addresses");
  }
  std::array<std::size_t, sizeof...(Extents)> const shape{static_cast<std::size_t>(extents)...};
  return tensor<T, sizeof...(Extents)>(shape, T(0));
}

/// The tensor's memory as the library takes it: no copy, valid while the tensor lives and keeps its shape.
template <class T, std::size_t Rank>
array_view<T const, Rank> as_view(tensor<T, Rank> const& values) {
  array_view<T const, Rank> view{values.data(), {}};
  std::copy(values.shape().begin(), values.shape().end(), view.shape.begin());
  return view;
}
/// The same, writable.
template <class T, std::size_t Rank>
array_view<T, Rank> as_view(tensor<T, Rank>& values) {
  array_view<T, Rank> view{values.data(), {}};
  std::copy(values.shape().begin(), values.shape().end(), view.shape.begin());
  return view;
}
/// A view of a temporary would dangle.
template <class T, std::size_t Rank>
void as_view(tensor<T, Rank> const&&) = delete;

/// What the library returns, as an xtensor expression over the same memory: no copy, valid as long as that memory is.
/// Copy it into a `tensor<T, Rank>` to have it longer.
template <class T, std::size_t Rank>
auto as_xtensor(array_view<T, Rank> values) {
  std::array<std::size_t, Rank> shape{};
  std::copy(values.shape.begin(), values.shape.end(), shape.begin());
  // What xt::adapt returns, whose header brings in three more kinds of arrays.
  using memory = xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
  return xt::xtensor_adaptor<memory, Rank, xt::layout_type::row_major>(
      memory(values.data, static_cast<std::size_t>(values.size())), shape);
}

/// A batch of sequences that owns its memory: T steps, B elements, A views and Q queries per step, each free and 0 or
/// more. A member left as constructed (all extents 0) is absent: without a mask all slots are present, without `reset`
/// and `blind` no step is reset or blind, without `elapsed` and `query_lead` every time is 1, without `targets` there
/// are predictions but no loss, without `query_places` no queries, without `views` and `places` no views.
/// \tparam ViewRank    rank of one view: 3 for a raster, 1 for features
/// \tparam TargetRank  rank of what one query predicts
template <class T, std::size_t ViewRank, std::size_t TargetRank = ViewRank>
struct batch {
  tensor<T, 3 + ViewRank> views;        ///< (T, B, A, view...)
  tensor<T, 4> places;                  ///< (T, B, A, P), within [-1, 1]
  tensor<std::uint8_t, 3> view_mask;    ///< (T, B, A), 0: the slot holds no view
  tensor<T, 4> query_places;            ///< (T, B, Q, P)
  tensor<T, 3 + TargetRank> targets;    ///< (T, B, Q, target...)
  tensor<std::uint8_t, 3> target_mask;  ///< (T, B, Q), 0: not counted in the loss
  tensor<std::uint8_t, 2> reset;        ///< (T, B), 1: back to the initial state before this step
  tensor<std::uint8_t, 2> blind;        ///< (T, B), 1: no view reaches any module at this step
  tensor<T, 4> view_context;            ///< (T, B, A, K), side inputs of each view, where the shape has `context`
  tensor<T, 4> query_context;           ///< (T, B, Q, K), of each query
  tensor<T, 2> elapsed;                 ///< (T, B), time since the step before, >= 0
  tensor<T, 3> query_lead;              ///< (T, B, Q), how long after the step the target is seen, >= 0
};

namespace io::detail {

template <class Array>
bool is_absent(Array const& values) {
  return std::all_of(values.shape().begin(), values.shape().end(), [](auto extent) { return extent == 0; });
}

/// The first three extents: steps, elements, slots.
template <class Array>
std::array<index_t, 3> slots_of(Array const& values) {
  return {static_cast<index_t>(values.shape(0)), static_cast<index_t>(values.shape(1)),
          static_cast<index_t>(values.shape(2))};
}

/// The extents that an array of the list has in a batch `b`.
template <class Array, class Batch>
constexpr auto extents_of(Array array, Batch const& b) {
  constexpr std::size_t leading = Array::slots_are == per::step ? 2 : 3;
  std::array<index_t, leading + Array::extents.size()> all{b.time, b.batch};
  if constexpr (leading == 3) all[2] = array.slot_count(b);
  std::copy(Array::extents.begin(), Array::extents.end(), all.begin() + leading);
  return all;
}

/// "T=20, B=32, 5, 5": letters before the first extents; the rest are extents of the view or the target itself.
inline std::string list_of(array_view<index_t const, 1> extents, std::string_view names) {
  std::string text;
  for (std::size_t i = 0; i < static_cast<std::size_t>(extents.size()); ++i) {
    if (i > 0) text += ", ";
    if (i < names.size()) {
      text += names[i];
      text += '=';
    }
    text += std::to_string(extents.data[i]);
  }
  return text;
}

/// The array's memory, once it has these extents. `names` has one letter for each of the first extents.
/// \throws shape_error "s2rm: places: expected (T=20, B=32, A=10, P=2), found (20, 32, 9, 2)".
template <class Array, std::size_t Rank>
auto const* data_of(char const* field, std::string_view names, Array const& values,
                    std::array<index_t, Rank> const& expected) {
  std::array<index_t, Rank> found{};
  std::copy(values.shape().begin(), values.shape().end(), found.begin());
  if (found != expected) {
    array_view<index_t const, 1> const wanted{expected.data(), {Rank}}, given{found.data(), {Rank}};
    throw_error<shape_error>("s2rm: " + std::string(field) + ": expected (" + list_of(wanted, names) + "), found (" +
                             list_of(given, "") + ")");
  }
  return values.data();
}

/// A member of `batch`: its name and the letters of its first extents, for errors.
template <class Array>
struct member {
  char const* name;
  char const* letters;
  Array const& values;
};
/// The members of a `batch` under the names that `batch_view` has for them.
template <class Batch>
struct members_of {
  Batch const& from;
  member<decltype(Batch::views)> view{"views", "TBA", from.views};
  member<decltype(Batch::places)> place{"places", "TBAP", from.places};
  member<decltype(Batch::view_mask)> view_mask{"view_mask", "TBA", from.view_mask};
  member<decltype(Batch::query_places)> query_place{"query_places", "TBQP", from.query_places};
  member<decltype(Batch::targets)> target{"targets", "TBQ", from.targets};
  member<decltype(Batch::target_mask)> target_mask{"target_mask", "TBQ", from.target_mask};
  member<decltype(Batch::reset)> reset{"reset", "TB", from.reset};
  member<decltype(Batch::blind)> blind{"blind", "TB", from.blind};
  member<decltype(Batch::view_context)> view_context{"view_context", "TBAK", from.view_context};
  member<decltype(Batch::query_context)> query_context{"query_context", "TBQK", from.query_context};
  member<decltype(Batch::elapsed)> elapsed{"elapsed", "TB", from.elapsed};
  member<decltype(Batch::query_lead)> query_lead{"query_lead", "TBQ", from.query_lead};
};

}  // namespace io::detail

/// The batch as the model takes it, without a copy, after every extent was compared with `Shape` and the other members.
/// T, B and A are those of `views`; Q is that of `query_places`.
/// \tparam Shape  the model's sizes: `place`, `view` and, where it differs, `target`
/// \throws shape_error naming the member, what was expected and what was found.
template <class Shape, class T, std::size_t ViewRank, std::size_t TargetRank>
  requires(Shape::view::rank == ViewRank && target_of<Shape>::rank == TargetRank)
batch_view<T> as_batch_view(batch<T, ViewRank, TargetRank> const& from) {
  namespace in = io::detail;
  // Views and their places come together, absent both or neither: the model reads every slot of both.
  bool const has_views = !in::is_absent(from.views) || !in::is_absent(from.places);
  bool const has_queries = !in::is_absent(from.query_places);
  auto const queries = in::slots_of(from.query_places);
  auto views = in::is_absent(from.views) ? in::slots_of(from.places) : in::slots_of(from.views);
  if (!has_views) views = {queries[0], queries[1], 0};
  batch_view<T> to{.time = views[0], .batch = views[1], .views = views[2], .queries = queries[2]};
  in::members_of<batch<T, ViewRank, TargetRank>> const members{from};
  for_each_array<Shape>(
      [&](auto array, auto const*& p, auto const& member) {
        bool const needed =
            array.null == null_is::refused && array.width > 0 &&
            ((array.slots_are == per::view && has_views) || (array.slots_are == per::query && has_queries));
        if (!needed && in::is_absent(member.values)) return;
        p = in::data_of(member.name, member.letters, member.values, in::extents_of(array, to));
      },
      to, members);
  return to;
}

/// `trainer::step(b)` and `stream::observe(views, places)` take xtensor arrays through these.
template <class T, std::size_t Rank>
struct view_traits<tensor<T, Rank>> {
  static array_view<T const, Rank> view(tensor<T, Rank> const& values) { return as_view(values); }
};
template <class T, std::size_t ViewRank, std::size_t TargetRank>
struct batch_traits<batch<T, ViewRank, TargetRank>> {
  template <class Shape>
  static batch_view<T> view(batch<T, ViewRank, TargetRank> const& b) {
    return as_batch_view<Shape>(b);
  }
};

S2RM_NAMESPACE_END
