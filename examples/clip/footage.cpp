#include "footage.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <locale>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "crop.hpp"
#include "s2rm/adapters/npy.hpp"

namespace clip {
namespace {

namespace fs = std::filesystem;
using examples::quote;

[[noreturn]] void refuse(fs::path const& video, std::string const& what) {
  throw std::runtime_error{video.string() + ": " + what};
}

/// A rectangle of pixels.
struct rectangle {
  int width, height, x, y;
};

std::optional<rectangle> parse_region(std::string const& text) {
  static std::regex const numbers{"([0-9]{1,6}):([0-9]{1,6}):([0-9]{1,6}):([0-9]{1,6})"};
  if (text.empty()) return std::nullopt;
  std::smatch found;
  if (!std::regex_match(text, found, numbers)) {
    throw std::runtime_error{"region: expected W:H:X:Y in pixels, as 768:384:0:96, found '" + text + "'"};
  }
  return rectangle{std::stoi(found[1]), std::stoi(found[2]), std::stoi(found[3]), std::stoi(found[4])};
}

void require_inside(rectangle const& r, int width, int height, fs::path const& video) {
  if (r.width > 0 && r.height > 0 && r.x + r.width <= width && r.y + r.height <= height) return;
  auto const text = [](int a, char const* between, int b) { return std::to_string(a) + between + std::to_string(b); };
  refuse(video, "region: expected one within its pictures of " + text(width, " x ", height) + " pixels, found " +
                    text(r.width, " x ", r.height) + " at " + text(r.x, ", ", r.y));
}

footage read_npy(fs::path const& video, selection const& chosen) {
  auto const frames = s2rm::io::load_npy<std::uint8_t, 3>(video.string());
  auto const height = static_cast<int>(frames.shape(1)), width = static_cast<int>(frames.shape(2));
  auto const used = parse_region(chosen.region).value_or(rectangle{width, height, 0, 0});
  if (!chosen.region.empty()) require_inside(used, width, height, video);
  footage made;
  made.width = used.width;
  made.height = used.height;
  auto const differs = [](int asked, int found) { return asked != 0 && asked != found; };
  if (differs(chosen.width, made.width) || differs(chosen.height, made.height)) {
    refuse(video, "a .npy file is not scaled: expected --width " + std::to_string(made.width) + " --height " +
                      std::to_string(made.height) + " or neither");
  }
  auto const rows = static_cast<std::size_t>(height), columns = static_cast<std::size_t>(width);
  for (std::size_t row = 0; row < frames.shape(0) * rows; ++row) {
    auto const y = static_cast<int>(row % rows);
    if (y < used.y || y >= used.y + used.height) continue;
    auto const* const begin = frames.data() + row * columns + static_cast<std::size_t>(used.x);
    made.pixels.insert(made.pixels.end(), begin, begin + used.width);
  }
  if (frames.size() > 0 && *std::max_element(frames.begin(), frames.end()) == 1) {
    for (auto& grey : made.pixels) grey = static_cast<std::uint8_t>(255 * grey);
    made.notes.emplace_back("its numbers are 0 and 1 alone: taken as black and white");
  }
  return made;
}

/// What ffmpeg is told to read.
struct source {
  std::string words;      ///< of a shell command
  bool numbered = false;  ///< pictures "%04d.png"
};

/// A file whose name ffmpeg would take for a pattern gets another one in `work`.
source find_source(fs::path const& video, fs::path const& work) {
  static std::regex const scheme{"[A-Za-z][A-Za-z0-9+.-]+:.*"}, numbered{".*%0?[0-9]*d.*"};
  auto const text = video.string();
  if (fs::is_directory(video)) {
    refuse(video, "is a folder: name its pictures, as " + (video / "%04d.png").string() + " or '" +
                      (video / "*.png").string() + "'");
  }
  if (fs::exists(video)) {
    // "file:" keeps a name with a colon or a dash in front from being taken for something else.
    if (text.find('%') == std::string::npos) return {"-i " + quote("file:" + text)};
    auto const link = work / ("video" + video.extension().string());
    fs::create_symlink(fs::absolute(video), link);
    return {"-i " + quote("file:" + link.string())};
  }
  if (std::regex_match(text, scheme)) return {"-i " + quote(text)};
  if (std::regex_match(text, numbered)) return {"-i " + quote("file:" + text), true};
  if (text.find('*') != std::string::npos) return {"-pattern_type glob -i " + quote(text)};
  refuse(video, "there is no such file");
}

/// How many files of its folder a pattern such as "%04d.png" fits: ffmpeg may stop at the first number that is missing.
std::size_t count_pictures(fs::path const& pattern) {
  static std::regex const special{R"([.*+?^${}()|\[\]\\])"}, number{"%0?[0-9]*d"};
  auto const escaped = std::regex_replace(pattern.filename().string(), special, R"(\$&)");
  std::regex const names{std::regex_replace(escaped, number, "[0-9]+")};
  auto const folder = pattern.has_parent_path() ? pattern.parent_path() : fs::path{"."};
  std::error_code none;
  std::size_t count = 0;
  for (auto const& entry : fs::directory_iterator{folder, none}) {
    count += std::regex_match(entry.path().filename().string(), names) ? 1 : 0;
  }
  return count;
}

/// The lines of a log that speak of an error, whatever the exit status: ffmpeg ends with 0 after damage that it could pass
/// over, and calls some of it a warning.
std::vector<std::string> errors_in(std::string const& log) {
  static std::regex const error{R"(.*(\[(error|fatal|panic)\]|\[warning\].*[Cc]orrupt).*)"};
  std::vector<std::string> found;
  std::istringstream lines{log};
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 1000 && std::regex_match(line, error)) found.push_back(line);
  }
  return found;
}

