#pragma once
/// \file
/// The state of `dynamics::tto`: a memory (M, state) of the last M tokens, newest first.
///
///   slot = [y (W), age (G) | for each of L layers: k (N, C), v (N, C)],   C = W / N
///   the last G numbers of each head's k and v are the token's age once more
///   age_g(t) = e^(-t / tau_g),   tau_g = 2^(g-1) steps
///   1 for a new token, times e^(-1 / tau_g) every step, 0 in an empty slot
///
/// The present tokens of a step enter at the front, in their order, and as many of the oldest leave; of more than M,
/// the first M remain. An empty slot is all zeros: a source like others, with score 0 and value 0.
///
/// Backward: gradients move back to the slot that a number came from; ages have none.

#include <cmath>

#include "s2rm/attention/neighbours.hpp"
#include "s2rm/math/row.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Layout of a slot.
template <index_t Slots, index_t Width, index_t Heads, index_t Layers, index_t Ages>
struct slot_layout {
  static constexpr index_t M = Slots, W = Width, N = Heads, L = Layers, G = Ages;
  static constexpr index_t C = W / N, content = C - G;  ///< of a head: all, and without the age
  static constexpr index_t read = W + G;                ///< what queries read
  static constexpr index_t size = read + 2 * L * W;
  static constexpr index_t key(index_t layer) { return read + 2 * layer * W; }
  static constexpr index_t value(index_t layer) { return key(layer) + W; }
  /// Numbers are in blocks of content and age: one of W, then 2 L N of a head's content.
  static constexpr index_t blocks = 1 + 2 * L * N;
};

/// Which of a row's A tokens are present: the flag of token (row, a) lies at (row A + a) step.
struct token_flags {
  std::uint8_t const* reach;
  index_t step, tokens;

  [[nodiscard]] S2RM_HD bool here(index_t row, index_t a) const {
    return reach[(row * tokens + a) * step] == kernel::reached;
  }
  /// How many of the first `a` are present.
  [[nodiscard]] S2RM_HD index_t rank(index_t row, index_t a) const {
    index_t count = 0;
    for (index_t i = 0; i < a; ++i) count += here(row, i) ? 1 : 0;
    return count;
  }
};

/// Slots of the next state: old ones shifted and aged; new ones empty except for their age.
template <class Layout, class T>
struct move_slots {
  token_flags flags;
  T const* from;  ///< (n, M, state)
  T* to;
  T decay[static_cast<std::size_t>(Layout::G)];  ///< e^(-1 / tau)

  S2RM_HD void operator()(index_t item) const {
    index_t const row = item / Layout::M, slot = item % Layout::M, fresh = flags.rank(row, flags.tokens);
    T* out = to + item * Layout::size;
    bool const is_new = slot < fresh;
    T const* in = from + (item - (is_new ? 0 : fresh)) * Layout::size;
    for (index_t b = 0; b < Layout::blocks; ++b) {
      index_t const width = b == 0 ? Layout::W : Layout::content;
      for (index_t j = 0; j < width; ++j) out[j] = is_new ? T(0) : in[j];
      for (index_t g = 0; g < Layout::G; ++g) out[width + g] = is_new ? T(1) : in[width + g] * decay[g];
      in += width + Layout::G;
      out += width + Layout::G;
    }
  }
};

/// Gradient of a state to that of the state before; ages get none.
template <class Layout, class T>
struct move_slots_backward {
  token_flags flags;
  T const* from;
  T* to;

  S2RM_HD void operator()(index_t item) const {
    index_t const row = item / Layout::M, slot = item % Layout::M, fresh = flags.rank(row, flags.tokens);
    T* out = to + item * Layout::size;
    bool const stays = slot + fresh < Layout::M;
    T const* in = from + (item + (stays ? fresh : 0)) * Layout::size;
    for (index_t b = 0; b < Layout::blocks; ++b) {
      index_t const width = b == 0 ? Layout::W : Layout::content;
      for (index_t j = 0; j < width; ++j) out[j] = stays ? in[j] : T(0);
      for (index_t g = 0; g < Layout::G; ++g) out[width + g] = T(0);
      in += width + Layout::G;
      out += width + Layout::G;
    }
  }
};

/// Numbers of tokens (n A, Blocks, Width) into their slots, `Width` of every `Step` from `column` on.
template <class Layout, index_t Blocks, index_t Width, index_t Step, class T>
struct put_tokens {
  token_flags flags;
  index_t column;
  T const* token;
  T* state;
  S2RM_HD void operator()(index_t item) const {
    index_t const row = item / flags.tokens, a = item % flags.tokens, slot = flags.rank(row, a);
    if (!flags.here(row, a) || slot >= Layout::M) return;
    T* const to = state + (row * Layout::M + slot) * Layout::size + column;
    for (index_t b = 0; b < Blocks; ++b) math::copy<Width>(token + (item * Blocks + b) * Width, to + b * Step);
  }
};

/// Its backward pass: the same numbers from the slots; 0 for a token without a slot.
template <class Layout, index_t Blocks, index_t Width, index_t Step, class T>
struct take_tokens {
  token_flags flags;
  index_t column;
  T const* state;
  T* token;
  S2RM_HD void operator()(index_t item) const {
    index_t const row = item / flags.tokens, a = item % flags.tokens, slot = flags.rank(row, a);
    bool const stored = flags.here(row, a) && slot < Layout::M;
    T const* const from = state + (row * Layout::M + (stored ? slot : 0)) * Layout::size + column;
    for (index_t b = 0; b < Blocks; ++b) {
      T* const to = token + (item * Blocks + b) * Width;
      if (stored) {
        math::copy<Width>(from + b * Step, to);
      } else {
        math::fill<Width>(to, T(0));
      }
    }
  }
};

}  // namespace dynamics
S2RM_NAMESPACE_END
