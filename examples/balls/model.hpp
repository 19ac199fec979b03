#pragma once

#include "batch.hpp"
#include "experiment/model.hpp"
#include "settings.hpp"

namespace balls {

using examples::model;
using examples::model_entry;
using examples::module_map;
using examples::watcher;

/// All models of this program (nets.hpp).
[[nodiscard]] std::span<model_entry const> known_models();
/// Throws std::runtime_error that lists the known ones where there is none of this name.
[[nodiscard]] inline model_entry const& model_named(std::string const& name) {
  return examples::find_model(known_models(), name);
}

}  // namespace balls
