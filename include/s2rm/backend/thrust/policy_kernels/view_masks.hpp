#pragma once
/// \file
/// Block kernel of model/view_masks.hpp: a block has eight slots and 32 threads for each; threads without a slot
/// write the start flags of rows.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/model/view_masks.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <index_t V, index_t P, index_t K, class T>
struct block_kernel<compact::view_rows<V, P, K, T>> {
  static constexpr int lanes = 32, lines = 8, threads = lanes * lines, others = threads - lines;
  static constexpr std::size_t shared_bytes = lines * sizeof(index_t);
  compact::view_rows<V, P, K, T> f;
  index_t n;
  [[nodiscard]] index_t blocks() const {
    index_t const of_slots = (n * f.slot_count + lines - 1) / lines, of_rows = (n + others - 1) / others;
    return of_slots > of_rows ? of_slots : of_rows;
  }

  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    // The view that each slot takes; -1: none.
    auto* const from = reinterpret_cast<index_t*>(block.shared);
    index_t const first = block.index * lines, all = n * f.slot_count;
    block.each([&](int t) {
      index_t const row = block.index * others + t - lines;
      if (t >= lines && row < n) f.starts(row);
      if (t >= lines || first + t >= all) return;
      from[t] = view_of(first + t);
      f.present[first + t] = from[t] >= 0 ? 1 : 0;
    });
    block.each([&](int t) {
      index_t const slot = first + t / lanes;
      if (slot >= all) return;
      index_t const i = from[t / lanes];
      copy<V>(t % lanes, f.view + i * V, i >= 0, f.compact_view + slot * V);
      copy<P>(t % lanes, f.place + i * P, i >= 0, f.compact_place + slot * P);
      if constexpr (K > 0) copy<K>(t % lanes, f.context + i * K, i >= 0, f.compact_context.at(slot));
    });
  }

 private:
  S2RM_HD index_t view_of(index_t slot) const {
    index_t const row = slot / f.slot_count, wanted = slot - row * f.slot_count, begin = row * f.views;
    if (f.blind != nullptr && f.blind[row] != 0) return -1;
    if (f.mask == nullptr) return wanted < f.views ? begin + wanted : -1;
    // The loop has no early exit, so that the reads of the flags do not depend on each other.
    index_t found = -1, before = 0;
    for (index_t i = 0; i < f.views; ++i) {
      bool const here = f.mask[begin + i] != 0;
      found = here && before == wanted ? begin + i : found;
      before += here ? 1 : 0;
    }
    return found;
  }
  /// One thread's share of `Width` numbers, four reads in flight at once.
  template <index_t Width>
  S2RM_HD static void copy(index_t lane, T const* x, bool there, T* y) {
    for (index_t c = lane; c < Width; c += 4 * lanes) {
      T some[4];
      for (index_t k = 0; k < 4; ++k) some[k] = there && c + k * lanes < Width ? x[c + k * lanes] : T(0);
      for (index_t k = 0; k < 4; ++k) {
        if (c + k * lanes < Width) y[c + k * lanes] = some[k];
      }
    }
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
