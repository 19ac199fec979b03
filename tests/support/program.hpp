#pragma once
/// \file
/// Programs called as a user calls them, and folders that are gone afterwards.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"

namespace s2rm::test {

struct outcome {
  int status = -1;
  std::string text;  ///< of both streams
};

/// A command line through the shell.
inline outcome call(std::string const& line) {
  outcome result;
  auto* const pipe = popen((line + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> piece{};
  while (auto const n = std::fread(piece.data(), 1, piece.size(), pipe)) result.text.append(piece.data(), n);
  auto const status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

inline std::string bytes_of(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Where a program writes; removed before and after.
struct output_folder {
  std::filesystem::path path;
  explicit output_folder(char const* name) : path(std::filesystem::temp_directory_path() / name) {
    std::filesystem::remove_all(path);
  }
  ~output_folder() { std::filesystem::remove_all(path); }
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  [[nodiscard]] std::string out() const { return " --threads 1 --out " + path.string(); }
};

/// That training which was interrupted after a second and then went on leaves, to the bit, the checkpoint of training that
/// was not. `line` is program and arguments.
inline void check_goes_on_after_interrupt(std::string const& line, char const* name, char const* checkpoint) {
  auto const stopped_name = std::string{name} + "_stopped", whole_name = std::string{name} + "_whole";
  output_folder const stopped{stopped_name.c_str()}, whole{whole_name.c_str()};
  // Whenever the signal comes, the program ends orderly: 130, or 0 where it was done before.
  auto const first = call("timeout --preserve-status -s INT 1 " + line + stopped.out());
  CHECK((first.status == 130 || first.status == 0));
  REQUIRE(std::filesystem::exists(stopped.path / checkpoint));
  CHECK(call(line + " --resume" + stopped.out()).status == 0);
  CHECK(call(line + whole.out()).status == 0);
  CHECK(bytes_of(stopped.path / checkpoint) == bytes_of(whole.path / checkpoint));
}

}  // namespace s2rm::test
