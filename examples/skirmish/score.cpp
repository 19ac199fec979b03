#include "score.hpp"

#include <limits>

namespace skirmish {
namespace {

constexpr int type_count = static_cast<int>(model_types.size());

/// f(score of the channel's kind, i) for every marker of a raster.
template <class F>
void for_markers(examples::pixel_score& of_types, examples::pixel_score& of_sides, F const& f) {
  for (int i = 0; i < model_markers * raster_cells; ++i) f(i < type_count * raster_cells ? of_types : of_sides, i);
}

}  // namespace

void battle_score::add(float const* predicted, float const* target) {
  for_markers(types_, sides_, [=](auto& to, int i) { to.add_logit(predicted[i], target[i]); });
  add_vitals(predicted, target);
}

void battle_score::add_probabilities(float const* predicted, float const* target) {
  for_markers(types_, sides_,
              [=](auto& to, int i) { to.add_probability(static_cast<double>(predicted[i]), target[i]); });
  add_vitals(predicted, target);
}

void battle_score::add_decisions(float const* predicted, float const* target) {
  for_markers(types_, sides_, [=](auto& to, int i) { to.add_decision(predicted[i] > 0.5F, target[i]); });
  add_vitals(predicted, target);
}

void battle_score::add_vitals(float const* predicted, float const* target) {
  for (int cell = 0; cell < raster_cells; ++cell) {
    auto const* const sides = target + type_count * raster_cells + cell;
    if (sides[0] < 0.5F && sides[raster_cells] < 0.5F) continue;
    ++occupied_;
    for (int v = 0; v < vital_channels; ++v) {
      auto const i = (model_markers + v) * raster_cells + cell;
      auto const miss = static_cast<double>(predicted[i]) - static_cast<double>(target[i]);
      squares_[static_cast<std::size_t>(v)] += miss * miss;
    }
  }
}

battle_score& battle_score::operator+=(battle_score const& other) {
  types_ += other.types_;
  sides_ += other.sides_;
  for (std::size_t v = 0; v < squares_.size(); ++v) squares_[v] += other.squares_[v];
  occupied_ += other.occupied_;
  return *this;
}

double battle_score::negative_mse(int vital) const {
  if (occupied_ == 0) return std::numeric_limits<double>::quiet_NaN();
  return -squares_[static_cast<std::size_t>(vital)] / static_cast<double>(occupied_);
}

void battle_score::note(examples::figures& to, std::string const& stem) const {
  auto const all = markers();
  to[stem + ".f1"] = all.f1();
  to[stem + ".bce"] = all.bce();
  to[stem + ".types.f1"] = types_.f1();
  to[stem + ".types.bce"] = types_.bce();
  to[stem + ".sides.f1"] = sides_.f1();
  to[stem + ".sides.bce"] = sides_.bce();
  for (int v = 0; v < vital_channels; ++v) {
    to[stem + '.' + vital_names[static_cast<std::size_t>(v)]] = negative_mse(v);
  }
}

}  // namespace skirmish
