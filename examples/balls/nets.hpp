#pragma once

#include "model_of.hpp"

/// The models of this example (README.md, tuning). CMakeLists.txt lists their names and compiles each in a file of its own.
/// The comparison models have S2GRU's encoder, decoder and, within 10 %, number of parameters.
namespace balls::nets {

template <s2rm::index_t Hidden>
struct shape : sizes {
  static constexpr s2rm::index_t modules = 10, hidden = Hidden, heads = 4, head_width = 16, sphere = 16;
};

template <class Shape, class... Policies>
using world = s2rm::world_model<Shape, s2rm::encoder::mlp<128, 96>, s2rm::decoder::mlp<128>,
                                s2rm::likelihood::bernoulli, Policies...>;

struct s2gru : examples::known_net<world<shape<64>, s2rm::cell::gru>, 20> {};
struct s2lstm : examples::known_net<world<shape<56>, s2rm::cell::lstm>, 20> {};
struct s2rmc : examples::known_net<world<shape<80>, s2rm::cell::rmc<2, 2>>, 20> {};

/// One state vector. All views pooled by the mean of values modulated by their places, and the state read in ten pieces:
/// with the other pools (attention, mean of an MLP) and one piece these two never left the plateau they start on.
struct many_heads : sizes {
  static constexpr s2rm::index_t heads = 32, head_width = 8, sphere = 16;
};
struct gru : examples::known_net<world<many_heads, s2rm::dynamics::gru<240, s2rm::dynamics::pool::film, 10>>, 20> {};
struct lstm : examples::known_net<world<many_heads, s2rm::dynamics::lstm<200, s2rm::dynamics::pool::film, 10>>, 20> {};
/// One relational memory of ten slots.
struct rmc : examples::known_net<world<shape<64>, s2rm::dynamics::rmc<10, 176, 4>>, 5> {};
/// Ten modules without places, five of them active a step.
struct rim : examples::known_net<world<shape<64>, s2rm::dynamics::rim<5>, s2rm::cell::gru>, 10> {};
/// A transformer over the last 64 views.
struct tto : examples::known_net<world<shape<64>, s2rm::dynamics::tto<64, 128, 2, 768>>, 5> {};

}  // namespace balls::nets
