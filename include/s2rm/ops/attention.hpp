#pragma once
/// \file
/// Kernel-modulated attention as one fused call, for backends that offer it (`capabilities::attention`).
/// attention/kernel_dot.hpp defines it and computes it with the primitives elsewhere.
///
///   be.kernel_attention<N, C, Dot>(pairs, q, k, v, y, saved, scale)
///   be.kernel_attention_backward<N, C, Dot>(pairs, q, k, v, dy, saved, dq, dk, dv, dlog, dlog_row, scratch, scale)
///
/// Pairs that are not within reach are as good as absent. Both return whether they ran. `saved` holds the softmax
/// statistics that the forward pass saves for the backward pass, (count, targets, 2 N) numbers, or null where there is
/// at most one source and nothing to save; scratch: (count, targets, N, sources).

#include <cstdint>

#include "s2rm/core/span.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

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

}  // namespace ops
S2RM_NAMESPACE_END
