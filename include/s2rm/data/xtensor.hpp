// Deprecated path, removed in 0.2: include s2rm/adapters/xtensor.hpp.
#pragma once
#pragma message( \
    "s2rm/data/xtensor.hpp is deprecated: include s2rm/adapters/xtensor.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/adapters/xtensor.hpp"
