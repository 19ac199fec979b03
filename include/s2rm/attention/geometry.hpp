#pragma once
/// \file
/// Which pairs there are in an attention, and how to visit those within reach.

#include "s2rm/attention/neighbours.hpp"
#include "s2rm/attention/normalisation.hpp"

S2RM_NAMESPACE_BEGIN
namespace attention {

/// `count` independent problems of `targets` x `sources`. log Z of (row, i, j) lies at
/// row * row_step + i * target_step + j * source_step; row_step 0 shares one geometry among all rows. Such a geometry
/// may have lists of its pairs within reach; without them the flags of a row are searched.
template <class T>
struct geometry {
  index_t count, targets, sources;
  T const* log_weight;
  std::uint8_t const* reach;
  index_t row_step, target_step, source_step;
  kernel::neighbours neighbours{};

  S2RM_HD normalisation::row_geometry<T> row(index_t r, index_t i) const {
    index_t const at = r * row_step + i * target_step;
    return {log_weight + at, reach + at, source_step};
  }
  [[nodiscard]] S2RM_HD bool listed() const { return neighbours.source != nullptr; }
};

/// Some neighbours of one item (a target or a source), in ascending order.
struct neighbour_list {
  std::int32_t const* neighbour;
  std::int32_t const*
      edge;              ///< numbers of the pairs (attention/neighbours.hpp) where a source's targets come from a list
  index_t first, count;  ///< [first, first + count) of all its neighbours
  S2RM_HD index_t operator[](index_t e) const { return neighbour[e]; }
  [[nodiscard]] S2RM_HD neighbour_list part(index_t from, index_t to) const {
    return {neighbour + from, edge == nullptr ? nullptr : edge + from, first + from, to - from};
  }
};

/// How the neighbours of targets, or of sources, are found: in lists, or by flags that are at least `least`.
struct neighbour_lookup {
  std::int32_t const *first, *neighbour, *edge;
  std::uint8_t const* flag;
  index_t row_step, item_step, neighbour_step;
  index_t items, candidates;
  std::uint8_t least;

  [[nodiscard]] S2RM_HD bool listed() const { return neighbour != nullptr; }
  [[nodiscard]] S2RM_HD neighbour_list list(index_t i) const {
    index_t const from = first[i];
    return {neighbour + from, edge == nullptr ? nullptr : edge + from, 0, first[i + 1] - from};
  }
};

/// The sources of targets.
template <class T>
S2RM_HD inline neighbour_lookup sources_of(geometry<T> const& g, std::uint8_t least = kernel::reached) {
  bool const listed = least == kernel::reached;
  return {g.neighbours.first_source,
          listed ? g.neighbours.source : nullptr,
          nullptr,
          g.reach,
          g.row_step,
          g.target_step,
          g.source_step,
          g.targets,
          g.sources,
          least};
}
/// The targets of sources.
template <class T>
S2RM_HD inline neighbour_lookup targets_of(geometry<T> const& g, std::uint8_t least = kernel::reached) {
  bool const listed = least == kernel::reached;
  return {g.neighbours.first_target,
          listed ? g.neighbours.target : nullptr,
          g.neighbours.edge,
          g.reach,
          g.row_step,
          g.source_step,
          g.target_step,
          g.sources,
          g.targets,
          least};
}

/// Room for neighbours that are found by their flags.
struct neighbour_search {
  static constexpr index_t capacity = 256;
  std::int32_t found[capacity];

