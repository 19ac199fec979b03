#pragma once
/// \file
/// The conformance test of everything that has a forward and a backward direction. What is tested is described as a
/// `problem` of plain numbers, so that one routine, compiled once per program, serves every layer and backend:
///
///  - finite differences in double for every number of every argument (input, state or parameter);
///  - inputs' gradients are overwritten: their memory starts as NaN; parameters' gradients are added to what is there;
///  - a batch of N equals N batches of one, to the bit, and parameters' gradients add up;
///  - output, saved and scratch start as NaN and end within their bounds: canaries on both sides;
///  - a second run gives the same bits.

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/ops/ops.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/finite_difference.hpp"
#include "support/tolerance.hpp"

namespace s2rm::test {

/// Numbers between canaries; they start as NaN.
template <class T>
class guarded {
 public:
  explicit guarded(index_t n, T value = std::numeric_limits<T>::quiet_NaN())
      : numbers_(static_cast<std::size_t>(n + 2 * margin), canary), size_(n) {
    std::fill_n(data(), n, value);
  }
  [[nodiscard]] T* data() { return numbers_.data() + margin; }
  [[nodiscard]] T const* data() const { return numbers_.data() + margin; }
  [[nodiscard]] index_t size() const { return size_; }
  [[nodiscard]] bool intact() const {
    for (index_t i = 0; i < margin; ++i) {
      if (numbers_[static_cast<std::size_t>(i)] != canary) return false;
      if (numbers_[static_cast<std::size_t>(margin + size_ + i)] != canary) return false;
    }
    return true;
  }
  [[nodiscard]] std::vector<T> copy() const { return {data(), data() + size_}; }

