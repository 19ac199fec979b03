#include "shell.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "sha256.hpp"

namespace examples {

namespace fs = std::filesystem;

temporary_folder::temporary_folder(std::string const& name) {
  auto pattern = (fs::temp_directory_path() / (name + "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error{"cannot make a temporary folder in " + fs::temp_directory_path().string()};
  }
  path = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::string quote(fs::path const& path) {
  std::string text{"'"};
  for (auto const c : path.string()) {
    text += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return text + "'";
}

int status_of(std::string const& command, fs::path const& log) {
  auto const status = std::system(("( " + command + " ) >" + quote(log) + " 2>&1 </dev/null").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string failure_of(std::string const& command, fs::path const& log) {
  if (status_of(command, log) == 0) {
    return {};
  }
  auto text = read_file(log);
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text.empty() ? "no message" : text.substr(text.size() > 600 ? text.size() - 600 : 0);
}

std::vector<fs::path> fetch_from_debian(std::string const& package, std::vector<std::string> const& files,
                                        fs::path const& work) {
  // apt drops its rights to a user who may not write into our folder; root need not.
  auto const sandbox = geteuid() == 0 ? std::string{"-o APT::Sandbox::User=root "} : std::string{};
  auto const download =
      failure_of("command -v apt-get || { echo no apt-get here; exit 1; }; cd " + quote(work) + " && apt-get " +
                     sandbox + "-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -q download " + package,
                 work / "download.log");
  if (!download.empty()) {
    throw std::runtime_error{"downloading " + package +
                             " failed (it needs Debian or Ubuntu with a network; perhaps run apt-get update first):\n" +
                             download};
  }
  std::string wanted;
  for (auto const& file : files) wanted += " " + quote("./" + file);
  auto const unpack = failure_of("cd " + quote(work) + " && mkdir unpacked && dpkg-deb --fsys-tarfile " + package +
                                     "_*.deb | tar -x -C unpacked" + wanted,
                                 work / "unpack.log");
  std::vector<fs::path> found;
  for (auto const& file : files) {
    found.push_back(work / "unpacked" / file);
    if (!fs::exists(found.back())) {
      throw std::runtime_error{"package " + package + " no longer holds " + file + ":\n" + unpack};
    }
  }
  return found;
}

}  // namespace examples
