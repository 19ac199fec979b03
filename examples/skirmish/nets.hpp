#pragma once

#include "model_of.hpp"

/// The models of this example. CMakeLists.txt lists their names and compiles each in a file of its own. The comparison
/// models have S2GRU's encoder, decoder and, within 10 %, number of parameters.
namespace skirmish::nets {

template <s2rm::index_t Hidden>
struct shape : sizes {
  static constexpr s2rm::index_t modules = 10, hidden = Hidden, heads = 4, head_width = 32, sphere = 16,
                                 frequencies = 2;
};

template <class Shape, class... Policies>
using world = s2rm::world_model<Shape, s2rm::encoder::mlp<192, 128>, s2rm::decoder::mlp<512, 512>, cells, Policies...>;

struct s2gru : examples::known_net<world<shape<96>, s2rm::cell::gru>, 40> {};
struct s2lstm : examples::known_net<world<shape<84>, s2rm::cell::lstm>, 40> {};
struct s2rmc : examples::known_net<world<shape<112>, s2rm::cell::rmc<2, 2>>, 40> {};

/// One state vector. As on the balls: all views pooled by the mean of values modulated by their places, and the state
/// read in ten pieces.
struct many_heads : sizes {
  static constexpr s2rm::index_t heads = 32, head_width = 12, sphere = 16, frequencies = 2;
};
struct gru : examples::known_net<world<many_heads, s2rm::dynamics::gru<480, s2rm::dynamics::pool::film, 10>>, 60> {};
struct lstm : examples::known_net<world<many_heads, s2rm::dynamics::lstm<400, s2rm::dynamics::pool::film, 10>>, 60> {};
/// One relational memory of ten slots.
struct rmc : examples::known_net<world<shape<96>, s2rm::dynamics::rmc<10, 304, 4>>, 30> {};
/// Ten modules without places, five of them active a step.
struct rim : examples::known_net<world<shape<96>, s2rm::dynamics::rim<5>, s2rm::cell::gru>, 30> {};
/// A transformer over the last 64 views.
struct tto : examples::known_net<world<shape<96>, s2rm::dynamics::tto<64, 192, 3, 768>>, 15> {};

}  // namespace skirmish::nets
