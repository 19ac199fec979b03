#pragma once
/// \file
/// Deprecated path of adapters/xtensor.hpp, removed in 0.2.
#pragma message( \
    "s2rm/data/xtensor.hpp is deprecated: include s2rm/adapters/xtensor.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/adapters/xtensor.hpp"
