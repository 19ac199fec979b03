#pragma once
/// \file
/// Deprecated path of train/retention.hpp, removed in 0.2.
#pragma message( \
    "s2rm/data/checkpoint_folder.hpp is deprecated: include s2rm/train/retention.hpp (upgrade notes in CHANGELOG.md)")
#include "s2rm/train/retention.hpp"
