#pragma once

#include <memory>
#include <optional>

#include "experiment.hpp"
#include "model.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/runtime/owned_batch.hpp"
#include "scene_shape.hpp"

/// Windows with estimates for side inputs: what the models of places that nobody reads are trained on and asked.
namespace sensors {

/// One window: a batch of one element.
struct scene {
  s2rm::owned_batch<float> batch;
  index_t first = 0;           ///< time of the first step
  index_t skip = 0;            ///< steps before the range that was asked for, which only set the state
  std::vector<double> levels;  ///< of each step, what its readings are relative to, where that is one number
};

class scenes {
 public:
  virtual ~scenes() = default;
  /// A window of the times that the model is fitted on, by random choices that `number` addresses.
  [[nodiscard]] virtual scene draw(s2rm::random numbers, std::uint32_t number) const = 0;
  /// All times of `range` at `asked`, from the stations that `one` reads; with `half` without the readings that it loses.
  [[nodiscard]] virtual scene over(time_range range, fold const& one, std::vector<index_t> const& asked,
                                   bool half) const = 0;
  /// Mean and deviation of f(y) from those of the model at a time of a window and a place.
  [[nodiscard]] virtual std::pair<double, double> back(scene const& of, index_t t, index_t s, double mean,
                                                       double deviation) const = 0;
  /// What the manifest says of the statistics behind the estimates.
  [[nodiscard]] virtual std::string about() const = 0;
};

/// Of the global winds: every year's windows have estimates that were learned from the other years.
[[nodiscard]] std::unique_ptr<scenes> field_scenes(experiment const& with, time_range fit);

/// Whether the estimates of a set are made of climates of sites (site_statistics.hpp): where every station is a test station once, a long record is
/// expected. Else each time is kriged by itself (station_statistics.hpp).
[[nodiscard]] bool by_sites(series const& data);

/// Of scattered stations; those of `hidden` leave no trace. Of the settings: `heights`, and by sites `window` and `drop_stations`.
[[nodiscard]] std::unique_ptr<scenes> station_scenes(experiment const& with, time_range fit,
                                                     std::vector<index_t> const& hidden, fit_settings const& settings);

}  // namespace sensors
