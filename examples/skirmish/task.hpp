#pragma once

#include <optional>

#include "commands.hpp"
#include "common/manifest.hpp"
#include "experiment/fit.hpp"
#include "measure.hpp"

namespace skirmish {

/// What the models of this example are trained and tested for: the battles that the command line names.
class task final : public examples::task {
 public:
  /// Reads the recording where one is named. Throws s2rm::value_error or s2rm::file_error where it cannot be used.
  explicit task(command_options const& o);

  /// What the battles are of, for run_options::data.
  [[nodiscard]] std::string const& data() const { return data_; }
  [[nodiscard]] std::vector<skirmish::test> const& tests() const { return tests_; }
  [[nodiscard]] source battles(examples::run_options const& o, split part) const;

  [[nodiscard]] std::span<model_entry const> models() const override { return known_models(); }
  [[nodiscard]] s2rm::batch_view<float> batch(examples::run_options const& o, index_t step) override;
  /// The best constant raster, as the likelihood's outputs.
  [[nodiscard]] std::vector<double> output_bias(examples::run_options const& o) override;
  /// The validation battles, all agents seeing: of all markers.
  [[nodiscard]] examples::validation validate(model& learner, examples::run_options const& o) override;
  void announce(examples::run_options const& o) override;
  void test(examples::run_record& of, model& learner, examples::run_options const& o) override;

  /// Everything a figure needs to be made again.
  [[nodiscard]] examples::manifest manifest_of(examples::run_options const& o, model const& learner) const;

 private:
  [[nodiscard]] habits const& known(examples::run_options const& o);

  scenario const* of_;
  int random_in_1000_;
  std::shared_ptr<recording const> recorded_;
  std::string data_;
  std::vector<skirmish::test> tests_;
  skirmish::batch batch_;
  std::optional<habits> known_;  ///< once it was needed
};

}  // namespace skirmish
