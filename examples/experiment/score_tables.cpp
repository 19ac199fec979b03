#include "score_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace examples {

using report::number;
using report::table;

std::vector<method> methods_of(std::vector<run_record> const& runs, std::span<char const* const> peers) {
  std::vector<method> all;
  for (auto const& run : runs) {
    auto found = std::find_if(all.begin(), all.end(), [&](method const& m) { return m.runs.name == run.model; });
    if (found == all.end()) {
      all.push_back({run.title, {}});
      found = all.end() - 1;
      found->runs.name = run.model;
    }
    campaign_run one;
    one.seed = run.seed;
    one.seconds = run.seconds;
    if (!run.failure.empty()) {
      one.ending = campaign_run::outcome::failed;
      one.reason = run.failure;
    } else if (run.test.empty()) {
      one.ending = campaign_run::outcome::interrupted;
    } else {
      one.figures = run.test;
    }
    found->runs.runs.push_back(one);
  }
  auto const tested = std::find_if(runs.begin(), runs.end(), [](run_record const& r) { return !r.test.empty(); });
  if (tested == runs.end()) return all;
  for (std::string const peer : peers) {
    method made{peer, {}, true};
    campaign_run one;
    for (auto const& [name, x] : tested->test) {
      if (name.starts_with(peer + '/')) one.figures[name.substr(peer.size() + 1)] = x;
    }
    made.runs.runs.push_back(one);
    all.push_back(made);
  }
  return all;
}

std::string score_cell(campaign::spread const& s) {
  if (std::isnan(s.mean)) return "-";
  return number(s.mean, 3) + (s.finished > 1 && s.deviation > 0 ? " ± " + number(s.deviation, 3) : "");
}

report::table score_table(std::string const& title, std::string const& label, std::span<axis_point const> points,
                          std::string const& ending, std::vector<method> const& all) {
  table made;
  made.title = title;
  made.header = {label};
  for (auto const& m : all) made.header.push_back(m.title);
  for (auto const& point : points) {
    std::vector<std::string> row{point.label};
    for (auto const& m : all) row.push_back(score_cell(m.runs.over_runs(point.key + '.' + ending)));
    made.rows.push_back(std::move(row));
  }
  return made;
}

report::chart score_chart(std::string const& title, std::string const& x_label, std::string const& y_label,
                          std::span<axis_point const> points, std::string const& ending,
                          std::vector<method> const& all) {
  report::chart made{title, x_label, y_label, {}};
  for (auto const& m : all) {
    report::line line{m.title, {}, {}};
    line.dashed = m.peer;
    bool several = false;
    for (auto const& point : points) {
      auto const s = m.runs.over_runs(point.key + '.' + ending);
      line.x.push_back(point.at);
      line.y.push_back(s.mean);
      line.low.push_back(s.lowest);
      line.high.push_back(s.highest);
      several = several || s.finished > 1;
    }
    if (!several || m.peer) line.low = line.high = {};
    made.lines.push_back(line);
  }
  return made;
}

table claim_table(std::vector<claim> const& claims, std::vector<method> const& all) {
  table made;
  made.title = "The claim of the paper: F1 of the best with a spatial structure beside the best without";
  made.header = {"test", "with", "F1", "without", "F1", "claimed", "came out"};
  auto const own = [](std::string const& name) { return name.starts_with("s2"); };
  // Not whatever else there is: the variants of S2GRU have modules in space too.
  auto const other = [](std::string const& name) {
    constexpr std::array names{"gru", "lstm", "rmc", "rim", "tto"};
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (auto const& c : claims) {
    // The best of the models that `of` takes.
    auto const best = [&](auto const& of) {
      std::pair<std::string, double> found{"", -1};
      for (auto const& m : all) {
        auto const f1 = m.runs.over_runs(c.key + ".f1").mean;
        if (!m.peer && of(m.runs.name) && f1 > found.second) found = {m.title, f1};
      }
      return found;
    };
    auto const with = best(own), without = best(other);
    if (with.second < 0 || without.second < 0) continue;
    made.rows.push_back({c.label, with.first, number(with.second, 3), without.first, number(without.second, 3), c.words,
                         with.second >= c.share * without.second ? "yes" : "no"});
  }
  return made;
}

report::chart training_chart(std::vector<run_record> const& runs, std::string const& title,
                             std::string const& y_label) {
  report::chart made{title, "step", y_label, {}};
  for (auto const& run : runs) {
    made.lines.push_back({run.title + ", seed " + std::to_string(run.seed), run.validation_step, run.curve("bce")});
  }
  return made;
}

table run_table(std::vector<run_record> const& runs) {
  table made;
  made.title = "Runs";
  made.header = {"model",         "seed",  "parameters",   "steps",         "minutes", "threads",
                 "validation F1", "reach", "dead modules", "skipped steps", "tested"};
  for (auto const& r : runs) {
    made.rows.push_back({r.title, std::to_string(r.seed), std::to_string(r.parameters), std::to_string(r.steps),
                         number(r.seconds / 60, 1), std::to_string(r.threads),
                         r.curve("f1").empty() ? "-" : number(r.curve("f1").back(), 3), number(r.reach, 2),
                         std::to_string(r.dead_modules), std::to_string(r.skipped),
                         !r.failure.empty() ? "FAILED: " + r.failure
                         : r.test.empty()   ? "not yet"
                                            : "yes"});
  }
  made.note = "Minutes are of training, on a machine that may have had other work.";
  return made;
}

}  // namespace examples
