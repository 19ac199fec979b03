#pragma once

#include "model.hpp"

/// Every model is one function here, one line in models.cpp, and one file model_<name>.cpp that instantiates it.
namespace skirmish {

[[nodiscard]] std::unique_ptr<model> make_s2gru(fit_settings const& settings, std::int64_t seed, int threads);

}  // namespace skirmish
