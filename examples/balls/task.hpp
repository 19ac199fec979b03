#pragma once

#include "common/manifest.hpp"
#include "experiment/fit.hpp"
#include "measure.hpp"
#include "model.hpp"

namespace balls {

/// What the models of this example are trained and tested for.
class task final : public examples::task {
 public:
  [[nodiscard]] std::span<model_entry const> models() const override { return known_models(); }
  [[nodiscard]] s2rm::batch_view<float> batch(examples::run_options const& o, index_t step) override;
  /// The validation sequences, seen under the training condition.
  [[nodiscard]] examples::validation validate(model& learner, examples::run_options const& o) override;
  void announce(examples::run_options const& o) override;
  void test(run_record& of, model& learner, examples::run_options const& o) override;

 private:
  balls::batch batch_;
};

/// Everything a figure needs to be made again.
[[nodiscard]] examples::manifest manifest_of(examples::run_options const& o, model const& learner);

}  // namespace balls
