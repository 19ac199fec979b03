#include "model.hpp"

#include <stdexcept>

namespace examples {

model_entry const& find_model(std::span<model_entry const> known, std::string const& name) {
  std::string names;
  for (auto const& one : known) {
    if (one.name == name) return one;
    names += std::string{names.empty() ? "" : ", "} + one.name;
  }
  throw std::runtime_error{"no model '" + name + "'; there are: " + names};
}

run_options with_rate(run_options o, std::span<model_entry const> known) {
  if (o.fit.rate == 0) o.fit.rate = find_model(known, o.model).rate;
  return o;
}

}  // namespace examples
