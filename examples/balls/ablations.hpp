#pragma once

#include "nets.hpp"

/// Variants of S2GRU, one for each option of the model: compiled where S2RM_BALLS_ABLATIONS is on.
namespace balls::nets {

template <class Net>
using variant = examples::known_net<Net, 20>;
/// S2GRU but for some policies.
template <class... Policies>
using but = variant<world<shape<64>, s2rm::cell::gru, Policies...>>;

struct no_interaction : but<s2rm::interaction::none> {
  static constexpr char const* title = "interaction::none";
};
struct after_update : but<s2rm::interaction::after_update> {
  static constexpr char const* title = "interaction::after_update";
};
struct residual : but<s2rm::carry::residual> {
  static constexpr char const* title = "carry::residual";
};
struct raw_state : but<s2rm::state_norm::none> {
  static constexpr char const* title = "state_norm::none";
};
struct paper_like : but<s2rm::carry::residual, s2rm::state_norm::none> {
  static constexpr char const* title = "paper_like";
};
struct fixed_start : but<s2rm::initial_state::fixed> {
  static constexpr char const* title = "initial_state::fixed";
};
struct kernel_mean : but<s2rm::readout::kernel_mean> {
  static constexpr char const* title = "readout::kernel_mean";
};
struct product : but<s2rm::normalisation::product> {
  static constexpr char const* title = "normalisation::product";
};
struct straight_through
    : but<s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<4>, s2rm::kernel::cut::straight_through>> {
  static constexpr char const* title = "cut::straight_through";
};
struct no_cut : but<s2rm::kernel::truncated_gaussian<std::ratio<-2>>> {
  static constexpr char const* title = "tau = -2, no cut";
};
struct narrow : but<s2rm::kernel::truncated_gaussian<std::ratio<1, 4>>> {
  static constexpr char const* title = "tau = 1/4";
};
struct epsilon_1 : but<s2rm::kernel::truncated_gaussian<std::ratio<0>, std::ratio<1>>> {
  static constexpr char const* title = "epsilon = 1 at the start";
};
struct shared_weights : but<s2rm::weights::shared> {
  static constexpr char const* title = "weights::shared";
};
/// Nearer to S2GRU's number of weights, in wider modules.
struct shared_wide : variant<world<shape<160>, s2rm::cell::gru, s2rm::weights::shared>> {
  static constexpr char const* title = "weights::shared, 160 wide";
};
struct conv : variant<s2rm::world_model<
                  shape<64>, s2rm::cell::gru,
                  s2rm::encoder::conv<s2rm::layer::conv2d<16, 3, 2, 1>, s2rm::layer::conv2d<32, 3, 2, 1>,
                                      s2rm::layer::linear<96>>,
                  s2rm::decoder::conv<s2rm::layer::linear<32, 3, 3>, s2rm::layer::conv_transpose2d<16, 4, 2, 1>,
                                      s2rm::layer::conv_transpose2d<1, 3, 2, 1>>,
                  s2rm::likelihood::bernoulli>> {
  static constexpr char const* title = "encoder::conv, decoder::conv";
};

}  // namespace balls::nets
