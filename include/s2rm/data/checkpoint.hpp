#pragma once
/// \file
/// Deprecated path of io/checkpoint.hpp, removed in 0.2.
#pragma message( \
    "s2rm/data/checkpoint.hpp is deprecated: include s2rm/io/checkpoint.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/io/checkpoint.hpp"
