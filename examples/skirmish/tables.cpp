#include "tables.hpp"

#include <algorithm>

namespace skirmish {
namespace {

using examples::axis_point;
using examples::method;
using examples::report::number;
using examples::report::table;

struct measure_text {
  char const* ending;
  char const* title;
};
constexpr measure_text measures[] = {{"f1", "F1 of all markers"},
                                     {"bce", "BCE of all markers, nats a cell"},
                                     {"types.f1", "F1 of unit types"},
                                     {"types.bce", "BCE of unit types, nats a cell"},
                                     {"sides.f1", "F1 of friend and enemy"},
                                     {"sides.bce", "BCE of friend and enemy, nats a cell"},
                                     {"health", "negative MSE of health on occupied cells"},
                                     {"energy", "negative MSE of energy on occupied cells"},
                                     {"cooldown", "negative MSE of cooldown on occupied cells"},
                                     {"shield", "negative MSE of shield on occupied cells"}};

/// Scenarios, and then their mean but for the first.
std::vector<axis_point> scenario_points(std::vector<test> const& tests) {
  std::vector<axis_point> points;
  for (auto const& t : tests) {
    if (t.axis != "scenario") continue;
    points.push_back({t.name + (points.empty() ? " (trained on)" : ""), t.name, t.at});
  }
  if (points.size() > 1) points.push_back({"mean of the others", elsewhere, static_cast<double>(points.size())});
  return points;
}

/// From nobody dropped on.
std::vector<axis_point> dropped_points(std::vector<test> const& tests) {
  std::vector<axis_point> points{{"0", tests.front().name, 0}};
  for (auto const& t : tests) {
    if (t.axis == "dropped") points.push_back({number(t.at, 0), t.name, t.at});
  }
  return points;
}

/// Half of the allies, rounded up, among the tests.
std::string half_dropped(std::vector<test> const& tests) {
  auto const dropped = dropped_points(tests);
  return dropped[std::min(dropped.size() - 1, (dropped.size() + 1) / 2)].key;
}

constexpr char const* over_scenarios = "One step ahead, other scenarios, the model fixed";
constexpr char const* over_dropped = "One step ahead, so many allies without a view all battle long";

}  // namespace

std::vector<table> score_tables(std::vector<test> const& tests, std::vector<method> const& all) {
  std::vector<table> made;
  for (auto const& m : measures) {
    made.push_back(examples::score_table(std::string{over_scenarios} + ": " + m.title, "scenario",
                                         scenario_points(tests), m.ending, all));
  }
  for (auto const& m : measures) {
    made.push_back(examples::score_table(std::string{over_dropped} + ": " + m.title, "dropped", dropped_points(tests),
                                         m.ending, all));
  }
  for (auto& t : made) {
    // Negative squared errors are small.
    if (t.title.find("negative") != std::string::npos) t.note = "0 is best.";
  }
  return made;
}

std::vector<examples::named_chart> score_charts(std::vector<test> const& tests, std::vector<method> const& all) {
  auto shown = all;  // without those that are 0 throughout
  std::erase_if(shown, [](method const& m) { return m.title == "all empty" || m.title == "place alone"; });
  auto scenarios_chart = examples::score_chart(std::string{over_scenarios} + ": F1 of all markers", "", "F1",
                                               scenario_points(tests), "f1", shown);
  for (auto const& point : scenario_points(tests)) scenarios_chart.x_ticks.emplace_back(point.at, point.key);
  return {{"scenarios", scenarios_chart},
          {"dropped", examples::score_chart(std::string{over_dropped} + ": F1 of all markers", "dropped", "F1",
                                            dropped_points(tests), "f1", shown)}};
}

examples::report::chart training_chart(std::vector<examples::run_record> const& runs) {
  return examples::training_chart(runs, "Training: BCE of all markers on validation battles", "BCE, nats a cell");
}

table claim_table(std::vector<test> const& tests, std::vector<method> const& all) {
  auto const half = half_dropped(tests);
  return examples::claim_table({{tests.front().name, tests.front().name, 0.99, "within 1 %"},
                                {"mean of the other scenarios", elsewhere, 1, "the best"},
                                {half + " of " + std::to_string(dropped_points(tests).size()), half, 1, "the best"}},
                               all);
}

}  // namespace skirmish
