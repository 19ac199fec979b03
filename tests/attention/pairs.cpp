// The truncated Gaussian on the sphere and its gradient by pairs of a place and a module.
#include "s2rm/attention/pairs.hpp"

#include "s2rm/attention/truncated_gaussian_kernel.hpp"
#include "s2rm/core/shape.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {
using test::problem;

namespace {

template <index_t M, index_t S>
struct sizes : shape {
  static constexpr index_t modules = M, sphere = S;
};

/// log Z (n, M) of rows s against the modules' rows. Neither is made unit here: the kernel takes any cosine.
template <class Kernel, index_t M, index_t S, class B>
problem pair_problem(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  using pairs = kernel::pairs<Kernel, M, S>;
  problem p;
  p.name = name;
  p.rows = n;
  p.arguments = {{"s", S, false, test::normal_numbers(n * S, stream)},
                 {"modules", M * S, true, test::normal_numbers(M * S, stream + 1)},
                 {"log epsilon", 1, true, {0.3}}};
  p.arguments[0].added = true;
  p.output = M;
  p.backward_scratch = 2 * M;
  p.forward = [&be](index_t count, auto const& in, double* y, double*, double*) {
    test::plain_weight<double, 1, M, S> const places(be, in[1]);
    std::vector<std::uint8_t> reach(static_cast<std::size_t>(count * M));
    pairs::forward(be, {in[2]}, places.view, count, {in[0], S}, nullptr, y, reach.data());
  };
  p.backward = [&be](index_t count, auto const& in, double const* dy, double const*, double*, auto const& d,
                     double* scratch) {
    test::plain_weight<double, 1, M, S> const places(be, in[1]);
    double sum = NAN;
    std::copy_n(dy, count * M, scratch);
    pairs::backward(be, {in[2]}, places.view, count, {in[0], S}, scratch, {d[0], S}, d[1], {d[2]}, scratch + count * M,
                    &sum);
  };
  return p;
}

}  // namespace

TEST_CASE("pairs conform") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    using open = kernel::truncated_gaussian<std::ratio<-1>>;
    using cut = kernel::truncated_gaussian<std::ratio<1, 4>, std::ratio<1>>;
    for (index_t const n : {1, 6}) {
      test::conforms(pair_problem<open::on<sizes<3, 4>>, 3, 4>(be, "pairs with 3 modules, " + name, n, 1), exact);
      test::conforms(pair_problem<cut::on<sizes<1, 2>>, 1, 2>(be, "pairs with 1 module, " + name, n, 2), exact);
      test::conforms(pair_problem<cut::on<sizes<9, 5>>, 9, 5>(be, "pairs with 9 modules, " + name, n, 3), exact);
    }
  });
}

TEST_CASE("the kernel is a Gaussian of the chord, cut at tau") {
  using kernel_type = kernel::truncated_gaussian<std::ratio<1, 4>, std::ratio<3, 2>>::on<sizes<2, 3>>;
  double log_epsilon = 0;
  kernel_type::initialise(&log_epsilon, {});
  CHECK(log_epsilon == Approx(std::log(1.5)));
  double const p[3] = {0.6, 0.0, 0.8}, s[3] = {0.0, 0.6, 0.8};
  double const cosine = 0.64, chord2 = 0.36 + 0.36;
  CHECK(math::dot<3>(p, s) == Approx(cosine));
  CHECK(std::exp(kernel_type::log_weight(cosine, &log_epsilon)) == Approx(std::exp(-1.5 * chord2)));
  CHECK(kernel_type::reaches(0.25));
  CHECK_FALSE(kernel_type::reaches(std::nextafter(0.25, 0.0)));
  CHECK_FALSE(kernel_type::reaches(NAN));
  CHECK(kernel_type::log_weight(1.0, &log_epsilon) == 0);
}

TEST_CASE("reach tells absent, cut off and reached apart") {
  using kernel_type = kernel::truncated_gaussian<>::on<sizes<2, 2>>;
  using pairs = kernel::pairs<kernel_type, 2, 2>;
  double const unit[] = {1, 0, 0, 1}, log_epsilon = 0;
  double const s[] = {1, 0, 0.6, -0.8, 0.6, 0.8};
  std::uint8_t const present[] = {1, 1, 0};
  double log_weight[6];
  std::uint8_t reach[6];
  ops::reference be;
  pairs::forward(be, {&log_epsilon}, {unit}, 3, {s, 2}, present, log_weight, reach);
  std::uint8_t const expected[] = {kernel::reached, kernel::reached, kernel::reached,
                                   kernel::cut_off, kernel::absent,  kernel::absent};
  for (int i = 0; i < 6; ++i) CHECK(reach[i] == expected[i]);
  CHECK(log_weight[1] == Approx(-2));
  CHECK(log_weight[2] == Approx(-0.8));
  // Pair by pair, as backends that fuse loops have it.
  double alone[6];
  std::uint8_t alone_reach[6];
  kernel::weigh_places<kernel_type, 2, 2, double> const pair{&log_epsilon, {unit, {s, 2}}, present, alone, alone_reach};
  for (int i = 0; i < 6; ++i) {
    pair(i);
    CHECK(alone_reach[i] == expected[i]);
    CHECK(alone[i] == log_weight[i]);
  }
}

TEST_CASE("a pair without gradient adds exactly 0, wherever it lies") {
  using kernel_type = kernel::truncated_gaussian<>::on<sizes<1, 2>>;
  double const log_epsilon = 0, cosine[] = {NAN, 0.5}, d[] = {0, 2};
  kernel::parameter_term<kernel_type, double> const term{&log_epsilon, cosine, d, 0};
  CHECK(term(0) == 0.0);
  CHECK(term(1) == Approx(-2.0));
}

}  // namespace s2rm
