// The one attention of the model: both normalisations against finite differences, the straight-through gradient against
// its formula, and what happens where nothing is within reach.
#include "s2rm/attention/kernel_dot.hpp"

#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {
using test::problem;

namespace {

/// Which sources there are: absent, cut off or reached, by (row, target, source).
enum class masks { none, some, all };

std::vector<double> reach_of(masks m, index_t n, index_t targets, index_t sources, std::uint32_t stream) {
  random const r{7, stream};
  std::vector<double> reach(static_cast<std::size_t>(n * targets * sources), kernel::reached);
  for (index_t row = 0; row < n; ++row) {
    for (index_t j = 0; j < sources; ++j) {
      // Absence belongs to the source, reach to the pair. Target 0 of every odd row reaches nothing.
      bool const here = m != masks::all && (m == masks::none || r.below(0, row * sources + j, 4) != 0);
      for (index_t i = 0; i < targets; ++i) {
        auto& to = reach[static_cast<std::size_t>((row * targets + i) * sources + j)];
        if (!here) {
          to = kernel::absent;
        } else if (m == masks::some &&
                   (r.below(1, (row * targets + i) * sources + j, 3) == 0 || (i == 0 && row % 2 == 1))) {
          to = kernel::cut_off;
        }
      }
    }
  }
  return reach;
}

/// One attention of `targets` x `sources`. The rows' geometry is their own; `source_major` lays log Z out as the views
/// do (row, source, target), else as modules and queries do (row, target, source).
template <index_t N, index_t C, class Normalisation, bool Dot, class B>
problem attention_problem(B& be, std::string const& name, index_t n, index_t targets, index_t sources, masks m,
                          bool source_major, std::uint32_t stream) {
  using attend = attention::kernel_dot<N, C, Normalisation, false, Dot>;
  constexpr index_t W = N * C;
  index_t const pairs = targets * sources;
  problem p;
  p.name = name;
  p.rows = n;
  auto log_z = test::normal_numbers(n * pairs, stream);
  for (auto& v : log_z) v = -std::abs(v) * 2;
  p.arguments = {{"q", targets * W, false, test::normal_numbers(n * targets * W, stream + 1), Dot},
                 {"k", sources * W, false, test::normal_numbers(n * sources * W, stream + 2), Dot},
                 {"v", sources * W, false, test::normal_numbers(n * sources * W, stream + 3)},
                 {"log Z", pairs, false, log_z},
                 {"reach", pairs, false, reach_of(m, n, targets, sources, stream), false}};
  p.arguments[3].added = true;
  if (source_major) {
    auto& reach = p.arguments[4].value;
    auto const by_target = reach;
    for (index_t r = 0; r < n; ++r) {
      for (index_t i = 0; i < pairs; ++i) {
        reach[static_cast<std::size_t>(r * pairs + i % sources * targets + i / sources)] =
            by_target[static_cast<std::size_t>(r * pairs + i)];
      }
    }
  }
  p.output = targets * W;
  p.saved = targets * attend::saved(sources);
  p.backward_scratch = targets * attend::scratch(sources);
  auto const geometry = [=](index_t count, auto const& in, std::vector<std::uint8_t>& reach) {
    reach.assign(in[4], in[4] + count * pairs);
    return attention::geometry<double>{
        count, targets, sources, in[3], reach.data(), pairs, source_major ? 1 : sources, source_major ? targets : 1};
  };
  p.forward = [=, &be](index_t count, auto const& in, double* y, double* saved, double*) {
    std::vector<std::uint8_t> reach;
    attend::forward(be, geometry(count, in, reach), {in[0], targets * W, W}, {in[1], sources * W, W},
                    {in[2], sources * W, W}, {y, targets * W, W}, saved);
  };
  p.backward = [=, &be](index_t count, auto const& in, double const* dy, double const* saved, double*, auto const& d,
                        double* scratch) {
    std::vector<std::uint8_t> reach;
    attend::backward(be, geometry(count, in, reach), {in[0], targets * W, W}, {in[1], sources * W, W},
                     {in[2], sources * W, W}, {dy, targets * W, W}, saved, {d[0], targets * W, W},
                     {d[1], sources * W, W}, {d[2], sources * W, W}, d[3], pairs, scratch);
  };
  return p;
}

template <class Normalisation, bool Dot>
void conform_on_every_backend(std::string const& which) {
  test::on_every_backend([&which](auto& be, std::string const& name) {
    int turn = 0;
    for (auto const m : {masks::none, masks::some, masks::all}) {
      std::string const text = which +
                               (m == masks::none   ? ", all in reach, "
                                : m == masks::some ? ", some in reach, "
                                                   : ", all masked, ") +
                               name;
      test::conforms(
          attention_problem<2, 3, Normalisation, Dot>(be, text + ", 3 x 5", 4, 3, 5, m, ++turn % 2 == 0, 10));
      test::conforms(attention_problem<1, 8, Normalisation, Dot>(be, text + ", 1 x 1", 2, 1, 1, m, false, 20));
    }
    test::conforms(attention_problem<2, 3, Normalisation, Dot>(be, which + ", no sources, " + name, 2, 2, 0, masks::all,
                                                               false, 30));
    test::conforms(attention_problem<2, 3, Normalisation, Dot>(be, which + ", no targets, " + name, 2, 0, 3,
                                                               masks::none, false, 40));
  });
}

}  // namespace

