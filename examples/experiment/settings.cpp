#include "settings.hpp"

#include "common/ranks.hpp"

namespace examples {

void fit_settings::describe(manifest& settings) const {
  settings.set("fit.steps", steps);
  settings.set("fit.batch", batch);
  settings.set("fit.window", window);
  settings.set("fit.warm_up", warm_up);
  settings.set("fit.rate", rate);
  settings.set("fit.floor", floor);
  settings.set("fit.clip", clip);
  settings.set("fit.beta2", beta2);
  settings.set("fit.curriculum", curriculum);
  settings.set("fit.few_views", few_views);
  settings.set("fit.blind_spans", blind_spans);
  if (regularised()) {
    settings.set("fit.weight_decay", weight_decay);
    settings.set("fit.average", average);
    settings.set("fit.patience", patience);
  }
  settings.set("fit.validate_every", validate_every);
  settings.set("fit.parts", parts);
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
