// Edges of the model: nothing seen, nothing asked, one of everything, padding, repetition, partly used memory.
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/model_fixture.hpp"
#include "support/run.hpp"

namespace s2rm {
namespace {

using test::field_named;
using test::run;
using test::random_batch;
using test::random_parameters;
using test::same_bits;
using test::slots;
using test::tiny_net;

using cpu = backend::eigen;
using net = tiny_net<>;

bool all_finite(auto const& values) {
  return std::all_of(values.begin(), values.end(), [](auto x) { return std::isfinite(x); });
}
bool all_zero(auto const& values) {
  return std::all_of(values.begin(), values.end(), [](auto x) { return x == 0; });
}

}  // namespace

TEST_CASE("nothing asked: states without outputs, no loss, no gradient") {
  auto const values = random_parameters<net>(1);
  auto const none = random_batch<net>({.time = 3, .queries = 0}),
             masked = random_batch<net>({.time = 3, .asked = slots::none});
  auto const a = run<net>(values, none.look()), b = run<net>(values, masked.look());
  CHECK(a.outputs.empty());
  CHECK(a.count == 0);
  CHECK(b.count == 0);
  CHECK(b.loss == 0);
  CHECK(all_zero(a.gradient));
  CHECK(all_zero(b.gradient));
  CHECK(same_bits(a.states, b.states));
  CHECK(all_finite(a.states));
}

namespace {
struct one : shape {
  static constexpr index_t modules = 1, hidden = 1, heads = 1, head_width = 1, sphere = 2, place = 1, frequencies = 1,
                           place_hidden = 1;
  using view = features<1>;
};
}  // namespace

TEST_CASE("one of everything") {
  using least = world_model<one, encoder::mlp<1>, decoder::mlp<>>;
  for (index_t const views : {0, 1}) {
    for (index_t const queries : {0, 1}) {
      auto const owned = random_batch<least>({.time = 1, .batch = 1, .views = views, .queries = queries});
      auto const r = run<least>(random_parameters<least>(2), owned.look());
      CHECK(r.states.size() == 1);
      CHECK(all_finite(r.states));
      CHECK(all_finite(r.outputs));
      CHECK(all_finite(r.gradient));
      CHECK(all_zero(r.gradient) == (queries == 0));
    }
  }
}

TEST_CASE("no step, no element: nothing happens") {
  auto const values = random_parameters<net>(3);
  auto const owned = random_batch<net>({.time = 2});
  auto b = owned.look();
  b.batch = 0;
  auto const r = run<net>(values, b, cpu{}, {2, 2, 4, 3});
  CHECK(r.states.empty());
  CHECK(r.count == 0);
  CHECK(all_zero(r.gradient));
}

TEST_CASE("padding with masked views changes no bit") {
  auto const values = random_parameters<net>(4);
  auto const owned =
      random_batch<net>({.time = 4, .batch = 2, .views = 3, .present = slots::some, .reset = true, .seed = 4});
  for (double const fill : {0.0, double(NAN)}) {
    auto padded = owned;
    padded.views = 7;
    padded.view.assign(8 * 7 * 9, fill);
    padded.place.assign(8 * 7 * 2, fill);
    padded.view_mask.assign(8 * 7, 0);
    for (index_t row = 0; row < 8; ++row) {
      for (index_t a = 0; a < 3; ++a) {
        // The views keep their order; padding stands before, between and behind them.
        index_t const to = row * 7 + 1 + 2 * a, from = row * 3 + a;
        std::copy_n(owned.view.begin() + from * 9, 9, padded.view.begin() + to * 9);
        std::copy_n(owned.place.begin() + from * 2, 2, padded.place.begin() + to * 2);
        padded.view_mask[static_cast<std::size_t>(to)] = owned.view_mask[static_cast<std::size_t>(from)];
      }
    }
    auto const plain = run<net>(values, owned.look()), wide = run<net>(values, padded.look());
    CHECK(plain == wide);
    CHECK(plain.gradient != std::vector<double>(plain.gradient.size()));
  }
}

TEST_CASE("padding with masked queries changes no bit") {
  auto const values = random_parameters<net>(5);
  auto owned = random_batch<net>({.time = 3, .batch = 2, .queries = 2, .seed = 5});
  owned.target_mask.assign(12, 1);
  auto padded = owned;
  padded.queries = 5;
  padded.query_place.assign(6 * 5 * 2, 0.3);
  padded.target.assign(6 * 5 * 9, NAN);
  padded.target_mask.assign(6 * 5, 0);
  for (index_t row = 0; row < 6; ++row) {
    for (index_t q = 0; q < 2; ++q) {
      index_t const to = row * 5 + 2 * q + 1, from = row * 2 + q;
      std::copy_n(owned.query_place.begin() + from * 2, 2, padded.query_place.begin() + to * 2);
      std::copy_n(owned.target.begin() + from * 9, 9, padded.target.begin() + to * 9);
      padded.target_mask[static_cast<std::size_t>(to)] = 1;
    }
  }
  auto const plain = run<net>(values, owned.look()), wide = run<net>(values, padded.look());
  CHECK(same_bits(plain.states, wide.states));
  CHECK(same_bits(plain.gradient, wide.gradient));
  CHECK(plain.loss == wide.loss);
  CHECK(plain.count == wide.count);
}

TEST_CASE("null masks are masks of ones, no flags are flags of zeros") {
  auto const values = random_parameters<net>(6);
  auto const owned = random_batch<net>({.time = 3, .seed = 6});
  auto marked = owned;
  marked.view_mask.assign(24, 1);
  marked.target_mask.assign(18, 1);
  marked.reset.assign(6, 0);
  marked.blind.assign(6, 0);
  CHECK(run<net>(values, owned.look()) == run<net>(values, marked.look()));
}

TEST_CASE("more memory for activations, or one used before, changes no bit") {
  auto const values = random_parameters<net>(7);
  auto const owned = random_batch<net>({.time = 3, .views = 4, .present = slots::some, .seed = 7});
  auto const b = owned.look();
  auto const fits = run<net>(values, b);
  CHECK(fits == run<net>(values, b, cpu{}, {9, 4, 11, 6}));
  test::model<net, cpu> used({}, values, {9, 4, 11, 6});
  auto const large = random_batch<net>({.time = 9, .batch = 4, .views = 11, .queries = 6, .seed = 70});
  (void)used.loss(large.look());
  (void)used.backward(large.look());
  (void)used.loss(b);
  auto const g = used.backward(b);
  CHECK(same_bits(fits.states, used.states(b)));
  CHECK(same_bits(fits.outputs, used.outputs(b)));
  CHECK(same_bits(fits.gradient, g));
}

TEST_CASE("a reset starts anew: what was before does not matter") {
  auto const values = random_parameters<net>(10);
  auto owned = random_batch<net>({.time = 4, .batch = 1, .seed = 10});
  owned.reset.assign(4, 0);
  owned.reset[2] = 1;
  auto const whole = run<net>(values, owned.look());
  auto other = owned;
  for (index_t i = 0; i < 2 * 4 * 9; ++i) other.view[static_cast<std::size_t>(i)] += 1;
  auto const changed = run<net>(values, other.look());
  index_t const half = 2 * net::M * net::H;
  CHECK(std::equal(whole.states.begin() + half, whole.states.end(), changed.states.begin() + half));
  CHECK_FALSE(std::equal(whole.states.begin(), whole.states.begin() + half, changed.states.begin()));
  // And no gradient passes: only the steps since the reset are asked, only they count.
  owned.target_mask.assign(12, 0);
  std::fill(owned.target_mask.begin() + 6, owned.target_mask.end(), 1);
  other.target_mask = owned.target_mask;
  CHECK(same_bits(run<net>(values, owned.look()).gradient, run<net>(values, other.look()).gradient));
}

TEST_CASE("the initial state is learned, or stays zero") {
  auto const owned = random_batch<net>({.time = 1, .seed = 11});
  auto values = random_parameters<net>(11);
  auto const f = field_named<net>("initial_state");
  REQUIRE(f.size == net::M * net::H);
  test::model<net, cpu> m({}, values, {1, 2, 4, 3});
  (void)m.forward(owned.look());
  for (index_t b = 0; b < 2; ++b) {
    for (index_t i = 0; i < f.size; ++i) {
      CHECK(m.memory().dynamics.state_in[b * f.size + i] == values[static_cast<std::size_t>(f.offset + i)]);
    }
  }
  using zero = tiny_net<initial_state::fixed>;
  static_assert(zero::parameter_count == net::parameter_count - net::M * net::H);
  test::model<zero, cpu> still({}, random_parameters<zero>(11), {1, 2, 4, 3});
  (void)still.forward(owned.look());
  for (index_t i = 0; i < 2 * f.size; ++i) CHECK(still.memory().dynamics.state_in[i] == 0.0);

  std::vector<double> start(net::parameter_count);
  net::initialise(start.data(), seed{1});
  for (index_t i = 0; i < f.size; ++i) CHECK(start[static_cast<std::size_t>(f.offset + i)] == 0.0);
}

TEST_CASE("the bounded carry keeps every state within 1") {
  auto values = random_parameters<net>(12);
  for (auto& v : values) v *= 3;
  auto const f = field_named<net>("initial_state");
  std::fill_n(values.begin() + f.offset, f.size, -1.0);
  auto const owned = random_batch<net>({.time = 60, .batch = 1, .seed = 12});
  auto const bounded = run<net>(values, owned.look());
  for (double const h : bounded.states) REQUIRE(std::abs(h) <= 1);
  auto const free = run<tiny_net<carry::residual>>(values, owned.look());
  CHECK(*std::max_element(free.states.begin(), free.states.end()) > 1);
}

TEST_CASE("without interaction there are no interaction parameters, without dot product no keys") {
  for (auto const& f : tiny_net<interaction::none>::fields) CHECK_FALSE(f.name.starts_with("interaction."));
  CHECK(field_named<tiny_net<readout::kernel_mean>>("readout.key.weight").size == 0);
  CHECK(field_named<tiny_net<readout::kernel_mean>>("readout.query.weight").size == 0);
  CHECK(field_named<tiny_net<readout::kernel_mean>>("readout.value.weight").size == 3 * 6 * 5);
}

TEST_CASE("names, shapes and order of the checkpoint") {
  struct expected {
    char const* name;
    std::vector<index_t> shape;
  };
  std::vector<expected> const all{{"encoder.0.weight", {6, 9}},
                                  {"encoder.0.bias", {6}},
                                  {"encoder.1.weight", {4, 6}},
                                  {"encoder.1.bias", {4}},
                                  {"place.0.weight", {7, 8}},
                                  {"place.0.bias", {7}},
                                  {"place.1.weight", {4, 7}},
                                  {"place.1.bias", {4}},
                                  {"modules.embedding", {3, 4}},
                                  {"kernel.log_epsilon", {1}},
                                  {"views.query.weight", {3, 6, 5}},
                                  {"views.key.weight", {6, 8}},
                                  {"views.value.weight", {6, 8}},
                                  {"interaction.query.weight", {3, 6, 5}},
                                  {"interaction.key.weight", {3, 6, 5}},
                                  {"interaction.value.weight", {3, 6, 5}},
                                  {"interaction.out.weight", {3, 5, 6}},
                                  {"cell.weight_ih", {3, 15, 6}},
                                  {"cell.weight_hh", {3, 15, 5}},
                                  {"cell.bias_ih", {3, 15}},
                                  {"cell.bias_hh", {3, 15}},
                                  {"initial_state", {3, 5}},
                                  {"readout.query.weight", {6, 4}},
                                  {"readout.key.weight", {3, 6, 5}},
                                  {"readout.value.weight", {3, 6, 5}},
                                  {"decoder.0.weight", {8, 10}},
                                  {"decoder.0.bias", {8}},
                                  {"decoder.1.weight", {9, 8}},
                                  {"decoder.1.bias", {9}}};
  REQUIRE(net::fields.size() == all.size());
  index_t end = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto const& f = net::fields[i];
    CHECK(f.name == all[i].name);
    CHECK(std::vector<index_t>(f.extents.begin(), f.extents.begin() + f.rank) == all[i].shape);
    CHECK(f.offset == end);
    end += f.size;
  }
  CHECK(end == net::parameter_count);
}

TEST_CASE("the start depends on the seed alone and differs from number to number") {
  std::vector<double> a(net::parameter_count), b(a), c(a);
  net::initialise(a.data(), seed{1});
  net::initialise(b.data(), seed{1});
  net::initialise(c.data(), seed{2});
  CHECK(a == b);
  CHECK(a != c);
  auto const f = field_named<net>("cell.weight_ih");
  std::vector<double> cell(a.begin() + f.offset, a.begin() + f.offset + f.size);
  // Weights of one size and one bound are drawn apart, wherever they stand.
  auto const views = field_named<net>("views.query.weight");
  CHECK_FALSE(std::equal(cell.begin(), cell.begin() + 50, a.begin() + views.offset));
  for (double const w : cell) CHECK(std::abs(w) <= 1 / std::sqrt(5.0));
  std::sort(cell.begin(), cell.end());
  CHECK(std::adjacent_find(cell.begin(), cell.end()) == cell.end());
  CHECK(std::exp(a[static_cast<std::size_t>(net::at_kernel)]) == Approx(4));
}

}  // namespace s2rm
