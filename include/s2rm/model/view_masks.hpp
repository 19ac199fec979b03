#pragma once
/// \file
/// Compaction of views: the present views of a row move to its front, absent slots become zeros, masks and flags become
/// one array each. No later code sees what a masked slot holds. Masks of targets enter the loss and its gradient in
/// layer/likelihood.hpp.

#include <algorithm>
#include <cstdint>

#include "s2rm/core/span.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/math/row.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/ops/work_size.hpp"

S2RM_NAMESPACE_BEGIN
namespace compact {

/// Whether element b starts from h_0 at step t: a reset, or the first step of a sequence whose carried state is absent
/// or lost.
struct start_flags {
  std::uint8_t const* reset;
  index_t batch;
  bool first_starts;
  std::uint8_t const* lost;  ///< one flag, or null
  std::uint8_t* start;
  S2RM_HD void operator()(index_t i) const {
    bool const first = i < batch && (first_starts || (lost != nullptr && *lost != 0));
    start[i] = first || (reset != nullptr && reset[i] != 0) ? 1 : 0;
  }
};

/// The views of one row (t, b): those that are present move to the front, in their order, into `slots` slots; the rest
/// of these become zeros. Sums over sources run in the order of sources, so moving them changes no bit. Also sets
/// whether the row starts from h_0.
template <index_t V, index_t P, index_t K, class T>
struct view_rows {
  start_flags starts;
  T const* view;
  T const* place;
  T const* context;
  std::uint8_t const* mask;
  std::uint8_t const* blind;
  index_t views, slot_count;
  T* compact_view;
  T* compact_place;
  rows<T> compact_context;  ///< K columns of rows that hold more
  std::uint8_t* present;
  S2RM_HD void operator()(index_t row) const {
    starts(row);
    index_t to = row * slot_count;
    index_t const end = to + slot_count;
    if (blind == nullptr || blind[row] == 0) {
      for (index_t i = row * views; i < (row + 1) * views; ++i) {
        if (mask != nullptr && mask[i] == 0) continue;
        math::copy<V>(view + i * V, compact_view + to * V);
        math::copy<P>(place + i * P, compact_place + to * P);
        if constexpr (K > 0) math::copy<K>(context + i * K, compact_context.at(to));
        present[to++] = 1;
      }
    }
    for (; to < end; ++to) {
      math::fill<V>(compact_view + to * V, T(0));
      math::fill<P>(compact_place + to * P, T(0));
      if constexpr (K > 0) math::fill<K>(compact_context.at(to), T(0));
      present[to] = 0;
    }
  }
};

/// The most present views of any row: so many slots are enough for all rows. Arrays are in host memory.
inline index_t max_present(index_t rows, index_t views, std::uint8_t const* mask, std::uint8_t const* blind) {
  if (mask == nullptr && blind == nullptr) return views;
  index_t largest = 0;
  for (index_t r = 0; r < rows && largest < views; ++r) {
    if (blind != nullptr && blind[r] != 0) continue;
    index_t here = views;
    if (mask != nullptr) here -= std::count(mask + r * views, mask + (r + 1) * views, std::uint8_t{0});
    largest = (std::max)(largest, here);
  }
  return largest;
}

/// W numbers of one query, its place or its context, as given; non-finite ones become 0 where the target is masked.
template <index_t W, class T>
struct query_rows {
  T const* given;
  std::uint8_t const* mask;
  rows<T> to;
  S2RM_HD void operator()(index_t i) const {
    bool const masked = mask != nullptr && mask[i] == 0;
    bool finite = true;
    for (index_t j = 0; j < W; ++j) finite = finite && math::is_finite(given[i * W + j]);
    for (index_t j = 0; j < W; ++j) to.at(i)[j] = masked && !finite ? T(0) : given[i * W + j];
  }
};

/// `weight` for every row whose mask is set.
struct count_present {
  std::uint8_t const* mask;
  index_t weight;
  S2RM_HD double operator()(index_t i) const {
    return mask == nullptr || mask[i] != 0 ? static_cast<double>(weight) : 0.0;
  }
};

/// The batch with as many view slots as its fullest row has views (see `view_rows`), on backends whose work may depend on
/// masks.
template <class Backend, class T>
batch_view<T> batch_views(batch_view<T> b) {
  b.views =
      ops::from_masks<Backend>(b.views, [&b] { return max_present(b.time * b.batch, b.views, b.view_mask, b.blind); });
  return b;
}

}  // namespace compact
S2RM_NAMESPACE_END
