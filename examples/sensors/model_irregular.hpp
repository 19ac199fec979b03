#pragma once

#include "model.hpp"
#include "removed_steps.hpp"

/// What it costs a forecast that steps are missing at the test, with and without a model that knows of elapsed time.
namespace sensors {

/// A model of the comparison and how it is trained.
struct irregular_arm {
  bool timed = false;  ///< knows when the step before was, and how far ahead it is asked
  double removed = 0;  ///< of training: steps of a window are removed by a share drawn between 0 and this
  asked_step asked = asked_step::following;
};

/// A test: the steps that are kept and what is asked for at each.
struct irregular_test {
  kept_steps kept;
  asked_step asked = asked_step::following;
};

/// Forecasts over the test part; `days` are the times that one was asked for, the others hold none.
struct irregular_forecast {
  prediction made;
  std::vector<index_t> days;
};

/// Number of steps of the test part's stream, some before it among them, that tests keep some of.
[[nodiscard]] index_t irregular_span(experiment const& with);

/// One fit over training and validation part, of the whole schedule, and its forecasts in each test. Empty after Ctrl-C.
[[nodiscard]] std::vector<irregular_forecast> irregular_forecasts(experiment const& with, fit_settings const& settings,
                                                                  irregular_arm const& arm, std::int64_t seed,
                                                                  compute where,
                                                                  std::vector<irregular_test> const& tests);

}  // namespace sensors
