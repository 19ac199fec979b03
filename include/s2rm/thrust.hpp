#pragma once
/// \file
/// s2rm on Thrust's device systems: all of the library and `backend::thrust`. Read by nvcc it is the GPU; by a host
/// compiler, with THRUST_DEVICE_SYSTEM set to CPP or OMP, the host (docs/gpu.md).

#include "s2rm/backend/thrust/backend.hpp"
#include "s2rm/backend/thrust/policy_kernels/likelihood.hpp"
#include "s2rm/backend/thrust/policy_kernels/neighbours.hpp"
#include "s2rm/backend/thrust/policy_kernels/non_finite_views.hpp"
#include "s2rm/backend/thrust/policy_kernels/optim.hpp"
#include "s2rm/backend/thrust/policy_kernels/report.hpp"
#include "s2rm/backend/thrust/policy_kernels/sphere.hpp"
#include "s2rm/backend/thrust/policy_kernels/view_masks.hpp"
#include "s2rm/s2rm.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend {

/// Whether the recurrence of a model is one kernel each way on a GPU (`thrust_on::persistent`), or why it is not.
enum class persistent_recurrence {
  yes,
  forward_only,    ///< in the backward pass a module's weights and tiles are too large, or there is one module alone
  other_policies,  ///< it is not the interaction before the update of normalised states, attention in log space with an
                   ///< exact cut, or a gated cell
  too_many_modules,  ///< more than there are multiprocessors
  too_large          ///< a module's weights are more than the shared memory of its multiprocessors
};

template <class Net, class T = float>
consteval persistent_recurrence persistent_recurrence_of() {
  using dynamics = typename Net::dynamics;
  if constexpr (!requires { dynamics::interacts; }) {
    return persistent_recurrence::other_policies;
  } else if constexpr (!s2rm::dynamics::has_fused_recurrence<dynamics>) {
    return persistent_recurrence::other_policies;
  } else {
    using kernel =
        detail::recurrence_kernel<s2rm::dynamics::recurrence_sizes_of<dynamics>, s2rm::dynamics::gates_of<dynamics, T>>;
    using back = detail::recurrence_backward_kernel<s2rm::dynamics::recurrence_sizes_of<dynamics>,
                                                    s2rm::dynamics::gates_backward_of<dynamics, T>>;
    if constexpr (kernel::fits) {
      return back::fits && Net::M > 1 ? persistent_recurrence::yes : persistent_recurrence::forward_only;
    }
    return Net::M > kernel::max_blocks ? persistent_recurrence::too_many_modules : persistent_recurrence::too_large;
  }
}

}  // namespace backend
S2RM_NAMESPACE_END

#if S2RM_CUDA
S2RM_NAMESPACE_BEGIN

template <class Net, class T, class Optimiser>
std::unique_ptr<any_trainer<Net, T>> gpu_trainer(Optimiser optimiser, seed start, training options, gpu_options gpu) {
  auto const precision = gpu.precision == gpu_precision::full   ? backend::precision::full
                         : gpu.precision == gpu_precision::tf32 ? backend::precision::tf32
                                                                : backend::precision::bf16;
  backend::thrust device{
      .device = gpu.device, .precision = precision, .fused = gpu.fused, .persistent = gpu.persistent};
  return erased(trainer<Net, backend::thrust, T, Optimiser>(device, std::move(optimiser), start, options));
}

template <class Net>
int gpu_count() {
  return backend::system::cuda::count();
}

S2RM_NAMESPACE_END
#endif
