#pragma once
/// \file
/// Training on several machines by MPI, beside s2rm/eigen.hpp (docs/distributed.md). Needs the target
/// s2rm::distributed.

#include "s2rm/distributed/mpi.hpp"
#include "s2rm/distributed/world.hpp"
