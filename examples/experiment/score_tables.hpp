#pragma once

#include <functional>
#include <span>

#include "common/manifest.hpp"
#include "common/report.hpp"
#include "record.hpp"

namespace examples {

/// A column of the tables: a model over its seeds, or a peer.
struct method {
  std::string title;
  campaign runs;
  bool peer = false;
};

/// The model's runs, titled, then the peers: these are the same in every run, as "<peer>/<figure>".
[[nodiscard]] std::vector<method> methods_of(std::vector<run_record> const& runs, std::span<char const* const> peers);

/// A point of an axis: what its row is called, where it stands, and the stem of its figures' keys ("views 10").
struct axis_point {
  std::string label, key;
  double at = 0;
};

/// One figure, named by its ending ("f1"), at each point: a row for each, a column for each method, mean ± deviation
/// over seeds.
[[nodiscard]] report::table score_table(std::string const& title, std::string const& label,
                                        std::span<axis_point const> points, std::string const& ending,
                                        std::vector<method> const& all);

/// The same as curves; with several seeds a band from lowest to highest.
[[nodiscard]] report::chart score_chart(std::string const& title, std::string const& x_label,
                                        std::string const& y_label, std::span<axis_point const> points,
                                        std::string const& ending, std::vector<method> const& all);

/// Mean ± deviation over seeds, "-" where no run has the figure.
[[nodiscard]] std::string score_cell(campaign::spread const& s);

/// What the paper claims of one test, whose figures' keys begin with `key`: the best of the models with a spatial structure
/// has at least `share` of the F1 of the best of those without.
struct claim {
  std::string label, key;
  double share = 1;
  std::string words;  ///< "the best"
};

/// A row for each claim that both kinds of models were tested for: who was best, and whether it holds.
[[nodiscard]] report::table claim_table(std::vector<claim> const& claims, std::vector<method> const& all);

/// Validation BCE over training, a line a run.
[[nodiscard]] report::chart training_chart(std::vector<run_record> const& runs, std::string const& title,
                                           std::string const& y_label);

/// How long the runs took and what the library reported of them.
[[nodiscard]] report::table run_table(std::vector<run_record> const& runs);

}  // namespace examples
