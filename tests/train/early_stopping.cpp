// Early stopping: the weights of the best figure are stored, and patience is counted from it.
#include "s2rm/train/early_stopping.hpp"

#include <limits>

#include "s2rm/core/config.hpp"
#include "support/catch.hpp"

namespace s2rm {
namespace {

/// What early stopping asks of a trainer: a backend that copies, and averaged weights.
struct counting_trainer {
  static constexpr index_t size = 3;
  struct {
    void copy_out(index_t n, double const* from, double* to) const { std::copy_n(from, n, to); }
  } copies;
  struct {
    double numbers[3];
    [[nodiscard]] double const* values() const { return numbers; }
  } weights{};
  void becomes(double x) { std::fill_n(weights.numbers, 3, x); }
  [[nodiscard]] auto const& backend() const { return copies; }
  [[nodiscard]] auto const& averaged() const { return weights; }
};

}  // namespace

TEST_CASE("early stopping: stores the weights of the best figure and stops when patience runs out") {
  early_stopping<double> stop(3);
  counting_trainer learner;
  CHECK(stop.weights().empty());
  CHECK(stop.best_step() == -1);
  CHECK_FALSE(stop.should_stop());
  double const figures[] = {5, 4, 4.5, 4, 3, 3.5, 3.2, 3.1};
  bool const best[] = {true, true, false, false, true, false, false, false};
  for (index_t step = 0; step < 8; ++step) {
    CHECK_FALSE(stop.should_stop());
    learner.becomes(10.0 + static_cast<double>(step));
    INFO("step " << step);
    CHECK(stop.note(step, figures[step], learner) == best[step]);
  }
  CHECK(stop.should_stop());
  CHECK(stop.best() == 3);
  CHECK(stop.best_step() == 4);
  CHECK(stop.weights() == std::vector<double>{14, 14, 14});
}

TEST_CASE("early stopping: noting a record again restores the state") {
  double const figures[] = {5, 4, 4.5, 3, 3.5, 3.2, 3.1};
  early_stopping<double> whole(3), again(3);
  counting_trainer const learner;
  for (index_t step = 0; step < 7; ++step) {
    bool const best = whole.note(step, figures[step], learner);
    CHECK(again.note(step, figures[step]) == best);
    CHECK(again.should_stop() == whole.should_stop());
  }
  CHECK(again.should_stop());
  CHECK(again.best() == 3);
  CHECK(again.best_step() == 3);
  CHECK(again.weights().empty());
}

TEST_CASE("early stopping: an improvement below the threshold does not count, nor does NaN") {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  early_stopping<double> stop(2, 0.1);
  counting_trainer learner;
  CHECK_FALSE(stop.note(0, nan, learner));
  CHECK(stop.note(1, 1.0, learner));
  CHECK_FALSE(stop.note(2, 0.95, learner));
  CHECK_FALSE(stop.should_stop());
  CHECK(stop.note(3, 0.85, learner));
  CHECK_FALSE(stop.note(4, std::numeric_limits<double>::infinity(), learner));
  CHECK_FALSE(stop.note(5, nan, learner));
  CHECK(stop.should_stop());
  CHECK(stop.best() == 0.85);
  CHECK(stop.best_step() == 3);
}

TEST_CASE("early stopping: options outside their domain are refused") {
  CHECK_THROWS_AS(early_stopping<float>(0), value_error);
  CHECK_THROWS_AS(early_stopping<float>(1, -1.0), value_error);
  CHECK_THROWS_AS(early_stopping<float>(1, std::nan("")), value_error);
}

}  // namespace s2rm
