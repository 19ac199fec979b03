#pragma once
/// \file
/// Programs called as a user calls them, and folders that are gone afterwards.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

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

/// Where a program writes; removed before and after. Two checkouts may be tested at once: it is of this process alone.
struct output_folder {
  std::filesystem::path path;
  explicit output_folder(char const* name)
      : path(std::filesystem::temp_directory_path() / (name + ("-" + std::to_string(::getpid())))) {
    std::filesystem::remove_all(path);
  }
  ~output_folder() { std::filesystem::remove_all(path); }
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  [[nodiscard]] std::string out() const { return " --threads 1 --out " + path.string(); }
};

/// As `call`, and SIGINT to the program `later` after it wrote `sign`: a program that has not written it has not begun
/// what is to be interrupted, however slow the machine is.
inline outcome interrupted(std::string const& line, std::string const& sign, std::chrono::milliseconds later) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  auto const command = "exec " + line + " 2>&1";
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  outcome result;
  std::array<char, 4096> piece{};
  auto const read_some = [&] {
    auto const n = ::read(ends[0], piece.data(), piece.size());
    if (n > 0) result.text.append(piece.data(), static_cast<std::size_t>(n));
    return n > 0;
  };
  while (result.text.find(sign) == std::string::npos && read_some()) {
  }
  if (result.text.find(sign) != std::string::npos) {
    std::this_thread::sleep_for(later);
    ::kill(child, SIGINT);  // nobody, where it has ended: it is not waited for before
  }
  while (read_some()) {
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

/// Training that is interrupted after at least one of its steps, and before its last one where it takes long enough to be
/// caught there. It leaves `checkpoint`. Training says "validation:" when its steps begin.
inline void train_and_interrupt(std::string const& line, std::filesystem::path const& checkpoint) {
  for (std::chrono::milliseconds later{50};; later *= 2) {
    auto const run = interrupted(line, "validation:", later);
    INFO(run.text);
    REQUIRE_THAT(run.text, contains("validation:"));
    REQUIRE((run.status == 130 || run.status == 0));
    REQUIRE(std::filesystem::exists(checkpoint));
    // Without a step there is nothing to go on from.
    if (run.text.find("\n0 of ") == std::string::npos) return;
  }
}

/// That training which was interrupted and then went on leaves, to the bit, the checkpoint of training that was not.
/// `line` is program and arguments.
inline void check_goes_on_after_interrupt(std::string const& line, char const* name, char const* checkpoint) {
  auto const stopped_name = std::string{name} + "_stopped", whole_name = std::string{name} + "_whole";
  output_folder const stopped{stopped_name.c_str()}, whole{whole_name.c_str()};
  train_and_interrupt(line + stopped.out(), stopped.path / checkpoint);
  CHECK(call(line + " --resume" + stopped.out()).status == 0);
  CHECK(call(line + whole.out()).status == 0);
  CHECK(bytes_of(stopped.path / checkpoint) == bytes_of(whole.path / checkpoint));
}

}  // namespace s2rm::test