TEST_CASE("attention in log space conforms") { conform_on_every_backend<normalisation::log_space, true>("log space"); }

TEST_CASE("attention by kernel alone conforms") {
  conform_on_every_backend<normalisation::log_space, false>("log space without dot product");
  conform_on_every_backend<normalisation::product, false>("product form without dot product");
}

TEST_CASE("attention in product form conforms") {
  conform_on_every_backend<normalisation::product, true>("product form");
}

TEST_CASE("weights are Z e^l over their sum") {
  ops::reference be;
  constexpr index_t n = 3, targets = 2, sources = 4;
  for (bool const product : {false, true}) {
    auto const p = product ? attention_problem<1, 2, normalisation::product, true>(be, "", n, targets, sources,
                                                                                   masks::some, false, 3)
                           : attention_problem<1, 2, normalisation::log_space, true>(be, "", n, targets, sources,
                                                                                     masks::some, false, 3);
    std::vector<double const*> in;
    for (auto const& a : p.arguments) in.push_back(a.value.data());
    std::vector<double> y(n * p.output), saved(n * p.saved);
    p.forward(n, in, y.data(), saved.data(), nullptr);
    for (index_t r = 0; r < n; ++r) {
      for (index_t i = 0; i < targets; ++i) {
        double const* const q = in[0] + (r * targets + i) * 2;
        double z[sources], e[sources], softmax = 0, sum = 0, expected[2] = {};
        for (index_t j = 0; j < sources; ++j) {
          double const* const k = in[1] + (r * sources + j) * 2;
          auto const reach = static_cast<std::uint8_t>(in[4][(r * targets + i) * sources + j]);
          z[j] = reach == kernel::reached ? std::exp(in[3][(r * targets + i) * sources + j]) : 0;
          e[j] = reach == kernel::absent ? 0 : std::exp((q[0] * k[0] + q[1] * k[1]) / std::sqrt(2.0));
          softmax += e[j];
        }
        if (product && softmax > 0) {
          for (auto& x : e) x /= softmax;
        }
        for (index_t j = 0; j < sources; ++j) sum += z[j] * e[j];
        for (index_t j = 0; j < sources && sum > 0; ++j) {
          double const w = z[j] * e[j] / (sum + (product ? 1e-6 : 0));
          for (index_t c = 0; c < 2; ++c) expected[c] += w * in[2][(r * sources + j) * 2 + c];
        }
        for (index_t c = 0; c < 2; ++c)
          CHECK(y[(r * targets + i) * 2 + c] == Approx(expected[c]).epsilon(1e-12).margin(1e-15));
      }
    }
  }
}

