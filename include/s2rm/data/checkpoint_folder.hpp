// Deprecated path, removed in 0.2: include s2rm/train/retention.hpp.
#pragma once
#pragma message( \
    "s2rm/data/checkpoint_folder.hpp is deprecated: include s2rm/train/retention.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/train/retention.hpp"
