// Likelihoods: gradients against finite differences, closed forms, masks, extremes.
#include "s2rm/layer/likelihood.hpp"

#include "s2rm/layer/mixed_likelihood.hpp"
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

/// Channels of three kinds; channel 2 counts where channel 0 or 1 is set.
using mixed =
    likelihood::product<likelihood::part<likelihood::channels<0, 1>, likelihood::bernoulli>,
                        likelihood::part<likelihood::channels<3>, likelihood::fixed_gaussian<std::ratio<1, 5>>>,
                        likelihood::part<likelihood::channels<2>, likelihood::gaussian, likelihood::channels<0, 1>>>;

/// Targets (n, C, area) for it: channels 0 and 1 hold 0 or 1.
std::vector<double> mixed_targets(index_t n, index_t count, index_t area) {
  auto x = test::normal_numbers(n * count * area, 35);
  for (index_t i = 0; i < n * count * area; ++i) {
    auto& v = x[static_cast<std::size_t>(i)];
    if (i / area % count < 2) v = v > 0.4 ? 1 : 0;
  }
  return x;
}

}  // namespace

TEST_CASE("likelihoods conform") {
  for (std::vector<std::uint8_t> const& mask : {std::vector<std::uint8_t>{1, 1, 1, 1}, {1, 0, 1, 0}, {0, 0, 0, 0}}) {
    std::string const which = ", " + std::to_string(mask[0] + mask[1] + mask[2] + mask[3]) + " of 4 rows present";
    auto const real = test::normal_numbers(4 * 6, 33);
    auto classes = uniform(4 * 6, 3);
    for (auto& v : classes) v = std::floor(v);
    test::conforms(losses<likelihood::bernoulli, raster<1, 2, 3>>("bernoulli" + which, 4, uniform(24, 1), mask, 1));
    test::conforms(losses<likelihood::gaussian, raster<2, 1, 3>>("gaussian" + which, 4, real, mask, 2));
    test::conforms(losses<likelihood::categorical<3>, features<6>>("categorical" + which, 4, classes, mask, 3));
    test::conforms(
        losses<likelihood::fixed_gaussian<std::ratio<2, 3>>, raster<2, 1, 3>>("fixed" + which, 4, real, mask, 4));
    test::conforms(losses<mixed, raster<4, 2, 5>>("product" + which, 4, mixed_targets(4, 4, 10), mask, 5));
    test::conforms(losses<mixed, features<4>>("product of numbers" + which, 4, mixed_targets(4, 4, 1), mask, 6));
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

TEST_CASE("a product is each channel's own likelihood, at its marked pixels") {
  using target = raster<4, 1, 2>;
  using l = mixed::on<target>;
  static_assert(l::parameters == 2 && l::outputs == 16);
  double const o[] = {0.3, -1.2, 0.7, -0.4, 2.0, 0.1,  0.5, 0.6,  // logits (2, 2), means (2, 2)
                      9,   9,    9,   9,    0.2, -0.3, 9,   9};   // log-variances, of channel 2 alone
  double const x[] = {1, 0, 0, 0, 1.5, NAN, 0.25, 0.75};  // the second pixel is not marked: not read in channel 2
  CHECK(l::value(o, x, 0) == Approx(std::log1p(std::exp(-0.3))).epsilon(1e-14));
  CHECK(l::value(o, x, 3) == Approx(std::log1p(std::exp(-0.4))).epsilon(1e-14));
  CHECK(l::value(o, x, 4) == Approx(0.5 * (std::log(2 * M_PI) + 0.2 + 0.25 * std::exp(-0.2))).epsilon(1e-14));
  CHECK(l::value(o, x, 5) == 0.0);
  CHECK(l::value(o, x, 7) == Approx(0.5 * (std::log(2 * M_PI / 5) + 0.15 * 0.15 * 5)).epsilon(1e-14));
  double d[16];
  std::fill(std::begin(d), std::end(d), NAN);
  for (index_t e = 0; e < 8; ++e) l::gradient(o, x, e, 2.0, d);
  for (int const unused : {8, 9, 10, 11, 14, 15}) CHECK(d[unused] == 0.0);
  CHECK((d[5] == 0.0 && d[13] == 0.0));
  CHECK(d[4] == Approx(2 * 0.5 * std::exp(-0.2)).epsilon(1e-14));
  CHECK(d[12] == Approx(1 - 0.25 * std::exp(-0.2)).epsilon(1e-14));
  CHECK(d[6] == Approx(2 * 5 * 0.25).epsilon(1e-14));
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
void check_registers(std::vector<double> const& targets) {
  using l = typename Likelihood::template on<Target>;
  static_assert(likelihood::has_lanes<l, T> && !likelihood::has_lanes<plain<l>, T>);
  constexpr index_t n = 37, X = Target::size;
  auto const from = test::normal_numbers(n * l::outputs, 41);
  std::vector<T> const o(from.begin(), from.end()), x(targets.begin(), targets.end());
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
  auto const shares = uniform(37 * Target::size, 1), real = uniform(37 * Target::size, 2);
  auto classes = uniform(37 * Target::size, 3);
  for (auto& v : classes) v = std::floor(v);
  check_registers<likelihood::bernoulli, Target, float>(shares);
  check_registers<likelihood::bernoulli, Target, double>(shares);
  check_registers<likelihood::gaussian, Target, float>(real);
  check_registers<likelihood::gaussian, Target, double>(real);
  check_registers<likelihood::fixed_gaussian<std::ratio<1, 3>>, Target, float>(real);
  check_registers<likelihood::fixed_gaussian<std::ratio<1, 3>>, Target, double>(real);
  check_registers<likelihood::categorical<3>, Target, float>(classes);
  check_registers<likelihood::categorical<3>, Target, double>(classes);
}

}  // namespace

TEST_CASE("registers of elements give what one element at a time gives") {
  check_all_registers<features<1>>();
  check_all_registers<features<16>>();
  check_all_registers<raster<1, 5, 7>>();
}

TEST_CASE("registers over the end of a channel give what one element at a time gives") {
  check_registers<mixed, raster<4, 5, 7>, float>(mixed_targets(37, 4, 35));
  check_registers<mixed, raster<4, 5, 7>, double>(mixed_targets(37, 4, 35));
  check_registers<mixed, features<4>, float>(mixed_targets(37, 4, 1));
  check_registers<mixed, raster<4, 1, 1>, double>(mixed_targets(37, 4, 1));
}

}  // namespace s2rm
