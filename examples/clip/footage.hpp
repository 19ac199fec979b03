#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "s2rm/core/config.hpp"

namespace clip {

using s2rm::index_t;

/// Which part of a video is used, and how large.
struct selection {
  std::string video;   ///< a file, a pattern of pictures, a URL; empty: the standard clip
  std::string region;  ///< "W:H:X:Y" in pixels of the video; empty: all of it
  int width = 0;       ///< of what is made of it; 0: the standard clip's, of a .npy file its own
  int height = 0;
  bool allow_damage = false;  ///< go on with what could be read of a damaged file
  friend bool operator==(selection const&, selection const&) = default;
};

/// With what stands for what was left open: the standard clip has a region of its own, and a size that is that of other
/// videos too. A .npy file has its own.
[[nodiscard]] selection settled(selection chosen);

/// A grey video in memory.
struct footage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< (T, height, width)
  std::string name;                  ///< the file's
  std::string checksum;              ///< SHA-256 of the pixels
  std::vector<std::string> notes;    ///< what was done to it that its reader should know

  [[nodiscard]] index_t frame_size() const { return index_t{width} * height; }
  [[nodiscard]] index_t frames() const { return static_cast<index_t>(pixels.size()) / frame_size(); }
};

/// The clip of this example: 795 frames, ten a second, of people who walk past a fixed camera.
struct standard_clip {
  static constexpr char const* package = "opencv-doc";
  static constexpr char const* file = "usr/share/doc/opencv-doc/examples/data/vtest.avi";
  static constexpr char const* checksum = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf";
  static constexpr char const* region = "768:384:0:96";  ///< of 768 x 576: without the sky and the nearest grass
  static constexpr int width = 96, height = 48;
};

/// Where the standard clip is: in `folder`, installed with the package, or fetched into `folder` from Debian's archive
/// (95 MB, of which 8 are kept). Throws std::runtime_error where it is not to be had, or is another file.
[[nodiscard]] std::filesystem::path find_standard_clip(std::filesystem::path const& folder);

/// All frames of a video in grey, each once, whatever its clock says. `.npy` holds bytes or booleans (T, H, W), at its own
/// size; those of 0 and 1 alone become black and white. Anything else is read by the program `ffmpeg`: files, pictures as
/// "%04d.png" or "*.png", URLs. Throws std::runtime_error that says what is wrong with video, selection or program; of a
/// damaged video too, unless the selection allows it.
[[nodiscard]] footage load(std::filesystem::path const& video, selection const& chosen, std::string const& ffmpeg);

/// The same with the standard clip where no file is named.
[[nodiscard]] footage load(selection const& chosen, std::filesystem::path const& folder, std::string const& ffmpeg);

}  // namespace clip
