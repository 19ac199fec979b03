#pragma once
/// \file
/// What this machine can do at best, measured beside what is timed: multiply-adds in registers, bytes from a cache.

#include "s2rm/core/config.hpp"

namespace bench {

using s2rm::index_t;

/// float32 GFLOP/s of `threads` threads that multiply and add in registers only, all at once: the best of a few bursts,
/// about 30 ms in all.
double fma_peak(int threads);

/// GB/s at which `threads` threads read `bytes` bytes over and over, each its own part of them, all at once, on pages
/// as large as the system gives: the best of a few bursts, about 30 ms in all.
double read_bandwidth(index_t bytes, int threads);

/// Largest resident set of this process so far, bytes.
double peak_resident_bytes();

}  // namespace bench
