#pragma once
/// \file
/// What the program can be told, and its commands; each returns the exit status (0, or 130 after Ctrl-C) and throws a
/// std::exception with a text for the user.

#include <cstdint>
#include <filesystem>
#include <string>

#include "experiment/settings.hpp"

namespace skirmish {

struct command_options : examples::run_options {
  std::string scenario{"1c3s5z"};
  double random = 0.1;              ///< share of random actions
  std::int64_t episodes = 1000;     ///< data
  std::uint64_t battle_seed = 0;    ///< data, battle
  std::filesystem::path folder;     ///< data: where to
  std::filesystem::path recording;  ///< battles recorded before, instead of playing
  std::int64_t episode = 0;         ///< battle, render
  int ally = 0;                     ///< battle

  command_options();
  [[nodiscard]] int random_in_1000() const;
};

int list_scenarios();
/// Plays battles and writes a recording.
int make_data(command_options const& options);
/// Draws one battle: what was, and what was seen.
int draw_battle(command_options const& options);
/// Trains; leaves a checkpoint and its record, also after Ctrl-C.
int train(command_options const& options);
/// Tests a checkpoint; out/<model>-seed<seed>.md and the figures in the record.
int evaluate(command_options const& options);
/// Draws one test battle as the model sees and believes it, report.html.
int render(command_options const& options);
/// Trains and tests models for several seeds, skipping what is done, then writes the page of results.
int campaign(command_options const& options);

}  // namespace skirmish
