#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace examples {

/// A program of several commands, each a function that returns the exit status and throws a std::exception with a text for
/// the user.
class program {
 public:
  program(std::string const& name, std::string const& about, std::string const& footer);

  /// The command line as manifests note it: without the folder of the program.
  [[nodiscard]] std::vector<std::string> command(int argc, char const* const* argv) const;
  /// A command. One that is not for several ranks is refused where there are several.
  CLI::App& add(std::string const& name, std::string const& what, std::function<int()> const& does,
                bool several_ranks = false);
  /// Begins MPI (`ranks::begin`) and runs the command that the line names. Returns the exit status.
  int run(int argc, char const* const* argv);

 private:
  std::string name_;
  CLI::App app_;
  int status_ = 0;
};

}  // namespace examples
