#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/manifest.hpp"
#include "footage.hpp"

namespace clip {

/// How a piece of the clip is changed in training, so that few frames go a long way: what holds of people who walk to the
/// left, earlier or darker, holds of others. Each is drawn for a whole piece.
struct variation {
  double mirrored = 0;  ///< probability that left and right are exchanged
  double inverted = 0;  ///< probability that z changes its sign
  double reversed = 0;  ///< probability that time runs backward
  double contrast = 0;  ///< z is multiplied by e^u, u uniform up to this either way
  double shift = 0;     ///< all places are moved by up to this either way, along each axis

  friend bool operator==(variation const&, variation const&) = default;
};

/// Everything that was chosen about a fit; goes into the manifest.
struct fit_settings {
  index_t steps = 2000;  ///< length of the schedule
  index_t batch = 16;    ///< pieces of the clip a step
  index_t window = 20;   ///< time steps of each
  index_t queries = 10;  ///< a time step
  index_t warm_up = 100;
  double rate = 2e-3;  ///< base rate; half a cosine down to `floor` of it over `steps`
  double floor = 0.025;
  double clip = 1.0;
  double weight_decay = 0;
  double average = 0.99;     ///< decay of the running average of the weights
  index_t curriculum = 300;  ///< so many steps see all views; after that views are taken away
  double few_views = 0.5;    ///< probability that a piece keeps but 1 to 10 of its views
  double blind_spans = 0.2;  ///< probability that it has a span of 1 to 10 steps without views
  variation varied{.mirrored = 0.5, .inverted = 0, .reversed = 0, .contrast = 0, .shift = 0};
  index_t validate_every = 100;
  index_t patience = 10;  ///< validations without a better one after which training ends
  index_t parts = 0;      ///< of a batch, summed in a tree: the same bits on 1 to so many ranks; 0: all at once

  void describe(examples::manifest& settings) const;
  friend bool operator==(fit_settings const&, fit_settings const&) = default;
};

/// Everything the command line says.
struct options {
  std::vector<std::string> command;  ///< for the manifest
  selection shown;
  fit_settings fit;
  std::int64_t seed = 1;            ///< of the start, and of everything drawn in training
  std::vector<std::int64_t> seeds;  ///< eval
  int threads = 0;                  ///< 0: all cores
  std::filesystem::path out = "results/clip";
  std::filesystem::path folder = "data/clip";  ///< where the standard clip is kept
  std::string ffmpeg = "ffmpeg";
  std::filesystem::path checkpoint;  ///< empty: seed<seed>.safetensors in `out`
  bool resume = false;
  index_t draws = 3;           ///< eval: with how many draws of the views
  std::filesystem::path page;  ///< eval: a Markdown page of results; empty: results.md in `out`
  index_t show = 0;            ///< render: first frame of the test part that is drawn

  [[nodiscard]] std::filesystem::path checkpoint_path() const;
  [[nodiscard]] std::filesystem::path best_path() const;    ///< beside it: the weights that validation chose
  [[nodiscard]] std::filesystem::path record_path() const;  ///< beside it, .json
  [[nodiscard]] int thread_count() const;
};

/// What is shown: the standard clip has a region of its own.
[[nodiscard]] selection settled(selection chosen);

}  // namespace clip
