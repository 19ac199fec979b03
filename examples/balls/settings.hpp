#pragma once

#include "experiment/settings.hpp"

namespace balls {

using examples::fit_settings;
using s2rm::index_t;

/// Everything the command line says.
struct options : examples::run_options {
  index_t show = 0;  ///< render: number of the test sequence

  options() {
    out = "results/balls";
    page = "docs/results/balls.md";
  }
};

}  // namespace balls
