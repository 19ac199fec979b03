#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace examples {

/// "views 10.f1" and the like.
using figures = std::map<std::string, double>;

/// What a run leaves beside its checkpoint: how it was trained, and what its test found.
struct run_record {
  std::string model, title;  ///< "s2gru", "S2GRU"
  std::int64_t seed = 0;
  fit_settings fit;
  std::uint64_t data_seed = 0;
  std::string data;        ///< what the sequences are of, where there is a choice
  examples::manifest own;  ///< settings of the example alone, by their place in the file
  index_t steps = 0, parameters = 0, skipped = 0, dead_modules = 0;
  double seconds = 0, reach = 0;  ///< seconds of training, all sittings together
  int threads = 0;
  std::vector<double> step, loss;  ///< smoothed training loss
  std::vector<double> validation_step;
  std::map<std::string, std::vector<double>> validation;  ///< by measure: "bce", "f1"
  bool finished = false;                                  ///< at the end of the schedule, or of patience
  index_t best_step = 0;                                  ///< which validation chose, where it does
  figures test;                                           ///< empty until it was tested
  std::string manifest;                                   ///< JSON, of the test
  std::string failure;                                    ///< why it ended, where it did not end well

  /// That of a run which has not begun.
  [[nodiscard]] static run_record begin(run_options const& o);

  /// Whether the other is a run with the same settings, model, seed and data.
  [[nodiscard]] bool same_run(run_record const& other) const;
  /// A measure over `validation_step`; empty where nothing was validated yet.
  [[nodiscard]] std::vector<double> curve(std::string const& measure) const;
  /// The figure of a measure at the step that validation chose; NaN where it chose none.
  [[nodiscard]] double best(std::string const& measure) const;

  /// Forgets what came after a step, for a run that goes on from an earlier checkpoint.
  void rewind(index_t to);
  void write(std::filesystem::path const& path) const;
  /// Nothing where there is no file; throws std::runtime_error on one that is no such record. `expected` has the names and
  /// types of the example's own settings, and what records of earlier versions do not hold.
  [[nodiscard]] static std::optional<run_record> read(std::filesystem::path const& path, run_record const& expected);
  [[nodiscard]] static std::optional<run_record> read(std::filesystem::path const& path);
  /// The same from text; `source` names it in errors.
  [[nodiscard]] static run_record parse(std::string_view text, std::string const& source, run_record const& expected);
  [[nodiscard]] static run_record parse(std::string_view text, std::string const& source);
};

}  // namespace examples
