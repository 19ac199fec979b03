// Deprecated path, removed in 0.2: include s2rm/train/training_file.hpp.
#pragma once
#pragma message( \
    "s2rm/data/training_file.hpp is deprecated: include s2rm/train/training_file.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/train/training_file.hpp"
