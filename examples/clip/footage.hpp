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
  std::string video;   ///< a file; empty: the standard clip
  std::string region;  ///< "W:H:X:Y" in pixels of the video; empty: all of it
  int width = 96;      ///< of what is made of it
  int height = 48;
  friend bool operator==(selection const&, selection const&) = default;
};

/// A grey video in memory.
struct footage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< (T, height, width)
  std::string name;                  ///< the file's
  std::string checksum;              ///< SHA-256 of the pixels

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

/// All frames of a file, in grey: `.npy` holds bytes (T, H, W) and is taken as it is, anything else is read by the program
/// `ffmpeg`. Throws std::runtime_error that says what is wrong with file, selection or program.
[[nodiscard]] footage load(std::filesystem::path const& video, selection const& chosen, std::string const& ffmpeg);

/// The same with the standard clip where no file is named.
[[nodiscard]] footage load(selection const& chosen, std::filesystem::path const& folder, std::string const& ffmpeg);

}  // namespace clip
