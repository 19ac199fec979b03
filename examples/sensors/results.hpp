#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "model.hpp"
#include "rivals.hpp"

/// What the commands leave for each other in the output folder.
namespace sensors {

/// Every fit of a run, kept in out/training.json so that the report can show its curves.
class training_log {
 public:
  void set(std::string const& what, std::int64_t seed, fit_history const& history) { fits_[{what, seed}] = history; }
  /// The same for a fit that went on from an earlier one, whose steps before it are kept.
  void go_on(std::string const& what, std::int64_t seed, fit_history history);
  /// Null where there was none.
  [[nodiscard]] fit_history const* find(std::string const& what, std::int64_t seed) const {
    auto const found = fits_.find({what, seed});
    return found == fits_.end() ? nullptr : &found->second;
  }
  void write(std::filesystem::path const& path) const;
  /// A missing file is an empty log. Throws std::runtime_error on one that is no such log; this one is as it was then.
  void read(std::filesystem::path const& path);
  /// The same from text; `source` names it in errors.
  void parse(std::string_view text, std::string const& source);

 private:
  std::map<std::pair<std::string, std::int64_t>, fit_history> fits_;
};

/// Models of a set with draws on the test part of every draw: each seed, the mixture of them, and the
/// linear statistics that they correct. Notes their settings.
[[nodiscard]] std::vector<rival_results> scene_results(experiment const& with, experiment_options const& options,
                                                       examples::manifest& settings);

[[nodiscard]] compute compute_of(experiment_options const& options);
[[nodiscard]] std::filesystem::path checkpoint_of(experiment_options const& options, std::string const& what,
                                                  std::int64_t seed);
/// Predicts field and modules over the map, leaves them in out/predictions and adds their pictures to a page. False where
/// there is nothing to draw (no field model).
bool add_figures(examples::report::page& page, experiment const& with, experiment_options const& options);

}  // namespace sensors
