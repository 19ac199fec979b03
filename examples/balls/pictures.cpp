#include "pictures.hpp"

#include <algorithm>
#include <cmath>

#include "measure.hpp"

namespace balls {
namespace {

using examples::colour;
using examples::framed;
using examples::headed;
using examples::image;

constexpr colour paper{0xff, 0xff, 0xff}, ink{0x14, 0x1e, 0x46}, unseen{0xc9, 0xd3, 0xdc}, text{0x33, 0x33, 0x33};

image picture_of(frame const& shown) {
  image made{frame::side, frame::side};
  for (std::size_t i = 0; i < shown.pixels.size(); ++i) made.pixels[i] = shown.pixels[i] != 0 ? ink : paper;
  return made;
}

image picture_of(belief const& believed) {
  image made{frame::side, frame::side};
  for (std::size_t i = 0; i < believed.size(); ++i) made.pixels[i] = examples::mix(paper, ink, believed[i]);
  return made;
}

image picture_of(frame const& shown, std::vector<centre> const& views) {
  image made{frame::side, frame::side, unseen};
  for (auto const& c : views) {
    for_pixels(c, [&](index_t, int x, int y) {
      if (frame::inside(x, y)) made.at(x, y) = shown.at(x, y) != 0 ? ink : paper;
    });
  }
  return made;
}

/// truth, seen, belief, blind of step t.
std::vector<image> panels(story const& of, std::size_t t) {
  return {picture_of(of.truth[t]), picture_of(of.shown[t], of.views[t]), picture_of(of.seeing[t]),
          picture_of(of.blind[t])};
}

constexpr char const* panel_names[] = {"truth", "seen", "believed", "blind"};

}  // namespace

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

image film_strip(story const& of) {
  std::vector<image> columns;
  for (index_t const t : {index_t{0}, index_t{2}, index_t{5}, index_t{15}, context - 1, context, context + 2,
                          context + 4, context + 9, context + 14, context + 24}) {
    std::vector<image> rows;
    for (auto const& one : panels(of, static_cast<std::size_t>(t))) rows.push_back(framed(one, 2));
    auto const words = t < context ? "frame " + std::to_string(t + 1) : "blind " + std::to_string(t + 1 - context);
    columns.push_back(headed(examples::below(rows, 4), words));
  }
  auto const strip = examples::beside(columns, 4);
  image made{strip.width + 56, strip.height};
  for (int row = 0; row < 4; ++row)
    made.text(0, 12 + row * (2 * frame::side + 6) + frame::side, panel_names[row], text);
  made.paste(56, 0, strip);
  return made;
}

std::vector<image> animation(story const& of) {
  std::vector<image> frames;
  for (std::size_t t = 0; t < of.truth.size(); ++t) {
    std::vector<image> row;
    auto const all = panels(of, t);
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto words = std::string{panel_names[i]};
      auto const dark = static_cast<index_t>(t) + 1 - context;
      if (i == 3) words = dark > 0 ? "blind for " + std::to_string(dark) : "not blind yet";
      row.push_back(headed(framed(all[i], 3), words));
    }
    frames.push_back(examples::beside(row, 6));
  }
  return frames;
}

std::vector<float> pixel_places() {
  std::vector<float> places(frame{}.pixels.size() * 2);
  for (int y = 0; y < frame::side; ++y) {
    for (int x = 0; x < frame::side; ++x) place_of({x, y}, places.data() + 2 * frame::offset(x, y));
  }
  return places;
}

image module_picture(module_map const& map) {
  constexpr int scale = 8, margin = 60;
  auto const m = static_cast<std::size_t>(map.modules);
  image made{frame::side * scale + margin, frame::side * scale};
  std::vector<double> x(m, 0), y(m, 0), count(m, 0);
  auto const strongest = *std::max_element(map.strength.begin(), map.strength.end());
  for (int row = 0; row < frame::side; ++row) {
    for (int column = 0; column < frame::side; ++column) {
      auto const i = frame::offset(column, row);
      auto const k = static_cast<std::size_t>(map.nearest[i]);
      made.fill(column * scale, row * scale, scale, scale, examples::tile_colour(k, map.strength[i] / strongest));
      x[k] += (column + 0.5) * scale;
      y[k] += (row + 0.5) * scale;
      ++count[k];
    }
  }
  int beside = 0;
  for (std::size_t k = 0; k < m; ++k) {
    x[k] = count[k] > 0 ? x[k] / count[k] : frame::side * scale + margin / 2.0;
    y[k] = count[k] > 0 ? y[k] / count[k] : 24.0 + 28 * beside++;
  }
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      auto const z = map.ties[i * m + j];
      if (z < 0.01) continue;
      for (double s = 0; s <= 1; s += 0.004) {
        made.disc(x[i] + s * (x[j] - x[i]), y[i] + s * (y[j] - y[i]), 0.6 + 2 * std::sqrt(z), {0x22, 0x22, 0x22});
      }
    }
  }
  for (std::size_t k = 0; k < m; ++k) {
    made.disc(x[k], y[k], 11, {0x22, 0x22, 0x22});
    made.disc(x[k], y[k], 9.5, examples::tile_colour(k, 1.0));
    auto const name = std::to_string(k);
    made.text(static_cast<int>(x[k]) - image::text_width(name) / 2, static_cast<int>(y[k]) - 3, name, paper);
  }
  return made;
}

}  // namespace balls
