#pragma once
/// \file
/// Policies of the recurrence that select a variant and are no layers of their own.

#include "s2rm/core/concepts.hpp"

S2RM_NAMESPACE_BEGIN

/// When modules interact (model §2.8).
namespace interaction {
/// h + W_o g enters the cell's gates. The default.
struct before_update {
  using kind = s2rm::kind::interaction;
};
/// The new state h' of the cells is followed by h' + W_o g(h').
struct after_update {
  using kind = s2rm::kind::interaction;
};
/// Modules do not interact; there are no `interaction.*` parameters.
struct none {
  using kind = s2rm::kind::interaction;
};
}  // namespace interaction

/// What the cell carries over (model §3).
namespace carry {
/// The state itself, so that it stays bounded. The default.
struct bounded {
  using kind = s2rm::kind::carry;
};
/// The state after interaction, closest to the paper as we understand it; it has no bound.
struct residual {
  using kind = s2rm::kind::carry;
};
}  // namespace carry

/// What projections of the state read (model §2.6).
namespace state_norm {
/// h / sqrt(mean(h^2) + 1e-4), per module. The default.
struct rms {
  using kind = s2rm::kind::state_norm;
};
/// h itself.
struct none {
  using kind = s2rm::kind::state_norm;
};
}  // namespace state_norm

/// The state before the first step and after a reset.
namespace initial_state {
/// Learned, initialised to the cell's own initial state (0 for the GRU). The default.
struct learned {
  using kind = s2rm::kind::initial_state;
};
/// The cell's own initial state, fixed.
struct fixed {
  using kind = s2rm::kind::initial_state;
};
}  // namespace initial_state

/// Whether modules have weights of their own (model §2.7-2.10): W^q, W^k, W^v, W^o, the cell, the learned initial state
/// and the read-out's W^k, W^v.
namespace weights {
/// Each module its own: parameters have M as their first extent. The default.
struct per_module {
  using kind = s2rm::kind::weights;
  static constexpr index_t of(index_t modules) { return modules; }
  template <class Shape>
  using shape_of = Shape;
};
/// One set for all modules: that extent is 1, and a module is its place, `modules.embedding`, alone. The number of
/// modules may be another one after training (`checkpoint_format::load_modules`).
struct shared {
  using kind = s2rm::kind::weights;
  static constexpr index_t of(index_t /*modules*/) { return 1; }
  /// What the cell is built for: it gets the modules of all elements as rows.
  template <class Shape>
  struct shape_of : Shape {
    static constexpr index_t modules = 1;
  };
};
}  // namespace weights

/// How a query reads the modules (model §2.10).
namespace readout {
/// Kernel-modulated dot-product attention with the place as query. The default.
struct kernel_dot {
  using kind = s2rm::kind::readout;
};
/// Weights Z / sum Z alone: no keys, no queries.
struct kernel_mean {
  using kind = s2rm::kind::readout;
};
}  // namespace readout

S2RM_NAMESPACE_END
