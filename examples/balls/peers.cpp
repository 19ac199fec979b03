#include "peers.hpp"

namespace balls {

background background::learn(std::uint64_t seed, int balls, index_t sequences) {
  background made;
  made.share.assign(frame{}.pixels.size(), 0.0);
  double frames = 0;
  for (index_t s = 0; s < sequences; ++s) {
    for (auto const& shown : record(seed, split::train, s, balls).frames) {
      for (std::size_t i = 0; i < made.share.size(); ++i) made.share[i] += shown.pixels[i];
      ++frames;
    }
  }
  for (auto& p : made.share) p /= frames;
  for (int y = 0; y < frame::side; ++y) {
    for (int x = 0; x < frame::side; ++x) {
      for_pixels({x, y}, [&](index_t, int u, int v) {
        if (frame::inside(u, v)) made.base += made.share[frame::offset(u, v)];
      });
    }
  }
  made.base /= static_cast<double>(crop::pixels) * frame::side * frame::side;
  return made;
}

void canvas::see(frame const& shown, centre at) {
  for_pixels(at, [&](index_t, int x, int y) {
    if (frame::inside(x, y)) pixels_[frame::offset(x, y)] = static_cast<std::int8_t>(shown.at(x, y));
  });
}

std::map<std::string, steps_score> score_peers(batch const& b, condition const& how, background const& known) {
  std::map<std::string, steps_score> scores;
  for (auto const* name : peer_names) scores[name].resize(static_cast<std::size_t>(b.time));
  auto &empty = scores["all background"], &prior = scores["place alone"], &last = scores["last seen"],
       &physics = scores["true physics"];
  for (index_t e = 0; e < b.size; ++e) {
    auto const& shot = b.films[static_cast<std::size_t>(e)];
    canvas seen;
    world believed = shot.worlds.front();
    for (index_t t = 0; t < b.time; ++t) {
      auto const step = static_cast<std::size_t>(t);
      auto const row = b.row(t, e);
      if (b.blind[row] == 0) {
        auto const shown = how.curtain ? behind_curtain(shot.frames[step]) : shot.frames[step];
        for (index_t a = 0; a < b.views; ++a) {
          auto const i = row * static_cast<std::size_t>(b.views) + static_cast<std::size_t>(a);
          if (b.present[i] != 0) seen.see(shown, b.seen[i]);
        }
        believed = shot.worlds[step];
      }
      believed.advance();
      auto const computed = draw(believed);
      for (index_t q = 0; q < batch::queries; ++q) {
        auto const i = row * static_cast<std::size_t>(batch::queries) + static_cast<std::size_t>(q);
        float const* const truth = b.target.data() + i * crop::pixels;
        for_pixels(b.asked[i], [&](index_t k, int x, int y) {
          bool const in = frame::inside(x, y);
          empty[step].add_probability(known.base, truth[k]);
          prior[step].add_probability(in ? known.share[frame::offset(x, y)] : 0.0, truth[k]);
          last[step].add_decision(in && seen.at(x, y) == 1, truth[k]);
          physics[step].add_probability(in ? computed.at(x, y) : 0.0, truth[k]);
        });
      }
    }
  }
  return scores;
}

}  // namespace balls
