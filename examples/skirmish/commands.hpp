#pragma once
/// \file
/// What the program can be told, and its commands; each returns the exit status.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace skirmish {

struct command_options {
  std::string scenario{"1c3s5z"};
  std::int64_t episodes = 1000;
  std::uint64_t seed = 0;
  double random = 0.1;  ///< share of random actions
  int threads = 0;      ///< 0: all cores
  std::filesystem::path data;
  std::filesystem::path out;
  std::int64_t episode = 0;
  int ally = 0;
  std::vector<std::string> command;  ///< for the manifest
};

int list_scenarios();
int make_data(command_options const& options);
int render(command_options const& options);

}  // namespace skirmish
