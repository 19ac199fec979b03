#include "pictures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "measure.hpp"

namespace balls {

belief whole_frame(watcher& of) {
  constexpr int gap = 4, first = 2, across = frame::side / gap;
  static_assert(across * across <= watcher::most_queries);
  std::vector<centre> centres;
  std::vector<float> places;
  for (int y = first; y < frame::side; y += gap) {
    for (int x = first; x < frame::side; x += gap) {
      centres.push_back({x, y});
      places.resize(places.size() + 2);
      place_of(centres.back(), places.data() + places.size() - 2);
    }
  }
  float const* logits = of.predict(places);
  belief sum(frame{}.pixels.size(), 0.0), count(sum.size(), 0.0);
  for (auto const& c : centres) {
    for_pixels(c, [&](index_t k, int x, int y) {
      if (!frame::inside(x, y)) return;
      sum[frame::offset(x, y)] += 1 / (1 + std::exp(-static_cast<double>(logits[k])));
      count[frame::offset(x, y)] += 1;
    });
    logits += crop::pixels;
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] /= count[i];
  return sum;
}

story tell(model const& learner, std::uint64_t data_seed, index_t sequence) {
  batch b;
  b.shoot({data_seed, split::test}, sequence, 1, film::length - 1, {});
  auto const& shot = b.films.front();
  story made;
  made.shown.assign(shot.frames.begin(), shot.frames.end() - 1);
  made.truth.assign(shot.frames.begin() + 1, shot.frames.end());
  auto const seeing = learner.watch(), blind = learner.watch();
  auto const a = static_cast<std::size_t>(b.views);
  for (index_t t = 0; t < b.time; ++t) {
    auto const first = b.row(t, 0) * a;
    made.views.emplace_back(b.seen.begin() + static_cast<std::ptrdiff_t>(first),
                            b.seen.begin() + static_cast<std::ptrdiff_t>(first + a));
    std::span<float const> const views{b.view.data() + first * crop::view, a * crop::view};
    std::span<float const> const places{b.place.data() + first * 2, a * 2};
    seeing->observe(views, places);
    blind->observe(views.first(t < context ? views.size() : 0), places.first(t < context ? places.size() : 0));
    made.seeing.push_back(whole_frame(*seeing));
    made.blind.push_back(whole_frame(*blind));
  }
  return made;
}

std::vector<float> film_of(story const& of) {
  std::vector<float> film;
  for (std::size_t t = 0; t < of.truth.size(); ++t) {
    film.insert(film.end(), of.truth[t].pixels.begin(), of.truth[t].pixels.end());
    std::vector<float> seen(of.truth[t].pixels.size(), std::numeric_limits<float>::quiet_NaN());
    for (auto const& c : of.views[t]) {
      for_pixels(c, [&](index_t, int x, int y) {
        if (frame::inside(x, y)) seen[frame::offset(x, y)] = of.shown[t].at(x, y);
      });
    }
    film.insert(film.end(), seen.begin(), seen.end());
    film.insert(film.end(), of.seeing[t].begin(), of.seeing[t].end());
    film.insert(film.end(), of.blind[t].begin(), of.blind[t].end());
  }
  return film;
}

std::vector<float> pixel_places() {
  std::vector<float> places(frame{}.pixels.size() * 2);
  for (int y = 0; y < frame::side; ++y) {
    for (int x = 0; x < frame::side; ++x) place_of({x, y}, places.data() + 2 * frame::offset(x, y));
  }
  return places;
}

}  // namespace balls
