#pragma once

#include "settings.hpp"

/// Each command returns the exit status of the program (0, or 130 after Ctrl-C) and throws a std::exception with a text
/// for the user.
namespace balls {

/// Trains; leaves a checkpoint and its record, also after Ctrl-C.
int train(options const& o);

/// Tests a checkpoint; out/<model>-seed<seed>.md and the figures in the record.
int evaluate(options const& o);

/// Draws one test sequence: film strip, animation, modules, curves, report.html.
int render(options const& o);

/// Trains and tests a model for several seeds, skipping what is done, then writes the page of results.
int campaign(options const& o);

}  // namespace balls
