#include "bands.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "s2rm/train/conformal.hpp"
#include "s2rm/train/measures.hpp"

namespace sensors {
namespace {

using examples::report::number;

/// Sums of one row of the table, over the readings that are there; areas weigh as everywhere.
struct sums {
  double weight = 0, covered = 0, crps = 0, score = 0;
  void add(double truth, double mean, double deviation, double half, double coverage, double of) {
    double const low = mean - half * deviation, high = mean + half * deviation;
    weight += of;
    covered += of * (s2rm::measure::covers(truth, low, high) ? 1 : 0);
    // The Gaussian whose central interval this is.
    crps += of * s2rm::measure::crps_gaussian(truth, mean, deviation * half / gaussian_half(coverage));
    score += of * s2rm::measure::interval_score(truth, low, high, coverage);
  }
};

struct both {
  sums gaussian, calibrated;
};

both sums_of(series const& data, transform_kind kind, prediction const& made, band const& of) {
  both all;
  double const own = gaussian_half(of.coverage);
  for (auto t = made.range.begin; t < made.range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      auto const i = made.cell(t, s);
      if (!data.present(t, s) || data.weight(s) == 0 || std::isnan(made.mean[i])) continue;
      double const truth = transform(kind, data.at(t, s)), deviation = std::sqrt(made.variance[i]);
      all.gaussian.add(truth, made.mean[i], deviation, own, of.coverage, data.weight(s));
      auto const half = of.half.empty() ? missing : of.half[static_cast<std::size_t>(s)];
      if (!std::isnan(half)) {
        all.calibrated.add(truth, made.mean[i], deviation, half, of.coverage, data.weight(s));
      }
    }
  }
  return all;
}

}  // namespace

double gaussian_half(double coverage) { return s2rm::measure::normal_quantile(0.5 + 0.5 * coverage); }

void read_band(std::filesystem::path const& checkpoint, std::vector<index_t> const& stations, band& into) {
  auto const bands = s2rm::conformal::load(checkpoint);
  for (auto const s : stations) {
    into.half[static_cast<std::size_t>(s)] = bands ? bands->quantile(0, into.coverage) : missing;
  }
}

covered_shares covered(series const& data, transform_kind kind, prediction const& made, band const& of) {
  auto const all = sums_of(data, kind, made, of);
  auto const share = [](sums const& s) { return s.weight > 0 ? 100 * s.covered / s.weight : missing; };
  return {share(all.gaussian), share(all.calibrated)};
}

examples::report::table band_table(series const& data, transform_kind kind, std::string const& task,
                                   std::vector<prediction> const& made, std::vector<band> const& bands) {
  examples::report::table result;
  auto const percent = number(100 * bands.front().coverage, 0);
  result.title = "The " + percent + " % band as the model says it and calibrated, " + task;
  result.header = {"model",
                   "covers, %",
                   "CRPS",
                   "interval score",
                   "half width, sd",
                   "calibrated covers, %",
                   "calibrated CRPS",
                   "calibrated interval score"};
  for (std::size_t i = 0; i < made.size(); ++i) {
    auto const all = sums_of(data, kind, made[i], bands[i]);
    auto const cell = [](sums const& s, double sum, double factor, int digits) {
      return s.weight > 0 ? number(factor * sum / s.weight, digits) : std::string{"-"};
    };
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (auto const half : bands[i].half) {
      if (std::isnan(half)) continue;
      least = std::min(least, half);
      most = std::max(most, half);
    }
    auto const& g = all.gaussian;
    auto const& c = all.calibrated;
    auto const width = least > most   ? std::string{"-"}
                       : least < most ? number(least, 2) + " to " + number(most, 2)
                                      : number(least, 2);
    result.rows.push_back({made[i].name, cell(g, g.covered, 100, 1), cell(g, g.crps, 1, 4), cell(g, g.score, 1, 3),
                           width, cell(c, c.covered, 100, 1), cell(c, c.crps, 1, 4), cell(c, c.score, 1, 3)});
  }
  result.note = "All of the " + std::string{name(kind)} + " of a reading. A Gaussian's own half width is " +
                number(gaussian_half(bands.front().coverage), 2) +
                " sd; '-': the checkpoint has no bands (sensors calibrate).";
  return result;
}

}  // namespace sensors
