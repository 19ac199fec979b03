#pragma once

#include <functional>

#include "common/manifest.hpp"
#include "model.hpp"
#include "record.hpp"

namespace examples {

/// What was found on validation data, by measure, in the order in which it is shown: "bce", "f1".
using validation = std::vector<std::pair<std::string, double>>;

/// The measure by which validation chooses weights, where it does (`fit_settings::patience`).
struct criterion {
  std::string measure;
  bool higher_is_better = false;
};

/// What an example trains its models for: its models, its data and its tests.
class task {
 public:
  virtual ~task() = default;
  [[nodiscard]] virtual std::span<model_entry const> models() const = 0;
  [[nodiscard]] model_entry const& model_named(std::string const& name) const { return find_model(models(), name); }
  /// The batch of training step `step`, a function of options and step alone; of several ranks each makes its share
  /// (`s2rm::share_of`). Valid until the next call of anything here.
  [[nodiscard]] virtual s2rm::batch_view<float> batch(run_options const& o, index_t step) = 0;
  /// Where the outputs of a new model begin, one number for each; empty: where its seed puts them.
  [[nodiscard]] virtual std::vector<double> output_bias(run_options const& /*o*/) { return {}; }
  [[nodiscard]] virtual validation validate(model& learner, run_options const& o) = 0;
  [[nodiscard]] virtual criterion chosen_by() const { return {"bce"}; }
  /// Called when a fit begins: what can be reached without looking, say.
  virtual void announce(run_options const& o) = 0;
  /// All tests of a trained model: fills `of.test` and `of.manifest`.
  virtual void test(run_record& of, model& learner, run_options const& o) = 0;
};

/// Trains up to the settled number of steps, the end of patience, or until `stop` says so; leaves checkpoint, record and,
/// where validation chooses them, the best weights at the end and now and then. Goes on from the checkpoint where
/// `o.resume` is set and there is one.
run_record fit(model& learner, task& of, run_options const& o, std::function<bool()> const& stop);

/// The command train: one fit, until Ctrl-C, for which the caller holds an `interrupt`. Returns the exit status.
int train(task& of, run_options const& o);

/// Command line, model and fit: what the manifest of every figure begins with.
[[nodiscard]] manifest begin_manifest(std::string const& program, run_options const& o, model const& learner);

/// A trained model from its checkpoint, with its record; where validation chooses the weights, these.
/// Throws std::runtime_error where one of the files is missing; `program` is whose command train leaves them.
struct trained {
  run_record record;
  std::unique_ptr<model> learner;
};
[[nodiscard]] trained load_trained(task const& of, run_options const& o, std::string const& program);
/// The same without the model, for an example whose record says what its task is of.
[[nodiscard]] run_record trained_record(run_options const& o, std::string const& program);

}  // namespace examples
