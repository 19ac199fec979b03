// Likelihoods: gradients against finite differences, closed forms, masks, extremes.
#include "s2rm/loss/likelihood.hpp"

#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/conforms.hpp"

namespace s2rm {
using test::problem;

namespace {

/// The loss of every row: the sum over its elements.
template <class Likelihood, class Target>
problem losses(std::string const& name, index_t n, std::vector<double> const& x, std::vector<std::uint8_t> const& mask,
               std::uint32_t stream) {
  using l = typename Likelihood::template on<Target>;
  problem p;
  p.name = name;
  p.rows = n;
  p.arguments = {{"outputs", l::outputs, false, test::normal_numbers(n * l::outputs, stream)},
                 {"targets", Target::size, false, x, false}};
  std::vector<double> flags(mask.begin(), mask.end());
  p.arguments.push_back({"mask", 1, false, flags, false});
  p.output = 1;
  auto const bytes = [](double const* from, index_t count) { return std::vector<std::uint8_t>(from, from + count); };
  p.forward = [bytes](index_t count, auto const& in, double* y, double*, double*) {
    auto const m = bytes(in[2], count);
    likelihood::loss_term<l, Target, double> const term{in[0], in[1], m.data()};
    for (index_t r = 0; r < count; ++r) {
      y[r] = 0;
      for (index_t e = 0; e < Target::size; ++e) y[r] += term(r * Target::size + e);
    }
  };
  p.backward = [bytes](index_t count, auto const& in, double const* dy, double const*, double*, auto const& d,
                       double*) {
    auto const m = bytes(in[2], count);
    for (index_t r = 0; r < count; ++r) {
      likelihood::loss_gradient<l, Target, double>{in[0], in[1], m.data(), dy[r], d[0]}(r);
    }
  };
  return p;
}

std::vector<double> uniform(index_t n, double most) {
  auto x = test::normal_numbers(n, 31);
  for (auto& v : x) v = most / (1 + std::exp(-v));
  return x;
}

}  // namespace

TEST_CASE("likelihoods conform") {
  for (std::vector<std::uint8_t> const& mask : {std::vector<std::uint8_t>{1, 1, 1, 1}, {1, 0, 1, 0}, {0, 0, 0, 0}}) {
    std::string const which = ", " + std::to_string(mask[0] + mask[1] + mask[2] + mask[3]) + " of 4 rows asked";
    auto const real = test::normal_numbers(4 * 6, 33);
    auto classes = uniform(4 * 6, 3);
    for (auto& v : classes) v = std::floor(v);
    test::conforms(losses<likelihood::bernoulli, raster<1, 2, 3>>("bernoulli" + which, 4, uniform(24, 1), mask, 1));
    test::conforms(losses<likelihood::gaussian, raster<2, 1, 3>>("gaussian" + which, 4, real, mask, 2));
    test::conforms(losses<likelihood::categorical<3>, features<6>>("categorical" + which, 4, classes, mask, 3));
  }
}

TEST_CASE("values are the closed forms") {
  using pixel = features<2>;
  double const o[] = {0.3, -1.2, 0.7, -0.4, 2.0, 0.1}, x[] = {1, 0.25};
  double const p = 1 / (1 + std::exp(1.2));
  CHECK(likelihood::bernoulli::on<pixel>::value(o, x, 1) ==
        Approx(-0.25 * std::log(p) - 0.75 * std::log(1 - p)).epsilon(1e-14));
  double const sigma2 = std::exp(-0.4);
  CHECK(likelihood::gaussian::on<pixel>::value(o, x, 1) ==
        Approx(0.5 * std::log(2 * M_PI * sigma2) + std::pow(0.25 + 1.2, 2) / (2 * sigma2)).epsilon(1e-14));
  // Logits of element 0 lie at 0, 2, 4.
  CHECK(likelihood::categorical<3>::on<pixel>::value(o, x, 0) ==
        Approx(-std::log(std::exp(0.7) / (std::exp(0.3) + std::exp(0.7) + std::exp(2.0)))).epsilon(1e-14));
}

TEST_CASE("extreme logits stay finite; a class that does not exist does not") {
  using pixel = features<1>;
  for (float const logit : {-1e4F, -100.0F, 100.0F, 1e4F}) {
    float const x = 1;
    float d[3];
    CHECK(std::isfinite(likelihood::bernoulli::on<pixel>::value(&logit, &x, 0)));
    likelihood::bernoulli::on<pixel>::gradient(&logit, &x, 0, 1.0F, d);
    CHECK(std::isfinite(d[0]));
    float const o[] = {logit, 0, 1};
    CHECK(std::isfinite(likelihood::categorical<3>::on<pixel>::value(o, &x, 0)));
    likelihood::categorical<3>::on<pixel>::gradient(o, &x, 0, 1.0F, d);
    CHECK(d[0] + d[1] + d[2] == Approx(0).margin(1e-6));
  }
  double const o[] = {0.1, 0.2}, beyond = 2, between = 0.5;
  CHECK(std::isnan(likelihood::categorical<2>::on<pixel>::value(o, &beyond, 0)));
  CHECK(std::isnan(likelihood::categorical<2>::on<pixel>::value(o, &between, 0)));
}

TEST_CASE("a masked query: loss and gradient are exactly 0, whatever its target") {
  using l = likelihood::gaussian::on<features<2>>;
  double const o[] = {1, 2, 3, 4}, x[] = {NAN, NAN};
  std::uint8_t const masked = 0;
  double d[] = {NAN, NAN, NAN, NAN};
  CHECK((likelihood::loss_term<l, features<2>, double>{o, x, &masked}(1)) == 0.0);
  likelihood::loss_gradient<l, features<2>, double>{o, x, &masked, 1.0, d}(0);
  for (double const v : d) CHECK(v == 0.0);
}

namespace {

/// A likelihood without its form for registers, as a user may write one.
template <class Likelihood>
struct plain {
  static constexpr index_t outputs = Likelihood::outputs;
  template <class T>
  static T value(T const* o, T const* x, index_t e) {
    return Likelihood::value(o, x, e);
  }
  template <class T>
  static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
    Likelihood::gradient(o, x, e, scale, d);
  }
};

/// Loss and gradient by registers against one element at a time: the same bits, and the same sum but for its order.
template <class Likelihood, class Target, class T>
void check_registers(double highest_target, bool whole) {
  using l = typename Likelihood::template on<Target>;
  static_assert(likelihood::has_lanes<l, T> && !likelihood::has_lanes<plain<l>, T>);
  constexpr index_t n = 37, X = Target::size;
  auto const from = test::normal_numbers(n * l::outputs, 41);
  std::vector<T> const o(from.begin(), from.end());
  std::vector<T> x;
  for (double v : uniform(n * X, highest_target)) x.push_back(static_cast<T>(whole ? std::floor(v) : v));
  std::vector<std::uint8_t> mask(n, 1);
  mask[3] = mask[20] = mask[36] = 0;
  for (std::uint8_t const* m :
       {static_cast<std::uint8_t const*>(nullptr), static_cast<std::uint8_t const*>(mask.data())}) {
    INFO(X << " elements of " << sizeof(T) << " bytes" << (m == nullptr ? "" : ", masked"));
    backend::eigen be;
    likelihood::loss_term<l, Target, T> const term{o.data(), x.data(), m};
    double sum = NAN, plain_sum = NAN, expected = 0, size = 0;
    be.reduce(n * X, term, &sum);
    be.reduce(n * X, likelihood::loss_term<plain<l>, Target, T>{o.data(), x.data(), m}, &plain_sum);
    for (index_t i = 0; i < n * X; ++i) expected += term(i), size += std::abs(term(i));
    CHECK(std::abs(sum - expected) <= 1e-13 * size);
    CHECK(std::abs(plain_sum - expected) <= 1e-13 * size);
    std::vector<T> d(static_cast<std::size_t>(n * l::outputs), T(NAN)), one = d;
    be.for_each(n, likelihood::loss_gradient<l, Target, T>{o.data(), x.data(), m, T(0.7), d.data()});
    be.for_each(n, likelihood::loss_gradient<plain<l>, Target, T>{o.data(), x.data(), m, T(0.7), one.data()});
    CHECK(test::same_bits(d, one));
    for (T const v : d) REQUIRE(std::isfinite(v));
  }
}

template <class Target>
void check_all_registers() {
  check_registers<likelihood::bernoulli, Target, float>(1, false);
  check_registers<likelihood::bernoulli, Target, double>(1, false);
  check_registers<likelihood::gaussian, Target, float>(2, false);
  check_registers<likelihood::gaussian, Target, double>(2, false);
  check_registers<likelihood::categorical<3>, Target, float>(3, true);
  check_registers<likelihood::categorical<3>, Target, double>(3, true);
}

}  // namespace

TEST_CASE("registers of elements give what one element at a time gives") {
  check_all_registers<features<1>>();
  check_all_registers<features<16>>();
  check_all_registers<raster<1, 5, 7>>();
}

}  // namespace s2rm
