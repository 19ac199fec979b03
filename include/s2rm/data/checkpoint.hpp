// Deprecated path, removed in 0.2: include s2rm/io/checkpoint.hpp.
#pragma once
#pragma message( \
    "s2rm/data/checkpoint.hpp is deprecated: include s2rm/io/checkpoint.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/io/checkpoint.hpp"
