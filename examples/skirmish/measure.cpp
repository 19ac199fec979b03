#include "measure.hpp"

#include <algorithm>

namespace skirmish {
namespace {

/// Adds the mean over the scenarios but the first: of every figure that each of them has, under each prefix.
void note_elsewhere(examples::figures& found, std::vector<test> const& tests) {
  std::vector<std::string> names;
  for (auto const& t : tests) {
    if (t.axis == "scenario") names.push_back(t.name);
  }
  if (names.size() < 2) return;
  examples::figures sums;
  for (auto const& [key, x] : found) {
    auto const slash = key.find('/');
    auto const begin = slash == std::string::npos ? 0 : slash + 1;
    auto const end = key.find('.', begin);
    auto const name = std::find(names.begin() + 1, names.end(), key.substr(begin, end - begin));
    if (name == names.end()) continue;
    sums[key.substr(0, begin) + elsewhere + key.substr(end)] += x / static_cast<double>(names.size() - 1);
  }
  found.merge(sums);
}

/// The first test's battles with 1 to all but one of the allies' views taken away.
void add_dropped(std::vector<test>& to, index_t allies) {
  auto const* const of = to.front().of;
  for (index_t n = 1; n < allies; ++n) {
    to.push_back({"dropped", "dropped " + std::to_string(n), static_cast<double>(n), of, {.dropped = n}});
  }
}

}  // namespace

std::vector<test> tests_of(scenario const& trained_on) {
  std::vector<test> made{{"scenario", std::string{trained_on.name}, 0, &trained_on, {}}};
  for (auto const& s : scenarios()) {
    if (s.name == trained_on.name || !fits_model(s)) continue;
    made.push_back({"scenario", std::string{s.name}, static_cast<double>(made.size()), &s, {}});
  }
  add_dropped(made, static_cast<index_t>(units_of(trained_on.allies).size()));
  return made;
}

std::vector<test> tests_of(recording const& trained_on) {
  std::vector<test> made{{"scenario", "recorded", 0, nullptr, {}}};
  add_dropped(made, trained_on.allies());
  return made;
}

battle_score score_model(model& learner, batch const& b) {
  auto const* const predicted = learner.predict(b.view_of());
  battle_score score;
  for (std::size_t i = 0; i < b.answered.size(); ++i) {
    if (b.answered[i] != 0) score.add(predicted + i * batch::raster, b.target.data() + i * batch::raster);
  }
  return score;
}

examples::figures measure(model& learner, habits const& known, std::vector<test> const& tests,
                          std::function<source(test const&)> const& play, index_t battles,
                          std::function<void(index_t)> const& progress) {
  constexpr index_t at_once = 10;
  examples::figures found;
  batch b;
  index_t done = 0;
  for (auto const& one : tests) {
    auto const from = play(one);
    auto const count = std::min(battles, from.count());
    battle_score own;
    std::map<std::string, battle_score> peers;
    for (index_t first = 0; first < count; first += at_once) {
      b.take(from, first, std::min(at_once, count - first), 0, one.how);
      own += score_model(learner, b);
      for (auto const& [name, score] : score_peers(b, known)) peers[name] += score;
    }
    own.note(found, one.name);
    for (auto const& [name, score] : peers) score.note(found, name + '/' + one.name);
    progress(++done);
  }
  note_elsewhere(found, tests);
  found["sequences"] = static_cast<double>(battles);
  return found;
}

}  // namespace skirmish
