// Weights stored in bf16: the rounding, the product that reads them, and what a stream loses by them.
#include <cmath>
#include <limits>
#include <string_view>

#include "s2rm/stream/stream.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

float back(bf16 half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half.bits) << 16); }
float rounded(float x) { return back(backend::detail::rounded(x)); }

}  // namespace

TEST_CASE("rounding to bf16 is to the nearest, ties to even") {
  CHECK(rounded(1.0F) == 1.0F);
  CHECK(rounded(-0.0F) == 0.0F);
  CHECK(std::signbit(rounded(-0.0F)));
  CHECK(rounded(1.0F + 1.0F / 256) == 1.0F);              // halfway, down to even
  CHECK(rounded(1.0F + 3.0F / 256) == 1.0F + 1.0F / 64);  // halfway, up to even
  CHECK(rounded(1.0F + 1.01F / 256) == 1.0F + 1.0F / 128);
  CHECK(rounded(std::numeric_limits<float>::infinity()) == std::numeric_limits<float>::infinity());
  CHECK(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(rounded(std::bit_cast<float>(0x7f800001U))));  // a NaN whose upper half looks like infinity
  auto const many = test::normal_numbers(1000, 3);
  for (double const x : many) {
    auto const one = static_cast<float>(x);
    CHECK(std::fabs(rounded(one) - one) <= std::fabs(one) / 256);
  }
}

namespace {
template <index_t Out>
void product_of_rounded_weights() {
  INFO(Out << " columns");
  constexpr index_t G = 3, In = 21;
  using plain = test::plain_weight<float, G, Out, In>;
  auto const from = test::normal_numbers(G * Out * In, 1), x64 = test::normal_numbers(9 * G * In, 2);
  std::vector<float> w(from.begin(), from.end()), cut(w), x(x64.begin(), x64.end());
  for (auto& one : cut) one = rounded(one);
  std::vector<bf16> half(w.size() + packed_slack);
  for (int const threads : {1, 2}) {
    backend::eigen be{.threads = threads};
    plain const of_rounded(be, cut.data());
    plain stores(be, w.data());
    be.pack_half<G, Out, In>(w.data(), half.data());
    auto halved = stores.view;
    halved.half = backend::eigen::half_view(half.data());
    for (index_t const n : {1, 2, 9}) {
      std::vector<float> y(static_cast<std::size_t>(n * G * Out), 1.0F), expected(y);
      be.product(halved, nullptr, n, {x.data(), G * In, In}, {y.data(), G * Out, Out});
      be.product(of_rounded.view, nullptr, n, {x.data(), G * In, In}, {expected.data(), G * Out, Out});
      CHECK(test::same_bits(y, expected));
      be.product_add(halved, n, {x.data(), G * In, In}, {y.data(), G * Out, Out});
      be.product_add(of_rounded.view, n, {x.data(), G * In, In}, {expected.data(), G * Out, Out});
      CHECK(test::same_bits(y, expected));
    }
  }
}
}  // namespace

// One row goes through several panels at a time, and a last one of whole registers with them: all the ways there are.
TEST_CASE("a product of bf16 weights is the product of the rounded weights, to the bit") {
  product_of_rounded_weights<75>();
  product_of_rounded_weights<112>();
  product_of_rounded_weights<128>();
  product_of_rounded_weights<200>();
  product_of_rounded_weights<330>();
}

namespace {

/// A stream of bf16 weights against one of the rounded weights, by a backend that reads those step by step, and one of
/// the exact weights.
template <class Backend>
void stream_of_rounded_weights(Backend be, Backend steps, double tolerance) {
  using net = test::small_net;
  constexpr index_t size = net::parameter_count, count = 60;
  auto const batch = test::random_batch<net, float>(count, 1, 3, 4, 5);
  std::vector<float> values(static_cast<std::size_t>(size));
  net::initialise(values.data(), seed{11});
  auto cut = values;
  for (auto const& f : net::fields) {
    if (f.name.find("weight") == std::string_view::npos) continue;
    for (index_t i = f.offset; i < f.offset + f.size; ++i) {
      cut[static_cast<std::size_t>(i)] = rounded(cut[static_cast<std::size_t>(i)]);
    }
  }
  parameters<net::params, Backend, float> exact(be), of_rounded(steps);
  exact.assign(be, values.data());
  of_rounded.assign(steps, cut.data());
  bf16_weights<net, Backend> half(be, exact);
  stream<net, Backend> whole(be, exact), expected(steps, of_rounded), live(be, half);
  double worst = 0, largest = 0, off = 0;
  for (index_t t = 0; t < count; ++t) {
    array_view<float const, 2> const views{batch.view.data() + t * 9, {3, 3}},
        places{batch.place.data() + t * 6, {3, 2}}, query{batch.query_place.data() + t * 8, {4, 2}};
    for (auto* s : {&whole, &expected, &live}) REQUIRE(s->observe(views, places) == observed::yes);
    auto const a = whole.predict(query), b = expected.predict(query), c = live.predict(query);
    REQUIRE(a.size() == 16);
    for (index_t i = 0; i < a.size(); ++i) {
      off = std::max(off, std::fabs(static_cast<double>(b.data[i] - c.data[i])));
      worst = std::max(worst, std::fabs(static_cast<double>(a.data[i] - c.data[i])));
      largest = std::max(largest, std::fabs(static_cast<double>(a.data[i])));
    }
  }
  INFO("largest difference " << worst << " of predictions up to " << largest << "; " << off
                             << " from those of rounded weights");
  CHECK(off <= tolerance * largest);
  CHECK(worst > 0);
  CHECK(worst <= 0.02 * largest);
}

}  // namespace

