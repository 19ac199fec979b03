// expect: ok
// The positive control: what the other files of this folder break one at a time, unbroken.
#include <s2rm/model/forward_backward.hpp>
#include <s2rm/ops/reference.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_cell {
  using kind = s2rm::kind::cell;
  template <class Shape>
  struct on : s2rm::cell::gru::on<Shape> {};
};
struct my_kernel {
  using kind = s2rm::kind::kernel;
  template <class Shape>
  struct on : s2rm::kernel::truncated_gaussian<>::on<Shape> {};
};
struct my_encoder {
  using kind = s2rm::kind::encoder;
  template <class Shape>
  struct on : s2rm::layer::mlp<25, 8> {};
};
struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  struct on : s2rm::layer::mlp<In, Out> {};
};
struct my_likelihood {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : s2rm::likelihood::gaussian::on<Target> {};
};
struct my_normalisation : s2rm::normalisation::log_space {};
struct my_residual : s2rm::residual::own_reading<> {};
struct my_backend : s2rm::ops::reference {};

using net = s2rm::world_model<view_of_25, my_cell, my_kernel, my_encoder, my_decoder, my_likelihood, my_normalisation,
                              my_residual, s2rm::carry::residual, s2rm::interaction::after_update,
                              s2rm::initial_state::fixed, s2rm::readout::kernel_mean, s2rm::state_norm::none>;
static_assert(net::parameter_count > 0 && net::outputs == 50);
template struct s2rm::forward_backward<net, my_backend, float>;
template struct s2rm::forward_backward<s2rm::world_model<view_of_25>, my_backend, double>;
template class s2rm::parameters<net::params, my_backend, float>;
