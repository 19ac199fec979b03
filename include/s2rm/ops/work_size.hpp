#pragma once
/// \file
/// How much work is enqueued where a backend leaves a choice, so that code above need not know what kind of backend it is.

#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// count() where the host may read masks before it enqueues work (`reads_masks`), else `all`.
template <class B, class F>
index_t from_masks(index_t all, F const& count) {
  if constexpr (reads_masks<B>) {
    return count();
  } else {
    return all;
  }
}

/// Parts into which a search through rows is best cut: one worker stops at its first match, many do not wait for each other.
template <class B>
inline constexpr index_t search_parts = host_memory<B> ? 1 : 64;

/// Views that a stream encodes at a time, 0: all. What encoders save need not outlive their step there, and a CPU loses
/// nothing by chunks that stay in cache.
template <class B>
inline constexpr index_t encoded_views = host_memory<B> ? 512 : 0;

}  // namespace ops
S2RM_NAMESPACE_END
