#include "record.hpp"

#include <stdexcept>

#include "common/json_file.hpp"
#include "common/sha256.hpp"

namespace clip {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(selection, video, region, width, height)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(variation, mirrored, inverted, reversed, contrast, shift)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(fit_settings, steps, batch, window, queries, warm_up, rate, floor, clip,
                                   weight_decay, average, curriculum, few_views, blind_spans, varied, validate_every,
                                   patience, parts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(run_record, seed, shown, frames_sha256, fit, steps, parameters, skipped,
                                   dead_modules, best_step, seconds, reach, best_psnr, threads, finished, step, loss,
                                   validation_step, validation_psnr, test, manifest)

namespace {

void cut(std::vector<double>& at, std::vector<double>& values, index_t last) {
  std::size_t kept = 0;
  while (kept < at.size() && at[kept] <= static_cast<double>(last)) ++kept;
  at.resize(kept);
  values.resize(kept);
}

}  // namespace

void run_record::rewind(index_t to) {
  cut(step, loss, to);
  cut(validation_step, validation_psnr, to);
  if (steps > to) finished = false;
  steps = std::min(steps, to);
}

void run_record::write(std::filesystem::path const& path) const {
  examples::write_file(path, nlohmann::json(*this).dump(1) + "\n");
}

std::optional<run_record> run_record::read(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  auto const text = examples::read_file(path, std::uint64_t{1} << 24);
  static_cast<void>(examples::parse_json(text, path.string()));  // refuses what the reader below would let pass
  try {
    auto made = nlohmann::json::parse(text).get<run_record>();
    if (made.step.size() == made.loss.size() && made.validation_step.size() == made.validation_psnr.size()) return made;
  } catch (nlohmann::json::exception const& e) {
    throw std::runtime_error{path.string() + ": expected the record of an earlier run: " + e.what()};
  }
  throw std::runtime_error{path.string() +
                           ": expected the record of an earlier run, found curves without a figure for each step"};
}

}  // namespace clip
