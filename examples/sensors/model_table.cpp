// The command forecast: what a checkpoint says, as files for other programs.

#include <cstdio>

#include "bands.hpp"
#include "common/sha256.hpp"
#include "forecast_table.hpp"
#include "model.hpp"
#include "results.hpp"
#include "s2rm/train/conformal.hpp"

namespace sensors {

int forecast(experiment_options const& options) {
  auto const with = open_experiment(options);
  auto const checkpoint = checkpoint_of(options, "forecast", options.seeds.front());
  auto range = with.split.test;
  range.end = with.data.times + 1;  // and the step that nobody has read yet
  if (!options.forecast_from.empty()) {
    auto const from = parse_time(options.forecast_from);
    if (!from) throw data_error{"--from: expected YYYY-MM-DD, found '" + options.forecast_from + "'"};
    range.begin = std::max<index_t>(1, with.data.index_from(*from));
    if (range.begin >= range.end) throw data_error{"--from: expected a time up to the step after the last reading"};
  }
  auto const made = predict_forecast(with, forecast_settings(with.data, options.statistics), checkpoint,
                                     compute_of(options), range, with.split.fit());
  forecast_about about{with.data, options.band, "Gaussian", checkpoint.filename().string()};
  auto q = gaussian_half(options.band);
  if (auto const bands = s2rm::conformal::load(checkpoint)) {
    auto const fitted = bands->quantile(0, options.band);
    if (std::isfinite(fitted)) q = fitted, about.band_from = "conformal";
  }
  std::vector<forecast_row> rows;
  for (auto t = range.begin; t < range.end; ++t) {
    for (index_t s = 0; s < made.stations; ++s) {
      auto const i = made.cell(t, s);
      auto const half = q * std::sqrt(made.variance[i]);
      auto const edge = [&](double at) {
        return inverse(with.kind, with.kind == transform_kind::square_root ? std::max(0.0, at) : at);
      };
      rows.push_back({with.data.time(t), with.data.time(t - 1), s, made.point[i], edge(made.mean[i] - half),
                      edge(made.mean[i] + half)});
    }
  }
  auto const csv = options.out / "forecast.csv", netcdf = options.out / "forecast.nc";
  std::filesystem::create_directories(options.out);
  examples::write_file(csv, forecast_csv(rows, about));
  std::printf("%s: %zu forecasts, %s to %s, %s band\n", csv.c_str(), rows.size(), time_text(rows.front().valid).c_str(),
              time_text(rows.back().valid).c_str(), about.band_from.c_str());
  write_forecast_netcdf(csv, netcdf, about, options.data.python);
  std::printf("%s: the same, CF netCDF\n", netcdf.c_str());
  return 0;
}

}  // namespace sensors
