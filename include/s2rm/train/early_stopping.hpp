#pragma once
/// \file
/// Early stopping: copies the weights with the best validation figure, and stops after a number of figures without a
/// better one.

#include <cmath>
#include <string>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN

/// Lower figures are better; NaN never is.
template <class T>
class early_stopping {
 public:
  /// Gives up after `patience` figures in a row that were no better by more than `least`.
  explicit early_stopping(index_t patience, double least = 0.0) : patience_(patience), least_(least) {
    require_value(patience >= 1, "early_stopping: patience: expected >= 1, found " + std::to_string(patience));
    require_value(math::is_finite(least) && least >= 0, "early_stopping: least: expected a finite number >= 0");
  }

  /// Notes the validation figure after `step`. Returns whether it is the best so far. A resumed run notes the figures
  /// of its record again, and is in the same state.
  bool note(index_t step, double figure) {
    if (math::is_nan(figure) || !(figure < best_ - least_)) {
      ++waited_;
      return false;
    }
    best_ = figure;
    step_ = step;
    waited_ = 0;
    return true;
  }

  /// The same, and where it is the best so far, copies the learner's averaged weights.
  template <class Trainer>
  bool note(index_t step, double figure, Trainer const& learner) {
    if (!note(step, figure)) return false;
    if constexpr (requires { learner.averaged(); }) {
      weights_.resize(static_cast<std::size_t>(Trainer::size));
      learner.backend().copy_out(Trainer::size, learner.averaged().values(), weights_.data());
    } else {
      weights_ = learner.state().average;
    }
    return true;
  }

  [[nodiscard]] bool should_stop() const { return waited_ >= patience_; }
  [[nodiscard]] double best() const { return best_; }
  [[nodiscard]] index_t best_step() const { return step_; }
  /// The best weights, a whole flat block; empty before the first figure that was noted with a learner.
  [[nodiscard]] std::vector<T> const& weights() const { return weights_; }

 private:
  index_t patience_;
  double least_;
  double best_ = HUGE_VAL;
  index_t step_ = -1;
  index_t waited_ = 0;
  std::vector<T> weights_;
};

S2RM_NAMESPACE_END
