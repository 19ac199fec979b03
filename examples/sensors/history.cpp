// How the fits of a run went: out/training.json, written and read.

#include <algorithm>
#include <limits>

#include "common/json_file.hpp"
#include "common/sha256.hpp"
#include "results.hpp"

namespace sensors {

void training_log::go_on(std::string const& what, std::int64_t seed, fit_history history) {
  auto const* const earlier = find(what, seed);
  if (earlier == nullptr) return set(what, seed, history);
  if (history.step.empty()) return;  // nothing was left to do, or nothing was done
  auto const end = std::lower_bound(earlier->step.begin(), earlier->step.end(), history.step.front());
  auto const kept = end - earlier->step.begin();
  history.step.insert(history.step.begin(), earlier->step.begin(), end);
  history.loss.insert(history.loss.begin(), earlier->loss.begin(), earlier->loss.begin() + kept);
  if (kept > 0) history.seconds += earlier->seconds;
  set(what, seed, history);
}

void training_log::write(std::filesystem::path const& path) const {
  auto all = nlohmann::ordered_json::array();
  for (auto const& [key, h] : fits_) {
    all.push_back({{"what", key.first},
                   {"seed", key.second},
                   {"step", h.step},
                   {"loss", h.loss},
                   {"validation_step", h.validation_step},
                   {"validation", h.validation},
                   {"steps", h.steps},
                   {"seconds", h.seconds},
                   {"reach", h.reach},
                   {"dead_modules", h.dead_modules},
                   {"skipped", h.skipped},
                   {"parameters", h.parameters}});
  }
  examples::write_file(path, all.dump(1));
}

void training_log::read(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) return;
  parse(examples::read_file(path, std::uint64_t{1} << 24), path.string());
}

void training_log::parse(std::string_view text, std::string const& source) {
  auto const all = examples::parse_json(text, source);
  if (!all.is_array()) throw data_error{source + ": expected the training log of an earlier run, a list"};
  std::map<std::pair<std::string, std::int64_t>, fit_history> fits;
  for (std::size_t i = 0; i < all.size(); ++i) {
    examples::json_fields from{all[i], source + ": training log: [" + std::to_string(i) + "]"};
    fit_history h;
    auto const what = from.text("what");
    auto const seed =
        from.integer("seed", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    h.step = from.numbers("step");
    h.loss = from.numbers("loss");
    h.validation_step = from.numbers("validation_step");
    h.validation = from.numbers("validation");
    h.steps = from.integer("steps");
    h.seconds = from.number("seconds");
    h.reach = from.number("reach");
    h.dead_modules = from.integer("dead_modules");
    h.skipped = from.integer("skipped");
    h.parameters = from.integer("parameters");
    from.done();
    if (h.loss.size() != h.step.size() || h.validation.size() != h.validation_step.size()) {
      throw data_error{source + ": training log: [" + std::to_string(i) + "]: expected a figure for each step"};
    }
    if (!fits.emplace(std::pair{what, seed}, std::move(h)).second) {
      throw data_error{source + ": training log: [" + std::to_string(i) + "]: expected each fit once, found " + what +
                       ", seed " + std::to_string(seed) + " again"};
    }
  }
  for (auto& [key, h] : fits) fits_[key] = std::move(h);
}

}  // namespace sensors
