#pragma once

#include <array>
#include <string>

#include "batch.hpp"
#include "experiment/pixel_score.hpp"
#include "experiment/record.hpp"

namespace skirmish {

/// Counts over all cells of all answered queries of a test; nothing is averaged per raster or battle.
class battle_score {
 public:
  /// One query: predictions (9, 11, 11), logits of the markers and then the four fractions, against a target.
  void add(float const* predicted, float const* target);
  /// The same of a peer that predicts probabilities (markers) and fractions.
  void add_probabilities(float const* predicted, float const* target);
  /// And of one that only says which markers are set: the BCE is not defined.
  void add_decisions(float const* predicted, float const* target);
  battle_score& operator+=(battle_score const& other);

  [[nodiscard]] examples::pixel_score const& types() const { return types_; }
  [[nodiscard]] examples::pixel_score const& sides() const { return sides_; }
  [[nodiscard]] examples::pixel_score markers() const {
    auto all = types_;
    return all += sides_;
  }
  /// -(mean squared error) of a fraction over the cells that hold a unit; NaN where none does.
  [[nodiscard]] double negative_mse(int vital) const;
  [[nodiscard]] std::int64_t occupied() const { return occupied_; }

  /// "<stem>.f1", ".bce" of all markers, ".types.f1", ..., ".health", ... into `to`.
  void note(examples::figures& to, std::string const& stem) const;

 private:
  void add_vitals(float const* predicted, float const* target);

  examples::pixel_score types_, sides_;
  std::array<double, vital_channels> squares_{};
  std::int64_t occupied_ = 0;
};

/// The fractions' names, in the order of the channels, as figures are called.
inline constexpr std::array<char const*, vital_channels> vital_names{"health", "energy", "cooldown", "shield"};

}  // namespace skirmish