TEST_CASE("a stream of bf16 weights is the stream of the rounded weights, and near that of the exact ones") {
  backend::eigen const be{.threads = 2};
  stream_of_rounded_weights(be, be, 0);
#if defined(S2RM_TEST_THRUST)
  backend::thrust_on<backend::system::cpp> const far;
  auto bodies = far;
  bodies.fused = false;
  stream_of_rounded_weights(far, bodies, 1e-6);
  stream_of_rounded_weights(bodies, bodies, 1e-6);
#endif
}

#if defined(S2RM_TEST_THRUST)
TEST_CASE("a product of bf16 weights on Thrust's systems is that of the rounded weights") {
  constexpr index_t G = 3, Out = 45, In = 70, n = 19;
  auto const from = test::normal_numbers(G * Out * In, 1), x64 = test::normal_numbers(n * G * In, 2);
  std::vector<float> const w(from.begin(), from.end()), x(x64.begin(), x64.end());
  std::vector<double> cut(from);
  for (auto& one : cut) one = static_cast<double>(rounded(static_cast<float>(one)));
  std::vector<double> const exact_x(x.begin(), x.end()), bias64 = test::normal_numbers(G * Out, 3);
  std::vector<float> const bias(bias64.begin(), bias64.end());
  std::vector<double> expected(n * G * Out);
  ops::reference const naive;
  weight<double, G, Out, In> const of_rounded{cut.data()};
  naive.product(of_rounded, std::vector<double>(bias.begin(), bias.end()).data(), n, {exact_x.data(), G * In, In},
                {expected.data(), G * Out, Out});
  naive.product_add(of_rounded, n, {exact_x.data(), G * In, In}, {expected.data(), G * Out, Out});
  std::vector<std::vector<float>> found;
  test::on_every_thrust([&](auto& be, std::string const& name) {
    INFO(name);
    using type = std::decay_t<decltype(be)>;
    for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
      be.context->order = order;
      std::vector<bf16> half(w.size());
      be.template pack_half<G, Out, In>(w.data(), half.data());
      weight<float, G, Out, In> const stored{w.data(), nullptr, nullptr, type::half_view(half.data())};
      std::vector<float> y(n * G * Out);
      be.product(stored, bias.data(), n, {x.data(), G * In, In}, {y.data(), G * Out, Out});
      be.product_add(stored, n, {x.data(), G * In, In}, {y.data(), G * Out, Out});
      CHECK(test::relative_error(std::vector<double>(y.begin(), y.end()), expected, 1e-3) < 1e-6);
      found.push_back(y);
    }
  });
  for (auto const& y : found) CHECK(test::same_bits(y, found[0]));
}
#endif

TEST_CASE("bf16 weights follow the weights when refreshed") {
  using net = test::small_net;
  backend::eigen be;
  std::vector<float> values(static_cast<std::size_t>(net::parameter_count), 0.5F);
  parameters<net::params, backend::eigen, float> weights(be);
  weights.assign(be, values.data());
  bf16_weights<net, backend::eigen> half(be, weights);
  CHECK(back(half.view().half.numbers[0]) == 0.5F);
  std::fill(values.begin(), values.end(), -2.0F);
  weights.assign(be, values.data());
  CHECK(back(half.view().half.numbers[0]) == 0.5F);
  half.refresh(be);
  CHECK(back(half.view().half.numbers[0]) == -2.0F);
}

}  // namespace s2rm
