#include "campaign.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "common/interrupt.hpp"
#include "common/sha256.hpp"

namespace examples {
namespace {

/// Whether a record holds the finished and tested run that is asked for. Throws where it is of another kind of run.
bool done(run_record const& r, run_options const& o) {
  if (!r.same_run(run_record::begin(o))) {
    throw std::runtime_error{o.record_path().string() + ": a run with other settings; give the same, or another --out"};
  }
  auto const sequences = r.test.find("sequences");
  return r.finished && sequences != r.test.end() && sequences->second == static_cast<double>(o.test_sequences);
}

/// Of a run that has not begun, or did not end well.
run_record blank(task const& of, run_options const& o) {
  auto made = run_record::begin(o);
  made.title = of.model_named(o.model).title;
  return made;
}

/// One run, from wherever an earlier one stopped. A run that throws is kept, with the reason.
run_record run(task& of, run_options const& o, std::function<bool()> const& stop) {
  auto const earlier = run_record::read(o.record_path(), run_record::begin(o));
  if (earlier && done(*earlier, o)) {
    std::fprintf(stderr, "%s, seed %lld: done before\n", o.model.c_str(), static_cast<long long>(o.seed));
    return *earlier;
  }
  try {
    if (stop()) return earlier.value_or(blank(of, o));
    auto const learner = of.model_named(o.model).make(o.fit, o.seed, o.thread_count());
    auto record = fit(*learner, of, o, stop);
    if (!record.finished) return record;
    of.test(record, *learner, o);
    record.write(o.record_path());
    return record;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s, seed %lld: FAILED: %s\n", o.model.c_str(), static_cast<long long>(o.seed), error.what());
    auto record = blank(of, o);
    record.failure = error.what();
    return record;
  }
}

}  // namespace

std::vector<run_record> run_campaign(task& of, run_options const& o) {
  auto const begin = std::chrono::steady_clock::now();
  auto const stop = [&] {
    auto const passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return interrupt::requested() || (o.budget_seconds > 0 && passed > o.budget_seconds);
  };
  auto names = o.models;
  if (names.empty()) {
    for (auto const& one : of.models()) names.emplace_back(one.name);
  }
  std::map<std::string, std::vector<run_record>> of_model;
  for (auto const& name : names) {
    static_cast<void>(of.model_named(name));  // an unknown one ends the campaign before it begins
  }
  // All models of a seed before the next: a campaign that is stopped compares as many as it can.
  for (std::int64_t seed = 1; seed <= o.seeds; ++seed) {
    for (auto const& name : names) {
      auto one = o;
      one.model = name;
      one.seed = seed;
      one.resume = true;
      of_model[name].push_back(run(of, with_rate(one, of.models()), stop));
    }
  }
  std::vector<run_record> runs;
  for (auto const& name : names) runs.insert(runs.end(), of_model[name].begin(), of_model[name].end());
  return runs;
}

void write_page(std::filesystem::path const& path, results_page const& page, std::vector<run_record> const& runs) {
  auto text = page.head + "\n";
  for (auto const& table : page.first) text += report::markdown(table) + "\n";
  report::page curves;
  for (auto const& [name, chart] : page.charts) {
    auto const file = path.stem().string() + "_" + name + ".svg";
    curves.add_chart(chart, "../" + file);
    text += "![" + chart.title + "](" + file + ")\n\n";
  }
  for (auto const& table : page.tables) text += report::markdown(table) + "\n";
  std::vector<named_manifest> manifests;
  for (auto const& r : runs) {
    if (!r.manifest.empty()) manifests.push_back({r.title + ", seed " + std::to_string(r.seed), r.manifest});
  }
  text += write_manifests(path, manifests);
  write_file(path, text);
  curves.write(path.parent_path() / "curves" / path.filename());
  std::fprintf(stderr, "wrote %s: %zu runs\n", path.c_str(), runs.size());
}

int compare(task& of, run_options const& o,
            std::function<results_page(std::vector<run_record> const&)> const& page_of) {
  auto const runs = run_campaign(of, o);
  write_page(o.page, page_of(runs), runs);
  return interrupt::requested() ? interrupt::exit_status : 0;
}

int evaluate(task& of, run_options const& given, std::string const& program, std::string const& title,
             std::function<std::vector<report::table>(std::vector<run_record> const&)> const& tables_of) {
  auto [record, learner] = load_trained(of, given, program);
  auto o = given;
  o.fit = record.fit;
  of.test(record, *learner, o);
  record.write(o.record_path());
  auto text = "# " + title + ": " + record.title + ", seed " + std::to_string(record.seed) + "\n\n";
  for (auto const& table : tables_of({record})) {
    std::printf("%s\n", report::plain_text(table).c_str());
    text += report::markdown(table) + "\n";
  }
  auto const page = o.record_path().replace_extension(".md");
  auto const file = o.record_path().filename().string();
  write_file(page, text + "## Manifest\n\nThe field `manifest` of [" + file + "](" + file + ").\n");
  std::fprintf(stderr, "wrote %s\n", page.c_str());
  return 0;
}

}  // namespace examples
