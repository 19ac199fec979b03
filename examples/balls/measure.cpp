#include "measure.hpp"

#include <algorithm>

#include "common/report.hpp"

namespace balls {
namespace {

constexpr index_t chunk = 25;  ///< sequences of a pass

pixel_score sum(steps_score const& of) {
  pixel_score all;
  for (auto const& one : of) all += one;
  return all;
}

void add(steps_score& to, steps_score const& more) {
  to.resize(std::max(to.size(), more.size()));
  for (std::size_t t = 0; t < more.size(); ++t) to[t] += more[t];
}

void note(figures& to, std::string const& name, pixel_score const& score) {
  to[name + ".f1"] = score.f1();
  to[name + ".bce"] = score.bce();
  to[name + ".balanced"] = score.balanced_accuracy();
}

/// Steps context .. context + horizon - 1 of a batch as "blind 1" .. "blind 25".
void note_steps(figures& to, std::string const& prefix, steps_score const& of) {
  for (index_t k = 1; k <= horizon; ++k) {
    note(to, prefix + ' ' + std::to_string(k), of[static_cast<std::size_t>(context + k - 1)]);
  }
}

}  // namespace

std::vector<test> const& one_step_tests() {
  static auto const all = [] {
    std::vector<test> made;
    for (auto const n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20}) {
      made.push_back({"views", "views " + std::to_string(n), static_cast<double>(n), {.views = n}});
    }
    for (int n = 1; n <= 6; ++n) {
      made.push_back({"balls", "balls " + std::to_string(n), static_cast<double>(n), {.balls = n}});
    }
    for (auto const p : {0.25, 0.5, 0.75, 0.9})
      made.push_back({"hidden", "dropped " + examples::report::number(p, 2), p, {.dropped = p}});
    made.push_back({"hidden", "curtain", 1, {.curtain = true}});
    made.push_back({"hidden", "no interaction", 1, {}, true});
    return made;
  }();
  return all;
}

std::vector<test> const& roll_out_tests() {
  static auto const all = [] {
    std::vector<test> made;
    for (std::string const axis : {"blind", "closed"}) {
      for (index_t k = 1; k <= horizon; ++k) {
        made.push_back({axis, axis + ' ' + std::to_string(k), static_cast<double>(k), {.blind_from = context}});
      }
    }
    return made;
  }();
  return all;
}

steps_score score_model(model& learner, batch const& b) {
  auto const* const logits = learner.predict(b.view_of());
  steps_score score(static_cast<std::size_t>(b.time));
  auto const a_step = b.target.size() / score.size();
  for (std::size_t i = 0; i < b.target.size(); ++i) score[i / a_step].add_logit(logits[i], b.target[i]);
  return score;
}

steps_score score_closed_loop(model const& learner, batch const& b) {
  auto const live = learner.watch();
  steps_score score(static_cast<std::size_t>(b.time));
  auto const a = static_cast<std::size_t>(b.views);
  constexpr auto q = static_cast<std::size_t>(batch::queries);
  std::vector<float> own(a * crop::view);
  for (index_t e = 0; e < b.size; ++e) {
    live->reset();
    for (index_t t = 0; t < b.time; ++t) {
      auto const row = b.row(t, e);
      std::span const places{b.place.data() + row * a * 2, a * 2};
      std::copy_n(b.view.data() + row * a * crop::view, own.size(), own.begin());
      if (t >= context) {
        float const* const logits = live->predict(places);
        for (std::size_t i = 0; i < a; ++i) {
          for_pixels(b.seen[row * a + i], [&](index_t k, int x, int y) {
            auto const pixel = static_cast<std::size_t>(k);
            bool const on = frame::inside(x, y) && logits[i * crop::pixels + pixel] >= 0;
            own[i * crop::view + pixel] = on ? 1.0F : 0.0F;
          });
        }
      }
      live->observe(own, places);
      float const* const logits = live->predict({b.query_place.data() + row * q * 2, q * 2});
      float const* const truth = b.target.data() + row * q * crop::pixels;
      for (std::size_t i = 0; i < q * crop::pixels; ++i) {
        score[static_cast<std::size_t>(t)].add_logit(logits[i], truth[i]);
      }
    }
  }
  return score;
}

figures measure(model& learner, std::uint64_t data_seed, index_t sequences,
                std::function<void(index_t, index_t)> const& progress) {
  source const from{data_seed, split::test};
  auto const known = background::learn(data_seed, condition{}.balls, 200);
  auto const steps = film::length - 1;
  auto const all = static_cast<index_t>(one_step_tests().size()) + 2;
  index_t done = 0;
  figures found;
  batch b;
  // f(batch) for the test sequences in pieces, then the sums.
  auto const over = [&](condition const& how, auto const& f) {
    for (index_t first = 0; first < sequences; first += chunk) {
      b.shoot(from, first, std::min(chunk, sequences - first), steps, how);
      f();
    }
    progress(++done, all);
  };
  auto const silent = learner.without_interaction();
  for (auto const& one : one_step_tests()) {
    if (one.silent && silent == nullptr) continue;
    auto& asked = one.silent ? *silent : learner;
    steps_score own;
    std::map<std::string, steps_score> peers;
    over(one.how, [&] {
      add(own, score_model(asked, b));
      for (auto const& [name, score] : score_peers(b, one.how, known)) add(peers[name], score);
    });
    note(found, one.name, sum(own));
    for (auto const& [name, score] : peers) note(found, name + '/' + one.name, sum(score));
  }
  steps_score blind, closed;
  std::map<std::string, steps_score> peers;
  condition const how{.blind_from = context};
  over(how, [&] {
    add(blind, score_model(learner, b));
    for (auto const& [name, score] : score_peers(b, how, known)) add(peers[name], score);
  });
  over({}, [&] { add(closed, score_closed_loop(learner, b)); });
  note_steps(found, "blind", blind);
  note_steps(found, "closed", closed);
  // A peer has nothing to feed back: the same figures under both names.
  for (auto const& [name, score] : peers) {
    note_steps(found, name + "/blind", score);
    note_steps(found, name + "/closed", score);
  }
  found["sequences"] = static_cast<double>(sequences);
  return found;
}

}  // namespace balls
