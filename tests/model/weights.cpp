// Modules that share their weights: the model is that of modules whose weights are equal, and nothing but its place tells
// one module from another.
#include <array>

#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/tolerance.hpp"

namespace s2rm {
namespace {

using test::field_named;
using test::random_batch;
using test::random_parameters;
using test::relative_error;
using test::run;
using test::same_bits;
using test::slots;

using numbers = std::vector<double>;

struct wide : test::tiny {
  static constexpr index_t modules = 4, hidden = 6;
};
template <class... Policies>
using own = world_model<wide, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;
template <class... Policies>
using one = own<weights::shared, Policies...>;

/// The parameters of `Own` in which every module has the weights that the modules of `One` share.
template <class One, class Own>
numbers copied(numbers const& values) {
  numbers all(static_cast<std::size_t>(Own::parameter_count));
  for (auto const& from : One::fields) {
    for (auto const& to : Own::fields) {
      if (to.name != from.name) continue;
      for (index_t at = 0; at < to.size; at += from.size) {
        std::copy_n(values.begin() + from.offset, from.size, all.begin() + to.offset + at);
      }
    }
  }
  return all;
}

/// Gradients of all modules' weights, summed: the gradient of what they share.
template <class One, class Own>
numbers summed(numbers const& gradient) {
  numbers sum(static_cast<std::size_t>(One::parameter_count));
  for (auto const& to : One::fields) {
    for (auto const& from : Own::fields) {
      if (to.name != from.name) continue;
      for (index_t i = 0; i < from.size; ++i) {
        sum[static_cast<std::size_t>(to.offset + i % to.size)] += gradient[static_cast<std::size_t>(from.offset + i)];
      }
    }
  }
  return sum;
}

constexpr test::batch_options everything{.time = 7,
                                         .batch = 3,
                                         .views = 4,
                                         .queries = 3,
                                         .present = slots::some,
                                         .asked = slots::some,
                                         .reset = true,
                                         .blind = true,
                                         .seed = 5};

}  // namespace

TEST_CASE("shared weights: parameters have one set in place of M, the places of the modules M") {
  using net = one<cell::lstm>;
  for (auto const& f : net::fields) {
    auto const other = field_named<own<cell::lstm>>(f.name);
    INFO(f.name);
    bool const by_module = f.name.starts_with("views.query") || f.name.starts_with("interaction.") ||
                           f.name.starts_with("cell.") || f.name.starts_with("initial_") ||
                           f.name.starts_with("readout.key") || f.name.starts_with("readout.value");
    CHECK(f.rank == other.rank);
    CHECK(f.extents[0] == (by_module ? 1 : other.extents[0]));
    CHECK(f.size == (by_module ? other.size / net::M : other.size));
  }
  CHECK(field_named<net>("modules.embedding").extents[0] == 4);
  CHECK(net::fields.size() == own<cell::lstm>::fields.size());
  CHECK_THAT(net::description(), test::contains("weights shared"));
  CHECK_THAT(own<cell::lstm>::description(), !test::contains("shared"));
}

TEMPLATE_TEST_CASE("shared weights: modules of equal weights, forward to the bit, gradients summed", "",
                   (std::pair<one<>, own<>>),
                   (std::pair<one<cell::lstm, interaction::after_update>, own<cell::lstm, interaction::after_update>>),
                   (std::pair<one<cell::rmc<2, 1>, carry::residual, initial_state::fixed, readout::kernel_mean>,
                              own<cell::rmc<2, 1>, carry::residual, initial_state::fixed, readout::kernel_mean>>)) {
  using shared = typename TestType::first_type;
  using apart = typename TestType::second_type;
  auto const values = random_parameters<shared>(3);
  auto const owned = random_batch<shared>(everything);
  auto const b = owned.look();
  auto const check = [&](auto const& be, std::string const& name) {
    INFO(name);
    auto const expected = run<apart>(copied<shared, apart>(values), b, be), found = run<shared>(values, b, be);
    CHECK(found.count == expected.count);
    CHECK(relative_error(found.gradient, summed<shared, apart>(expected.gradient)) < test::tolerance::reordered);
    CHECK(relative_error(found.states, expected.states) < test::tolerance::reordered);
    CHECK(relative_error(found.outputs, expected.outputs) < test::tolerance::reordered);
    return same_bits(found.states, expected.states) && same_bits(found.outputs, expected.outputs);
  };
  // A row of a product does not depend on the others.
  CHECK(check(ops::reference{}, "reference"));
  CHECK(check(backend::eigen{.threads = 1}, "eigen, 1 thread"));
  CHECK(check(backend::eigen{.threads = 2}, "eigen, 2 threads"));
  check(backend::eigen{.threads = 2, .gemm = backend::gemm::eigen}, "eigen, Eigen's product");
  test::on_every_thrust([&](auto const& be, std::string const& name) { check(be, name); });
}

TEST_CASE("shared weights: other places of the modules are another order of the modules") {
  using net = one<>;
  constexpr index_t M = net::M, H = net::H, S = net::S;
  std::array<index_t, M> const order{2, 0, 3, 1};
  auto const values = random_parameters<net>(6);
  auto const owned = random_batch<net>(everything);
  auto const plain = run<net>(values, owned.look());
  auto const moved = [&](numbers const& from, index_t rows, index_t width) {
    auto to = from;
    for (index_t row = 0; row < rows; ++row) {
      for (index_t m = 0; m < M; ++m) {
        std::copy_n(from.begin() + (row * M + order[static_cast<std::size_t>(m)]) * width, width,
                    to.begin() + (row * M + m) * width);
      }
    }
    return to;
  };
  auto const places = [&](numbers all) {
    auto const at = all.begin() + net::at_embedding;
    numbers const turned = moved(numbers(at, at + M * S), 1, S);
    std::copy(turned.begin(), turned.end(), at);
    return all;
  };
  auto const turned = run<net>(places(values), owned.look());
  CHECK(relative_error(turned.outputs, plain.outputs) < test::tolerance::reordered);
  CHECK(relative_error(turned.states, moved(plain.states, everything.time * everything.batch, H)) <
        test::tolerance::reordered);
  CHECK(relative_error(turned.gradient, places(plain.gradient)) < test::tolerance::reordered);
  CHECK(relative_error(turned.states, plain.states) > 1e-3);
}

TEST_CASE("shared weights: modules at one place are one module, at others each is its own") {
  using net = one<>;
  constexpr index_t M = net::M, H = net::H, S = net::S;
  auto values = random_parameters<net>(8);
  auto const owned = random_batch<net>({.time = 4, .batch = 1, .seed = 8});
  auto const apart = run<net>(values, owned.look());
  auto const same = [&](numbers const& states) {
    bool all = true;
    for (index_t m = 1; m < M; ++m) {
      all = all && std::equal(states.end() - H, states.end(), states.end() - M * H + (m - 1) * H);
    }
    return all;
  };
  CHECK_FALSE(same(apart.states));
  for (index_t m = 1; m < M; ++m) {
    std::copy_n(values.begin() + net::at_embedding, S, values.begin() + net::at_embedding + m * S);
  }
  CHECK(same(run<net>(values, owned.look()).states));
}

}  // namespace s2rm
