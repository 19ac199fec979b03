#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/manifest.hpp"
#include "s2rm/core/config.hpp"

namespace examples {

using s2rm::index_t;

/// Everything that was chosen about a fit; goes into the manifest.
struct fit_settings {
  index_t steps = 20000;  ///< length of the schedule
  index_t batch = 16;     ///< sequences a step
  index_t window = 20;    ///< time steps of each
  index_t warm_up = 100;
  double rate = 0;  ///< base rate, 0: the model's own; half a cosine down to `floor` of it over `steps`
  double floor = 0.025;
  double clip = 1.0;          ///< largest norm of the gradient
  double beta2 = 0.999;       ///< Adam's decay of the squared gradient
  index_t curriculum = 1000;  ///< so many steps see all views; after that views are taken away
  double few_views = 0.5;     ///< probability that a sequence keeps but 1 to 10 of its views
  double blind_spans = 0.2;   ///< probability that it has a span of 1 to 10 steps without views
  double weight_decay = 0;    ///< of AdamW
  double average = 0;         ///< decay of the running average of the weights; 0: none
  index_t validate_every = 500;
  index_t patience = 0;  ///< validations without a better one after which training ends; 0: at the schedule's end
  index_t parts = 0;     ///< of a batch, summed in a tree: the same bits on 1 to so many ranks; 0: all at once

  /// Whether weights are averaged, decayed or chosen by validation: what most examples do without, and do not note.
  [[nodiscard]] bool regularised() const { return weight_decay != 0 || average != 0 || patience != 0; }
  /// f(name, member, when it is noted) for each of them, in the order of records and manifests.
  enum class noted { always, not_in_early_records, regularised };
  template <class Settings, class F>
  static void for_each(Settings& s, F const& f) {
    using enum noted;
    f("steps", s.steps, always), f("batch", s.batch, always), f("window", s.window, always);
    f("warm_up", s.warm_up, always), f("rate", s.rate, always), f("floor", s.floor, always), f("clip", s.clip, always);
    f("beta2", s.beta2, not_in_early_records);
    f("curriculum", s.curriculum, always), f("few_views", s.few_views, always);
    f("blind_spans", s.blind_spans, always), f("validate_every", s.validate_every, always);
    f("parts", s.parts, not_in_early_records);
    f("weight_decay", s.weight_decay, regularised), f("average", s.average, regularised);
    f("patience", s.patience, regularised);
  }
  void describe(manifest& settings) const;
  friend bool operator==(fit_settings const&, fit_settings const&) = default;
};

/// What the command line says about runs, whatever they are of.
struct run_options {
  std::vector<std::string> command;  ///< for the manifest
  std::string model = "s2gru";
  fit_settings fit;
  std::int64_t seed = 1;            ///< of the start, of the training sequences, of what is taken away
  std::vector<std::string> models;  ///< campaign; empty: all
  std::int64_t seeds = 3;           ///< campaign: 1 .. seeds
  std::uint64_t data_seed = 1;      ///< of all sequences
  std::string data;                 ///< what these are of, where there is a choice
  manifest own;                     ///< settings of the example alone, by their place in the record ("fit.queries")
  index_t test_sequences = 200;
  int threads = 0;                   ///< 0: all cores
  std::filesystem::path out;         ///< folder for checkpoints and records
  bool one_model = false;            ///< files are named by the seed alone
  std::filesystem::path checkpoint;  ///< empty: <model>-seed<seed>.safetensors in `out`
  bool resume = false;
  double budget_seconds = 0;   ///< campaign; 0: none
  std::filesystem::path page;  ///< campaign

  [[nodiscard]] std::filesystem::path checkpoint_path() const;
  [[nodiscard]] std::filesystem::path best_path() const;    ///< beside it: the weights that validation chose
  [[nodiscard]] std::filesystem::path record_path() const;  ///< beside it, .json
  [[nodiscard]] int thread_count() const;
};

}  // namespace examples
