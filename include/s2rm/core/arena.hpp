#pragma once
/// \file
/// One allocation divided into aligned arrays. The same layout function runs twice: first on an empty arena, to learn
/// the size, then on the memory.

#include <cstddef>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// Hands out consecutive arrays of `base`; on a null base it only counts bytes.
struct arena {
  std::byte* base = nullptr;
  index_t used = 0;  ///< bytes

  /// n numbers on a 64-byte boundary.
  template <class T>
  constexpr T* take(index_t n) {
    used = (used + 63) / 64 * 64;
    T* const taken = base == nullptr ? nullptr : reinterpret_cast<T*>(base + used);
    used += n * static_cast<index_t>(sizeof(T));
    return taken;
  }
};

S2RM_NAMESPACE_END
