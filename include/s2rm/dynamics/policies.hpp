#pragma once
/// \file
/// Policies of the recurrence that select a variant and are no layers of their own.

#include <ratio>
#include <type_traits>

#include "s2rm/core/concepts.hpp"
#include "s2rm/layer/time_features.hpp"

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

/// What a step takes for the time since the step before (model §2.11).
namespace time {
/// Nothing: all steps are alike. The default.
struct uniform {
  using kind = s2rm::kind::time;
  static constexpr bool active = false;
  static constexpr index_t features = 0;
};
/// Whether the cell reads features of the elapsed time beside what it reads of the views.
enum class features { on, off };
/// The carried state relaxes towards the initial state (dynamics/relaxation.hpp), and the cell reads features of the time
/// (layer/time_features.hpp). `Unit`: the usual time between two steps, a std::ratio in the caller's unit.
template <class Unit = std::ratio<1>, features Features = features::on>
struct elapsed {
  using kind = s2rm::kind::time;
  using unit = Unit;
  static constexpr bool active = true;
  static constexpr index_t features = Features == time::features::on ? layer::time_features : 0;
};
}  // namespace time

namespace detail {
template <class Shape, index_t More>
struct wider_cell_shape : Shape {
  static constexpr index_t heads = 1, head_width = Shape::heads * Shape::head_width + More;
};
}  // namespace detail
/// The shape that a cell is built for: `heads` x `head_width` are the numbers that it reads beside the state, features of
/// the elapsed time included.
template <class Shape, class Time>
using cell_shape = std::conditional_t<Time::features == 0, Shape, detail::wider_cell_shape<Shape, Time::features>>;

/// How far ahead a query asks (model §2.12).
namespace lead {
/// One step, all queries alike. The default.
struct none {
  using kind = s2rm::kind::lead;
  static constexpr bool active = false;
  static constexpr index_t features = 0;
};
/// A time of its own for each query: the decoder reads its features (layer/time_features.hpp), and with `time::elapsed` the
/// query reads the state relaxed for so long. `Unit`: a usual lead, a std::ratio in the caller's unit.
template <class Unit = std::ratio<1>>
struct learned {
  using kind = s2rm::kind::lead;
  using unit = Unit;
  static constexpr bool active = true;
  static constexpr index_t features = layer::time_features;
};
}  // namespace lead

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
