// Deprecated path, removed in 0.3: include s2rm/backend/thrust/cuda/nccl.hpp.
#pragma once
#pragma message( \
    "s2rm/backend/thrust/runtime/nccl.hpp is deprecated: include s2rm/backend/thrust/cuda/nccl.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/backend/thrust/cuda/nccl.hpp"
