#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "s2rm/adapters/npy.hpp"

namespace examples {

/// Writes numbers in row-major order as a .npy file of that shape. Creates missing folders.
template <class T, std::size_t Rank>
void save_array(std::filesystem::path const& path, std::vector<T> const& values,
                std::array<std::size_t, Rank> const& shape) {
  s2rm::tensor<T, Rank> array(shape);
  if (array.size() != values.size()) {
    throw std::runtime_error{path.string() + ": expected " + std::to_string(array.size()) +
                             " numbers for its shape, found " + std::to_string(values.size())};
  }
  std::copy(values.begin(), values.end(), array.begin());
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path());
  s2rm::io::save_npy(path.string(), array);
}

}  // namespace examples
