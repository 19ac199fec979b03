#pragma once
/// \file
/// Data and weights of a benchmark, made up from counters: the same numbers in every run.

#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/runtime/owned_batch.hpp"

namespace bench {

/// A batch of given extents: views and targets in [0, 1], places in [-1, 1]^P.
template <class Net>
struct problem : s2rm::owned_batch<float> {
  extents size;

  problem(extents const& e, index_t masked_views) : size(e) {
    index_t const R = e.time * e.batch;
    time = e.time, batch = e.batch, views = e.views, queries = e.queries;
    fill(view, R * e.views * Net::view::size, 0, 1, 1);
    fill(place, R * e.views * Net::P, -1, 1, 2);
    fill(query_place, R * e.queries * Net::P, -1, 1, 3);
    fill(target, R * e.queries * Net::target::size, 0, 1, 4);
    if (masked_views > 0) {
      view_mask.assign(static_cast<std::size_t>(R * e.views), std::uint8_t{1});
      // Spread over the slots, as views that drop out are.
      for (index_t row = 0; row < R; ++row) {
        for (index_t i = 0; i < masked_views; ++i) {
          view_mask[static_cast<std::size_t>(row * e.views + i * e.views / masked_views)] = 0;
        }
      }
    }
  }

 private:
  static void fill(std::vector<float>& to, index_t n, double low, double high, std::uint32_t stream) {
    s2rm::random const from{2024, stream};
    to.resize(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(from.uniform(0, i, low, high));
  }
};

/// The start of all weights, with the modules placed as asked.
template <class Net>
std::vector<float> start_of(placing places) {
  std::vector<float> values(static_cast<std::size_t>(Net::parameter_count));
  Net::initialise(values.data(), s2rm::seed{1});
  if (places == placing::drawn) return values;
  constexpr index_t groups = (Net::M + 9) / 10, S = Net::S;
  // A simplex in S dimensions has S + 1 corners, with a cosine of -1/S between any two.
  if constexpr (groups <= S + 1) {
    s2rm::random const from{2024, 5};
    double const n = static_cast<double>(S), inner = std::pow(n, -1.5) * (std::sqrt(n + 1) + 1);
    for (index_t m = 0; m < Net::M; ++m) {
      for (index_t k = 0; k < S; ++k) {
        index_t const corner = m / 10;
        double const at = corner == S ? 1 / std::sqrt(n) : (corner == k ? std::sqrt(1 + 1 / n) : 0.0) - inner;
        double const x = at + 0.005 * from.normal(0, static_cast<std::uint64_t>(m * S + k));
        values[static_cast<std::size_t>(Net::at_embedding + m * S + k)] = static_cast<float>(x);
      }
    }
  }
  return values;
}

/// How the weights of a stream are stored.
enum class storage { float32, bf16 };

/// x rounded to bf16, the nearest, ties to even.
inline float rounded(float x) {
  auto bits = std::bit_cast<std::uint32_t>(x);
  bits = (bits + 0x7FFFU + ((bits >> 16U) & 1U)) & 0xFFFF0000U;
  return std::bit_cast<float>(bits);
}

/// The weights of products rounded to bf16, the rest as it is.
template <class Net>
std::vector<float> rounded_weights(std::vector<float> values) {
  for (auto const& f : Net::fields) {
    if (f.name.find("weight") == std::string_view::npos) continue;
    for (index_t i = f.offset; i < f.offset + f.size; ++i) {
      values[static_cast<std::size_t>(i)] = rounded(values[static_cast<std::size_t>(i)]);
    }
  }
  return values;
}

/// Modules within reach of a module, itself among them, on average.
template <class Net>
double neighbours_of(std::vector<float> const& values) {
  float const* const v = values.data() + Net::at_embedding;
  auto const dot = [v](index_t a, index_t b) {
    double sum = 0;
    for (index_t k = 0; k < Net::S; ++k)
      sum += static_cast<double>(v[a * Net::S + k]) * static_cast<double>(v[b * Net::S + k]);
    return sum;
  };
  index_t reached = 0;
  for (index_t i = 0; i < Net::M; ++i) {
    for (index_t j = 0; j < Net::M; ++j) {
      if (Net::kernel::reaches(dot(i, j) / std::sqrt(dot(i, i) * dot(j, j)))) ++reached;
    }
  }
  return static_cast<double>(reached) / static_cast<double>(Net::M);
}

}  // namespace bench
