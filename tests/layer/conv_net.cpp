// Convolutions: conformance, one by hand, and that a transposed convolution is the adjoint of one.
#include "s2rm/layer/conv_net.hpp"

#include "support/backends.hpp"
#include "support/layer_problem.hpp"

namespace s2rm {

using layer::conv2d;
using layer::conv_transpose2d;
using layer::linear;
using test::layer_problem;

TEST_CASE("convolutions conform") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    using one = layer::convolutional<raster<2, 5, 4>, conv2d<3, 3, 1, 1>>;
    using strided = layer::convolutional<raster<1, 7, 6>, conv2d<2, 3, 2, 1>, conv2d<3, 2>, linear<4>>;
    using up = layer::convolutional<raster<5, 1, 1>, linear<3, 2, 2>, conv_transpose2d<2, 4, 2, 1>>;
    using all = layer::convolutional<raster<2, 3, 4>, conv_transpose2d<3, 3, 2, 1>, conv2d<2, 2, 3>>;
    test::conforms(layer_problem<one>(be, "conv 3x3, " + name, 2, 1), exact);
    test::conforms(layer_problem<strided>(be, "conv, conv, linear, " + name, 3, 2), exact);
    test::conforms(layer_problem<up>(be, "linear, transposed, " + name, 3, 3), exact);
    test::conforms(layer_problem<all>(be, "transposed, conv, " + name, 2, 4), exact);
  });
}

TEST_CASE("a convolution by hand") {
  using net = layer::convolutional<raster<1, 3, 3>, conv2d<1, 2, 1, 1>>;
  CHECK(std::is_same_v<net::map, raster<1, 4, 4>>);
  double const w[] = {1, 10, 100, 1000, 0.5};  // kernel [1 10; 100 1000], bias 1/2
  double const x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  ops::reference be;
  test::plain_parameters<net::params> const p(be, w);
  double y[16], saved[net::saved];
  net::forward(be, p.view, 1, {x, 9}, {y, 16}, saved);
  CHECK(y[0] == 1000.5);  // one pixel, at the lower right of the kernel
  CHECK(y[5] == 5421.5);  // 1 * 1 + 2 * 10 + 4 * 100 + 5 * 1000
  CHECK(y[3] == 300.5);   // beyond the right edge: pixel 3 at the lower left
  CHECK(y[15] == 9.5);    // pixel 9 at the upper left
}

TEST_CASE("a transposed convolution is the adjoint of a convolution with the same weight") {
  using down = layer::convolutional<raster<2, 7, 5>, conv2d<3, 3, 2, 1>>;
  using up = layer::convolutional<raster<3, 4, 3>, conv_transpose2d<2, 3, 2, 1>>;
  CHECK(std::is_same_v<down::map, raster<3, 4, 3>>);
  CHECK(std::is_same_v<up::map, raster<2, 7, 5>>);
  constexpr index_t kernel = 3 * 2 * 9;
  auto w = test::normal_numbers(down::params::size, 5);
  std::fill(w.begin() + kernel, w.end(), 0.0);
  auto const x = test::normal_numbers(down::in, 6), y = test::normal_numbers(up::in, 7);
  ops::reference be;
  test::plain_parameters<down::params> const p(be, w.data());
  test::plain_parameters<up::params> const q(be, w.data());
  std::vector<double> a(down::out), b(up::out), saved(std::max(down::saved, up::saved));
  down::forward(be, p.view, 1, {x.data(), down::in}, {a.data(), down::out}, saved.data());
  up::forward(be, q.view, 1, {y.data(), up::in}, {b.data(), up::out}, saved.data());
  double left = 0, right = 0;
  for (index_t i = 0; i < down::out; ++i) left += a[static_cast<std::size_t>(i)] * y[static_cast<std::size_t>(i)];
  for (index_t i = 0; i < up::out; ++i) right += b[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(i)];
  CHECK(left == Approx(right).epsilon(1e-13));
}

TEST_CASE("names, shapes and initial values of convolutions") {
  using net = layer::convolutional<raster<2, 7, 6>, conv2d<3, 3, 2, 1>, conv_transpose2d<4, 2>, linear<5>>;
  CHECK(net::params::infos[0].name == "0.weight");
  CHECK(net::params::infos[0].extents == std::array<index_t, 4>{3, 2, 3, 3});
  CHECK(net::params::infos[2].name == "1.weight");
  CHECK(net::params::infos[2].extents == std::array<index_t, 4>{3, 4, 2, 2});
  CHECK(net::params::infos[5].name == "2.bias");
  std::vector<double> w(net::params::size);
  net::initialise(w.data(), {random{1, 0}, 0});
  double const bounds[] = {1 / std::sqrt(18.0), 1 / std::sqrt(18.0),        1 / std::sqrt(16.0),
                           1 / std::sqrt(16.0), 1 / std::sqrt(4 * 5 * 4.0), 1 / std::sqrt(4 * 5 * 4.0)};
  for (std::size_t i = 0; i < net::params::count; ++i) {
    auto const& f = net::params::infos[i];
    auto const [low, high] = std::minmax_element(w.begin() + f.offset, w.begin() + f.offset + f.size);
    CHECK(*low >= -bounds[i]);
    CHECK(*high <= bounds[i]);
    if (f.rank > 1) CHECK(*high - *low > 1.8 * bounds[i]);
  }
}

}  // namespace s2rm
