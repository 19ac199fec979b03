#pragma once
/// \file
/// s2rm on Thrust's device systems: all of the library and `backend::thrust`. Read by nvcc it is the GPU; by a host
/// compiler, with THRUST_DEVICE_SYSTEM set to CPP or OMP, the host (docs/gpu.md).

#include "s2rm/backend/thrust/backend.hpp"
#include "s2rm/s2rm.hpp"

#if S2RM_CUDA
namespace s2rm {

template <class Net, class T, class Optimiser>
std::unique_ptr<any_trainer<Net, T>> gpu_trainer(Optimiser optimiser, seed start, training options, gpu_options gpu) {
  auto const precision = gpu.precision == gpu_precision::full   ? backend::precision::full
                         : gpu.precision == gpu_precision::tf32 ? backend::precision::tf32
                                                                : backend::precision::bf16;
  backend::thrust device{.device = gpu.device, .precision = precision};
  return erased(trainer<Net, backend::thrust, T, Optimiser>(device, std::move(optimiser), start, options));
}

template <class Net>
int gpu_count() {
  return backend::system::cuda::count();
}

}  // namespace s2rm
#endif
