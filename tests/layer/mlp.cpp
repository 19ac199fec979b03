// Dense layers and perceptrons: conformance, and one by hand.
#include "s2rm/layer/mlp.hpp"

#include "support/backends.hpp"
#include "support/layer_problem.hpp"

namespace s2rm {
using test::layer_problem;

TEST_CASE("perceptrons conform") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    for (index_t const n : {1, 3, 9}) {
      test::conforms(layer_problem<layer::mlp<4, 3>>(be, "mlp 4-3, " + name, n, 1), exact);
      test::conforms(layer_problem<layer::mlp<5, 11, 2>>(be, "mlp 5-11-2, " + name, n, 2), exact);
    }
    test::conforms(layer_problem<layer::mlp<1, 1, 7, 1>>(be, "mlp 1-1-7-1, " + name, 2, 3), exact);
  });
}

TEST_CASE("a perceptron by hand") {
  using net = layer::mlp<2, 2, 1>;
  // W_0 = [1 2; -1 0.5], b_0 = [0.1, -0.2], W_1 = [2, -3], b_1 = 0.7.
  double const w[] = {1, 2, -1, 0.5, 0.1, -0.2, 2, -3, 0.7};
  ops::reference be;
  test::plain_parameters<net::params> const p(be, w);
  double const x[] = {0.3, -0.4};
  double y[1], saved[net::saved];
  net::forward(be, p.view, 1, {x, 2}, {y, 1}, saved);
  auto const gelu = [](double a) { return a / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (a + 0.044715 * a * a * a))); };
  CHECK(y[0] == Approx(2 * gelu(0.3 - 0.8 + 0.1) - 3 * gelu(-0.3 - 0.2 - 0.2) + 0.7).epsilon(1e-14));
}

TEST_CASE("a layer whose input needs no gradient") {
  using net = layer::mlp<3, 4, 2>;
  auto const w = test::normal_numbers(net::params::size, 9);
  auto const x = test::normal_numbers(2 * net::in, 10), dy = test::normal_numbers(2 * net::out, 11);
  backend::eigen be;
  test::plain_parameters<net::params> const p(be, w.data());
  std::vector<double> y(4), saved(2 * net::saved), scratch(2 * net::scratch), dx(6), all(net::params::size),
      alone(net::params::size);
  net::forward(be, p.view, 2, {x.data(), 3}, {y.data(), 2}, saved.data());
  net::backward(be, p.view, 2, {x.data(), 3}, {dy.data(), 2}, saved.data(), {dx.data(), 3}, {all.data()},
                scratch.data());
  net::backward(be, p.view, 2, {x.data(), 3}, {dy.data(), 2}, saved.data(), {}, {alone.data()}, scratch.data());
  CHECK(test::same_bits(all, alone));
}

TEST_CASE("names of a perceptron's parameters") {
  using net = layer::mlp<9, 6, 4>;
  static_assert(net::params::count == 4);
  CHECK(net::params::infos[0].name == "0.weight");
  CHECK(net::params::infos[2].name == "1.weight");
  CHECK(net::params::infos[3].name == "1.bias");
  CHECK(net::params::infos[2].offset == 9 * 6 + 6);
  CHECK(net::params::infos[2].extents[0] == 4);
  CHECK(net::params::infos[2].extents[1] == 6);
}

}  // namespace s2rm
