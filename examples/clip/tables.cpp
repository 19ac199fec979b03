#include "tables.hpp"

#include <algorithm>
#include <cmath>

namespace clip {
namespace {

using examples::report::number;
using examples::report::table;

constexpr struct {
  char const* name;
  char const* title;
  int digits;
} measures[] = {{"psnr", "PSNR, dB", 2}, {"moving", "PSNR of moving pixels, dB", 2}, {"ssim", "SSIM", 3}};

struct axis {
  char const* name;
  char const* title;
  char const* label;
  index_t most;
  std::vector<index_t> in_table;
};
std::vector<axis> axes() {
  return {{"views",
           "One frame ahead, over the number of views a frame (trained with at most 10)",
           "views",
           most_views,
           {1, 2, 3, 5, 7, 10, 15, 20}},
          {"blind",
           "Roll-out without views, over the frames since the last ten",
           "frames",
           horizon,
           {1, 2, 3, 5, 10, 15, 20}}};
}

/// Mean, deviation, lowest and highest of one figure over the tested runs.
examples::campaign::spread over(std::vector<run_record> const& runs, std::string const& figure) {
  examples::campaign all;
  for (auto const& run : runs) {
    examples::campaign_run one;
    one.figures = run.test;
    all.runs.push_back(one);
  }
  return all.over_runs(figure);
}

std::string figure(char const* method, char const* axis, index_t at, char const* measure) {
  return std::string{method} + '/' + axis + ' ' + std::to_string(at) + '.' + measure;
}

std::string cell(examples::campaign::spread const& s, int digits) {
  if (std::isnan(s.mean)) return "-";
  return number(s.mean, digits) + (s.finished > 1 && s.deviation > 1e-9 ? " ± " + number(s.deviation, digits) : "");
}

}  // namespace

table summary_table(std::vector<run_record> const& runs) {
  table made;
  made.title = "One frame ahead, " + std::to_string(usual_views) + " views a frame";
  made.header = {"method"};
  for (auto const& m : measures) made.header.emplace_back(m.title);
  for (auto const* method : method_names) {
    std::vector<std::string> row{method};
    for (auto const& m : measures)
      row.push_back(cell(over(runs, figure(method, "views", usual_views, m.name)), m.digits));
    made.rows.push_back(std::move(row));
  }
  made.strong = {0};
  made.note =
      "Whole frames of the test part. The true last frame is what no method here has: all pixels of the frame before, "
      "a "
      "ceiling for what only copies.";
  return made;
}

std::vector<table> score_tables(std::vector<run_record> const& runs) {
  std::vector<table> made;
  for (auto const& axis : axes()) {
    for (auto const& m : measures) {
      table t;
      t.title = std::string{axis.title} + ": " + m.title;
      t.header = {axis.label};
      t.header.insert(t.header.end(), std::begin(method_names), std::end(method_names));
      for (auto const at : axis.in_table) {
        t.rows.push_back({std::to_string(at)});
        for (auto const* method : method_names) {
          t.rows.back().push_back(cell(over(runs, figure(method, axis.name, at, m.name)), m.digits));
        }
      }
      made.push_back(std::move(t));
    }
  }
  return made;
}

std::vector<examples::report::chart> score_charts(std::vector<run_record> const& runs) {
  std::vector<examples::report::chart> made;
  for (auto const& axis : axes()) {
    for (auto const* measure : {"psnr", "moving"}) {
      auto const* const what = std::string_view{measure} == "psnr" ? "PSNR, dB" : "PSNR of moving pixels, dB";
      examples::report::chart chart{axis.title, axis.label, what, {}};
      for (auto const* const method : method_names) {
        examples::report::line line{method, {}, {}};
        line.dashed = std::string_view{method} != model_name;
        for (index_t at = 1; at <= axis.most; ++at) {
          auto const s = over(runs, figure(method, axis.name, at, measure));
          line.x.push_back(static_cast<double>(at));
          line.y.push_back(s.mean);
          if (runs.size() < 2 || line.dashed) continue;
          line.low.push_back(s.lowest);
          line.high.push_back(s.highest);
        }
        chart.lines.push_back(std::move(line));
      }
      made.push_back(std::move(chart));
    }
  }
  return made;
}

table run_table(std::vector<run_record> const& runs) {
  table made;
  made.title = "Runs";
  made.header = {"seed",    "parameters", "steps", "chosen after", "validation PSNR, dB",
                 "minutes", "threads",    "reach", "dead modules", "skipped steps"};
  for (auto const& r : runs) {
    made.rows.push_back({std::to_string(r.seed), std::to_string(r.parameters),
                         std::to_string(r.steps) + (r.finished ? "" : " (not to its end)"), std::to_string(r.best_step),
                         number(r.best("psnr"), 2), number(r.seconds / 60, 1), std::to_string(r.threads),
                         number(r.reach, 2), std::to_string(r.dead_modules), std::to_string(r.skipped)});
  }
  made.note = "Minutes are of training, on a machine that may have had other work.";
  return made;
}

examples::report::chart training_chart(std::vector<run_record> const& runs) {
  examples::report::chart made{"Training: PSNR on the validation part, 10 views", "step", "PSNR, dB", {}};
  for (auto const& r : runs) {
    made.lines.push_back({"seed " + std::to_string(r.seed), r.validation_step, r.curve("psnr")});
  }
  return made;
}

}  // namespace clip
