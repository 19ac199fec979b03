#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "s2rm/model/batch.hpp"
#include "s2rm/train/report.hpp"
#include "settings.hpp"

namespace examples {

/// One sequence, step by step.
class watcher {
 public:
  virtual ~watcher() = default;
  virtual void reset() = 0;  ///< the next step is a sequence's first
  /// One step's views (A, view...) and places (A, 2); A may be 0.
  virtual void observe(std::span<float const> views, std::span<float const> places) = 0;
  /// What places (Q, 2) will show one step later, (Q, target...); valid until the next call.
  virtual float const* predict(std::span<float const> places) = 0;
  virtual void save_state() = 0;
  virtual void restore_state() = 0;  ///< that of the last `save_state`

  static constexpr index_t most_queries = 256;
};

/// Which module is nearest to each place on the sphere, and which modules interact. Empty for a model without modules.
struct module_map {
  std::vector<index_t> nearest;  ///< (n)
  std::vector<double> strength;  ///< (n): Z of the nearest module
  std::vector<double> ties;      ///< (M, M): Z between modules
  index_t modules = 0;
};

/// A model of any type: the library's templates stay behind this door, one .cpp for each of them.
class model {
 public:
  virtual ~model() = default;
  virtual s2rm::step_report step(s2rm::batch_view<float> const& b) = 0;
  /// Sets the bias of the decoder's last layer; see s2rm/init/output_bias.hpp.
  virtual void output_bias(std::vector<double> const& bias) = 0;
  /// Predictions (T, B, Q, target...), each sequence from its initial state; valid until the next pass.
  virtual float const* predict(s2rm::batch_view<float> const& b) = 0;
  [[nodiscard]] virtual index_t steps() const = 0;  ///< trained so far
  virtual void save(std::filesystem::path const& path) const = 0;
  virtual void load(std::filesystem::path const& path) = 0;
  /// The same for a run that goes on exactly: refuses the file of a run with other settings.
  virtual void resume(std::filesystem::path const& path) = 0;
  [[nodiscard]] virtual index_t parameters() const = 0;
  [[nodiscard]] virtual std::string description() const = 0;
  /// At most `queries` a prediction; the model must outlive it.
  [[nodiscard]] virtual std::unique_ptr<watcher> watch(index_t queries = watcher::most_queries) const = 0;
  [[nodiscard]] virtual module_map modules(std::span<float const> places) = 0;
  /// The same with W^o of the interaction set to 0: what modules say to each other reaches none. Null for a model whose
  /// modules do not talk.
  [[nodiscard]] virtual std::unique_ptr<model> without_interaction() const = 0;
};

/// What the command line knows a model by.
struct model_entry {
  char const* name;   ///< "s2gru"
  char const* title;  ///< "S2GRU"
  double rate;        ///< base learning rate it was tuned to
  std::unique_ptr<model> (*make)(fit_settings const& settings, std::int64_t seed, int threads);
};

/// Throws std::runtime_error that lists the known ones where there is none of this name.
[[nodiscard]] model_entry const& find_model(std::span<model_entry const> known, std::string const& name);

/// The same with the model's own learning rate where none is given.
[[nodiscard]] run_options with_rate(run_options o, std::span<model_entry const> known);

}  // namespace examples
