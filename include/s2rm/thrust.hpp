#pragma once
/// \file
/// s2rm on Thrust's device systems: all of the library and `backend::thrust`. Read by nvcc it is the GPU; by a host
/// compiler, with THRUST_DEVICE_SYSTEM set to CPP or OMP, the host (docs/gpu.md).

#include "s2rm/backend/thrust/backend.hpp"
#include "s2rm/s2rm.hpp"
