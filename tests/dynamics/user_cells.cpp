// Cells of a user's own on every backend: a fused recurrence runs the library's gated cell and no type derived from it,
// so that what a user adds or replaces is never left out.
#include "s2rm/thrust.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/cell_problem.hpp"
#include "support/run.hpp"
#include "support/tolerance.hpp"

namespace s2rm {
namespace {

using backend::persistent_recurrence;

/// y = GRU / 2: replaces members, adds no parameters.
template <index_t H, index_t M>
struct halve_rows {
  rows<double const> from;
  rows<double> to;
  void operator()(index_t row, index_t j) const { to.at(row / M, row % M)[j] = from.at(row / M, row % M)[j] / 2; }
};
struct halved : cell::gru {
  template <class Shape>
  struct on : cell::gru::on<Shape> {
    using base = cell::gru::on<Shape>;
    static constexpr index_t M = Shape::modules, H = Shape::hidden;
    static constexpr index_t scratch = base::scratch + M * H;

    template <class B, class T>
    static void forward(B& be, parameters_of<T, typename base::params> p, index_t n, in_rows<T> u, in_rows<T> h,
                        in_rows<T> c, out_rows<T> y, saved_of<T, typename base::saved> s,
                        std::type_identity_t<T*> room) {
      base::forward(be, p, n, u, h, c, y, s, room);
      be.template for_rows<H>(n * M, halve_rows<H, M>{y, y});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, typename base::params> p, index_t n, in_rows<T> u, in_rows<T> h,
                         in_rows<T> c, in_rows<T> dy, std::type_identity_t<saved_of<T const, typename base::saved>> s,
                         saved_of<T, typename base::delta> d, out_rows<T> du, out_rows<T> dh, out_rows<T> dc,
                         std::type_identity_t<T*> room) {
      rows<T> const half{room + n * base::scratch, M * H, H};
      be.template for_rows<H>(n * M, halve_rows<H, M>{dy, half});
      base::backward(be, p, n, u, h, c, half, s, d, du, dh, dc, room);
    }
  };
};

/// y = GRU + offset: adds a learned term.
template <index_t H, index_t M>
struct add_offset {
  double const* offset;  ///< (M, H)
  rows<double> y;
  void operator()(index_t row, index_t j) const { y.at(row / M, row % M)[j] += offset[row % M * H + j]; }
};
struct offset : cell::gru {
  template <class Shape>
  struct on : cell::gru::on<Shape> {
    using base = cell::gru::on<Shape>;
    static constexpr index_t M = Shape::modules, H = Shape::hidden;
    using params = joined<typename base::params, schema<field<"offset", M, H>>>;
    using delta = joined<typename base::delta, schema<field<"offset", M, H>>>;

    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, params::size, H, from);
    }
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> u, in_rows<T> h, in_rows<T> c,
                        out_rows<T> y, saved_of<T, typename base::saved> s, std::type_identity_t<T*> room) {
      base::forward(be, p.template inner<typename base::params>(0), n, u, h, c, y, s, room);
      be.template for_rows<H>(n * M, add_offset<H, M>{p.template at<"offset">(), y});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> u, in_rows<T> h, in_rows<T> c,
                         in_rows<T> dy, std::type_identity_t<saved_of<T const, typename base::saved>> s,
                         saved_of<T, delta> d, out_rows<T> du, out_rows<T> dh, out_rows<T> dc,
                         std::type_identity_t<T*> room) {
      be.template for_rows<H>(n * M, ops::copy_rows<T, M>{dy, rows<T>{d.template at<"offset">(), M * H, H}});
      base::backward(be, p.template inner<typename base::params>(0), n, u, h, c, dy, s,
                     saved_of<T, typename base::delta>{d.data, d.count, d.first}, du, dh, dc, room);
    }
    template <class B, class T>
    static void gradient(B& be, index_t n, in_rows<T> u, in_rows<T> h, std::type_identity_t<saved_of<T const, delta>> d,
                         gradients_of<T, params> dp, std::type_identity_t<T*> room) {
      base::gradient(be, n, u, h, saved_of<T const, typename base::delta>{d.data, d.count, d.first},
                     dp.template inner<typename base::params>(0), room);
      be.template column_sum_add<M, H>(n, rows<T const>{d.template at<"offset">(), M * H, H},
                                       dp.template at<"offset">());
    }
  };
};

