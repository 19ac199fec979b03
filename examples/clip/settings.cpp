#include "settings.hpp"

#include "common/ranks.hpp"

namespace clip {

void fit_settings::describe(examples::manifest& settings) const {
  settings.set("fit.steps", steps)
      .set("fit.batch", batch)
      .set("fit.window", window)
      .set("fit.queries", queries)
      .set("fit.warm_up", warm_up)
      .set("fit.rate", rate)
      .set("fit.floor", floor)
      .set("fit.clip", clip)
      .set("fit.weight_decay", weight_decay)
      .set("fit.average", average)
      .set("fit.curriculum", curriculum)
      .set("fit.few_views", few_views)
      .set("fit.blind_spans", blind_spans)
      .set("fit.varied.mirrored", varied.mirrored)
      .set("fit.varied.inverted", varied.inverted)
      .set("fit.varied.reversed", varied.reversed)
      .set("fit.varied.contrast", varied.contrast)
      .set("fit.varied.shift", varied.shift)
      .set("fit.validate_every", validate_every)
      .set("fit.patience", patience)
      .set("fit.parts", parts);
}

std::filesystem::path options::checkpoint_path() const {
  return checkpoint.empty() ? out / ("seed" + std::to_string(seed) + ".safetensors") : checkpoint;
}

std::filesystem::path options::best_path() const { return checkpoint_path().replace_extension(".best.safetensors"); }

std::filesystem::path options::record_path() const { return checkpoint_path().replace_extension(".json"); }

int options::thread_count() const { return examples::ranks::threads(threads); }

selection settled(selection chosen) {
  if (chosen.video.empty() && chosen.region.empty()) chosen.region = standard_clip::region;
  return chosen;
}

}  // namespace clip
