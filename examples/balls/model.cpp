#include "model.hpp"

#include <stdexcept>

namespace balls {

model_entry const& model_named(std::string const& name) {
  std::string names;
  for (auto const& one : known_models()) {
    if (one.name == name) return one;
    names += std::string{names.empty() ? "" : ", "} + one.name;
  }
  throw std::runtime_error{"no model '" + name + "'; there are: " + names};
}

}  // namespace balls
