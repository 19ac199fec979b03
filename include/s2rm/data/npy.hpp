#pragma once
/// \file
/// Deprecated path of adapters/npy.hpp, removed in 0.2.
#pragma message("s2rm/data/npy.hpp is deprecated: include s2rm/adapters/npy.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/adapters/npy.hpp"
