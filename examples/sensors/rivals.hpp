#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment.hpp"
#include "peers.hpp"

/// Methods of other packages, each a Python script in `rivals/` that runs in an environment of its own. What one is asked and how it
/// answers: rivals/task.py.
namespace sensors {

/// One of them.
struct rival {
  std::string name;                       ///< of its script, without .py
  std::string pins;                       ///< file of pinned packages in rivals/; empty: the interpreter that is there
  bool forecast = false, unseen = false;  ///< tasks that it can do
  bool by_chance = true;                  ///< whether its answers depend on the seed
};

[[nodiscard]] std::vector<rival> const& all_rivals();

/// One run of a method: a seed, or a draw of a set that comes with draws.
struct rival_run {
  std::string run;  ///< "seed 1", "draw 0"
  bool half = false;
  prediction made;
  double seconds = 0, cpu_seconds = 0, peak_mib = 0;  ///< summed over folds; the peak of the largest
  std::string note;                                   ///< settings and versions
};

/// A method's runs.
struct rival_results {
  std::string method;
  std::vector<rival_run> runs;
};

/// Where the answers of a task lie.
[[nodiscard]] std::filesystem::path rivals_folder(experiment_options const& options, experiment const& with,
                                                  std::string const& task);

/// Runs one rival on a task ("forecast", "unseen"), every fold and seed, and leaves its answers in rivals_folder. Where the environment cannot be made or the
/// script fails, throws data_error with its last lines, which are also kept for the table.
void run_rival(rival const& who, experiment const& with, experiment_options const& options, std::string const& task);

/// All answers that lie there for this experiment's data and split; by method, in the order of their names.
[[nodiscard]] std::vector<rival_results> read_rivals(experiment_options const& options, experiment const& with,
                                                     std::string const& task);

/// What could not be run, and its error: "NAME: text".
[[nodiscard]] std::vector<std::string> failed_rivals(experiment_options const& options, experiment const& with,
                                                     std::string const& task);

/// The same answers as rows of the table of peers: a row for each run of each method.
void add_rivals(std::vector<peer>& peers, experiment_options const& options, experiment const& with,
                std::string const& task);

/// Means over runs: errors with the spread over draws or seeds, the worst one named, the test with half of the readings,
/// coverage, time and memory.
[[nodiscard]] examples::report::table rivals_table(experiment const& with, std::string const& task,
                                                   std::vector<rival_results> const& all, index_t lead = 0);

/// Of a set with draws: by how many per cent the RMSE of each method of `ours`, and of the rivals that come near, is below that of the best
/// rival, with all readings and with half of them (least, mean and most of the draws, paired). No lines where a test
/// with half of the readings, or a rival, is missing.
[[nodiscard]] examples::report::chart skill_chart(experiment const& with, std::vector<rival_results> const& rivals,
                                                  std::vector<rival_results> const& ours);

/// Their table, that chart and, on standard output, its text. Empty where nothing was answered.
[[nodiscard]] std::string show_rivals(examples::report::page& page, experiment_options const& options,
                                      experiment const& with, std::string const& task,
                                      std::vector<rival_results> const& ours = {});

/// With the folder of the scripts that the program was built from, where none is given.
[[nodiscard]] experiment_options with_scripts(experiment_options options);

/// The command: runs the rivals that `options` names, then prints the table.
int rivals(experiment_options const& options);

}  // namespace sensors
