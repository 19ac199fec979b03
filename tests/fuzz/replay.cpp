// A main for compilers without libFuzzer: runs every file of the folders it is given through the target that it is linked
// with, each as it is, cut in half, and with one byte changed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace {

void run(std::string const& bytes) {
  // A copy of exactly this size: a sanitizer sees a read beyond its end.
  std::vector<std::uint8_t> const exact(bytes.begin(), bytes.end());
  static_cast<void>(LLVMFuzzerTestOneInput(exact.data(), exact.size()));
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    for (auto const& entry : std::filesystem::recursive_directory_iterator(words[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    std::fprintf(stderr, "replay: expected folders with inputs, found no file\n");
    return 1;
  }
  for (auto const& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    std::fprintf(stderr, "%s\n", path.filename().c_str());
    run(bytes);
    run(bytes.substr(0, bytes.size() / 2));
    for (std::size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 16) {
      auto changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ 0x41);
      run(changed);
    }
  }
  std::printf("%zu inputs\n", files.size());
  return 0;
}