 private:
  static constexpr index_t margin = 16;
  static constexpr T canary = T(-12345.678);
  std::vector<T> numbers_;
  index_t size_;
};

/// Standard normal numbers, the same for the same stream.
inline std::vector<double> normal_numbers(index_t n, std::uint32_t stream) {
  random const r{2024, stream};
  std::vector<double> values(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = r.normal(0, static_cast<std::uint64_t>(i));
  return values;
}

/// One argument of a function.
struct argument {
  std::string name;
  index_t row = 0;  ///< numbers per row of the batch; for what all rows share: its size
  bool shared = false;
  std::vector<double> value;
  bool differentiable = true;  ///< false: the backward pass does not speak of it
  bool added = shared;         ///< whether its gradient is added to what is there
};

/// A function from arguments to rows of numbers, and its backward pass. Pointers of gradients that are not asked for
/// are null. Memory is given in numbers per row.
struct problem {
  std::string name;
  index_t rows = 3;
  std::vector<argument> arguments;
  index_t output = 0, saved = 0, delta = 0, forward_scratch = 0, backward_scratch = 0;
  std::function<void(index_t n, std::vector<double const*> const& in, double* y, double* saved, double* scratch)>
      forward;
  std::function<void(index_t n, std::vector<double const*> const& in, double const* dy, double const* saved,
                     double* delta, std::vector<double*> const& gradients, double* scratch)>
      backward;
};

namespace detail {

struct result {
  std::vector<double> y;
  std::vector<std::vector<double>> gradients;
};

/// Rows [first, first + n) of a problem, forward and backward; `start` is what added gradients begin with.
inline result run(problem const& p, index_t first, index_t n, std::vector<double> const& dy, double start) {
  std::vector<double const*> in;
  for (auto const& a : p.arguments) in.push_back(a.value.data() + (a.shared ? 0 : first * a.row));
  guarded<double> y(n * p.output), saved(n * p.saved), delta(n * p.delta), w(n * p.forward_scratch);
  p.forward(n, in, y.data(), saved.data(), w.data());
  CHECK(y.intact());
  CHECK(saved.intact());
  CHECK(w.intact());

  auto const before = saved.copy();
  guarded<double> scratch(n * p.backward_scratch);
  std::vector<guarded<double>> gradients;
  std::vector<double*> out;
  for (auto const& a : p.arguments) {
    index_t const size = a.differentiable ? (a.shared ? a.row : n * a.row) : 0;
    gradients.emplace_back(size, a.added ? start : std::numeric_limits<double>::quiet_NaN());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    out.push_back(p.arguments[i].differentiable ? gradients[i].data() : nullptr);
  }
  p.backward(n, in, dy.data() + first * p.output, saved.data(), delta.data(), out, scratch.data());
  CHECK(saved.intact());
  CHECK(same_bits(saved.copy(), before));
  CHECK(delta.intact());
  CHECK(scratch.intact());
  result r{y.copy(), {}};
  for (auto const& g : gradients) {
    CHECK(g.intact());
    r.gradients.push_back(g.copy());
  }
  return r;
}

/// dy y, with argument `which` number `at` moved by `by`.
inline std::vector<double> moved(problem const& p, std::vector<double> const& dy, std::size_t which, std::size_t at,
                                 double by) {
  std::vector<double const*> in;
  std::vector<double> changed = p.arguments[which].value;
  changed[at] += by;
  for (std::size_t i = 0; i < p.arguments.size(); ++i) {
    in.push_back(i == which ? changed.data() : p.arguments[i].value.data());
  }
  std::vector<double> y(static_cast<std::size_t>(p.rows * p.output)), saved(static_cast<std::size_t>(p.rows * p.saved)),
      scratch(static_cast<std::size_t>(p.rows * p.forward_scratch));
  p.forward(p.rows, in, y.data(), saved.data(), scratch.data());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] *= dy[i];
  return y;
}

}  // namespace detail

/// Checks one problem. `exact_rows` = false allows rounding between a batch and its parts: products whose order of
/// summation depends on their size.
inline void conforms(problem const& p, bool exact_rows = true) {
  INFO(p.name << ", " << p.rows << " rows");
  ++account().cases;
  auto const dy = normal_numbers(p.rows * p.output, 77);
  auto const whole = detail::run(p, 0, p.rows, dy, 0.0);
  for (double const v : whole.y) CHECK(std::isfinite(v));

  auto const again = detail::run(p, 0, p.rows, dy, 0.0);
  CHECK(same_bits(whole.y, again.y));
  auto const onto = detail::run(p, 0, p.rows, dy, 0.25);

  for (std::size_t i = 0; i < p.arguments.size(); ++i) {
    auto const& a = p.arguments[i];
    if (!a.differentiable) continue;
    INFO("gradient of " << a.name);
    auto const& g = whole.gradients[i];
    CHECK(same_bits(g, again.gradients[i]));
    double const most = largest(g);
    double worst = 0, worst_sum = 0;
    for (std::size_t j = 0; j < g.size(); ++j) {
      double const fd = slope_of_sum([&](double by) { return detail::moved(p, dy, i, j, by); }, 1e-3);
      double const error = gradient_error(fd, g[j], most);
      account().slope_seen(error, p.name + ", " + a.name);
      worst = std::max(worst, error);
      if (a.added) worst_sum = std::max(worst_sum, std::abs(onto.gradients[i][j] - 0.25 - g[j]));
    }
    CHECK(worst <= tolerance::gradient);
    if (a.added) {
      CHECK(worst_sum <= tolerance::reordered * (1 + most));
    } else {
      CHECK(same_bits(g, onto.gradients[i]));
    }
  }

  // Row by row.
  std::vector<std::vector<double>> sums;
  for (auto const& g : whole.gradients) sums.emplace_back(g.size(), 0.0);
  for (index_t r = 0; r < p.rows; ++r) {
    INFO("row " << r << " alone");
    auto const one = detail::run(p, r, 1, dy, 0.0);
    auto const part = [&](std::vector<double> const& all, index_t width) {
      return std::vector<double>(all.begin() + r * width, all.begin() + (r + 1) * width);
    };
    auto const agree = [&](std::vector<double> const& x, std::vector<double> const& y) {
      return exact_rows ? same_bits(x, y) : relative_error(x, y, 1e-3) <= tolerance::reordered;
    };
    CHECK(agree(one.y, part(whole.y, p.output)));
    for (std::size_t i = 0; i < p.arguments.size(); ++i) {
      auto const& a = p.arguments[i];
      if (!a.differentiable) continue;
      INFO("gradient of " << a.name);
      if (a.shared) {
        for (std::size_t j = 0; j < sums[i].size(); ++j) sums[i][j] += one.gradients[i][j];
      } else {
        CHECK(agree(one.gradients[i], part(whole.gradients[i], a.row)));
      }
    }
  }
  for (std::size_t i = 0; i < p.arguments.size(); ++i) {
    if (!p.arguments[i].differentiable || !p.arguments[i].shared) continue;
    INFO("gradient of " << p.arguments[i].name << " over all rows");
    CHECK(relative_error(sums[i], whole.gradients[i], 1e-3) <= tolerance::reordered);
  }
}

/// A weight from plain numbers, packed by the backend: valid as long as this and the numbers live.
template <class T, index_t G, index_t Out, index_t In>
struct plain_weight {
  std::vector<T> packed = room(), packed_transposed = room();
  weight<T, G, Out, In> view;
  template <class B>
  plain_weight(B& be, T const* canonical) : view{canonical, packed.data(), packed_transposed.data()} {
    be.template pack<G, Out, In>(canonical, packed.data(), packed_transposed.data());
  }
  plain_weight(plain_weight const&) = delete;

 private:
  static std::vector<T> room() { return std::vector<T>(static_cast<std::size_t>(G * Out * In + packed_slack), T(NAN)); }
};

/// A layer's parameters from plain numbers, likewise.
template <class Schema>
struct plain_parameters {
  std::vector<double> packed = std::vector<double>(static_cast<std::size_t>(Schema::size + packed_slack), NAN);
  std::vector<double> packed_transposed = packed;
  parameters_of<double, Schema> view;
  template <class B>
  plain_parameters(B& be, double const* values) : view{values, packed.data(), packed_transposed.data()} {
    pack(be, values, Schema{});
  }
  plain_parameters(plain_parameters const&) = delete;

 private:
  template <class B, class... Fields>
  void pack(B& be, double const* values, schema<Fields...>) {
    index_t at = 0;
    auto const one = [&]<class F>(F) {
      if constexpr (F::rank >= 2) {
        be.template pack<F::groups, F::out, F::in>(values + at, packed.data() + at, packed_transposed.data() + at);
      }
      at += F::size;
    };
    (one(Fields{}), ...);
  }
};

}  // namespace s2rm::test
