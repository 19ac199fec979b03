#include "settings.hpp"

#include "common/ranks.hpp"

namespace examples {

void fit_settings::describe(manifest& settings) const {
  for_each(*this, [&](char const* name, auto const& value, noted when) {
    if (when != noted::regularised || regularised()) settings.set(std::string{"fit."} + name, value);
  });
}

std::filesystem::path run_options::checkpoint_path() const {
  if (!checkpoint.empty()) return checkpoint;
  return out / ((one_model ? "" : model + '-') + "seed" + std::to_string(seed) + ".safetensors");
}

std::filesystem::path run_options::best_path() const {
  return checkpoint_path().replace_extension(".best.safetensors");
}

std::filesystem::path run_options::record_path() const { return checkpoint_path().replace_extension(".json"); }

int run_options::thread_count() const { return ranks::threads(threads); }

}  // namespace examples
