// Finite differences through a whole model, for any model: support/model_gradient.hpp.
#include "support/model_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"
#include "support/tolerance.hpp"

namespace s2rm::test {

void check_gradient(std::string const& name, gradient_subject& m, batch_options options, bool carries, sampling how) {
  // The loss is smooth as long as no pair crosses the cut and no place code vanishes: take a batch where none does.
  owned_batch<double> owned;
  std::vector<double> values;
  batch_view<double> b;
  std::vector<double> state;
  double const* carried = nullptr;
  for (int attempt = 0;; ++attempt) {
    REQUIRE(attempt < 500);
    options.seed += 1000;
    owned = m.random_data(options);
    b = owned.look();
    values = m.random_values(options.seed);
    m.set(values);
    if (carries) {
      state.resize(static_cast<std::size_t>(options.batch * m.state_size()));
      random const r{options.seed, 50};
      for (std::size_t i = 0; i < state.size(); ++i) state[i] = r.uniform(0, i, -1, 1);
      carried = state.data();
    }
    m.forward(b, carried);
    if (m.smooth(b)) break;
  }
  INFO(name << ": T " << b.time << ", B " << b.batch << ", A " << b.views << ", Q " << b.queries << ", seed "
            << options.seed);
  ++account().cases;

  m.poison();
  double const loss = m.loss(b, carried);
  REQUIRE(std::isfinite(loss));
  auto const g = m.backward(b, carried);
  auto const reach = m.reach(b);
  double const of_all = largest(g);

  random const r{options.seed, 60};
  std::uint64_t drawn = 0;
  double worst = 0;
  std::string where;
  auto moved = values;
  // Rounding asks for a large step, curvature for a small one, and no step may move a pair across the cut. One step
  // serves unless it disagrees; then, of four, the estimate that changes least from one step to the next (Ridders).
  auto const slope_with = [&](auto const& move, double step, std::vector<double>& found) {
    bool crossed = false;
    auto const losses = [&](double by) {
      moved = values;
      move(by);
      m.set(moved);
      m.forward(b, carried);
      crossed = crossed || m.reach(b) != reach;
      return m.losses(b);
    };
    double const fd = slope_of_sum(losses, step);
    if (!crossed) found.push_back(m.count() > 0 ? fd / m.count() : fd);
  };
  auto const slope_along = [&](auto const& move, auto const& agrees) {
    std::vector<double> found;
    slope_with(move, 1.6e-3, found);
    if (!found.empty() && agrees(found[0])) return found[0];
    found.clear();
    for (double const step : {6.4e-3, 1.6e-3, 4e-4, 1e-4}) slope_with(move, step, found);
    if (found.empty()) FAIL_CHECK("every step moves a pair across the cut");
    double best = found.empty() ? 0.0 : found[0], least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i < found.size(); ++i) {
      double const change = std::abs(found[i] - found[i - 1]);
      if (change < least) least = change, best = found[i];
    }
    return best;
  };
  auto const hold = [&](double expected, double most, std::string const& what, auto const& move) {
    auto const error_of = [&](double fd) { return gradient_error(fd, expected, std::max(most, 1e-2 * of_all)); };
    double const error =
        error_of(slope_along(move, [&](double fd) { return error_of(fd) < tolerance::gradient / 20; }));
    account().slope_seen(error, name + ", " + what);
    if (error > worst) {
      worst = error;
      where = what;
    }
  };
  for (auto const& f : m.fields()) {
    auto const part = std::span(g).subspan(static_cast<std::size_t>(f.offset), static_cast<std::size_t>(f.size));
    double const most = largest(part);
    std::vector<double> direction(part.size());
    double length = 0, along = 0, norm = 0;
    for (auto& d : direction) d = r.normal(1, drawn++), length += d * d;
    for (std::size_t i = 0; i < part.size(); ++i) {
      direction[i] /= std::sqrt(length);
      along += direction[i] * part[i];
      norm += part[i] * part[i];
    }
    auto const at = static_cast<std::size_t>(f.offset);
    hold(along, std::sqrt(norm), std::string(f.name) + " (direction)", [&](double by) {
      for (std::size_t i = 0; i < direction.size(); ++i) moved[at + i] += by * direction[i];
    });
    index_t const singles = how == sampling::every ? f.size : std::min<index_t>(f.size, 2);
    for (index_t k = 0; k < singles; ++k) {
      auto const i = static_cast<std::size_t>(how == sampling::every ? k : r.below(2, drawn++, f.size));
      hold(part[i], most, std::string(f.name) + "[" + std::to_string(i) + "]", [&](double by) { moved[at + i] += by; });
    }
  }
  INFO("worst in " << where);
  CHECK(worst <= tolerance::gradient);
}

}  // namespace s2rm::test
