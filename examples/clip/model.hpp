#pragma once

#include "crop.hpp"
#include "experiment/model.hpp"
#include "experiment/record.hpp"

namespace clip {

using examples::figures;
using examples::model;
using examples::run_record;

/// Numbers of views that are tested.
inline constexpr index_t most_views = 20, usual_views = 10;

/// All models of this program (nets.hpp).
[[nodiscard]] std::span<examples::model_entry const> known_models();

}  // namespace clip
