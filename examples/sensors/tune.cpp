// The command tune: settings of the unseen-station task, chosen on validation stations over validation years.

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "choices.hpp"
#include "choices_file.hpp"
#include "common/interrupt.hpp"
#include "common/json_file.hpp"
#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "folds.hpp"
#include "results.hpp"
#include "tables.hpp"

namespace sensors {
namespace {

using nlohmann::ordered_json;

candidate const& named(std::vector<candidate> const& all, std::string const& name) {
  for (auto const& one : all) {
    if (one.name == name) return one;
  }
  throw data_error{"choices: no candidate '" + name + "'; run: sensors tune"};
}

}  // namespace

std::vector<candidate> unseen_candidates(series const& data) {
  std::vector<candidate> all{{"standard", unseen_settings(data)}};
  auto const add = [&](std::string const& name, auto const& change) {
    all.push_back({name, all.front().settings});
    change(all.back().settings);
  };
  add("no decay", [](fit_settings& s) { s.weight_decay = 0; });
  add("half the steps", [](fit_settings& s) { s.steps /= 2; });
  add("places as they are", [](fit_settings& s) { s.rotate = false, s.shift = 0; });
  add("half of the stations hidden", [](fit_settings& s) { s.drop_stations = 0.5; });
  add("the other guess", [](fit_settings& s) {
    s.guess = s.guess == guess_kind::neighbourhood ? guess_kind::inverse_distance : guess_kind::neighbourhood;
  });
  return all;
}

candidate chosen_for(experiment const& with, experiment_options const& options, fold const& one) {
  auto const all = unseen_candidates(with.data);
  auto const from = options.choices.empty() ? std::string{"choices.json"} : options.choices.string();
  auto const file =
      examples::parse_json(options.choices.empty() ? choices_file : examples::read_file(options.choices), from);
  auto const& name = with.data.origin.name;
  if (!file.contains(name) || file.at(name).at("data") != with.data.origin.checksum) return all.front();
  auto const& folds = file.at(name).at("folds");
  if (!one.name.empty()) {
    return folds.contains(one.name) ? named(all, folds.at(one.name).at("chosen").get<std::string>()) : all.front();
  }
  std::map<std::string, int> votes;
  for (auto const& fold : folds) ++votes[fold.at("chosen").get<std::string>()];
  auto const most =
      std::max_element(votes.begin(), votes.end(), [](auto const& a, auto const& b) { return a.second < b.second; });
  return most == votes.end() ? all.front() : named(all, most->first);
}

/// Candidates of a set with side inputs: in every fold, or with every draw of sensors that serves to choose settings, over the validation
/// part. What is best becomes scene_settings.
int tune_scenes(experiment const& with, experiment_options const& options) {
  auto const where = compute_of(options);
  std::vector<candidate> all{{"standard", scene_settings(with.data)}};
  all.front().settings.heights = options.heights;
  if (options.steps > 0) all.front().settings.steps = options.steps;
  auto const add = [&](std::string const& name, auto const& change) {
    all.push_back({name, all.front().settings});
    change(all.back().settings);
  };
  add("half of the steps", [](fit_settings& s) { s.steps /= 2; });
  add("twice the steps", [](fit_settings& s) { s.steps *= 2; });
  add("five times the rate", [](fit_settings& s) { s.rate *= 5; });
  add("ten times the decay", [](fit_settings& s) { s.weight_decay *= 10; });
  std::vector<fold> folds;
  for (auto const& one : with.data.folds) {
    if (one.sensors.empty() || one.for_settings) folds.push_back(one);
  }
  if (options.folds > 0) folds.resize(std::min(folds.size(), static_cast<std::size_t>(options.folds)));
  std::vector<index_t> everywhere(with.data.stations.size());
  for (std::size_t s = 0; s < everywhere.size(); ++s) everywhere[s] = static_cast<index_t>(s);
  // Of a field every seventh cell is asked for.
  std::vector<index_t> some;
  for (std::size_t s = 0; s < everywhere.size(); s += 7) some.push_back(everywhere[s]);
  examples::temporary_folder const work{"sensors-tune"};
  for (auto const& one : all) {
    std::map<std::string, std::pair<double, double>> sums;  // squares, weight
    std::vector<std::filesystem::path> checkpoints;
    for (auto const& each : folds) {
      auto hidden = each.test;
      auto asked = each.validation.empty() ? some : each.validation.front();
      if (!each.validation.empty()) hidden.insert(hidden.end(), asked.begin(), asked.end());
      if (checkpoints.empty() || !hidden.empty()) {
        checkpoints.clear();
        for (auto const seed : options.seeds) {
          checkpoints.push_back(work.path / ("seed" + std::to_string(seed) + ".safetensors"));
          auto const history =
              fit_scenes(with, one.settings, hidden, with.split.train, seed, where, checkpoints.back());
          if (history.interrupted) return examples::interrupt::exit_status;
        }
      }
      auto const made = predict_scenes(with, one.settings, each, hidden, asked, with.split.train, checkpoints, where,
                                       with.split.validation, false);
      for (auto const& p : made.made) {
        auto& sum = sums[p.name];
        for (auto const s : asked) {
          for (auto t = p.range.begin; t < p.range.end; ++t) {
            if (!with.data.present(t, s)) continue;
            auto const error = p.point[p.cell(t, s)] - with.data.at(t, s);
            sum.first += with.data.weight(s) * error * error;
            sum.second += with.data.weight(s);
          }
        }
      }
    }
    std::printf("%-24s", one.name.c_str());
    for (auto const& [name, sum] : sums) std::printf(" %s %.4f", name.c_str(), std::sqrt(sum.first / sum.second));
    std::printf("\n");
    std::fflush(stdout);
  }
  return 0;
}

int tune(experiment_options const& options) {
  examples::interrupt const watch;
  auto const with = open_experiment(options);
  if (with_side_inputs(with.data)) return tune_scenes(with, options);
  auto const folds = test_folds(with.data, options.folds);
  auto const all = unseen_candidates(with.data);
  auto const where = compute_of(options);
  // Squared errors and their number, of every fold and candidate.
  struct sum {
    double squares = 0, count = 0;
  };
  std::vector<std::vector<sum>> errors(folds.size(), std::vector<sum>(all.size()));
  examples::temporary_folder const work{"sensors-tune"};
  auto const write = [&](std::size_t finished) {
    ordered_json made{{"data", with.data.origin.checksum}, {"seeds", options.seeds}};
    for (std::size_t f = 0; f < folds.size(); ++f) {
      ordered_json figures;
      std::size_t best = 0;
      auto const rmse = [&](std::size_t c) { return std::sqrt(errors[f][c].squares / errors[f][c].count); };
      for (std::size_t c = 0; c < finished; ++c) {
        figures[all[c].name] = rmse(c);
        if (rmse(c) < rmse(best)) best = c;
      }
      made["folds"][folds[f].name] = {{"chosen", all[best].name}, {"validation", figures}};
    }
    ordered_json file;
    file[with.data.origin.name] = made;
    examples::write_file(options.out / "choices.json", examples::json_text(file, 1) + "\n");
  };
  for (std::size_t c = 0; c < all.size(); ++c) {
    for (auto const seed : options.seeds) {
      // Two folds that hide the same stations share the fit.
      std::map<std::vector<index_t>, prediction> fits;
      for (std::size_t f = 0; f < folds.size(); ++f) {
        for (auto const& group : folds[f].validation) {
          auto hidden = folds[f].test;
          hidden.insert(hidden.end(), group.begin(), group.end());
          std::sort(hidden.begin(), hidden.end());
          auto found = fits.find(hidden);
          if (found == fits.end()) {
            auto const checkpoint = work.path / "fit.safetensors";
            auto const history =
                fit_unseen(with, all[c].settings, hidden, with.split.train, seed, where, checkpoint, false);
            if (history.interrupted) return examples::interrupt::exit_status;
            prediction made{all[c].name, with.split.validation, with.data.station_count()};
            predict_unseen(with, all[c].settings, hidden, with.split.train, checkpoint, where, made);
            found = fits.emplace(hidden, std::move(made)).first;
          }
          for (auto const s : group) {
            auto const at = evaluate(with.data, with.kind, found->second, s);
            if (at.count() == 0) continue;
            errors[f][c].squares += at.rmse() * at.rmse() * static_cast<double>(at.count());
            errors[f][c].count += static_cast<double>(at.count());
          }
        }
      }
    }
    write(c + 1);
    sum over;
    for (auto const& fold : errors) over.squares += fold[c].squares, over.count += fold[c].count;
    std::printf("%-30s %.4f %s\n", all[c].name.c_str(), std::sqrt(over.squares / over.count),
                with.data.origin.unit.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace sensors
