#pragma once

#include "settings.hpp"

/// Each command returns the exit status of the program (0, or 130 after Ctrl-C) and throws a std::exception with a text
/// for the user.
namespace clip {

/// Fetches the standard clip where it is missing, and says what the video holds and how it is split.
int data(options const& o);

/// Trains; leaves a checkpoint, the weights that validation chose, and their record, also after Ctrl-C.
int train(options const& o);

/// Tests the checkpoints of some seeds beside the peers and writes the page of results.
int evaluate(options const& o);

/// Draws a piece of the test part: film strip, animation, curves, report.html.
int render(options const& o);

}  // namespace clip