TEST_CASE("large scores and far sources stay finite in log space") {
  // Scores of +-1e4 and log Z down to -1e4: exp of a score, of log Z, or of their sum alone overflows or vanishes.
  using attend = attention::kernel_dot<1, 1, normalisation::log_space>;
  ops::reference be;
  auto const read = [&be](float q, std::vector<float> const& k, std::vector<float> const& log_z) {
    float const v[] = {1, 2, 4};
    std::uint8_t const reach[] = {2, 2, 2};
    float y[1], saved[attend::saved(3)];
    attend::forward(be, attention::geometry<float>{1, 1, 3, log_z.data(), reach, 3, 3, 1}, {&q, 1, 1}, {k.data(), 3, 1},
                    {v, 3, 1}, {y, 1, 1}, saved);
    return y[0];
  };
  CHECK(read(100, {100, -100, 99.9F}, {-1e3F, 0, -1e3F}) == Approx(1).epsilon(1e-3));
  CHECK(read(100, {-100, -99, -100}, {-1e4F, -1e4F, -1e4F}) == Approx(2).epsilon(1e-6));
  CHECK(read(1, {0, 0, 0}, {-1e4F, -1e4F, -1e4F}) == Approx(7.0 / 3).epsilon(1e-6));
}

TEST_CASE("nothing in reach: output and every gradient are exactly 0") {
  ops::reference be;
  auto const p = attention_problem<2, 3, normalisation::log_space, true>(be, "", 2, 2, 3, masks::none, false, 5);
  auto const q = attention_problem<2, 3, normalisation::product, true>(be, "", 2, 2, 3, masks::none, false, 5);
  for (auto problem : {p, q}) {
    problem.arguments[4].value.assign(12, kernel::cut_off);
    auto const r = test::detail::run(problem, 0, 2, test::normal_numbers(24, 6), 0.0);
    for (double const x : r.y) CHECK(x == 0.0);
    for (auto const& g : r.gradients) {
      for (double const x : g) CHECK(x == 0.0);
    }
  }
}

TEST_CASE("an absent source may hold NaN") {
  ops::reference be;
  for (bool const product : {false, true}) {
    auto p = product ? attention_problem<2, 3, normalisation::product, true>(be, "", 2, 2, 3, masks::none, false, 5)
                     : attention_problem<2, 3, normalisation::log_space, true>(be, "", 2, 2, 3, masks::none, false, 5);
    for (index_t i = 0; i < 4; ++i) p.arguments[4].value[static_cast<std::size_t>(i * 3 + 1)] = kernel::absent;
    auto const dy = test::normal_numbers(24, 6);
    auto const clean = test::detail::run(p, 0, 2, dy, 0.0);
    for (index_t r = 0; r < 2; ++r) {
      for (int const a : {1, 2}) std::fill_n(p.arguments[a].value.begin() + (r * 3 + 1) * 6, 6, NAN);
    }
    for (index_t i = 0; i < 4; ++i) p.arguments[3].value[static_cast<std::size_t>(i * 3 + 1)] = NAN;
    auto const poisoned = test::detail::run(p, 0, 2, dy, 0.0);
    CHECK(test::same_bits(clean.y, poisoned.y));
    for (std::size_t i = 0; i < 4; ++i) CHECK(test::same_bits(clean.gradients[i], poisoned.gradients[i]));
  }
}

