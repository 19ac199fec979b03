#include "tables.hpp"

#include <algorithm>

namespace balls {
namespace {

using examples::axis_point;
using examples::report::number;
using examples::report::table;

struct axis_text {
  char const* axis;
  char const* title;
  char const* label;
};
constexpr axis_text axes[] = {
    {"views", "One step ahead, over the number of views (trained with at most 10)", "views"},
    {"balls", "One step ahead, over the number of balls (trained with 3)", "balls"},
    {"hidden", "One step ahead, views dropped with a probability, or behind a curtain", "test"},
    {"blind", "Roll-out without views, over the steps since the last one", "steps"},
    {"closed", "Roll-out on the model's own predictions, over the steps since the last true view", "steps"}};

char const* words(std::string_view measure) {
  return measure == "f1" ? "F1" : measure == "bce" ? "BCE, nats a pixel" : "balanced accuracy";
}

std::vector<test> tests_of(std::string const& axis) {
  std::vector<test> found;
  for (auto const* all : {&one_step_tests(), &roll_out_tests()}) {
    std::copy_if(all->begin(), all->end(), std::back_inserter(found), [&](test const& t) { return t.axis == axis; });
  }
  return found;
}

/// Roll-outs are drawn in full; their tables show some steps.
bool in_table(test const& t) {
  if (t.axis != "blind" && t.axis != "closed") return true;
  constexpr int some[] = {1, 2, 3, 5, 10, 15, 20, 25};
  return std::find(std::begin(some), std::end(some), static_cast<int>(t.at)) != std::end(some);
}

std::vector<axis_point> points_of(axis_text const& axis, bool of_table) {
  bool const by_number = axis.label != std::string{"test"};
  std::vector<axis_point> points;
  for (auto const& t : tests_of(axis.axis)) {
    if (!of_table || in_table(t)) points.push_back({by_number ? number(t.at, 0) : t.name, t.name, t.at});
  }
  return points;
}

}  // namespace

std::vector<method> methods_of(std::vector<run_record> const& runs) { return examples::methods_of(runs, peer_names); }

std::vector<table> score_tables(std::vector<method> const& all) {
  std::vector<table> made;
  for (auto const& axis : axes) {
    for (auto const* measure : measures) {
      made.push_back(examples::score_table(std::string{axis.title} + ": " + words(measure), axis.label,
                                           points_of(axis, true), measure, all));
    }
  }
  return made;
}

std::vector<examples::report::chart> score_charts(std::vector<method> const& all) {
  auto shown = all;  // without those that are 0 throughout
  std::erase_if(shown, [](method const& m) { return m.title == "all background" || m.title == "place alone"; });
  std::vector<examples::report::chart> made;
  for (auto const& axis : axes) {
    if (axis.axis == std::string{"hidden"}) continue;
    made.push_back(
        examples::score_chart(std::string{axis.title} + ": F1", axis.label, "F1", points_of(axis, false), "f1", shown));
  }
  return made;
}

examples::report::chart training_chart(std::vector<run_record> const& runs) {
  return examples::training_chart(runs, "Training: BCE on validation sequences, 10 views", "BCE, nats a pixel");
}

table summary_table(std::vector<method> const& all) {
  table made;
  made.title = "F1 at a glance";
  made.header = {"model"};
  constexpr char const* shown[] = {"views 10", "views 4",      "views 2",        "views 1", "balls 5",  "balls 6",
                                   "curtain",  "dropped 0.50", "no interaction", "blind 5", "blind 10", "blind 25"};
  for (auto const* name : shown) made.header.emplace_back(name);
  for (auto const& m : all) {
    std::vector<std::string> row{m.title};
    for (std::string const name : shown) row.push_back(examples::score_cell(m.runs.over_runs(name + ".f1")));
    made.rows.push_back(std::move(row));
  }
  made.note =
      "Mean and standard deviation over seeds. 'no interaction': switched off at test, in the models that have one.";
  return made;
}

table claim_table(std::vector<method> const& all) {
  std::vector<examples::claim> claims{{"views 10", "views 10", 0.99, "within 1 %"}};
  for (std::string const test : {"views 1", "views 2", "views 3", "views 4", "balls 5", "balls 6"}) {
    claims.push_back({test, test, 1, "the best"});
  }
  return examples::claim_table(claims, all);
}

table aim_table(std::vector<method> const& all) {
  table made;
  made.header = {"F1", "at least", "found", "reached"};
  auto const find = [&](std::string const& title) {
    auto const m = std::find_if(all.begin(), all.end(), [&](method const& one) { return one.title == title; });
    return m == all.end() ? nullptr : &*m;
  };
  auto const *own = find("S2GRU"), *last = find("last seen");
  if (own == nullptr || last == nullptr) return made;
  auto const runs = own->runs.over_runs("views 10.f1");
  made.title = "What was aimed at: S2GRU, mean over the " + std::to_string(runs.finished) + " of " +
               std::to_string(runs.finished + runs.lost) + " runs that are tested";
  auto const add = [&](std::string const& test, double least, std::string const& of) {
    auto const found = own->runs.over_runs(test + ".f1").mean;
    made.rows.push_back({test, number(least, 3) + of, number(found, 3), found >= least ? "yes" : "no"});
  };
  add("views 10", 0.88, "");
  add("views 2", 0.60, "");
  for (auto const& t : one_step_tests()) {
    if ((t.axis == "views" && t.at <= 10) || t.name == "balls 5" || t.name == "balls 6") {
      add(t.name, last->runs.over_runs(key(t, "f1")).mean, ", last seen");
    }
  }
  return made;
}

}  // namespace balls
