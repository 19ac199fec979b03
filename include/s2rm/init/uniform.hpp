#pragma once
/// \file
/// Initialisation of parameters, on the host. Each number is addressed by its offset in the flat block, so that a
/// model's initial parameters depend on the seed alone.

#include <algorithm>
#include <cmath>
#include <string_view>

#include "s2rm/core/random.hpp"

S2RM_NAMESPACE_BEGIN
namespace init {

/// The random numbers of an initialisation; `base` is the block's offset in the model.
struct source {
  random numbers;
  index_t base = 0;
  [[nodiscard]] source at(index_t offset) const { return {numbers, base + offset}; }
};

/// U(-bound, bound).
template <class T>
void uniform(T* values, index_t n, double bound, source from) {
  for (index_t i = 0; i < n; ++i) {
    values[i] = static_cast<T>(from.numbers.uniform(0, static_cast<std::uint64_t>(from.base + i), -bound, bound));
  }
}

/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's nn.Linear, weights and biases alike.
template <class T>
void linear(T* values, index_t n, index_t fan_in, source from) {
  uniform(values, n, 1.0 / std::sqrt(static_cast<double>(fan_in)), from);
}

/// Layers by the names of their fields: gains of a normalisation ("...norm.weight") 1, its offsets ("...norm.bias") 0,
/// all others `linear` with the fan-in that fan_in(name) says.
template <class Fields, class T, class FanIn>
void layers(Fields const& fields, T* values, source from, FanIn const& fan_in) {
  for (auto const& f : fields) {
    T* const at = values + f.offset;
    if (f.name.find("norm.") != std::string_view::npos) {
      std::fill_n(at, f.size, T(f.name.ends_with("weight") ? 1 : 0));
    } else {
      linear(at, f.size, fan_in(f.name), from.at(f.offset));
    }
  }
}

/// N(0, 1).
template <class T>
void normal(T* values, index_t n, source from) {
  for (index_t i = 0; i < n; ++i) {
    values[i] = static_cast<T>(from.numbers.normal(1, static_cast<std::uint64_t>(from.base + i)));
  }
}

}  // namespace init
S2RM_NAMESPACE_END
