#include "tables.hpp"

#include <algorithm>
#include <cmath>

namespace sensors {
namespace {

using examples::report::number;
using examples::report::table;

char const* title(std::string const& task) {
  return task == "forecast" ? "Forecast, one step ahead, at every station"
                            : "Unseen stations: the same time at stations left out of everything";
}

/// A method whose error is so many times that of the first one, climatology, has failed.
constexpr double absurd = 100;

/// A score of only finite numbers, or "inf": nothing is hidden behind a mean.
std::vector<std::string> cells(std::string name, score const& s) {
  return {std::move(name),    number(s.rmse(), 3),           number(s.mae(), 3),       number(s.transformed_rmse(), 4),
          number(s.nll(), 3), number(100 * s.coverage(), 1), std::to_string(s.count())};
}

}  // namespace

table score_table(series const& data, transform_kind kind, std::string const& task, std::vector<peer> const& peers,
                  std::vector<prediction> const& models) {
  table result;
  result.title = title(task);
  auto const unit = data.origin.unit.empty() ? std::string{} : " " + data.origin.unit;
  result.header = {"method", "RMSE" + unit,    "MAE" + unit, std::string{"RMSE "} + name(kind),
                   "NLL",    "90 % covers, %", "readings"};
  auto const known = std::any_of(peers.begin(), peers.end(), [&](peer const& one) {
    return !std::isnan(independent_figure(data, task, one.made.name));
  });
  if (known) {
    result.header.emplace_back("independent RMSE");
  }
  std::string reasons;
  auto const simplest =
      peers.empty() || !peers.front().absent.empty() ? missing : evaluate(data, kind, peers.front().made).rmse();
  for (auto const& one : peers) {
    std::vector<std::string> row;
    if (one.absent.empty()) {
      auto const s = evaluate(data, kind, one.made);
      row = cells(one.made.name, s);
      if (s.count() > 0 && (!std::isfinite(s.rmse()) || !std::isfinite(s.nll()) || s.rmse() > absurd * simplest)) {
        auto const [t, at] = worst_cell(data, one.made);
        reasons += " " + one.made.name + " is no forecast here, worst at " + time_text(data.time(t)) + ", station " +
                   data.stations[static_cast<std::size_t>(at)].code +
                   ": the readings it was fitted on do not determine it.";
      }
    } else {
      row = {one.made.name, "n/a", "n/a", "n/a", "n/a", "n/a", "0"};
      reasons += " " + one.made.name + " " + one.absent + ".";
    }
    if (known) {
      row.push_back(number(independent_figure(data, task, one.made.name)));
    }
    result.rows.push_back(std::move(row));
  }
  for (auto const& one : models) {
    auto row = cells(one.name, evaluate(data, kind, one));
    if (known) {
      row.emplace_back("-");
    }
    result.strong.push_back(result.rows.size());
    result.rows.push_back(std::move(row));
  }
  result.note = std::string{"NLL (nats per reading) and coverage are of the "} + name(kind) +
                " of a reading; a prediction that is not a number counts as an infinite error." + reasons;
  if (data.origin.synthetic) {
    result.note += " SYNTHETIC DATA.";
  }
  return result;
}

table station_table(series const& data, transform_kind kind, std::string const& task, std::vector<peer> const& peers,
                    std::vector<prediction> const& models) {
  table result;
  result.title = std::string{"RMSE by station: "} + title(task);
  result.header = {"station"};
  std::vector<prediction const*> columns;
  for (auto const& one : peers) {
    if (one.absent.empty()) {
      columns.push_back(&one.made);
    }
  }
  for (auto const& one : models) {
    columns.push_back(&one);
  }
  for (auto const* one : columns) {
    result.header.push_back(one->name);
  }
  for (index_t s = 0; s < data.station_count(); ++s) {
    std::vector<std::string> row{data.stations[static_cast<std::size_t>(s)].code};
    for (auto const* one : columns) {
      row.push_back(number(evaluate(data, kind, *one, s).rmse()));
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

table data_table(series const& data, time_split const& split, transform_kind kind) {
  table result;
  result.title = "Data";
  result.header = {"part", "first", "last", "times", "readings", "missing, %"};
  auto const add = [&](char const* name, time_range range) {
    index_t count = 0;
    for (auto t = range.begin; t < range.end; ++t) {
      for (index_t s = 0; s < data.station_count(); ++s) {
        count += data.present(t, s) ? 1 : 0;
      }
    }
    auto const cells = static_cast<double>(range.size() * data.station_count());
    result.rows.push_back({name, time_text(data.time(range.begin)), time_text(data.time(range.end - 1)),
                           std::to_string(range.size()), std::to_string(count),
                           number(100 * (1 - static_cast<double>(count) / cells), 1)});
  };
  add("all", {0, data.times});
  add("training", split.train);
  add("validation", split.validation);
  add("test", split.test);
  result.note = data.origin.label() + (data.origin.licence.empty() ? "" : " (licence: " + data.origin.licence + ")") +
                ". " + std::to_string(data.station_count()) + " stations, transform " + name(kind) + ". SHA-256 " +
                data.origin.checksum + ".";
  return result;
}

}  // namespace sensors
