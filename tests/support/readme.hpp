#pragma once
/// \file
/// What the README's program takes for granted: batches of balls, and one step's views and questions.

#include <s2rm/adapters/xtensor.hpp>
#include <vector>

inline std::vector<s2rm::batch<float, 3>> const batches = [] {
  constexpr s2rm::index_t T = 3, B = 2, A = 4, Q = 4;
  s2rm::batch<float, 3> b;
  b.views = s2rm::make_tensor<float>(T, B, A, 1, 11, 11);
  b.places = s2rm::make_tensor<float>(T, B, A, 2);
  b.query_places = s2rm::make_tensor<float>(T, B, Q, 2);
  b.targets = s2rm::make_tensor<float>(T, B, Q, 1, 11, 11);
  return std::vector(2, b);
}();
inline auto const views = s2rm::make_tensor<float>(3, 1, 11, 11);
inline auto const places = s2rm::make_tensor<float>(3, 2), queries = s2rm::make_tensor<float>(5, 2);
