// The command campaign: several models and seeds, then the page of results. What is done is not done again.
#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "commands.hpp"
#include "common/interrupt.hpp"
#include "common/sha256.hpp"
#include "evaluate.hpp"
#include "tables.hpp"
#include "train.hpp"

namespace balls {
namespace {

/// Whether a record holds the finished and tested run that is asked for. Throws where it is of another kind of run.
bool done(run_record const& r, options const& o) {
  if (!(r.fit == o.fit) || r.data_seed != o.data_seed) {
    throw std::runtime_error{o.record_path().string() + ": a run with other settings; give the same, or another --out"};
  }
  auto const sequences = r.test.find("sequences");
  return r.steps >= o.fit.steps && sequences != r.test.end() &&
         sequences->second == static_cast<double>(o.test_sequences);
}

/// Of a run that has not begun, or did not end well.
run_record blank(options const& o) {
  auto made = run_record::begin(o);
  made.title = model_named(o.model).title;
  return made;
}

/// One run, from wherever an earlier one stopped. A run that throws is kept, with the reason.
run_record run(options const& o, std::function<bool()> const& stop) {
  auto const earlier = run_record::read(o.record_path());
  if (earlier && done(*earlier, o)) {
    std::fprintf(stderr, "%s, seed %lld: done before\n", o.model.c_str(), static_cast<long long>(o.seed));
    return *earlier;
  }
  try {
    if (stop()) return earlier.value_or(blank(o));
    auto const learner = model_named(o.model).make(o.fit, o.seed, o.thread_count());
    auto record = fit(*learner, o, stop);
    if (record.steps < o.fit.steps) return record;
    test_run(record, *learner, o);
    record.write(o.record_path());
    return record;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s, seed %lld: FAILED: %s\n", o.model.c_str(), static_cast<long long>(o.seed), error.what());
    auto record = blank(o);
    record.failure = error.what();
    return record;
  }
}

/// The page, and its curves as SVG files beside it.
void write_page(std::filesystem::path const& page, std::vector<run_record> const& runs) {
  auto const all = methods_of(runs);
  std::string text =
      "# Balls: video prediction from cropped frames\n\nWritten by `balls campaign`; what the words mean: "
      "[examples/balls](../../examples/balls/README.md).\n\n";
  text += examples::report::markdown(run_table(runs)) + "\n";
  for (auto const& table : {summary_table(all), claim_table(all), aim_table(all)}) {
    if (!table.rows.empty()) text += examples::report::markdown(table) + "\n";
  }
  auto charts = score_charts(all);
  charts.push_back(training_chart(runs));
  constexpr char const* names[] = {"views", "balls", "blind", "closed", "training"};
  for (std::size_t i = 0; i < charts.size(); ++i) {
    auto const file = page.stem().string() + "_" + names[i] + ".svg";
    examples::write_file(page.parent_path() / file, examples::report::svg_file(charts[i]));
    text += "![" + charts[i].title + "](" + file + ")\n\n";
  }
  for (auto const& table : score_tables(all)) text += examples::report::markdown(table) + "\n";
  text += "## Manifests\n\n";
  for (auto const& r : runs) {
    if (r.manifest.empty()) continue;
    text += r.title + ", seed " + std::to_string(r.seed) + "\n\n```json\n" + r.manifest + "```\n\n";
  }
  examples::write_file(page, text);
  std::fprintf(stderr, "wrote %s: %zu runs\n", page.c_str(), runs.size());
}

}  // namespace

int campaign(options const& o) {
  examples::interrupt const watch;
  auto const begin = std::chrono::steady_clock::now();
  auto const stop = [&] {
    auto const passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return examples::interrupt::requested() || (o.budget_seconds > 0 && passed > o.budget_seconds);
  };
  auto names = o.models;
  if (names.empty()) {
    for (auto const& one : known_models()) names.emplace_back(one.name);
  }
  std::map<std::string, std::vector<run_record>> of_model;
  for (auto const& name : names) {
    static_cast<void>(model_named(name));  // an unknown one ends the campaign before it begins
  }
  // All models of a seed before the next: a campaign that is stopped compares as many as it can.
  for (std::int64_t seed = 1; seed <= o.seeds; ++seed) {
    for (auto const& name : names) {
      auto one = o;
      one.model = name;
      one.seed = seed;
      one.resume = true;
      of_model[name].push_back(run(with_rate(one), stop));
    }
  }
  std::vector<run_record> runs;
  for (auto const& name : names) runs.insert(runs.end(), of_model[name].begin(), of_model[name].end());
  write_page(o.page, runs);
  return examples::interrupt::requested() ? examples::interrupt::exit_status : 0;
}

}  // namespace balls
