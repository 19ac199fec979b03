#include "measure.hpp"

#include <cmath>

#include "metrics.hpp"

namespace clip {
namespace {

using scores = std::map<std::string, frame_score>;  ///< "<method>/<test>"

/// Scores beliefs about frame t.
class judge {
 public:
  judge(scene const& from, index_t t) : from_(from), truth_(from.grey(from.at(t))) {}
  void score(frame_score& to, std::span<float const> z) const {
    to.add(from_.frame, from_.grey(z), truth_, from_.background);
  }

 private:
  scene const& from_;
  std::vector<float> truth_;
};

std::string key(char const* method, char const* axis, index_t at) {
  return std::string{method} + '/' + axis + ' ' + std::to_string(at);
}

/// The peers on frame t: what the views left behind, nothing, and the true frame `seen`.
void score_peers(scores& to, scene const& from, char const* axis, index_t at, index_t t, canvas const& seen_so_far,
                 index_t seen) {
  judge const judged{from, t};
  std::vector<float> const nothing(static_cast<std::size_t>(from.frame.pixels()), 0.0F);
  judged.score(to[key(last_value, axis, at)], seen_so_far.z());
  judged.score(to[key(background_mean, axis, at)], nothing);
  judged.score(to[key(last_frame, axis, at)], from.at(seen));
}

void views_test(scores& to, watcher& live, scene const& from, index_t draw, index_t views) {
  canvas seen{from.frame};
  live_through(live, from, draw, views, [&](index_t t, std::vector<float> const& z) {
    judge{from, t}.score(to[key(model_name, "views", views)], z);
    seen.see(from.at(t - 1), views_of(from.frame, draw, t - 1, views));
    score_peers(to, from, "views", views, t, seen, t - 1);
  });
}

void blind_test(scores& to, watcher& live, scene const& from, index_t draw) {
  canvas seen{from.frame};
  live.reset();
  auto t = from.test.begin;
  for (auto const last : roll_out_starts(from)) {
    for (; t <= last; ++t) {
      auto const views = views_of(from.frame, draw, t, usual_views);
      live.observe(from.at(t), views);
      seen.see(from.at(t), views);
    }
    live.save_state();
    for (index_t k = 1; k <= horizon; ++k) {
      if (k > 1) live.observe({}, {});
      judge{from, last + k}.score(to[key(model_name, "blind", k)], live.next());
      score_peers(to, from, "blind", k, last + k, seen, last);
    }
    live.restore_state();
  }
}

}  // namespace

void live_through(watcher& live, scene const& from, index_t draw, index_t views,
                  std::function<void(index_t, std::vector<float> const&)> const& f) {
  live.reset();
  for (auto t = from.test.begin; t + 1 < from.test.end; ++t) {
    live.observe(from.at(t), views_of(from.frame, draw, t, views));
    f(t + 1, live.next());
  }
}

std::vector<index_t> roll_out_starts(scene const& from) {
  // Ten frames to find out what there is, then every fifth one from which all of the horizon is there.
  std::vector<index_t> made;
  for (auto last = from.test.begin + 9; last + horizon < from.test.end; last += 5) made.push_back(last);
  return made;
}

figures measure(watcher& live, scene const& from, index_t draws,
                std::function<void(index_t, index_t)> const& progress) {
  scores found;
  index_t done = 0;
  auto const all = draws * (most_views + 1);
  for (index_t draw = 0; draw < draws; ++draw) {
    for (index_t views = 1; views <= most_views; ++views) {
      views_test(found, live, from, draw, views);
      progress(++done, all);
    }
    blind_test(found, live, from, draw);
    progress(++done, all);
  }
  figures made;
  for (auto const& [name, score] : found) {
    for (auto const& [measure, x] : {std::pair{".psnr", score.all()}, std::pair{".moving", score.in_motion()},
                                     std::pair{".ssim", score.similarity()}}) {
      if (std::isfinite(x)) made[name + measure] = x;  // where nothing moves there is nothing to say of what moves
    }
  }
  made["draws"] = static_cast<double>(draws);
  made["roll-outs"] = static_cast<double>(roll_out_starts(from).size());
  return made;
}

}  // namespace clip