/// The first of them; without any the end of `otherwise`.
std::string shown(std::vector<std::string> const& lines, std::string const& otherwise) {
  constexpr std::size_t most = 6, characters = 600;
  if (lines.empty()) return "\n" + otherwise.substr(otherwise.size() - std::min(otherwise.size(), characters));
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += "\n  " + lines[i];
  if (lines.size() > most) text += "\n  and " + std::to_string(lines.size() - most) + " lines more";
  return text;
}

/// Why a file ends too early, of the formats that ffmpeg then takes for whole.
std::optional<std::string> cut_short(fs::path const& video) {
  std::ifstream file{video, std::ios::binary};
  std::array<char, 8> first{};
  if (!file.read(first.data(), first.size())) return std::nullopt;
  std::string_view const magic{first.data(), 4};
  if (magic == "GIF8" && file.seekg(-1, std::ios::end) && file.get() != ';') {
    return "the file is cut short: it does not end as a GIF does";
  }
  std::uint32_t length = 0;
  std::memcpy(&length, first.data() + 4, sizeof length);
  if (auto const size = fs::file_size(video); magic == "RIFF" && size < std::uint64_t{length} + 8) {
    return "the file is cut short: expected " + std::to_string(std::uint64_t{length} + 8) + " bytes, found " +
           std::to_string(size);
  }
  return std::nullopt;
}

/// One call of ffmpeg that writes `out`; returns its log.
std::string run(std::string const& ffmpeg, fs::path const& video, source const& from, std::string const& options,
                fs::path const& out) {
  auto const log = out.parent_path() / "log";
  auto const status = examples::status_of(
      quote(ffmpeg) + " -nostdin -v level+warning " + from.words + " -an " + options + " " + quote(out), log);
  auto text = examples::read_file(log);
  if (status == 127) {
    refuse(video, "there is no program '" + ffmpeg + "' to read it (Debian: scripts/install-deps --clip)");
  }
  // Its name before ffmpeg 5.1.
  constexpr std::string_view option = "-fps_mode";
  if (auto const at = options.find(option);
      at != std::string::npos && text.find("Unrecognized option 'fps_mode'") != std::string::npos) {
    auto before = options;
    return run(ffmpeg, video, from, before.replace(at, option.size(), "-vsync"), out);
  }
  if (status != 0 || !fs::exists(out)) {
    refuse(video, "'" + ffmpeg + "' could not read it:" + shown(errors_in(text), text));
  }
  return text;
}

/// A region is of the first picture, upright.
void require_region(rectangle const& r, std::string const& ffmpeg, fs::path const& video, source const& from,
                    fs::path const& work) {
  auto const first = work / "first.pgm";
  static_cast<void>(run(ffmpeg, video, from, "-frames:v 1 -c:v pgm -f image2pipe", first));
  std::istringstream header{examples::read_file(first).substr(0, 40)};
  header.imbue(std::locale::classic());
  std::string magic;
  int width = 0, height = 0;
  if (!(header >> magic >> width >> height) || magic != "P5") refuse(video, "'" + ffmpeg + "' left no picture");
  require_inside(r, width, height, video);
}