  /// Appends the neighbours of item i in row r, from candidate `at` on, to the `used` found before, until `found` is
  /// full. Returns their number; `at` is then the next neighbour, or behind all candidates.
  S2RM_HD index_t look(neighbour_lookup const& from, index_t r, index_t i, index_t used, index_t& at) {
    if (from.candidates == 0) return 0;
    std::uint8_t const* const flag = from.flag + r * from.row_step + i * from.item_step;
    index_t count = used;
    for (; at < from.candidates && count < capacity; ++at) {
      found[count] = static_cast<std::int32_t>(at);
      count += flag[at * from.neighbour_step] >= from.least ? 1 : 0;
    }
    while (at < from.candidates && flag[at * from.neighbour_step] < from.least) ++at;
    return count - used;
  }
};

/// Calls f(list) for the neighbours of item i in row r, `neighbour_search::capacity` at a time, and once where there are
/// none: where a list ends depends on these neighbours alone.
template <class F>
S2RM_HD inline void each_list(neighbour_lookup const& from, index_t r, index_t i, F const& f) {
  constexpr index_t capacity = neighbour_search::capacity;
  neighbour_search search;
  bool const listed = from.listed();
  index_t const all = listed ? from.list(i).count : from.candidates;
  index_t first = 0, at = 0;
  do {
    neighbour_list neighbours;
    if (listed) {
      at = first + capacity < all ? first + capacity : all;
      neighbours = from.list(i).part(first, at);
    } else {
      neighbours = {search.found, nullptr, first, search.look(from, r, i, 0, at)};
    }
    f(neighbours);  // one call, so that f is compiled once
    first += neighbours.count;
  } while (at < all);
}

/// Items are processed in groups of at most `group_size` of one row, so that the processor overlaps independent sums.
inline constexpr index_t group_size = 8;
S2RM_HD constexpr index_t groups_of(index_t items) { return (items + group_size - 1) / group_size; }

/// Consecutive items of one row that have no more than `neighbour_search::capacity` neighbours in all.
struct item_batch {
  index_t row, first, count = 0, pairs = 0;
  neighbour_list list[group_size];
  index_t start[group_size];  ///< pairs of the items before
  neighbour_search search;

  S2RM_HD item_batch(index_t r, index_t i) : row(r), first(i) {}
  item_batch(item_batch const&) = delete;
  item_batch& operator=(item_batch const&) = delete;
  ~item_batch() = default;

  /// Adds the next item; false where there is no room for it.
  S2RM_HD bool add(neighbour_lookup const& from) {
    neighbour_list& to = list[count];
    if (from.listed()) {
      to = from.list(first + count);
      if (pairs + to.count > neighbour_search::capacity) return false;
    } else {
      index_t at = 0;
      to = {search.found + pairs, nullptr, 0, search.look(from, row, first + count, pairs, at)};
      if (at < from.candidates) return false;
    }
    start[count++] = pairs;
    pairs += to.count;
    return true;
  }
  S2RM_HD void clear() {
    first += count;
    count = pairs = 0;
  }
};

/// Calls batch(b) for all items of the task-th group, a few at a time, and single(r, i) for one of too many neighbours.
/// Which of the two an item gets depends on its own neighbours alone.
template <class Batch, class Single>
S2RM_HD inline void each_batch(neighbour_lookup const& from, index_t task, Batch const& batch, Single const& single) {
  index_t const groups = groups_of(from.items), part = task % groups;
  index_t const last = from.items * (part + 1) / groups;
  item_batch b(task / groups, from.items * part / groups);
  while (b.first < last) {
    while (b.first + b.count < last && b.add(from)) {
    }
    if (b.count > 0) {
      batch(b);
      b.clear();
    } else {
      single(b.row, b.first++);
    }
  }
}

/// Where the numbers of the pairs of one target are, `Size` of them each: pairs of lists lie side by side in their
/// order, others have a place for every source, reached or not.
template <class T, index_t Size>
struct target_slots {
  T* start;
  bool listed;
  template <class U>
  S2RM_HD target_slots(geometry<U> const& g, index_t r, index_t i, T* numbers)
      : start(numbers + Size * (g.listed() ? r * g.neighbours.first_source[g.targets] + g.neighbours.first_source[i]
                                           : (r * g.targets + i) * g.sources)),
        listed(g.listed()) {}
  S2RM_HD T* operator()(neighbour_list const& neighbours, index_t e) const {
    return start + Size * (listed ? neighbours.first + e : neighbours[e]);
  }
};

}  // namespace attention
S2RM_NAMESPACE_END
