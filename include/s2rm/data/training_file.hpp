#pragma once
/// \file
/// Deprecated path of train/training_file.hpp, removed in 0.2.
#pragma message( \
    "s2rm/data/training_file.hpp is deprecated: include s2rm/train/training_file.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/train/training_file.hpp"
