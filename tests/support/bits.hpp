#pragma once
/// \file
/// Equality to the last bit.

#include <cstring>
#include <vector>

#include "s2rm/core/config.hpp"

namespace s2rm::test {

/// Whether two arrays hold the same bits; equal NaN are equal.
template <class T>
bool same_bits(T const* a, T const* b, index_t n) {
  return n == 0 || std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}
template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), static_cast<index_t>(a.size()));
}

}  // namespace s2rm::test
