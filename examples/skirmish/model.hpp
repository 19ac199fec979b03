#pragma once

#include "experiment/model.hpp"
#include "sizes.hpp"

namespace skirmish {

using examples::fit_settings;
using examples::model;
using examples::model_entry;
using examples::watcher;

/// All models of this program (nets.hpp).
[[nodiscard]] std::span<model_entry const> known_models();

}  // namespace skirmish
