#pragma once

#include <optional>
#include <string>

#include "kriging.hpp"

namespace sensors {

/// Stations that were read for long: z(s, t) = c_s(t) + a(s, t), standardised anomalies of the network (scaling.hpp). The climate of a
/// station beside the network's, c_s(t) = b_s0 + b_s1 cos(year) + b_s2 sin(year), is what its readings over the fit show: constants b_s0 and
/// a day's common part d_t by least squares of z - b_s0 - d_t (with gaps no mean of its readings would do), harmonics with a ridge of
/// a quarter of a year. At a place without readings c is kriged from the other stations' c, with drifts in side inputs
/// if they help, and a from the other stations' a of that time by simple kriging around 0; the errors' variances add up.
/// A long record says of a site what a day's kriging cannot, and side inputs (the distance to the coast) explain sites, not days.
class site_statistics {
 public:
  /// What was chosen by leaving out each station of the fit in turn: drifts and covariance with the least squared error of b_s0, and
  /// the covariance with that of a over some sixty times.
  struct choice {
    bool sides = false;        ///< drifts in the side inputs
    bool logarithms = false;   ///< in log(1 + x) of those side inputs that are nowhere negative
    station_covariance sites;  ///< of c, in units of its sill
    station_covariance days;   ///< of a
    double days_scale = 1;     ///< mean square of the errors of a over their variances
  };

  /// `z` (times, stations), NaN where there is none or it must not be seen; climates are learned from `fit`. With `sides` the side inputs of
  /// `data` may become drifts. \throws data_error where no station has a reading over `fit`, or a side input is not a number
  site_statistics(series const& data, std::vector<double> z, time_range fit, bool sides,
                  std::optional<choice> chosen = {});

  /// The stations with a reading at time t, and `asked`; what is kriged are anomalies a.
  [[nodiscard]] kriging_step prepare(index_t t, std::vector<index_t> const& asked) const;

  /// What is said of the climates of `asked` and of each other station, left out in turn, without those of `asked`.
  struct sites {
    std::vector<index_t> asked;
    std::vector<std::array<double, 3>>
        curve;                      ///< (stations) b of all that are asked for or were ever read; of these, left out
    std::vector<double> deviation;  ///< (stations) of c
  };
  [[nodiscard]] sites without(std::vector<index_t> const& asked) const;

  /// Estimates of z at the stations of `asked` that are in the step, and of each of its stations that are read. `with` is of all that are
  /// hidden, `asked` among them.
  [[nodiscard]] estimates at(kriging_step const& with, sites const& climates, std::vector<index_t> const& asked) const;

  /// c at time t.
  [[nodiscard]] double climate(std::array<double, 3> const& curve, index_t t) const;
  /// A station's own c at time t: of one with hardly a reading over the fit, kriged.
  [[nodiscard]] double climate(index_t s, index_t t) const { return climate(curve_[static_cast<std::size_t>(s)], t); }

  [[nodiscard]] choice const& chosen() const { return chosen_; }
  /// "drifts: log of coast; sites: length 300 km, nugget 0.10; ..."
  [[nodiscard]] std::string about() const;
  /// Standardised side inputs, (stations, sides), logarithms where the drifts have them; none without sides.
  [[nodiscard]] Eigen::MatrixXd const& side_inputs() const { return sides_; }

  /// The fewest readings over the fit that a station's climate is learned from.
  static constexpr index_t fewest_readings = 30;

 private:
  void learn_climates(time_range fit);
  void choose_sites(bool sides);
  void choose_days(time_range fit);
  void settle_drifts();
  [[nodiscard]] std::array<double, 2> year(index_t t) const;
  /// The covariance of climates, drifts with wide priors among it: as universal kriging, and sound with two stations.
  [[nodiscard]] Eigen::MatrixXd site_covariance(std::vector<index_t> const& stations) const;
  [[nodiscard]] kriging_step site_step(std::vector<index_t> const& asked) const;

  series const& data_;
  std::vector<double> z_, distance_;
  double typical_km_ = 1;  ///< root mean square of the distances
  choice chosen_;
  Eigen::MatrixXd sides_;         ///< (stations, sides), drifts beside the constant
  std::vector<char> learned_;     ///< (stations) has a climate of its own
  std::vector<index_t> guessed_;  ///< has readings, but not over the fit
  std::vector<std::array<double, 3>> curve_;
  std::vector<double> unknown_;  ///< (stations) variance of c where it is kriged, else 0
  double anomalies_ = 1;         ///< variance of a over the fit
  bool whole_year_ = false;
};

}  // namespace sensors
