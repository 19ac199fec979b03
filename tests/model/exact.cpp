// What follows exactly from the model's equations (model description §5), one test case each, in its numbering.
#include <numeric>

#include "s2rm/io/safetensors.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/conforms.hpp"
#include "support/model_fixture.hpp"
#include "support/windows.hpp"

namespace s2rm {
namespace {

using test::field_named;
using test::random_batch;
using test::random_parameters;
using test::relative_error;
using test::same_bits;
using test::tiny;
using test::tiny_net;
namespace tolerance = test::tolerance;

using cpu = backend::eigen;
using net = tiny_net<>;
using numbers = std::vector<double>;

constexpr index_t M = net::M, H = net::H, S = net::S, NC = net::NC, D = net::D;

/// A slice of the flat block.
template <class Net>
std::span<double> part(numbers& values, std::string_view name) {
  auto const f = field_named<Net>(name);
  REQUIRE(f.size > 0);
  return std::span(values).subspan(static_cast<std::size_t>(f.offset), static_cast<std::size_t>(f.size));
}

extent extent_of(batch_view<double> const& b) { return {b.time, b.batch, b.views, b.queries}; }

/// Forward and backward of one batch.
struct result {
  numbers states, outputs, reads, gradient;
  double loss = 0;
};
template <class Net>
result run(numbers const& values, batch_view<double> const& b, cpu const& be = {}) {
  test::model<Net, cpu> m(be, values, extent_of(b));
  double const loss = m.loss(b);
  return {m.states(b), m.outputs(b), m.reads(b), m.backward(b), loss};
}

/// y = W x.
numbers product(double const* w, index_t out, index_t in, double const* x) {
  numbers y(static_cast<std::size_t>(out));
  for (index_t o = 0; o < out; ++o) {
    for (index_t i = 0; i < in; ++i) y[static_cast<std::size_t>(o)] += w[o * in + i] * x[i];
  }
  return y;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// PyTorch's GRU cell of one module.
numbers gru_cell(double const* wi, double const* wh, double const* bi, double const* bh, numbers const& u,
                 double const* h, index_t width) {
  auto const a = product(wi, 3 * width, static_cast<index_t>(u.size()), u.data()), b = product(wh, 3 * width, width, h);
  numbers y(static_cast<std::size_t>(width));
  for (index_t j = 0; j < width; ++j) {
    auto const gate = [&](index_t g) {
      return a[g * width + j] + bi[g * width + j] + b[g * width + j] + bh[g * width + j];
    };
    double const r = sigmoid(gate(0)), z = sigmoid(gate(1));
    double const n = std::tanh(a[2 * width + j] + bi[2 * width + j] + r * (b[2 * width + j] + bh[2 * width + j]));
    y[static_cast<std::size_t>(j)] = (1 - z) * n + z * h[j];
  }
  return y;
}

/// h / sqrt(mean h^2 + 1e-4).
numbers rms(double const* h, index_t width) {
  double mean = 0;
  for (index_t j = 0; j < width; ++j) mean += h[j] * h[j] / static_cast<double>(width);
  numbers y(h, h + width);
  for (auto& x : y) x /= std::sqrt(mean + 1e-4);
  return y;
}

/// Plain softmax attention of one query over `count` sources, head by head.
numbers softmax_attention(numbers const& q, std::vector<numbers> const& k, std::vector<numbers> const& v,
                          index_t heads) {
  index_t const width = static_cast<index_t>(q.size()) / heads;
  numbers y(q.size());
  for (index_t n = 0; n < heads; ++n) {
    numbers e;
    double sum = 0;
    for (auto const& key : k) {
      double score = 0;
      for (index_t c = n * width; c < (n + 1) * width; ++c) score += q[c] * key[c];
      e.push_back(std::exp(score / std::sqrt(static_cast<double>(width))));
      sum += e.back();
    }
    for (std::size_t j = 0; j < v.size(); ++j) {
      for (index_t c = n * width; c < (n + 1) * width; ++c) y[c] += e[j] / sum * v[j][c];
    }
  }
  return y;
}

}  // namespace

TEST_CASE("1. epsilon -> 0 without a cut: plain softmax attention") {
  using open_net = tiny_net<test::no_cut>;
  auto values = random_parameters<open_net>(1);
  part<open_net>(values, "kernel.log_epsilon")[0] = -700;
  auto const owned = random_batch<open_net>({.time = 2, .batch = 2, .views = 4, .seed = 1});
  auto const b = owned.look();
  test::model<open_net, cpu> m({}, values, extent_of(b));
  (void)m.forward(b);
  for (auto const r : m.reach(b)) CHECK(r == kernel::reached);

  auto const& t = m.memory();
  double const* const wq = part<open_net>(values, "views.query.weight").data();
  double const* const wk = part<open_net>(values, "views.key.weight").data();
  double const* const wv = part<open_net>(values, "views.value.weight").data();
  double const* const rq = part<open_net>(values, "readout.query.weight").data();
  double const* const rk = part<open_net>(values, "readout.key.weight").data();
  double const* const rv = part<open_net>(values, "readout.value.weight").data();
  for (index_t row = 0; row < b.time * b.batch; ++row) {
    std::vector<numbers> keys, readings;
    for (index_t a = 0; a < b.views; ++a) {
      double const* const source = t.source + (row * b.views + a) * (D + S);
      keys.push_back(product(wk, NC, D + S, source));
      readings.push_back(product(wv, NC, D + S, source));
    }
    std::vector<numbers> read_keys, read_values;
    for (index_t i = 0; i < M; ++i) {
      auto const y = rms(t.dynamics.state_in + (row * M + i) * H, H);
      auto const u = softmax_attention(product(wq + i * NC * H, NC, H, y.data()), keys, readings, tiny::heads);
      CHECK(relative_error(numbers(t.dynamics.u + (row * M + i) * NC, t.dynamics.u + (row * M + i + 1) * NC), u) <
            tolerance::reordered);
      auto const z = rms(t.dynamics.state_out + (row * M + i) * H, H);
      read_keys.push_back(product(rk + i * NC * H, NC, H, z.data()));
      read_values.push_back(product(rv + i * NC * H, NC, H, z.data()));
    }
    for (index_t q = 0; q < b.queries; ++q) {
      double const* const in = t.read + (row * b.queries + q) * (NC + S);
      auto const r = softmax_attention(product(rq, NC, S, in + NC), read_keys, read_values, tiny::heads);
      CHECK(relative_error(numbers(in, in + NC), r) < tolerance::reordered);
    }
  }
}

namespace {
struct lone : tiny {
  static constexpr index_t modules = 1;
};
}  // namespace

TEST_CASE("2. one module, Z = 1: one GRU fed by attention pooling; with one view its input is W^v [e; s]") {
  using lone_net = world_model<lone, encoder::mlp<6, 4>, decoder::mlp<8>, test::no_cut>;
  auto values = random_parameters<lone_net>(2);
  part<lone_net>(values, "kernel.log_epsilon")[0] = -700;
  for (index_t const views : {1, 3}) {
    auto const owned = random_batch<lone_net>({.time = 4, .batch = 1, .views = views, .seed = 2});
    auto const b = owned.look();
    test::model<lone_net, cpu> m({}, values, extent_of(b));
    (void)m.forward(b);
    auto const& t = m.memory();
    numbers h(part<lone_net>(values, "initial_state").begin(), part<lone_net>(values, "initial_state").end());
    for (index_t step = 0; step < b.time; ++step) {
      auto const y = rms(h.data(), H);
      std::vector<numbers> keys, readings;
      for (index_t a = 0; a < views; ++a) {
        double const* const source = t.source + (step * views + a) * (D + S);
        keys.push_back(product(part<lone_net>(values, "views.key.weight").data(), NC, D + S, source));
        readings.push_back(product(part<lone_net>(values, "views.value.weight").data(), NC, D + S, source));
      }
      auto const query = product(part<lone_net>(values, "views.query.weight").data(), NC, H, y.data());
      auto const u = views == 1 ? readings[0] : softmax_attention(query, keys, readings, tiny::heads);
      // A module alone attends to itself with weight 1: h + W_o W_v y enters the gates, h is carried over.
      auto const g = product(part<lone_net>(values, "interaction.value.weight").data(), NC, H, y.data());
      auto hbar = product(part<lone_net>(values, "interaction.out.weight").data(), H, NC, g.data());
      for (index_t j = 0; j < H; ++j) hbar[j] += h[j];
      auto const *const wi = part<lone_net>(values, "cell.weight_ih").data(),
                        *const wh = part<lone_net>(values, "cell.weight_hh").data(),
                        *const bi = part<lone_net>(values, "cell.bias_ih").data(),
                        *const bh = part<lone_net>(values, "cell.bias_hh").data();
      auto next = gru_cell(wi, wh, bi, bh, u, hbar.data(), H);
      auto const a = product(wi, 3 * H, NC, u.data()), c = product(wh, 3 * H, H, hbar.data());
      for (index_t j = 0; j < H; ++j) {
        double const z = sigmoid(a[H + j] + bi[H + j] + c[H + j] + bh[H + j]);
        next[j] += z * (h[j] - hbar[j]);
      }
      h = next;
      CHECK(relative_error(numbers(t.dynamics.u + step * NC, t.dynamics.u + (step + 1) * NC), u) <
            tolerance::reordered);
      CHECK(relative_error(numbers(t.dynamics.state_out + step * H, t.dynamics.state_out + (step + 1) * H), h) <
            tolerance::reordered);
    }
  }
}

TEST_CASE("3. without views u = 0") {
  auto const values = random_parameters<net>(3);
  test::batch_options const none{.time = 3, .views = 0, .seed = 3},
      masked{.time = 3, .views = 4, .present = test::slots::none, .seed = 3};
  auto const empty = random_batch<net>(none), absent = random_batch<net>(masked);
  auto blind = random_batch<net>({.time = 3, .views = 4, .seed = 3});
  blind.blind.assign(6, 1);
  auto const a = run<net>(values, empty.look()), b = run<net>(values, absent.look());
  for (double const u : a.reads) CHECK(u == 0.0);
  for (double const u : b.reads) CHECK(u == 0.0);
  CHECK(same_bits(a.states, b.states));
  CHECK(same_bits(a.states, run<net>(values, blind.look()).states));
  // Nothing of the views' side has a gradient.
  for (auto const* name :
       {"encoder.0.weight", "encoder.1.bias", "views.key.weight", "views.value.weight", "views.query.weight"}) {
    auto const f = field_named<net>(name);
    for (index_t i = 0; i < f.size; ++i) CHECK(a.gradient[static_cast<std::size_t>(f.offset + i)] == 0.0);
  }
}

namespace {
/// Modules at 120 degrees of each other: no one reaches another.
template <class Net>
void scatter(numbers& values) {
  auto const v = part<Net>(values, "modules.embedding");
  std::fill(v.begin(), v.end(), 0.0);
  for (index_t m = 0; m < M; ++m) {
    v[m * S] = 2 * std::cos(2 * M_PI * static_cast<double>(m) / 3);
    v[m * S + 1] = 2 * std::sin(2 * M_PI * static_cast<double>(m) / 3);
  }
}
}  // namespace

TEST_CASE("4. modules out of each other's reach: the cross-module Jacobian is 0") {
  auto values = random_parameters<net>(4);
  auto const owned = random_batch<net>({.time = 1, .batch = 1, .seed = 4});
  auto const b = owned.look();
  auto const jacobian = [&](index_t moved) {
    numbers state(M * H, 0.1);
    test::model<net, cpu> m({}, values, extent_of(b));
    (void)m.forward(b, state.data());
    auto const before = m.states(b);
    for (index_t j = 0; j < H; ++j) state[moved * H + j] += 0.3;
    (void)m.forward(b, state.data());
    auto const after = m.states(b);
    std::vector<bool> changed(M);
    for (index_t i = 0; i < M * H; ++i) changed[i / H] = changed[i / H] || before[i] != after[i];
    return changed;
  };
  scatter<net>(values);
  for (index_t m = 0; m < M; ++m) {
    auto const changed = jacobian(m);
    for (index_t i = 0; i < M; ++i) CHECK(changed[i] == (i == m));
  }
  // In reach of each other, every module moves with every other.
  auto const v = part<net>(values, "modules.embedding");
  for (index_t m = 0; m < M; ++m) v[m * S + 2] = 2;
  for (index_t m = 0; m < M; ++m) {
    auto const changed = jacobian(m);
    for (index_t i = 0; i < M; ++i) CHECK(changed[i]);
  }
}

TEST_CASE("5. a view out of a module's reach does not move it within the step") {
  auto const values = random_parameters<net>(5);
  auto owned = random_batch<net>({.time = 1, .batch = 1, .views = 5, .seed = 5});
  auto const b = owned.look();
  test::model<net, cpu> m({}, values, extent_of(b));
  (void)m.forward(b);
  auto const before = m.states(b);
  auto const reach = m.reach(b);
  int cut_off = 0, reached = 0;
  for (index_t a = 0; a < b.views; ++a) {
    auto other = owned;
    for (index_t i = 0; i < net::view::size; ++i) other.view[a * net::view::size + i] += 1.5;
    (void)m.forward(other.look());
    auto const after = m.states(b);
    for (index_t i = 0; i < M; ++i) {
      bool const moved = !std::equal(before.begin() + i * H, before.begin() + (i + 1) * H, after.begin() + i * H);
      CHECK(moved == (reach[a * M + i] == kernel::reached));
      ++(moved ? reached : cut_off);
    }
  }
  CHECK(cut_off > 0);
  CHECK(reached > 0);
}

namespace {
/// The modules of a tensor whose first extent is M, in another order.
template <class Net>
void permute_modules(numbers& values, std::array<index_t, 3> const& order) {
  for (auto const& f : Net::fields) {
    bool const by_module = f.name == "modules.embedding" || f.name == "initial_state" ||
                           f.name == "views.query.weight" || f.name.starts_with("interaction.") ||
                           f.name.starts_with("cell.") || f.name == "readout.key.weight" ||
                           f.name == "readout.value.weight";
    if (!by_module) continue;
    index_t const size = f.size / Net::M;
    numbers const old(values.begin() + f.offset, values.begin() + f.offset + f.size);
    for (index_t m = 0; m < Net::M; ++m) {
      std::copy_n(old.begin() + order[m] * size, size, values.begin() + f.offset + m * size);
    }
  }
}
}  // namespace

TEST_CASE("6. the order of views, and of modules with their weights, does not matter") {
  auto const values = random_parameters<net>(6);
  auto const owned = random_batch<net>({.time = 4, .batch = 2, .views = 5, .present = test::slots::some, .seed = 6});
  auto const plain = run<net>(values, owned.look());

  auto turned = owned;
  index_t const order[] = {3, 0, 4, 1, 2};
  for (index_t row = 0; row < 8; ++row) {
    for (index_t a = 0; a < 5; ++a) {
      index_t const to = row * 5 + a, from = row * 5 + order[a];
      std::copy_n(owned.view.begin() + from * 9, 9, turned.view.begin() + to * 9);
      std::copy_n(owned.place.begin() + from * 2, 2, turned.place.begin() + to * 2);
      turned.view_mask[to] = owned.view_mask[from];
    }
  }
  auto const views = run<net>(values, turned.look());
  CHECK(relative_error(views.states, plain.states) < tolerance::reordered);
  CHECK(relative_error(views.outputs, plain.outputs) < tolerance::reordered);
  CHECK(relative_error(views.gradient, plain.gradient) < tolerance::reordered);

  std::array<index_t, 3> const cycle{2, 0, 1};
  auto moved = values;
  permute_modules<net>(moved, cycle);
  auto const modules = run<net>(moved, owned.look());
  CHECK(relative_error(modules.outputs, plain.outputs) < tolerance::reordered);
  auto states = plain.states, gradient = plain.gradient;
  for (index_t row = 0; row < 8; ++row) {
    for (index_t m = 0; m < M; ++m) {
      std::copy_n(plain.states.begin() + (row * M + cycle[m]) * H, H, states.begin() + (row * M + m) * H);
    }
  }
  permute_modules<net>(gradient, cycle);
  CHECK(relative_error(modules.states, states) < tolerance::reordered);
  CHECK(relative_error(modules.gradient, gradient) < tolerance::reordered);
  CHECK(relative_error(modules.states, plain.states) > 1e-3);
}

TEST_CASE("7. duplicating every view leaves u unchanged") {
  auto const values = random_parameters<net>(7);
  auto const owned = random_batch<net>({.time = 3, .views = 3, .present = test::slots::some, .seed = 7});
  auto doubled = owned;
  doubled.views = 6;
  doubled.view.clear(), doubled.place.clear(), doubled.view_mask.clear();
  for (index_t row = 0; row < 6; ++row) {
    for (int twice = 0; twice < 2; ++twice) {
      doubled.view.insert(doubled.view.end(), owned.view.begin() + row * 27, owned.view.begin() + (row + 1) * 27);
      doubled.place.insert(doubled.place.end(), owned.place.begin() + row * 6, owned.place.begin() + (row + 1) * 6);
      doubled.view_mask.insert(doubled.view_mask.end(), owned.view_mask.begin() + row * 3,
                               owned.view_mask.begin() + (row + 1) * 3);
    }
  }
  auto const once = run<net>(values, owned.look()), twice = run<net>(values, doubled.look());
  CHECK(relative_error(twice.reads, once.reads) < tolerance::reordered);
  CHECK(relative_error(twice.outputs, once.outputs) < tolerance::reordered);
  CHECK(relative_error(twice.gradient, once.gradient) < tolerance::reordered);
}

static void equals_its_elements(index_t T, index_t B) {
  INFO(T << " steps of " << B);
  auto const values = random_parameters<net>(8);
  index_t const A = 4, Q = 2;
  auto const owned = random_batch<net>({.time = T,
                                        .batch = B,
                                        .views = A,
                                        .queries = Q,
                                        .present = test::slots::some,
                                        .asked = test::slots::some,
                                        .reset = true,
                                        .blind = true,
                                        .seed = 8});
  auto const b = owned.look();
  test::model<net, cpu> m({}, values, {T, B, A, Q});
  double const total = m.forward(b), count = m.count();
  auto const states = m.states(b), outputs = m.outputs(b), gradient = m.backward(b);
  numbers sum(gradient.size());
  double losses = 0, counts = 0;
  for (index_t e = 0; e < B; ++e) {
    auto one = owned;
    one.batch = 1;
    auto const keep = [&](auto& to, auto const& from) {
      index_t const width = static_cast<index_t>(from.size()) / (T * B);
      to.clear();
      for (index_t t = 0; t < T; ++t) {
        to.insert(to.end(), from.begin() + (t * B + e) * width, from.begin() + (t * B + e + 1) * width);
      }
    };
    keep(one.view, owned.view), keep(one.place, owned.place), keep(one.query_place, owned.query_place);
    keep(one.target, owned.target), keep(one.view_mask, owned.view_mask), keep(one.target_mask, owned.target_mask);
    keep(one.reset, owned.reset), keep(one.blind, owned.blind);
    auto const o = one.look();
    losses += m.forward(o);  // the same memory, used in part
    counts += m.count();
    numbers expected;
    keep(expected, states);
    CHECK(same_bits(m.states(o), expected));
    keep(expected, outputs);
    CHECK(same_bits(m.outputs(o), expected));
    auto const share = m.count() / count;
    auto const& g = m.backward(o);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share * g[i];
  }
  CHECK(losses == Approx(total).epsilon(1e-13));
  CHECK(counts == count);
  CHECK(relative_error(sum, gradient) < tolerance::reordered);
}

TEST_CASE("8. a batch of N equals N batches of one") {
  equals_its_elements(5, 3);
  // More rows than are encoded, and read out, at a time: in the batch; in the batch and in its elements.
  equals_its_elements(3, 150);
  equals_its_elements(300, 2);
}

TEST_CASE("9. step by step, or in windows, equals the whole sequence") {
  for (index_t const length : {1, 2, 3, 4}) {
    INFO("windows of " << length);
    test::check_windows<net, double>(length, cpu{});
  }
}

TEST_CASE("10. a masked slot full of NaN changes no bit") {
  auto const values = random_parameters<net>(10);
  for (auto const present : {test::slots::some, test::slots::none}) {
    auto owned = random_batch<net>({.time = 4,
                                    .batch = 2,
                                    .views = 5,
                                    .queries = 4,
                                    .present = present,
                                    .asked = present,
                                    .reset = true,
                                    .blind = true,
                                    .seed = 10});
    auto const fill = [&](double value) {
      auto b = owned;
      for (index_t i = 0; i < 40; ++i) {
        if (b.view_mask[i] != 0 && b.blind[i / 5] == 0) continue;
        std::fill_n(b.view.begin() + i * 9, 9, value);
        std::fill_n(b.place.begin() + i * 2, 2, value);
      }
      for (index_t i = 0; i < 32; ++i) {
        if (b.target_mask[i] == 0) std::fill_n(b.target.begin() + i * 9, 9, value);
      }
      return b;
    };
    auto const zero = fill(0);
    auto const clean = run<net>(values, zero.look());
    for (double const value :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e300, -7.0}) {
      auto const poison = fill(value);
      auto const poisoned = run<net>(values, poison.look());
      CHECK(same_bits(clean.states, poisoned.states));
      CHECK(same_bits(clean.outputs, poisoned.outputs));
      CHECK(same_bits(clean.gradient, poisoned.gradient));
      CHECK(clean.loss == poisoned.loss);
    }
    for (double const g : clean.gradient) REQUIRE(std::isfinite(g));

    // The place of a masked query may be NaN as well.
    auto lost = zero;
    for (index_t i = 0; i < 32; ++i) {
      if (lost.target_mask[i] == 0) lost.query_place[i * 2 + 1] = NAN;
    }
    auto const other = run<net>(values, lost.look());
    CHECK(same_bits(clean.states, other.states));
    CHECK(same_bits(clean.gradient, other.gradient));
    CHECK(clean.loss == other.loss);
  }
}

TEST_CASE("11. rotating the sphere, modules and places together, leaves Z unchanged") {
  using kernel_type = kernel::truncated_gaussian<>::on<tiny>;
  using pairs = kernel::pairs<kernel_type, M, S>;
  index_t const n = 50;
  // A rotation of R^4: Gram-Schmidt over random vectors.
  auto turn = test::normal_numbers(S * S, 1);
  for (index_t i = 0; i < S; ++i) {
    for (index_t j = 0; j <= i; ++j) {
      double along = math::dot<S>(&turn[i * S], &turn[j * S]);
      if (i == j) along = 1 - 1 / std::sqrt(along);
      for (index_t k = 0; k < S; ++k) turn[i * S + k] -= along * turn[j * S + k];
    }
  }
  auto const unit_rows = [](numbers x) {
    for (std::size_t r = 0; r < x.size() / S; ++r) {
      double const length = std::sqrt(math::dot<S>(&x[r * S], &x[r * S]));
      for (index_t k = 0; k < S; ++k) x[r * S + k] /= length;
    }
    return x;
  };
  auto const rotated = [&](numbers const& x) {
    numbers y(x.size());
    for (std::size_t r = 0; r < x.size() / S; ++r) {
      auto const row = product(turn.data(), S, S, &x[r * S]);
      std::copy(row.begin(), row.end(), y.begin() + static_cast<std::ptrdiff_t>(r * S));
    }
    return y;
  };
  auto const weigh = [&](numbers const& modules, numbers const& places) {
    numbers log_z(static_cast<std::size_t>(n * M));
    std::vector<std::uint8_t> reach(static_cast<std::size_t>(n * M));
    double const log_epsilon = 0.4;
    cpu be;
    test::plain_weight<double, 1, M, S> const on_sphere(be, modules.data());
    pairs::forward(be, {&log_epsilon}, on_sphere.view, n, {places.data(), S}, nullptr, log_z.data(), reach.data());
    for (std::size_t i = 0; i < log_z.size(); ++i) log_z[i] = reach[i] == kernel::reached ? std::exp(log_z[i]) : 0;
    return log_z;
  };
  auto const modules = unit_rows(test::normal_numbers(M * S, 2)), places = unit_rows(test::normal_numbers(n * S, 3));
  auto const z = weigh(modules, places), same = weigh(rotated(modules), rotated(places));
  CHECK(relative_error(same, z) < tolerance::reordered);
  CHECK(relative_error(weigh(modules, rotated(places)), z) > 1e-3);
}

TEST_CASE("12. a GRU module alone equals PyTorch's cell") {
  // Golden numbers of torch.nn.GRUCell for three modules' weights; here each module is a model of its own.
  auto const file = io::read_safetensors("golden/gru.safetensors");
  auto const u = file.numbers<double>("u"), h = file.numbers<double>("h"), expected = file.numbers<double>("output");
  auto const wi = file.numbers<double>("weight_ih"), wh = file.numbers<double>("weight_hh");
  auto const bi = file.numbers<double>("bias_ih"), bh = file.numbers<double>("bias_hh");
  index_t const rows_of = file.at("h").shape[0];
  using cell = cell::gru::on<lone>;
  cpu be;
  for (index_t m = 0; m < 3; ++m) {
    numbers w;
    for (auto const* field : {&wi, &wh, &bi, &bh}) {
      auto const size = static_cast<std::ptrdiff_t>(field->size() / 3);
      w.insert(w.end(), field->begin() + m * size, field->begin() + (m + 1) * size);
    }
    REQUIRE(static_cast<index_t>(w.size()) == cell::params::size);
    test::plain_parameters<cell::params> const p(be, w.data());
    numbers y(static_cast<std::size_t>(rows_of * H)), saved(static_cast<std::size_t>(rows_of * cell::saved::size)),
        scratch(static_cast<std::size_t>(rows_of * cell::scratch));
    rows<double const> const state{h.data() + m * H, 3 * H, H};
    cell::forward(be, p.view, rows_of, {u.data() + m * NC, 3 * NC, NC}, state, state, {y.data(), H, H},
                  saved_of<double, cell::saved>{saved.data(), rows_of}, scratch.data());
    for (index_t r = 0; r < rows_of; ++r) {
      for (index_t j = 0; j < H; ++j)
        CHECK(y[r * H + j] == Approx(expected[(r * 3 + m) * H + j]).epsilon(1e-12).margin(1e-13));
    }
  }
}

}  // namespace s2rm
