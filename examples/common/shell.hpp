#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Other programs, run through the shell.
namespace examples {

/// A folder below the system's temporary one that disappears with the object. Throws std::runtime_error where none can
/// be made.
struct temporary_folder {
  std::filesystem::path path;
  explicit temporary_folder(std::string const& name);
  ~temporary_folder();
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
};

/// One word of a shell command, whatever is in it.
[[nodiscard]] std::string quote(std::filesystem::path const& path);

/// Runs one shell command with its output in a log; returns its exit status: 127 where there is no such program.
[[nodiscard]] int status_of(std::string const& command, std::filesystem::path const& log);

/// The same; returns the log's last lines when it fails, nothing when it succeeds.
[[nodiscard]] std::string failure_of(std::string const& command, std::filesystem::path const& log);

/// Downloads a Debian package with apt-get, which installs nothing and needs no root, and unpacks these of its files below
/// `work`. Returns where each file is; throws std::runtime_error that says what failed and what would help.
[[nodiscard]] std::vector<std::filesystem::path> fetch_from_debian(std::string const& package,
                                                                   std::vector<std::string> const& files,
                                                                   std::filesystem::path const& work);

}  // namespace examples
