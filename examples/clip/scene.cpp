#include "scene.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace clip {

scene scene::of(footage const& video, index_t window) {
  scene made;
  made.frame = {video.width, video.height};
  made.frames = video.frames();
  made.train = {0, made.frames * 7 / 10};
  made.validation = {made.train.end, made.frames * 8 / 10};
  made.test = {made.validation.end, made.frames};
  if (made.train.size() <= window || made.validation.size() < 2 || made.test.size() < 2) {
    throw std::runtime_error{video.name + ": too short: expected more than " + std::to_string(window) +
                             " frames in its first 70 % and 2 in the next 10 %, found " +
                             std::to_string(made.train.size()) + " and " + std::to_string(made.validation.size())};
  }
  auto const pixels = static_cast<std::size_t>(made.frame.pixels());
  std::vector<double> sum(pixels, 0.0);
  auto const trained = static_cast<std::size_t>(made.train.end) * pixels;
  for (std::size_t i = 0; i < trained; ++i) sum[i % pixels] += video.pixels[i] / 255.0;
  for (auto const s : sum) made.background.push_back(static_cast<float>(s / static_cast<double>(made.train.end)));
  double squares = 0;
  for (std::size_t i = 0; i < video.pixels.size(); ++i) {
    double const difference = video.pixels[i] / 255.0 - static_cast<double>(made.background[i % pixels]);
    if (i < trained) squares += difference * difference;
    made.z.push_back(static_cast<float>(difference));
  }
  made.scale = std::sqrt(squares / static_cast<double>(trained));
  // The mean of equal values is theirs but for rounding.
  if (!(made.scale > 1e-6)) throw std::runtime_error{video.name + ": nothing moves in its first 70 %"};
  for (auto& z : made.z) z = static_cast<float>(static_cast<double>(z) / made.scale);
  return made;
}

std::vector<float> scene::grey(std::span<float const> of) const {
  std::vector<float> made(of.size());
  for (std::size_t i = 0; i < of.size(); ++i) {
    made[i] = std::clamp(background[i] + static_cast<float>(scale) * of[i], 0.0F, 1.0F);
  }
  return made;
}

}  // namespace clip
