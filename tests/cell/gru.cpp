// The GRU: the contract of a cell, PyTorch's equations, and the bound on its state.
#include "s2rm/cell/gru.hpp"

#include "s2rm/core/shape.hpp"
#include "support/backends.hpp"
#include "support/cell_problem.hpp"

namespace s2rm {
using test::cell_problem;

namespace {

struct tiny : shape {
  static constexpr index_t modules = 3, hidden = 5, heads = 2, head_width = 3;
};
struct wide : shape {
  static constexpr index_t modules = 2, hidden = 9, heads = 1, head_width = 4;
};
struct one : shape {
  static constexpr index_t modules = 1, hidden = 1, heads = 1, head_width = 1;
};

}  // namespace

TEST_CASE("the GRU conforms") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    test::conforms(cell_problem<cell::gru::on<tiny>>(be, "gru 3x5, " + name, 1, 1), exact);
    test::conforms(cell_problem<cell::gru::on<tiny>>(be, "gru 3x5, " + name, 4, 2), exact);
    test::conforms(cell_problem<cell::gru::on<wide>>(be, "gru 2x9, " + name, 3, 3), exact);
    test::conforms(cell_problem<cell::gru::on<one>>(be, "gru 1x1, " + name, 2, 4), exact);
  });
}

TEST_CASE("a GRU step is PyTorch's equations, module by module") {
  using cell = cell::gru::on<tiny>;
  constexpr index_t M = cell::M, H = cell::H, I = cell::NC, n = 2;
  ops::reference be;
  auto const p = cell_problem<cell>(be, "", n, 5);
  auto const& u = p.arguments[0].value;
  auto const& h = p.arguments[1].value;
  auto const& c = p.arguments[2].value;
  auto const& w = p.arguments[3].value;
  std::vector<double> y(n * M * H), saved(n * cell::saved::size), scratch(n * cell::scratch);
  p.forward(n, {u.data(), h.data(), c.data(), w.data()}, y.data(), saved.data(), scratch.data());

  auto const at = [&w](index_t offset) { return w.data() + offset; };
  double const *const wi = at(cell::params::offset<"weight_ih">), *const wh = at(cell::params::offset<"weight_hh">),
                      *const bi = at(cell::params::offset<"bias_ih">), *const bh = at(cell::params::offset<"bias_hh">);
  for (index_t b = 0; b < n; ++b) {
    for (index_t m = 0; m < M; ++m) {
      auto const input = [&](index_t gate, index_t j) {
        index_t const o = m * 3 * H + gate * H + j;
        double sum = bi[o];
        for (index_t i = 0; i < I; ++i) sum += wi[o * I + i] * u[(b * M + m) * I + i];
        return sum;
      };
      auto const recurrent = [&](index_t gate, index_t j) {
        index_t const o = m * 3 * H + gate * H + j;
        double sum = bh[o];
        for (index_t i = 0; i < H; ++i) sum += wh[o * H + i] * h[(b * M + m) * H + i];
        return sum;
      };
      auto const sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
      for (index_t j = 0; j < H; ++j) {
        double const r = sigmoid(input(0, j) + recurrent(0, j)), z = sigmoid(input(1, j) + recurrent(1, j));
        double const candidate = std::tanh(input(2, j) + r * recurrent(2, j));
        index_t const i = (b * M + m) * H + j;
        CHECK(y[i] == Approx((1 - z) * candidate + z * c[i]).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("a bounded state stays bounded") {
  using cell = cell::gru::on<tiny>;
  constexpr index_t size = cell::M * cell::H;
  backend::eigen be;
  auto w = test::normal_numbers(cell::params::size, 8);
  for (auto& x : w) x *= 50;  // saturates every gate
  test::plain_parameters<cell::params> const p(be, w.data());
  std::vector<double> h(size, 1.0), y(size), saved(cell::saved::size), scratch(cell::scratch);
  for (std::uint32_t t = 0; t < 200; ++t) {
    auto const u = test::normal_numbers(cell::M * cell::NC, 100 + t), noise = test::normal_numbers(size, 500 + t);
    std::vector<double> hbar(h);
    for (std::size_t i = 0; i < hbar.size(); ++i) hbar[i] += 100 * noise[i];
    cell::forward(be, p.view, 1, {u.data(), 18, 6}, {hbar.data(), 15, 5}, {h.data(), 15, 5}, {y.data(), 15, 5},
                  saved_of<double, cell::saved>{saved.data(), 1}, scratch.data());
    for (double const v : y) REQUIRE(std::abs(v) <= 1.0);
    h = y;
  }
}

TEST_CASE("names, shapes and initial values of the GRU's parameters") {
  using cell = cell::gru::on<tiny>;
  CHECK(cell::params::infos[0].name == "weight_ih");
  CHECK(cell::params::infos[1].name == "weight_hh");
  CHECK(cell::params::infos[0].extents == std::array<index_t, 4>{3, 15, 6, 0});
  CHECK(cell::params::infos[3].extents == std::array<index_t, 4>{3, 15, 0, 0});
  CHECK(cell::initial::infos[0].name == "initial_state");
  std::vector<double> w(cell::params::size);
  cell::initialise(w.data(), {random{1, 0}, 0});
  double const bound = 1 / std::sqrt(5.0);
  auto const [low, high] = std::minmax_element(w.begin(), w.end());
  CHECK(*low >= -bound);
  CHECK(*high <= bound);
  CHECK(*high - *low > 1.9 * bound);
}

}  // namespace s2rm
