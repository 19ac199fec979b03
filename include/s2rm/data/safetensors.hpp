#pragma once
/// \file
/// Deprecated path of io/safetensors.hpp, removed in 0.2.
#pragma message( \
    "s2rm/data/safetensors.hpp is deprecated: include s2rm/io/safetensors.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/io/safetensors.hpp"
