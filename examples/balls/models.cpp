#include "models.hpp"

#include <array>
#include <stdexcept>

namespace balls {

std::span<model_entry const> known_models() {
  static constexpr std::array all{
      model_entry{"s2gru", "S2GRU", make_s2gru},
  };
  return all;
}

model_entry const& model_named(std::string const& name) {
  std::string names;
  for (auto const& one : known_models()) {
    if (one.name == name) return one;
    names += std::string{names.empty() ? "" : ", "} + one.name;
  }
  throw std::runtime_error{"no model '" + name + "'; there are: " + names};
}

}  // namespace balls
