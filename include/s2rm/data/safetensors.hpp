// Deprecated path, removed in 0.2: include s2rm/io/safetensors.hpp.
#pragma once
#pragma message( \
    "s2rm/data/safetensors.hpp is deprecated: include s2rm/io/safetensors.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/io/safetensors.hpp"
