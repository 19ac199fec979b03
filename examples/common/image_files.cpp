// The only file that names libpng and giflib.
#include <gif_lib.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>

#include "image.hpp"
#include "sha256.hpp"

namespace examples {

std::string png(image const& source) {
  if (source.width <= 0 || source.height <= 0) {
    throw std::runtime_error{"png: the picture is empty"};
  }
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(source.width);
  header.height = static_cast<png_uint_32>(source.height);
  header.format = PNG_FORMAT_RGB;
  static_assert(sizeof(colour) == 3, "pixels are handed to libpng as they lie");
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&header, bytes.data(), &size, 0, source.pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error{std::string{"png: "} + header.message};
  }
  bytes.resize(size);
  return bytes;
}

namespace {

int squared_distance(colour a, colour b) {
  auto const r = a.red - b.red;
  auto const g = a.green - b.green;
  auto const bl = a.blue - b.blue;
  return r * r + g * g + bl * bl;
}

/// Exact colours where there are at most 256 of them; else the most frequent of a 5-bit-per-channel histogram.
class palette {
 public:
  explicit palette(std::span<image const> frames) {
    std::map<std::array<std::uint8_t, 3>, std::int64_t> exact;
    std::map<std::array<std::uint8_t, 3>, std::int64_t> coarse;
    for (auto const& frame : frames) {
      for (auto const c : frame.pixels) {
        if (exact.size() <= 256) {
          ++exact[{c.red, c.green, c.blue}];
        }
        ++coarse[{static_cast<std::uint8_t>(c.red | 7), static_cast<std::uint8_t>(c.green | 7),
                  static_cast<std::uint8_t>(c.blue | 7)}];
      }
    }
    auto const& chosen = exact.size() <= 256 ? exact : coarse;
    std::vector<std::pair<std::int64_t, colour>> order;
    for (auto const& [key, count] : chosen) {
      order.emplace_back(count, colour{key[0], key[1], key[2]});
    }
    std::stable_sort(order.begin(), order.end(), [](auto const& a, auto const& b) { return a.first > b.first; });
    order.resize(std::min<std::size_t>(order.size(), 256));
    for (auto const& [count, c] : order) {
      colours.push_back(c);
    }
  }

  [[nodiscard]] GifByteType index(colour c) {
    auto const key = static_cast<std::uint32_t>(c.red << 16 | c.green << 8 | c.blue);
    if (auto const found = known.find(key); found != known.end()) {
      return found->second;
    }
    auto const nearest = std::min_element(colours.begin(), colours.end(), [c](colour a, colour b) {
      return squared_distance(a, c) < squared_distance(b, c);
    });
    return known[key] = static_cast<GifByteType>(nearest - colours.begin());
  }

  std::vector<colour> colours;

 private:
  std::map<std::uint32_t, GifByteType> known;
};

int append(GifFileType* file, GifByteType const* bytes, int count) {
  static_cast<std::string*>(file->UserData)
      ->append(reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(count));
  return count;
}

struct gif_closer {
  GifFileType* file;
  ColorMapObject* map = nullptr;
  explicit gif_closer(GifFileType* opened) : file(opened) {}
  gif_closer(gif_closer const&) = delete;
  gif_closer& operator=(gif_closer const&) = delete;
  ~gif_closer() {
    if (file != nullptr) {
      int code = 0;
      EGifCloseFile(file, &code);
    }
    if (map != nullptr) {
      GifFreeMapObject(map);
    }
  }
};

void require(int status, char const* what) {
  if (status == GIF_ERROR) {
    throw std::runtime_error{std::string{"gif: giflib failed to write the "} + what};
  }
}

}  // namespace

std::string gif(std::span<image const> frames, int hundredths) {
  if (frames.empty() || frames[0].width <= 0 || frames[0].height <= 0) {
    throw std::runtime_error{"gif: there is nothing to write"};
  }
  auto const width = frames[0].width;
  auto const height = frames[0].height;
  for (auto const& frame : frames) {
    if (frame.width != width || frame.height != height) {
      throw std::runtime_error{"gif: all frames must have one size"};
    }
  }
  palette colours{frames};
  std::string bytes;
  int code = 0;
  gif_closer closer{EGifOpen(&bytes, append, &code)};
  if (closer.file == nullptr) {
    throw std::runtime_error{"gif: giflib cannot start a file"};
  }
  std::array<GifColorType, 256> table{};
  for (std::size_t i = 0; i < colours.colours.size(); ++i) {
    table[i] = {colours.colours[i].red, colours.colours[i].green, colours.colours[i].blue};
  }
  closer.map = GifMakeMapObject(256, table.data());
  EGifSetGifVersion(closer.file, true);
  require(EGifPutScreenDesc(closer.file, width, height, 8, 0, closer.map), "header");
  require(EGifPutExtensionLeader(closer.file, APPLICATION_EXT_FUNC_CODE), "loop");
  require(EGifPutExtensionBlock(closer.file, 11, "NETSCAPE2.0"), "loop");
  require(EGifPutExtensionBlock(closer.file, 3, "\x01\x00\x00"), "loop");
  require(EGifPutExtensionTrailer(closer.file), "loop");
  std::vector<GifByteType> row(static_cast<std::size_t>(width));
  for (auto const& frame : frames) {
    char const delay[4] = {0, static_cast<char>(hundredths & 0xff), static_cast<char>(hundredths >> 8 & 0xff), 0};
    require(EGifPutExtension(closer.file, GRAPHICS_EXT_FUNC_CODE, 4, delay), "delay");
    require(EGifPutImageDesc(closer.file, 0, 0, width, height, false, nullptr), "frame");
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        row[static_cast<std::size_t>(x)] = colours.index(frame.at(x, y));
      }
      require(EGifPutLine(closer.file, row.data(), width), "frame");
    }
  }
  auto* const file = std::exchange(closer.file, nullptr);
  require(EGifCloseFile(file, &code), "end");
  return bytes;
}

void write_png(std::filesystem::path const& path, image const& source) { write_file(path, png(source)); }

void write_gif(std::filesystem::path const& path, std::span<image const> frames, int hundredths) {
  write_file(path, gif(frames, hundredths));
}

}  // namespace examples