std::string filter_of(std::optional<rectangle> const& region, selection const& chosen) {
  auto const n = [](int x) { return std::to_string(x); };
  auto scale = "scale=" + n(chosen.width) + ":" + n(chosen.height) + ":flags=area,format=gray";
  if (!region) return scale;
  auto const& r = *region;
  // Where a later picture is smaller, ffmpeg would move the region inside: a width of 0 makes it an error.
  return "crop='if(gte(iw," + n(r.x + r.width) + ")*gte(ih," + n(r.y + r.height) + ")," + n(r.width) +
         ",0)':" + n(r.height) + ":" + n(r.x) + ":" + n(r.y) + "," + scale;
}

footage decode(fs::path const& video, selection const& chosen, std::string const& ffmpeg) {
  auto const region = parse_region(chosen.region);
  examples::temporary_folder const work{"clip"};
  auto const from = find_source(video, work.path);
  if (region) require_region(*region, ffmpeg, video, from, work.path);
  auto const raw = work.path / "frames.gray";
  // Each frame once: else frames are repeated and dropped until they fit a clock.
  auto const log =
      run(ffmpeg, video, from, "-fps_mode passthrough -vf " + quote(filter_of(region, chosen)) + " -f rawvideo", raw);
  auto const bytes = examples::read_file(raw);
  footage made;
  made.width = chosen.width;
  made.height = chosen.height;
  made.pixels.assign(bytes.begin(), bytes.end());
  if (made.pixels.empty() || static_cast<index_t>(bytes.size()) % made.frame_size() != 0) {
    refuse(video, "'" + ffmpeg + "' left " + std::to_string(bytes.size()) + " bytes, expected a multiple of " +
                      std::to_string(chosen.width) + ":" + std::to_string(chosen.height));
  }
  auto errors = errors_in(log);
  if (fs::is_regular_file(video)) {
    if (auto const why = cut_short(video)) errors.push_back(*why);
  }
  if (auto const count = from.numbered ? count_pictures(video) : 0; count > static_cast<std::size_t>(made.frames())) {
    errors.push_back("there are " + std::to_string(count) + " pictures of that name: a number between them is missing");
  }
  if (!errors.empty()) {
    auto const what = "damaged: " + std::to_string(made.frames()) + " frames could be read" + shown(errors, {});
    if (!chosen.allow_damage) refuse(video, what + "\n--allow-damage goes on with them");
    made.notes.push_back(what);
  }
  return made;
}

}  // namespace

selection settled(selection chosen) {
  if (chosen.video.empty() && chosen.region.empty()) chosen.region = standard_clip::region;
  if (fs::path{chosen.video}.extension() == ".npy") return chosen;
  if (chosen.width == 0) chosen.width = standard_clip::width;
  if (chosen.height == 0) chosen.height = standard_clip::height;
  return chosen;
}

fs::path find_standard_clip(fs::path const& folder) {
  auto const kept = folder / fs::path{standard_clip::file}.filename();
  auto const installed = fs::path{"/"} / standard_clip::file;
  auto found = fs::exists(kept) ? kept : installed;
  if (!fs::exists(found)) {
    std::fprintf(stderr, "fetching the Debian package %s (95 MB, nothing is installed) ...\n", standard_clip::package);
    examples::temporary_folder const work{"clip"};
    auto const fetched = examples::fetch_from_debian(standard_clip::package, {standard_clip::file}, work.path).front();
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
  bool const numbers = video.extension() == ".npy";
  if (numbers && !fs::exists(video)) refuse(video, "there is no such file");
  auto of = chosen;
  of.video = video.string();
  auto made = numbers ? read_npy(video, of) : decode(video, settled(of), ffmpeg);
  if (made.width < crop::side || made.height < crop::side) {
    refuse(video, "expected frames of at least " + std::to_string(crop::side) + " x " + std::to_string(crop::side) +
                      ", found " + std::to_string(made.width) + " x " + std::to_string(made.height));
  }
  made.name = video.filename().string();
  made.checksum = examples::sha256({reinterpret_cast<char const*>(made.pixels.data()), made.pixels.size()});
  return made;
}

footage load(selection const& chosen, fs::path const& folder, std::string const& ffmpeg) {
  return load(chosen.video.empty() ? find_standard_clip(folder) : fs::path{chosen.video}, chosen, ffmpeg);
}

}  // namespace clip
