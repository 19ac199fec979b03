#pragma once
// Files for the tests of this folder: a folder that is gone afterwards, whole files as text, and errors as text.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "s2rm/core/errors.hpp"
#include "support/catch.hpp"

namespace s2rm::test {

/// A fresh folder, removed with everything in it.
class temporary_folder {
 public:
  temporary_folder() {
    auto name = (std::filesystem::temp_directory_path() / "s2rm-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }

  std::string operator/(char const* name) const { return (path_ / name).string(); }
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  /// How many files it holds: a leftover temporary file shows here.
  [[nodiscard]] auto count() const {
    return std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
  }

 private:
  std::filesystem::path path_;
};

inline void write_text(std::string const& path, std::string const& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_text(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The text of whatever std::exception `call` throws, or "no complaint".
template <class Call>
std::string complaint(Call const& call) {
  try {
    call();
  } catch (std::exception const& error) {
    return error.what();
  }
  return "no complaint";
}

/// The text of the file_error that `call` throws; any other outcome fails the test.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (file_error const& refused) {
    return refused.what();
  }
  FAIL("nothing was refused");
  return {};
}

}  // namespace s2rm::test
