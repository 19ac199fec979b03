// Any bytes as a folder of recorded battles: for each field in the order of `for_each_field` two bytes of length, then its
// file; a length of 0xffff is a file that is not there.
#include "skirmish/recording.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.hpp"
#include "s2rm/core/errors.hpp"

namespace {

/// A folder of this process, in memory where the system has such a place.
std::filesystem::path const& folder() {
  static auto const path = [] {
    std::filesystem::path const memory{"/dev/shm"};
    auto made = (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
                ("s2rm-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(made);
    std::atexit([] { std::filesystem::remove_all(folder()); });
    return made;
  }();
  return path;
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  auto rest = s2rm::fuzz::as_text(bytes, size);
  skirmish::recording shape;
  skirmish::for_each_field(shape, [&rest](char const* name, auto const&) {
    auto const path = (folder() / name).string() + ".npy";
    std::size_t length = 0xffff;
    if (rest.size() >= 2) {
      length = static_cast<unsigned char>(rest[0]) | static_cast<std::size_t>(static_cast<unsigned char>(rest[1])) << 8;
      rest.remove_prefix(2);
    }
    if (length == 0xffff) {
      std::filesystem::remove(path);
      return;
    }
    auto const part = rest.substr(0, length);
    rest.remove_prefix(part.size());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << part;
  });
  s2rm::fuzz::taken<s2rm::file_error>("", [&] {
    auto const r = skirmish::load_recording(folder());
    s2rm::fuzz::promise(r.episodes() > 0 && r.units() > 0 && r.begin_of(r.episodes()) == r.states(),
                        "episodes add up to the states");
  });
  return 0;
}
