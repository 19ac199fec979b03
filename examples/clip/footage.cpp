#include "footage.hpp"

#include <cstdio>
#include <regex>
#include <stdexcept>

#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "crop.hpp"
#include "s2rm/adapters/npy.hpp"

namespace clip {
namespace {

namespace fs = std::filesystem;
using examples::quote;

footage read_npy(fs::path const& video) {
  auto const frames = s2rm::data::load_npy<std::uint8_t, 3>(video.string());
  footage made;
  made.height = static_cast<int>(frames.shape(1));
  made.width = static_cast<int>(frames.shape(2));
  made.pixels.assign(frames.begin(), frames.end());
  return made;
}

footage decode(fs::path const& video, selection const& chosen, std::string const& ffmpeg) {
  static std::regex const numbers{"[0-9]+:[0-9]+:[0-9]+:[0-9]+"};
  if (!chosen.region.empty() && !std::regex_match(chosen.region, numbers)) {
    throw std::runtime_error{"region: expected W:H:X:Y in pixels, as 768:384:0:96, found '" + chosen.region + "'"};
  }
  examples::temporary_folder const work{"clip"};
  auto const size = std::to_string(chosen.width) + ":" + std::to_string(chosen.height);
  auto const filter =
      (chosen.region.empty() ? "" : "crop=" + chosen.region + ",") + "scale=" + size + ":flags=area,format=gray";
  auto const raw = work.path / "frames.gray";
  // "file:" keeps a name with a colon or a dash in front from being taken for something else.
  auto const failure = examples::failure_of(quote(ffmpeg) + " -nostdin -v error -i " + quote("file:" + video.string()) +
                                                " -an -vf " + quote(filter) + " -f rawvideo " + quote(raw),
                                            work.path / "log");
  if (!failure.empty() || !fs::exists(raw)) {
    throw std::runtime_error{video.string() + ": '" + ffmpeg +
                             "' could not read it (Debian: scripts/install-deps --clip installs ffmpeg):\n" + failure};
  }
  auto const bytes = examples::read_file(raw);
  footage made;
  made.width = chosen.width;
  made.height = chosen.height;
  made.pixels.assign(bytes.begin(), bytes.end());
  if (made.pixels.empty() || static_cast<index_t>(bytes.size()) % made.frame_size() != 0) {
    throw std::runtime_error{video.string() + ": '" + ffmpeg + "' left " + std::to_string(bytes.size()) +
                             " bytes, expected a multiple of " + size};
  }
  return made;
}

}  // namespace

fs::path find_standard_clip(fs::path const& folder) {
  auto const kept = folder / fs::path{standard_clip::file}.filename();
  auto const installed = fs::path{"/"} / standard_clip::file;
  auto found = fs::exists(kept) ? kept : installed;
  if (!fs::exists(found)) {
    std::fprintf(stderr, "fetching the Debian package %s (95 MB, nothing is installed) ...\n", standard_clip::package);
    examples::temporary_folder const work{"clip"};
    auto const fetched = examples::fetch_from_debian(standard_clip::package, standard_clip::file, work.path);
    examples::write_file(kept, examples::read_file(fetched));
    found = kept;
  }
  if (auto const sum = examples::sha256_file(found); sum != standard_clip::checksum) {
    throw std::runtime_error{found.string() + ": not the clip that the settings and figures are for: expected sha256 " +
                             standard_clip::checksum + ", found " + sum + "; --video takes any other"};
  }
  return found;
}

footage load(fs::path const& video, selection const& chosen, std::string const& ffmpeg) {
  if (!fs::exists(video)) throw std::runtime_error{video.string() + ": there is no such file"};
  auto made = video.extension() == ".npy" ? read_npy(video) : decode(video, chosen, ffmpeg);
  if (made.width < crop::side || made.height < crop::side) {
    throw std::runtime_error{video.string() + ": expected frames of at least " + std::to_string(crop::side) + " x " +
                             std::to_string(crop::side) + ", found " + std::to_string(made.width) + " x " +
                             std::to_string(made.height)};
  }
  made.name = video.filename().string();
  made.checksum = examples::sha256({reinterpret_cast<char const*>(made.pixels.data()), made.pixels.size()});
  return made;
}

footage load(selection const& chosen, fs::path const& folder, std::string const& ffmpeg) {
  return load(chosen.video.empty() ? find_standard_clip(folder) : fs::path{chosen.video}, chosen, ffmpeg);
}

}  // namespace clip
