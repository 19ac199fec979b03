// Every layer and policy, trainer and stream, compiled for a device. What it computes is shown on Thrust's host systems.
#include "s2rm/thrust.hpp"

namespace s2rm {
namespace {

struct small_shape : shape {
  static constexpr index_t modules = 5, hidden = 8, heads = 2, head_width = 4, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 12;
  using view = features<3>;
  using target = features<2>;
};
using backend_type = backend::thrust;
static_assert(backend_policy<backend_type, float> && backend_policy<backend_type, double>);
using offered = ops::capabilities<backend_type>;
static_assert(offered::grouped_products && offered::product_gelu && offered::weight_gradients && offered::attention &&
              offered::rms_rows && offered::place_encoder && offered::recurrence && offered::fused_tasks &&
              offered::fused_loops && offered::bf16_weights && offered::owned_memory && offered::pinned_memory &&
              offered::deferred_copy_in && offered::deferred_copy_out && offered::events && offered::graphs);
static_assert(ops::captures<backend_type> && !ops::host_memory<backend_type>);

using plain = world_model<small_shape, encoder::mlp<9, 6>, decoder::mlp<10>, likelihood::gaussian>;
using other = world_model<small_shape, normalisation::product, interaction::after_update, initial_state::fixed,
                          readout::kernel_mean, carry::residual, residual::inverse_distance<>, encoder::mlp<6>,
                          decoder::mlp<7>, likelihood::gaussian>;
using classes =
    world_model<small_shape, interaction::none, state_norm::none, encoder::mlp<6>, likelihood::categorical<3>,
                kernel::truncated_gaussian<std::ratio<1, 2>, std::ratio<4>, kernel::cut::straight_through>>;
struct globe_shape : small_shape {
  static constexpr index_t place = 3;
};
struct fields_shape : small_shape {
  static constexpr index_t context = 2;
};
using fields_net = world_model<fields_shape, time::elapsed<>, lead::learned<>, encoder::mlp<6>, likelihood::gaussian>;
using globe_net = world_model<globe_shape, places::harmonics<4>, encoder::mlp<6>, likelihood::gaussian>;

}  // namespace

template class trainer<plain, backend_type, float>;
template class stream<plain, backend_type, float>;
template class bf16_weights<plain, backend_type>;
template class streams<plain, backend_type, float>;
template class trainer<other, backend_type, double, optim::sgd>;
template class stream<other, backend_type, double>;
template class trainer<classes, backend_type, float>;
template class stream<globe_net, backend_type, float>;
template class trainer<fields_net, backend_type, float>;
template class streams<fields_net, backend_type, float>;

}  // namespace s2rm
