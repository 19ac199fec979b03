#pragma once
/// \file
/// Kernel-modulated attention as one piece of work, for backends that have it (attention/kernel_dot.hpp says what is
/// computed, and how where a backend has not).
///
///   be.kernel_attention<N, C, Dot>(pairs, q, k, v, y, saved, scale)
///   be.kernel_attention_backward<N, C, Dot>(pairs, q, k, v, dy, saved, dq, dk, dv, dlog, dlog_row, scratch, scale)
///
/// Pairs that are not within reach are as good as absent. Both return whether they did it. `saved` is what the forward
/// pass may leave for the way back, (count, targets, 2 N) numbers, or null where there is one source at most and nothing to
/// be left; scratch: (count, targets, N, sources).

#include <cstdint>

#include "s2rm/core/span.hpp"

namespace s2rm::ops {

/// `count` independent problems of `targets` x `sources`: log Z of (row, i, j) lies at
/// row * row_step + i * target_step + j * source_step, and the pair is within reach where the flag there is `reached`.
template <class T>
struct attention_pairs {
  index_t count, targets, sources;
  T const* log_weight;
  std::uint8_t const* reach;
  std::uint8_t reached;
  index_t row_step, target_step, source_step;
  [[nodiscard]] S2RM_HD index_t at(index_t r, index_t i, index_t j) const {
    return r * row_step + i * target_step + j * source_step;
  }
  [[nodiscard]] S2RM_HD bool within(index_t r, index_t i, index_t j) const { return reach[at(r, i, j)] == reached; }
};

}  // namespace s2rm::ops
