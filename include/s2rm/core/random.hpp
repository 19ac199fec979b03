#pragma once
/// \file
/// Counter-based random numbers: the value depends on (seed, stream, step, element) alone, never on the order of
/// calls, so any thread count, any backend and any resumed run draws the same bits.
///
/// Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN

/// The seed of everything random in a trainer.
struct seed {
  std::uint64_t value = 0;
};

/// Random numbers addressed by counters. Copies are independent of each other and cost nothing.
struct random {
  std::uint64_t key = 0;     ///< the seed
  std::uint32_t stream = 0;  ///< what the numbers are for (initialisation, view dropping, ...)

  /// Four independent 32-bit words for the counter (step, element).
  S2RM_HD constexpr std::array<std::uint32_t, 4> words(std::uint32_t step, std::uint64_t element) const {
    std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(element), static_cast<std::uint32_t>(element >> 32U),
                                   step, stream};
    auto k0 = static_cast<std::uint32_t>(key);
    auto k1 = static_cast<std::uint32_t>(key >> 32U);
    for (int round = 0; round < 10; ++round) {
      std::uint64_t const p0 = std::uint64_t{0xD2511F53U} * c[0];
      std::uint64_t const p1 = std::uint64_t{0xCD9E8D57U} * c[2];
      c = {static_cast<std::uint32_t>(p1 >> 32U) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
           static_cast<std::uint32_t>(p0 >> 32U) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    return c;
  }

  /// Uniform in [0, 1), 32 bits fine.
  S2RM_HD constexpr double uniform(std::uint32_t step, std::uint64_t element) const {
    return words(step, element)[0] * 0x1p-32;
  }

  /// Uniform in [low, high).
  S2RM_HD constexpr double uniform(std::uint32_t step, std::uint64_t element, double low, double high) const {
    return low + (high - low) * uniform(step, element);
  }

  /// Standard normal (Box-Muller).
  double normal(std::uint32_t step, std::uint64_t element) const {
    auto const w = words(step, element);
    double const radius = std::sqrt(-2.0 * std::log((w[0] + 1.0) * 0x1p-32));
    return radius * std::cos(2.0 * std::numbers::pi * w[1] * 0x1p-32);
  }

  /// An integer in [0, n).
  S2RM_HD constexpr index_t below(std::uint32_t step, std::uint64_t element, index_t n) const {
    auto const w = words(step, element);
    auto const wide = (std::uint64_t{w[0]} << 32U) | w[1];
    return static_cast<index_t>(wide % static_cast<std::uint64_t>(n));
  }
};

S2RM_NAMESPACE_END
