#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace examples {

/// Counts over the pixels of a whole test set; nothing is averaged per crop. A pixel is predicted on from p = 1/2 up.
class pixel_score {
 public:
  void add_logit(float logit, float truth) {
    double const o = static_cast<double>(logit);
    // softplus(o) - o x
    loss_ += std::max(o, 0.0) + std::log1p(std::exp(-std::abs(o))) - (truth > 0.5F ? o : 0.0);
    count(logit >= 0, truth);
  }
  /// Probabilities are held off 0 and 1, where one wrong pixel would be an infinite loss.
  void add_probability(double p, float truth) {
    p = std::clamp(p, smallest, 1 - smallest);
    loss_ -= std::log(truth > 0.5F ? p : 1 - p);
    count(p >= 0.5, truth);
  }
  /// A prediction without a probability: the loss is not defined any more.
  void add_decision(bool on, float truth) {
    loss_ = std::numeric_limits<double>::quiet_NaN();
    count(on, truth);
  }
  pixel_score& operator+=(pixel_score const& other) {
    loss_ += other.loss_;
    hits_ += other.hits_;
    misses_ += other.misses_;
    alarms_ += other.alarms_;
    rests_ += other.rests_;
    return *this;
  }

  /// What all ranks have counted, each its own pixels.
  template <class Team>
  void sum_over(Team const& team) {
    if constexpr (Team::active) {
      double all[] = {loss_, static_cast<double>(hits_), static_cast<double>(misses_), static_cast<double>(alarms_),
                      static_cast<double>(rests_)};
      team.sum(5, all);
      loss_ = all[0];
      hits_ = static_cast<std::int64_t>(all[1]), misses_ = static_cast<std::int64_t>(all[2]);
      alarms_ = static_cast<std::int64_t>(all[3]), rests_ = static_cast<std::int64_t>(all[4]);
    }
  }

  [[nodiscard]] std::int64_t pixels() const { return hits_ + misses_ + alarms_ + rests_; }
  [[nodiscard]] double bce() const { return loss_ / static_cast<double>(pixels()); }  ///< nats a pixel
  /// 2 TP / (2 TP + FP + FN); 0 where no pixel is found, 1 where there is none to find and none is claimed.
  [[nodiscard]] double f1() const {
    auto const all = 2 * hits_ + alarms_ + misses_;
    return all == 0 ? 1.0 : 2.0 * static_cast<double>(hits_) / static_cast<double>(all);
  }
  /// (TPR + TNR) / 2; NaN where a class is absent.
  [[nodiscard]] double balanced_accuracy() const { return (share(hits_, misses_) + share(rests_, alarms_)) / 2; }

  static constexpr double smallest = 1e-6;

 private:
  void count(bool on, float truth) {
    bool const is_on = truth > 0.5F;
    ++(on ? (is_on ? hits_ : alarms_) : (is_on ? misses_ : rests_));
  }
  static double share(std::int64_t right, std::int64_t wrong) {
    return right + wrong == 0 ? std::numeric_limits<double>::quiet_NaN()
                              : static_cast<double>(right) / static_cast<double>(right + wrong);
  }

  double loss_ = 0;
  std::int64_t hits_ = 0, misses_ = 0, alarms_ = 0, rests_ = 0;  ///< TP, FN, FP, TN
};

}  // namespace examples
