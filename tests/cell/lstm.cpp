// The LSTM: the contract of a cell, PyTorch's equations, the carried state.
#include "s2rm/cell/lstm.hpp"

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

TEST_CASE("the LSTM conforms") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    test::conforms(cell_problem<cell::lstm::on<tiny>>(be, "lstm 3x5, " + name, 1, 1), exact);
    test::conforms(cell_problem<cell::lstm::on<tiny>>(be, "lstm 3x5, " + name, 4, 2), exact);
    test::conforms(cell_problem<cell::lstm::on<wide>>(be, "lstm 2x9, " + name, 3, 3), exact);
    test::conforms(cell_problem<cell::lstm::on<one>>(be, "lstm 1x1, " + name, 2, 4), exact);
  });
}

TEST_CASE("an LSTM step is PyTorch's equations, module by module") {
  using cell = cell::lstm::on<tiny>;
  constexpr index_t M = cell::M, H = cell::H, I = cell::NC, n = 2;
  ops::reference be;
  auto const p = cell_problem<cell>(be, "", n, 5);
  auto const& u = p.arguments[0].value;
  auto const& h = p.arguments[1].value;
  auto const& c = p.arguments[2].value;
  auto const& w = p.arguments[3].value;
  std::vector<double> y(n * M * 2 * H), saved(n * cell::saved::size), scratch(n * cell::scratch);
  p.forward(n, {u.data(), h.data(), c.data(), w.data()}, y.data(), saved.data(), scratch.data());

  auto const at = [&w](index_t offset) { return w.data() + offset; };
  double const *const wi = at(cell::params::offset<"weight_ih">), *const wh = at(cell::params::offset<"weight_hh">),
                      *const bi = at(cell::params::offset<"bias_ih">), *const bh = at(cell::params::offset<"bias_hh">);
  auto const sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  for (index_t b = 0; b < n; ++b) {
    for (index_t m = 0; m < M; ++m) {
      auto const gate = [&](index_t which, index_t j) {
        index_t const o = m * 4 * H + which * H + j;
        double sum = bi[o] + bh[o];
        for (index_t i = 0; i < I; ++i) sum += wi[o * I + i] * u[(b * M + m) * I + i];
        for (index_t i = 0; i < H; ++i) sum += wh[o * H + i] * h[(b * M + m) * H + i];
        return sum;
      };
      for (index_t j = 0; j < H; ++j) {
        index_t const at_h = (b * M + m) * 2 * H + j, at_memory = at_h + H;
        double const memory = sigmoid(gate(1, j)) * c[at_memory] + sigmoid(gate(0, j)) * std::tanh(gate(2, j));
        CHECK(y[at_memory] == Approx(memory).epsilon(1e-13));
        CHECK(y[at_h] == Approx(sigmoid(gate(3, j)) * std::tanh(memory)).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("of the carried state the LSTM reads its memory alone") {
  using cell = cell::lstm::on<tiny>;
  ops::reference be;
  auto p = cell_problem<cell>(be, "", 1, 6);
  auto const run = [&] {
    std::vector<double> y(cell::M * cell::state), saved(cell::saved::size), scratch(cell::scratch);
    std::vector<double const*> in;
    for (auto const& a : p.arguments) in.push_back(a.value.data());
    p.forward(1, in, y.data(), saved.data(), scratch.data());
    return y;
  };
  auto const y = run();
  for (index_t m = 0; m < cell::M; ++m) std::fill_n(p.arguments[2].value.data() + m * cell::state, cell::H, NAN);
  CHECK(test::same_bits(y, run()));
}

TEST_CASE("names, shapes and initial values of the LSTM's parameters") {
  using cell = cell::lstm::on<tiny>;
  CHECK(cell::params::infos[0].name == "weight_ih");
  CHECK(cell::params::infos[1].name == "weight_hh");
  CHECK(cell::params::infos[0].extents == std::array<index_t, 4>{3, 20, 6, 0});
  CHECK(cell::params::infos[3].extents == std::array<index_t, 4>{3, 20, 0, 0});
  CHECK(cell::initial::infos[0].name == "initial_state");
  CHECK(cell::initial::infos[1].name == "initial_cell");
  CHECK(cell::initial::infos[1].extents == std::array<index_t, 4>{3, 5, 0, 0});
  std::vector<double> w(cell::params::size);
  cell::initialise(w.data(), {random{1, 0}, 0});
  double const bound = 1 / std::sqrt(5.0);
  auto const [low, high] = std::minmax_element(w.begin(), w.end());
  CHECK(*low >= -bound);
  CHECK(*high <= bound);
  CHECK(*high - *low > 1.9 * bound);
}

}  // namespace s2rm
