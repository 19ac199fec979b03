// The relational memory core: the contract of a cell, and properties of its parts.
#include "s2rm/cell/rmc.hpp"

#include "s2rm/core/shape.hpp"
#include "support/backends.hpp"
#include "support/cell_problem.hpp"

namespace s2rm {
using test::cell_problem;

namespace {

struct tiny : shape {
  static constexpr index_t modules = 3, hidden = 12, heads = 2, head_width = 3;
};
struct wide : shape {
  static constexpr index_t modules = 2, hidden = 18, heads = 1, head_width = 4;
};
struct one : shape {
  static constexpr index_t modules = 1, hidden = 5, heads = 1, head_width = 1;
};

/// The conformance test's numbers, with the memory's MLP well away from the kink of its ReLU.
template <class Cell, class B>
test::problem smooth_problem(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  auto p = cell_problem<Cell>(be, name, n, stream);
  auto& w = p.arguments[3].value;
  double* const bias = w.data() + Cell::params::template offset<"mlp.0.bias">;
  for (index_t i = 0; i < Cell::M * Cell::F; ++i) bias[i] = i % 2 == 0 ? 25 : -25;
  return p;
}

}  // namespace

TEST_CASE("the RMC conforms") {
  test::on_every_backend([](auto& be, std::string const& name) {
    bool const exact = name != "eigen, Eigen's product";
    test::conforms(smooth_problem<cell::rmc<3, 2>::on<tiny>>(be, "rmc 3 x 3 slots of 4, " + name, 1, 1), exact);
    test::conforms(smooth_problem<cell::rmc<3, 2>::on<tiny>>(be, "rmc 3 x 3 slots of 4, " + name, 3, 2), exact);
    test::conforms(smooth_problem<cell::rmc<2, 3, 5>::on<wide>>(be, "rmc 2 x 2 slots of 9, " + name, 2, 3), exact);
    test::conforms(smooth_problem<cell::rmc<1, 1>::on<one>>(be, "rmc 1 x 1 slot of 5, " + name, 2, 4), exact);
  });
}

TEST_CASE("an RMC step is affine in the carried state, with the forget gate as slope") {
  using cell = cell::rmc<3, 2>::on<tiny>;
  ops::reference be;
  auto p = cell_problem<cell>(be, "", 1, 5);
  auto const run = [&](double carried) {
    std::fill(p.arguments[2].value.begin(), p.arguments[2].value.end(), carried);
    std::vector<double> y(cell::M * cell::state), saved(cell::saved::size), scratch(cell::scratch);
    std::vector<double const*> in;
    for (auto const& a : p.arguments) in.push_back(a.value.data());
    p.forward(1, in, y.data(), saved.data(), scratch.data());
    return y;
  };
  auto const nothing = run(0), one = run(1), two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) {
    double const f = one[i] - nothing[i];
    CHECK(std::abs(nothing[i]) < 1);
    CHECK(f > 0);
    CHECK(f < 1);
    CHECK(two[i] - one[i] == Approx(f).margin(1e-14));
  }
}

TEST_CASE("names, shapes and initial values of the RMC's parameters") {
  using keyed = cell::rmc<2, 3, 5>::on<wide>;
  using cell = cell::rmc<3, 2>::on<tiny>;
  CHECK(cell::params::infos[0].name == "input.weight");
  CHECK(cell::params::infos[0].extents == std::array<index_t, 4>{3, 4, 6, 0});
  CHECK(cell::params::named<"qkv.weight">::extents == std::array<index_t, 4>{3, 12, 4, 0});
  CHECK(keyed::QW == 39);  // 3 heads of query 5, key 5, value 3
  CHECK(cell::params::named<"gate.memory.weight">::extents == std::array<index_t, 4>{3, 8, 4, 0});
  CHECK(cell::initial::infos[0].name == "initial_state");
  CHECK(cell::initial::infos[0].extents == std::array<index_t, 4>{3, 12, 0, 0});

  std::vector<double> h(cell::initial::size);
  cell::initialise_state(h.data());
  CHECK(std::vector<double>(h.begin(), h.begin() + 12) == std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  CHECK(std::vector<double>(h.begin() + 24, h.end()) == std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});

  std::vector<double> w(cell::params::size);
  cell::initialise(w.data(), {random{1, 0}, 0});
  for (auto const& f : cell::params::infos) {
    auto const [low, high] = std::minmax_element(w.begin() + f.offset, w.begin() + f.offset + f.size);
    INFO(f.name);
    if (f.name.find("norm.") != std::string_view::npos) {
      CHECK(*low == (f.name.ends_with("weight") ? 1 : 0));
      CHECK(*low == *high);
    } else {
      double const bound = 1 / std::sqrt(f.name.starts_with("input.") ? 6.0 : 4.0);
      CHECK(*low >= -bound);
      CHECK(*high <= bound);
      CHECK(*high - *low > 1.5 * bound);
    }
  }
}

}  // namespace s2rm
