#include "program.hpp"

#include <cstdio>
#include <exception>

#include "common/ranks.hpp"

namespace examples {

program::program(std::string const& name, std::string const& about, std::string const& footer)
    : name_(name), app_(about, name) {
  app_.footer(footer);
  app_.require_subcommand(1);
  app_.set_help_all_flag("--help-all", "help of every command");
}

std::vector<std::string> program::command(int argc, char const* const* argv) const {
  std::vector<std::string> words{name_};
  words.insert(words.end(), argv + 1, argv + argc);
  return words;
}

CLI::App& program::add(std::string const& name, std::string const& what, std::function<int()> const& does,
                       bool several_ranks) {
  auto& sub = *app_.add_subcommand(name, what);
  sub.callback([this, name, does, several_ranks] {
    if (!several_ranks) ranks::require_one(name_ + ' ' + name);
    status_ = does();
  });
  return sub;
}

int program::run(int argc, char const* const* argv) {
  try {
    ranks::begin();
  } catch (std::exception const& error) {  // there are no other ranks to end
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
    return 1;
  }
  try {
    app_.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app_.exit(error);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
    ranks::fail(error.what());
    return 1;
  }
  return status_;
}

}  // namespace examples