TEST_CASE("straight through the cut: the Gaussian's gradient as if it were not cut") {
  // One target, four sources: reached, reached, cut off, absent. The expected numbers are computed from the definition:
  // dlog Z_j = w~_j (dw_j - sum_reached w dw), w~_j = Z_j e^{l_j} / sum_reached Z e^l (log space).
  constexpr index_t C = 2, sources = 4;
  double const q[] = {0.3, -0.7}, k[] = {1, 0.5, -0.2, 0.9, 0.4, 0.4, NAN, NAN};
  double const v[] = {1, 2, -1, 0.5, 3, -2, NAN, NAN}, log_z[] = {-0.3, -1.1, -2.0, NAN}, dy[] = {0.8, -0.6};
  std::uint8_t const reach[] = {2, 2, 1, 0};
  double l[3], z[3], dw[3];
  for (int j = 0; j < 3; ++j) {
    l[j] = (q[0] * k[2 * j] + q[1] * k[2 * j + 1]) / std::sqrt(2.0);
    z[j] = std::exp(log_z[j]);
    dw[j] = dy[0] * v[2 * j] + dy[1] * v[2 * j + 1];
  }
  attention::geometry<double> const g{1, 1, sources, log_z, reach, sources, sources, 1};
  ops::reference be;

  auto const compare = [&]<class Normalisation>(Normalisation, double const(&expected)[sources]) {
    using through = attention::kernel_dot<1, C, Normalisation, true>;
    using exact = attention::kernel_dot<1, C, Normalisation, false>;
    double y[2], saved[through::saved(sources)], scratch[sources], dlog[sources] = {}, plain[sources] = {};
    double dq[2][2], dk[2][8], dv[2][8];
    through::forward(be, g, {q, C, C}, {k, 8, C}, {v, 8, C}, {y, C, C}, saved);
    through::backward(be, g, {q, C, C}, {k, 8, C}, {v, 8, C}, {dy, C, C}, saved, {dq[0], C, C}, {dk[0], 8, C},
                      {dv[0], 8, C}, dlog, sources, scratch);
    exact::backward(be, g, {q, C, C}, {k, 8, C}, {v, 8, C}, {dy, C, C}, saved, {dq[1], C, C}, {dk[1], 8, C},
                    {dv[1], 8, C}, plain, sources, scratch);
    for (int j = 0; j < sources; ++j) CHECK(dlog[j] == Approx(expected[j]).epsilon(1e-13).margin(1e-300));
    CHECK(plain[2] == 0.0);
    CHECK(plain[0] == dlog[0]);
    // Nothing but the kernel sees through the cut.
    for (int i = 0; i < 2; ++i) CHECK(dq[0][i] == dq[1][i]);
    for (int i = 0; i < 8; ++i) CHECK(dk[0][i] == dk[1][i]);
    for (int i = 0; i < 8; ++i) CHECK(dv[0][i] == dv[1][i]);
  };

  double const sum = z[0] * std::exp(l[0]) + z[1] * std::exp(l[1]);
  double w[3], mean = 0;
  for (int j = 0; j < 3; ++j) w[j] = z[j] * std::exp(l[j]) / sum;
  for (int j = 0; j < 2; ++j) mean += w[j] * dw[j];
  compare(normalisation::log_space{}, {w[0] * (dw[0] - mean), w[1] * (dw[1] - mean), w[2] * (dw[2] - mean), 0});

  // Product form: n = Z a, w = n / S, S = sum of the reached n + 1e-6, dn = (dw - sum w dw) / S,
  // dlog Z_j = Z_j a_j dn_j.
  double const softmax = std::exp(l[0]) + std::exp(l[1]) + std::exp(l[2]);
  double n[3], total = 1e-6;
  for (int j = 0; j < 3; ++j) n[j] = z[j] * std::exp(l[j]) / softmax;
  total += n[0] + n[1];
  mean = (n[0] * dw[0] + n[1] * dw[1]) / total;
  compare(normalisation::product{},
          {n[0] * (dw[0] - mean) / total, n[1] * (dw[1] - mean) / total, n[2] * (dw[2] - mean) / total, 0});
}

TEST_CASE("all rows may share one geometry") {
  // The modules' geometry is the same for every element: row step 0, gradients by row.
  using attend = attention::kernel_dot<1, 2, normalisation::log_space>;
  backend::eigen be;
  auto const q = test::normal_numbers(2 * 2 * 2, 1), k = test::normal_numbers(2 * 3 * 2, 2),
             v = test::normal_numbers(2 * 3 * 2, 3);
  double const log_z[] = {-0.1, -0.5, -1, -2, -0.2, -0.7};
  std::uint8_t const reach[] = {2, 1, 2, 2, 2, 2};
  double shared[8], own[8], twice[12];
  std::uint8_t twice_reach[12];
  for (int i = 0; i < 12; ++i) twice[i] = log_z[i % 6], twice_reach[i] = reach[i % 6];
  double saved[4 * attend::saved(3)];
  attend::forward(be, attention::geometry<double>{2, 2, 3, log_z, reach, 0, 3, 1}, {q.data(), 4, 2}, {k.data(), 6, 2},
                  {v.data(), 6, 2}, {shared, 4, 2}, saved);
  attend::forward(be, attention::geometry<double>{2, 2, 3, twice, twice_reach, 6, 3, 1}, {q.data(), 4, 2},
                  {k.data(), 6, 2}, {v.data(), 6, 2}, {own, 4, 2}, saved);
  for (int i = 0; i < 8; ++i) CHECK(shared[i] == own[i]);
}

}  // namespace s2rm
