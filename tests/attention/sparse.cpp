// The attention that visits the pairs within reach and no others: against the definition written as plain loops, with
// lists of neighbours and without, and what pairs out of reach may not change.
#include <limits>
#include <span>

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/ops/reference.hpp"
#include "support/backends.hpp"
#include "support/conforms.hpp"

namespace s2rm {
namespace {

using test::relative_error;
using test::same_bits;
namespace tolerance = test::tolerance;
template <class T>
using numbers = std::vector<T>;

/// `count` rows of an attention of N heads of width C. One geometry for all rows, or one for each.
template <class T>
struct problem {
  index_t count, targets, sources;
  bool shared;
  numbers<T> q, k, v, dy, log_z;
  std::vector<std::uint8_t> reach;

  [[nodiscard]] index_t geometries() const { return shared ? 1 : count; }
  [[nodiscard]] attention::geometry<T> geometry() const {
    return {count, targets, sources, log_z.data(), reach.data(), shared ? 0 : targets * sources, sources, 1};
  }
};

/// What one pass forward and back writes; dlog per row.
template <class T>
struct outcome {
  numbers<T> y, dq, dk, dv, dlog;
  friend bool operator==(outcome const& a, outcome const& b) {
    return same_bits(a.y, b.y) && same_bits(a.dq, b.dq) && same_bits(a.dk, b.dk) && same_bits(a.dv, b.dv) &&
           same_bits(a.dlog, b.dlog);
  }
};

template <class T>
numbers<T> normal(index_t n, std::uint32_t stream) {
  auto const values = test::normal_numbers(n, stream);
  return numbers<T>(values.begin(), values.end());
}

/// Pairs are within reach with probability `dense`, else cut off; one source in eight is absent. Target 0 reaches nobody,
/// and the last source is reached by nobody.
template <class T>
problem<T> draw(index_t width, index_t count, index_t targets, index_t sources, bool shared, double dense,
                std::uint32_t stream) {
  problem<T> p{count,
               targets,
               sources,
               shared,
               normal<T>(count * targets * width, stream),
               normal<T>(count * sources * width, stream + 1),
               normal<T>(count * sources * width, stream + 2),
               normal<T>(count * targets * width, stream + 3),
               normal<T>((shared ? 1 : count) * targets * sources, stream + 4),
               {}};
  for (auto& z : p.log_z) z = -std::abs(z);
  s2rm::random const r{5, stream};
  for (index_t g = 0; g < p.geometries(); ++g) {
    for (index_t i = 0; i < targets; ++i) {
      for (index_t j = 0; j < sources; ++j) {
        auto const pair = static_cast<std::uint64_t>((g * targets + i) * sources + j);
        bool const here = r.below(1, static_cast<std::uint64_t>(g * sources + j), 8) != 0;
        bool const within = i > 0 && j < sources - 1 && r.uniform(0, pair) < dense;
        p.reach.push_back(!here ? kernel::absent : within ? kernel::reached : kernel::cut_off);
      }
    }
  }
  return p;
}

/// Lists of a shared geometry, in memory of their own that begins as -1.
struct lists {
  std::vector<std::int32_t> memory;
  kernel::neighbours neighbours;
  template <class B>
  lists(B& be, index_t targets, index_t sources, std::uint8_t const* reach) {
    arena counted;
    static_cast<void>(kernel::neighbours::lay_out(counted, targets, sources));
    memory.assign(static_cast<std::size_t>(counted.used / 4 + 16), -1);
    arena real{reinterpret_cast<std::byte*>(memory.data())};
    neighbours = kernel::neighbours::lay_out(real, targets, sources);
    kernel::find_neighbours(be, targets, sources, reach, neighbours);
  }
};

/// The attention itself. What it writes and what it works in begins as NaN, dlog as 0.
template <index_t N, index_t C, bool Dot, bool Again, class B, class T>
outcome<T> run(B& be, problem<T> const& p, bool listed) {
  using attend = attention::kernel_dot<N, C, normalisation::log_space, false, Dot, Again>;
  constexpr index_t W = N * C;
  index_t const n = p.count * p.targets, m = p.count * p.sources;
  auto g = p.geometry();
  lists const found(be, p.targets, p.sources, p.reach.data());
  if (listed) g.neighbours = found.neighbours;
  auto const room = [](index_t size) { return test::guarded<T>(size); };
  auto y = room(n * W), dq = room(n * W), dk = room(m * W), dv = room(m * W);
  auto saved = room(n * attend::saved(p.sources)), scratch = room(n * attend::scratch(p.sources));
  test::guarded<T> dlog(n * p.sources, T(0));
  rows<T const> const q{p.q.data(), p.targets * W, W}, k{p.k.data(), p.sources * W, W}, v{p.v.data(), p.sources * W, W},
      dy{p.dy.data(), p.targets * W, W};
  attend::forward(be, g, q, k, v, {y.data(), p.targets * W, W}, saved.data());
  attend::backward(be, g, q, k, v, dy, saved.data(), {dq.data(), p.targets * W, W}, {dk.data(), p.sources * W, W},
                   {dv.data(), p.sources * W, W}, dlog.data(), p.targets * p.sources, scratch.data());
  for (auto const* memory : {&y, &dq, &dk, &dv, &saved, &scratch, &dlog}) CHECK(memory->intact());
  if constexpr (!Dot) return {y.copy(), {}, {}, dv.copy(), dlog.copy()};
  return {y.copy(), dq.copy(), dk.copy(), dv.copy(), dlog.copy()};
}

/// The definition in double, loop by loop.
template <index_t N, index_t C, bool Dot, class T>
outcome<double> define(problem<T> const& p) {
  constexpr index_t W = N * C;
  index_t const I = p.targets, J = p.sources;
  auto const zeros = [](index_t n) { return numbers<double>(static_cast<std::size_t>(n)); };
  outcome<double> o{zeros(p.count * I * W), zeros(Dot ? p.count * I * W : 0), zeros(Dot ? p.count * J * W : 0),
                    zeros(p.count * J * W), zeros(p.count * I * J)};
  double const scale = 1 / std::sqrt(static_cast<double>(C));
  for (index_t r = 0; r < p.count; ++r) {
    for (index_t i = 0; i < I; ++i) {
      for (index_t n = 0; n < N; ++n) {
        auto const at = [&](index_t items, index_t item, index_t c) {
          return static_cast<std::size_t>((r * items + item) * W + n * C + c);
        };
        auto const pair = [&](index_t j) { return static_cast<std::size_t>(((p.shared ? 0 : r) * I + i) * J + j); };
        auto e = zeros(J), dw = zeros(J);
        auto const within = [&](index_t j) { return p.reach[pair(j)] == kernel::reached; };
        double top = -std::numeric_limits<double>::infinity(), sum = 0, mean = 0;
        for (index_t j = 0; j < J; ++j) {
          if (!within(j)) continue;
          double l = 0;
          for (index_t c = 0; c < C && Dot; ++c) {
            l += static_cast<double>(p.q[at(I, i, c)]) * static_cast<double>(p.k[at(J, j, c)]);
          }
          e[j] = l * scale + static_cast<double>(p.log_z[pair(j)]);
          top = std::max(top, e[j]);
        }
        for (index_t j = 0; j < J; ++j) {
          if (within(j)) sum += e[j] = std::exp(e[j] - top);
        }
        for (index_t j = 0; j < J; ++j) {
          if (!within(j)) continue;
          e[j] /= sum;
          for (index_t c = 0; c < C; ++c) {
            o.y[at(I, i, c)] += e[j] * static_cast<double>(p.v[at(J, j, c)]);
            dw[j] += static_cast<double>(p.dy[at(I, i, c)]) * static_cast<double>(p.v[at(J, j, c)]);
            o.dv[at(J, j, c)] += e[j] * static_cast<double>(p.dy[at(I, i, c)]);
          }
          mean += e[j] * dw[j];
        }
        for (index_t j = 0; j < J; ++j) {
          if (!within(j)) continue;
          double const dl = e[j] * (dw[j] - mean);
          o.dlog[static_cast<std::size_t>((r * I + i) * J + j)] += dl;
          for (index_t c = 0; c < C && Dot; ++c) {
            o.dq[at(I, i, c)] += dl * scale * static_cast<double>(p.k[at(J, j, c)]);
            o.dk[at(J, j, c)] += dl * scale * static_cast<double>(p.q[at(I, i, c)]);
          }
        }
      }
    }
  }
  return o;
}

template <class T>
void agree(outcome<T> const& found, outcome<double> const& expected, double bound) {
  CHECK(relative_error(found.y, expected.y) <= bound);
  CHECK(relative_error(found.dq, expected.dq, 1e-3) <= bound);
  CHECK(relative_error(found.dk, expected.dk, 1e-3) <= bound);
  CHECK(relative_error(found.dv, expected.dv) <= bound);
  CHECK(relative_error(found.dlog, expected.dlog, 1e-3) <= bound);
}

/// One problem both ways and by both kinds of lists, against the definition. Bits agree between all of them.
template <index_t N, index_t C, class T, bool Dot = true>
void compare(index_t count, index_t targets, index_t sources, bool shared, double dense, std::uint32_t stream) {
  INFO(N << " heads of " << C << ", " << count << " rows, " << targets << " x " << sources << ", " << dense
         << (shared ? " within reach, shared" : " within reach") << (sizeof(T) == 4 ? ", float" : ", double"));
  auto const p = draw<T>(N * C, count, targets, sources, shared, dense, stream);
  backend::eigen be;
  auto const kept = run<N, C, Dot, false>(be, p, false);
  agree(kept, define<N, C, Dot>(p), sizeof(T) == 4 ? tolerance::parity<float> : tolerance::reordered);
  CHECK(kept == run<N, C, Dot, true>(be, p, false));
  if (shared) {
    CHECK(kept == run<N, C, Dot, false>(be, p, true));
    CHECK(kept == run<N, C, Dot, true>(be, p, true));
  }
}

template <index_t N, index_t C, class T, bool Dot = true>
void compare_all() {
  std::uint32_t stream = 100;
  for (double const dense : {0.0, 0.2, 0.6, 1.0}) {
    for (bool const shared : {true, false}) {
      compare<N, C, T, Dot>(3, 5, 7, shared, dense, stream += 10);
      compare<N, C, T, Dot>(2, 19, 21, shared, dense, stream += 10);
      compare<N, C, T, Dot>(2, 4, 3, shared, dense, stream += 10);
    }
  }
}

}  // namespace

TEST_CASE("pairs within reach: lists and flags give the same bits, and agree with the definition") {
  // Each shape is much code: heads that fill registers, share them, need several, and are padded, in one type each.
  compare_all<4, 32, float>();
  compare_all<4, 32, double, false>();
  compare_all<1, 1, double>();
  compare_all<1, 16, float>();
  compare_all<2, 3, double>();
  compare_all<2, 3, float, false>();
  compare_all<2, 24, float>();
  compare_all<2, 128, float>();
  compare_all<3, 8, double>();
  compare_all<4, 2, float>();
  compare_all<5, 12, float>();
  compare_all<8, 4, float>();
  compare_all<8, 16, double>();
  compare_all<20, 6, float>();
}

TEST_CASE("more neighbours than are processed at once") {
  constexpr index_t most = attention::neighbour_search::capacity;
  for (bool const shared : {true, false}) {
    // Sources of a target; then targets of a source; then a whole group of targets that fits only in parts.
    compare<2, 3, double>(2, 3, 2 * most + 70, shared, 1.0, 20);
    compare<2, 3, double>(2, 3, 2 * most + 70, shared, 0.6, 30);
    compare<2, 3, double>(2, 2 * most + 70, 3, shared, 1.0, 40);
    compare<4, 8, float>(1, 9, most / 3, shared, 0.9, 50);
  }
  // Exactly as many as fit, and one more, with and without others behind them.
  for (index_t const reached : {most, most + 1}) {
    for (index_t const behind : {0, 5}) {
      auto p = draw<double>(2, 1, 2, reached + behind, false, 1.0, 60);
      for (std::size_t i = 0; i < p.reach.size(); ++i) {
        p.reach[i] = static_cast<index_t>(i) % p.sources < reached ? kernel::reached : kernel::cut_off;
      }
      backend::eigen be;
      agree(run<1, 2, true, false>(be, p, false), define<1, 2, true>(p), tolerance::reordered);
    }
  }
}

TEST_CASE("absent and cut-off sources change no bit, wherever they are and whatever they hold") {
  constexpr index_t N = 4, C = 8, W = N * C, most = attention::neighbour_search::capacity;
  backend::eigen be;
  for (index_t const sources : std::initializer_list<index_t>{1, 6, 40, most + 30}) {
    // All sources within reach; then the same with as many others put between and behind them.
    auto p = draw<float>(W, 2, 11, sources, false, 1.0, 70);
    std::fill(p.reach.begin(), p.reach.end(), std::uint8_t{kernel::reached});
    problem<float> wide{2, 11, 2 * sources, false, p.q, {}, {}, p.dy, {}, {}};
    s2rm::random const r{3, 4};
    std::vector<index_t> place;  // of each of the old sources among the new
    for (index_t j = 0; static_cast<index_t>(place.size()) < sources; ++j) {
      bool const last_chance = 2 * sources - j <= sources - static_cast<index_t>(place.size());
      if (last_chance || r.below(0, static_cast<std::uint64_t>(j), 3) == 0) place.push_back(j);
    }
    float const nothing = std::numeric_limits<float>::quiet_NaN();
    wide.k.assign(static_cast<std::size_t>(2 * 2 * sources * W), nothing);
    wide.v = wide.k;
    wide.log_z.assign(static_cast<std::size_t>(2 * 11 * 2 * sources), nothing);
    wide.reach.resize(wide.log_z.size());
    for (std::size_t i = 0; i < wide.reach.size(); ++i) {
      wide.reach[i] = r.below(1, i, 2) == 0 ? kernel::absent : kernel::cut_off;
    }
    auto const item = [&](index_t row, index_t j) { return static_cast<std::size_t>((row * sources + j) * W); };
    auto const new_item = [&](index_t row, index_t j) {
      return static_cast<std::size_t>((row * 2 * sources + place[static_cast<std::size_t>(j)]) * W);
    };
    for (index_t row = 0; row < 2; ++row) {
      for (index_t j = 0; j < sources; ++j) {
        std::copy_n(&p.k[item(row, j)], W, &wide.k[new_item(row, j)]);
        std::copy_n(&p.v[item(row, j)], W, &wide.v[new_item(row, j)]);
        for (index_t i = 0; i < 11; ++i) {
          auto const to = static_cast<std::size_t>((row * 11 + i) * 2 * sources + place[static_cast<std::size_t>(j)]);
          wide.log_z[to] = p.log_z[static_cast<std::size_t>((row * 11 + i) * sources + j)];
          wide.reach[to] = kernel::reached;
        }
      }
    }
    auto const both = [&]<bool Again>(std::bool_constant<Again>) {
      auto const few = run<N, C, true, Again>(be, p, false), many = run<N, C, true, Again>(be, wide, false);
      CHECK(same_bits(few.y, many.y));
      CHECK(same_bits(few.dq, many.dq));
      bool same = true;
      for (index_t row = 0; row < 2; ++row) {
        for (index_t j = 0; j < sources; ++j) {
          same = same && same_bits(&few.dk[item(row, j)], &many.dk[new_item(row, j)], W) &&
                 same_bits(&few.dv[item(row, j)], &many.dv[new_item(row, j)], W);
        }
      }
      CHECK(same);
      // Those in between get nothing at all.
      double others = 0;
      for (auto const* g : {&many.dk, &many.dv, &many.dlog}) {
        for (float const x : *g) others += std::abs(static_cast<double>(x));
      }
      for (auto const* g : {&few.dk, &few.dv, &few.dlog}) {
        for (float const x : *g) others -= std::abs(static_cast<double>(x));
      }
      CHECK(std::abs(others) < 1e-6);
    };
    both(std::false_type{});
    both(std::true_type{});
  }
}

TEST_CASE("160 modules of ten neighbours: every backend and any number of threads, against the definition") {
  constexpr index_t M = 160, N = 4, C = 32;
  auto p = draw<float>(N * C, 3, M, M, true, 1.0, 80);
  for (index_t i = 0; i < M * M; ++i) {
    p.reach[static_cast<std::size_t>(i)] = i / M / 10 == i % M / 10 ? kernel::reached : kernel::cut_off;
  }
  ops::reference naive;
  auto const expected = run<N, C, true, true>(naive, p, true);
  agree(expected, define<N, C, true>(p), tolerance::parity<float>);
  for (int const threads : {1, 2, 4}) {
    backend::eigen be{.threads = threads};
    CHECK(expected == run<N, C, true, true>(be, p, true));
    CHECK(expected == run<N, C, true, false>(be, p, true));
    CHECK(expected == run<N, C, true, false>(be, p, false));
  }
  // A row gives the same bits alone.
  auto one = p;
  one.count = 1;
  one.q.resize(M * N * C);
  one.k.resize(M * N * C);
  one.v.resize(M * N * C);
  one.dy.resize(M * N * C);
  auto const alone = run<N, C, true, true>(naive, one, true);
  CHECK(same_bits(alone.y.data(), expected.y.data(), M * N * C));
  CHECK(same_bits(alone.dk.data(), expected.dk.data(), M * N * C));
  CHECK(same_bits(alone.dlog.data(), expected.dlog.data(), M * M));
}

TEST_CASE("recomputed weights: saved numbers do not grow with the sources") {
  using again = attention::kernel_dot<4, 32, normalisation::log_space, false, true, true>;
  using kept = attention::kernel_dot<4, 32, normalisation::log_space>;
  STATIC_REQUIRE(again::saved(10) == 8);
  STATIC_REQUIRE(again::saved(160) == 8);
  STATIC_REQUIRE(kept::saved(160) == 640);
  STATIC_REQUIRE(attention::kernel_dot<3, 8, normalisation::log_space>::saved(5) == 20);
}

TEST_CASE("recomputed weights with lists: finite differences") {
  // One geometry for all rows: its log Z is a shared argument, its gradient the sum of what the rows say.
  constexpr index_t N = 3, C = 5, W = N * C, I = 6, J = 7;
  test::on_every_backend([&](auto& be, std::string const& name) {
    using attend = attention::kernel_dot<N, C, normalisation::log_space, false, true, true>;
    auto const drawn = draw<double>(W, 3, I, J, true, 0.5, 90);
    test::problem p;
    p.name = "lists of neighbours, " + name;
    p.rows = 3;
    p.arguments = {{"q", I * W, false, drawn.q},
                   {"k", J * W, false, drawn.k},
                   {"v", J * W, false, drawn.v},
                   {"log Z", I * J, true, drawn.log_z}};
    p.output = I * W;
    p.saved = I * attend::saved(J);
    p.backward_scratch = I * (attend::scratch(J) + J);
    lists const found(be, I, J, drawn.reach.data());
    auto const geometry = [&](index_t count, double const* log_z) {
      return attention::geometry<double>{count, I, J, log_z, drawn.reach.data(), 0, J, 1, found.neighbours};
    };
    p.forward = [&](index_t count, auto const& in, double* y, double* saved, double*) {
      attend::forward(be, geometry(count, in[3]), {in[0], I * W, W}, {in[1], J * W, W}, {in[2], J * W, W},
                      {y, I * W, W}, saved);
    };
    p.backward = [&](index_t count, auto const& in, double const* dy, double const* saved, double*, auto const& d,
                     double* scratch) {
      double* const by_row = scratch + count * I * attend::scratch(J);
      std::fill_n(by_row, count * I * J, 0.0);
      attend::backward(be, geometry(count, in[3]), {in[0], I * W, W}, {in[1], J * W, W}, {in[2], J * W, W},
                       {dy, I * W, W}, saved, {d[0], I * W, W}, {d[1], J * W, W}, {d[2], J * W, W}, by_row, I * J,
                       scratch);
      for (index_t i = 0; i < count * I * J; ++i) d[3][i % (I * J)] += by_row[i];
    };
    test::conforms(p);
  });
}

TEST_CASE("lists of neighbours hold every pair within reach, in order, both ways") {
  ops::reference be;
  for (double const dense : {0.0, 0.1, 0.7, 1.0}) {
    for (auto const& [I, J] : {std::pair<index_t, index_t>{1, 1}, {9, 5}, {5, 9}, {40, 40}, {0, 3}, {3, 0}}) {
      INFO(I << " x " << J << ", " << dense);
      auto p = draw<double>(1, 1, I, J, true, dense, 7);
      lists const found(be, I, J, p.reach.data());
      auto const& neighbours = found.neighbours;
      std::int32_t edge = 0;
      for (index_t i = 0; i < I; ++i) {
        CHECK(neighbours.first_source[i] == edge);
        for (index_t j = 0; j < J; ++j) {
          if (p.reach[static_cast<std::size_t>(i * J + j)] == kernel::reached) CHECK(neighbours.source[edge++] == j);
        }
      }
      CHECK(neighbours.first_source[I] == edge);
      std::int32_t at = 0;
      for (index_t j = 0; j < J; ++j) {
        CHECK(neighbours.first_target[j] == at);
        for (index_t i = 0; i < I; ++i) {
          if (p.reach[static_cast<std::size_t>(i * J + j)] != kernel::reached) continue;
          CHECK(neighbours.target[at] == i);
          CHECK(neighbours.source[neighbours.edge[at]] == j);
          CHECK(neighbours.first_source[i] <= neighbours.edge[at]);
          CHECK(neighbours.edge[at] < neighbours.first_source[i + 1]);
          ++at;
        }
      }
      CHECK(neighbours.first_target[J] == edge);
    }
  }
}

}  // namespace s2rm
