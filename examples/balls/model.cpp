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

options with_rate(options o) {
  if (o.fit.rate == 0) o.fit.rate = model_named(o.model).rate;
  return o;
}

}  // namespace balls
