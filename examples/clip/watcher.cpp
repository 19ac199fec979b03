#include "watcher.hpp"

namespace clip {

watcher::watcher(model const& learner, extent of)
    : of_(of),
      asked_(grid(of)),
      live_(learner.watch(static_cast<index_t>(asked_.size()))),
      asked_places_(asked_.size() * 2),
      count_(static_cast<std::size_t>(of.pixels()), 0.0F) {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    for_pixels(of_, asked_[i], [&](std::size_t, std::size_t offset) { ++count_[offset]; });
    place_of(of_, asked_[i], asked_places_.data() + i * 2);
  }
}

void watcher::observe(std::span<float const> z, std::span<centre const> crops) {
  views_.resize(crops.size() * crop::pixels);
  places_.resize(crops.size() * 2);
  for (std::size_t i = 0; i < crops.size(); ++i) {
    auto* const view = views_.data() + i * crop::pixels;
    for_pixels(of_, crops[i], [&](std::size_t k, std::size_t offset) { view[k] = z[offset]; });
    place_of(of_, crops[i], places_.data() + i * 2);
  }
  live_->observe(views_, places_);
}

std::vector<float> watcher::next() {
  auto const* o = live_->predict(asked_places_);
  std::vector<float> made(count_.size(), 0.0F);
  for (auto const& c : asked_) {
    for_pixels(of_, c, [&](std::size_t k, std::size_t offset) { made[offset] += o[k] / count_[offset]; });
    o += crop::pixels;
  }
  return made;
}

}  // namespace clip
