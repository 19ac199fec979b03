#pragma once
/// \file
/// The device that kernels are laid out for. What a kernel can ask the device it runs on it asks there (`context` of
/// runtime/cuda.hpp: multiprocessors, shared memory of a block); what is laid out at compile time, slices of weights in
/// shared memory and the number of blocks of a grid, follows these limits. On a smaller device the kernels that do not
/// fit are not taken (`thrust_on::has_room`, `resident`).

#include <cstddef>

#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// An H100 or H200 (compute capability 9.0).
struct target_device {
  static constexpr index_t multiprocessors = 132;
  static constexpr std::size_t shared_bytes_per_block = 227 * 1024;
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
