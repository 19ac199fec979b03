#pragma once

#include <string>
#include <vector>

#include "model.hpp"

/// Settings of the unseen-station task, chosen in every fold on stations and years that its test has no part in.
namespace sensors {

struct candidate {
  std::string name;
  fit_settings settings;
};

/// What `tune` tries: the standard settings, and each of a few others by itself.
[[nodiscard]] std::vector<candidate> unseen_candidates(series const& data);

/// The settings of a fold: what `tune` chose for it (the file of --choices, else choices.json of this folder, which travels
/// inside the program), where that was for these data; else the standard ones. The fold without a name, all stations, gets what most folds
/// have.
[[nodiscard]] candidate chosen_for(experiment const& with, experiment_options const& options, fold const& one);

/// The command: fits every candidate with each fold's test stations and one of its validation groups hidden, on the training
/// part alone, and takes the one with the least error at that group over the validation part. Writes out/choices.json.
int tune(experiment_options const& options);

}  // namespace sensors
