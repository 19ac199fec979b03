#pragma once

#include "model_of.hpp"

/// The models of this example, each a struct of its `title` and its `net`. CMakeLists.txt lists their names and compiles
/// each in a file of its own. The comparison models have S2GRU's encoder, decoder and, within 10 %, number of
/// parameters.
namespace balls::nets {

template <s2rm::index_t Hidden>
struct shape : sizes {
  static constexpr s2rm::index_t modules = 10, hidden = Hidden, heads = 4, head_width = 16, sphere = 16;
};

template <class Shape, class... Policies>
using world = s2rm::world_model<Shape, s2rm::encoder::mlp<128, 96>, s2rm::decoder::mlp<128>,
                                s2rm::likelihood::bernoulli, Policies...>;

struct s2gru {
  static constexpr char const* title = "S2GRU";
  using net = world<shape<64>, s2rm::cell::gru>;
};
struct s2lstm {
  static constexpr char const* title = "S2LSTM";
  using net = world<shape<56>, s2rm::cell::lstm>;
};
struct s2rmc {
  static constexpr char const* title = "S2RMC";
  using net = world<shape<80>, s2rm::cell::rmc<2, 2>>;
};

/// One state vector; all views pooled by attention with a learned query a head.
struct gru {
  static constexpr char const* title = "GRU";
  using net = world<shape<64>, s2rm::dynamics::gru<380>>;
};
struct lstm {
  static constexpr char const* title = "LSTM";
  using net = world<shape<64>, s2rm::dynamics::lstm<324>>;
};
/// The same, views pooled by the mean of an MLP.
struct gru_mean {
  static constexpr char const* title = "GRU, mean";
  using net = world<shape<64>, s2rm::dynamics::gru<368, s2rm::dynamics::pool::mean>>;
};
struct lstm_mean {
  static constexpr char const* title = "LSTM, mean";
  using net = world<shape<64>, s2rm::dynamics::lstm<316, s2rm::dynamics::pool::mean>>;
};
/// One relational memory of ten slots.
struct rmc {
  static constexpr char const* title = "RMC";
  using net = world<shape<64>, s2rm::dynamics::rmc<10, 176, 4>>;
};
/// Ten modules without places, five of them active a step.
struct rim {
  static constexpr char const* title = "RIM";
  using net = world<shape<64>, s2rm::dynamics::rim<5>, s2rm::cell::gru>;
};

}  // namespace balls::nets
