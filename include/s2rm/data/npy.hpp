// Deprecated path, removed in 0.2: include s2rm/adapters/npy.hpp.
#pragma once
#pragma message("s2rm/data/npy.hpp is deprecated: include s2rm/adapters/npy.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/adapters/npy.hpp"
