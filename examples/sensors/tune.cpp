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

int tune(experiment_options const& options) {
  examples::interrupt const watch;
  auto const with = open_experiment(options);
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
