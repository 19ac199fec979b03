#pragma once
// For programs that are compiled with flags that let the compiler rearrange floating point or take every number for finite
// (tests/flags/CMakeLists.txt): what a test needs is compiled with them too. So non-finite numbers are made and looked
// for as integers in memory, and what is compared as a number is finite.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "s2rm/core/config.hpp"

namespace flags {

using s2rm::index_t;

inline int failures = 0;
inline void expect(bool good, char const* what) {
  if (good) return;
  std::printf("FAILED: %s\n", what);
  ++failures;
}

// Bits of numbers: no function that takes or returns a number can be trusted with NaN.
enum class odd { nan, infinity, minus_infinity };
[[gnu::noinline]] inline void put(float* at, odd which) {
  std::uint32_t const bits = which == odd::nan ? 0x7fc00000 : which == odd::infinity ? 0x7f800000 : 0xff800000;
  std::memcpy(at, &bits, sizeof bits);
}
[[gnu::noinline]] inline void put(double* at, odd which) {
  std::uint64_t const high = which == odd::nan ? 0x7ff80000 : which == odd::infinity ? 0x7ff00000 : 0xfff00000;
  std::uint64_t const bits = high << 32;
  std::memcpy(at, &bits, sizeof bits);
}
template <class T>
[[gnu::noinline]] bool finite(T const* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t high = 0;  // little-endian: sign and exponent come last
    std::memcpy(&high, reinterpret_cast<char const*>(x + i + 1) - 4, 4);
    std::uint32_t const exponent = sizeof(T) == 4 ? 0x7f800000 : 0x7ff00000;
    if ((high & exponent) == exponent) return false;
  }
  return true;
}
template <class T>
bool finite(std::vector<T> const& x) {
  return finite(x.data(), x.size());
}

// FNV-1a over memory.
[[gnu::noinline]] inline std::uint64_t hash(void const* from, std::size_t bytes) {
  auto const* const at = static_cast<unsigned char const*>(from);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < bytes; ++i) sum = (sum ^ at[i]) * 0x100000001b3;
  return sum;
}
template <class T>
void print(char const* what, std::vector<T> const& x) {
  std::printf("%s: %016" PRIx64 "\n", what, hash(x.data(), x.size() * sizeof(T)));
}
[[gnu::noinline]] inline void print(char const* what, double const& x) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  std::printf("%s: %016" PRIx64 " about %.9g\n", what, bits, x);
}

}  // namespace flags