#ifndef S2RM_BASE
/// The update-gate RNN (Collins et al. 2016): z = sigmoid, n = tanh, y = (1 - z) n + z c.
struct update_gates {
  static constexpr index_t count = 2, saved = 2;
  static constexpr bool one_delta = true;
  template <index_t M, index_t H>
  using initial = schema<field<"initial_state", M, H>>;
  template <class T, class V>
  S2RM_HD static void forward(V const (&a)[2], V const (&b)[2], V const (&c)[1], V (&y)[1], V (&s)[2]) {
    s[0] = math::sigmoid(a[0] + b[0]);
    s[1] = math::tanh(a[1] + b[1]);
    y[0] = (T(1) - s[0]) * s[1] + s[0] * c[0];
  }
  template <class T, class V>
  S2RM_HD static void backward(V const (&s)[2], V const (&c)[1], V const (&dy)[1], V (&da)[2], V (&dc)[1]) {
    da[0] = dy[0] * (c[0] - s[1]) * s[0] * (T(1) - s[0]);
    da[1] = dy[0] * (T(1) - s[0]) * (T(1) - s[1] * s[1]);
    dc[0] = dy[0] * s[0];
  }
};
struct update_gate_rnn : cell::gated<update_gates> {};
#endif

struct small : shape {
  static constexpr index_t modules = 5, hidden = 7, heads = 2, head_width = 3, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 6;
  using view = features<3>;
};
template <class Cell>
using net = world_model<small, Cell, encoder::mlp<6>, decoder::mlp<7>, likelihood::gaussian>;

/// Every system of Thrust, its fused recurrence where there is one, against the CPU.
template <class Net>
void same_on_every_backend() {
  auto const values = test::random_parameters<Net>(3);
  auto const owned = test::random_batch<Net>(
      {.time = 6, .batch = 3, .views = 4, .present = test::slots::some, .reset = true, .seed = 4});
  auto const expected = test::run<Net, double>(values, owned.look());
  test::on_every_thrust([&](auto& be, std::string const& name) {
    INFO(name);
    auto const found = test::run<Net, double>(values, owned.look(), be);
    CHECK(found.loss == Approx(expected.loss).epsilon(1e-12));
    CHECK(test::relative_error(found.states, expected.states, 1e-6) <= 1e-12);
    CHECK(test::relative_error(found.gradient, expected.gradient, 1e-6) <= 1e-10);
  });
}

/// Against finite differences on the CPU; the other backends are compared with it.
template <class Cell>
void conforms(std::string const& name) {
  backend::eigen cpu{.threads = 1};
  test::conforms(test::cell_problem<typename Cell::template on<small>>(cpu, name, 3, 1), true);
}

}  // namespace

TEST_CASE("user cells: members that replace those of the GRU run on every backend") {
  conforms<halved>("halved");
  same_on_every_backend<net<halved>>();
  static_assert(backend::persistent_recurrence_of<net<halved>>() == persistent_recurrence::other_policies);
}

TEST_CASE("user cells: a parameter added to the GRU takes part on every backend") {
  conforms<offset>("offset");
  same_on_every_backend<net<offset>>();
  static_assert(backend::persistent_recurrence_of<net<offset>>() == persistent_recurrence::other_policies);
}

TEST_CASE("user cells: elapsed time widens the input of a cell that knows nothing of it") {
  using timed = world_model<small, offset, time::elapsed<>, encoder::mlp<6>, decoder::mlp<7>, likelihood::gaussian>;
  static_assert(timed::cell::NC == 10 && timed::cell::params::infos[0].extents[2] == 10);
  same_on_every_backend<timed>();
  static_assert(backend::persistent_recurrence_of<timed>() == persistent_recurrence::other_policies);
}

#ifndef S2RM_BASE
TEST_CASE("user cells: gates of one's own are a cell, fused recurrence included") {
  conforms<update_gate_rnn>("update gate");
  same_on_every_backend<net<update_gate_rnn>>();
  static_assert(backend::persistent_recurrence_of<net<update_gate_rnn>>() == persistent_recurrence::yes);
}
#endif

}  // namespace s2rm
