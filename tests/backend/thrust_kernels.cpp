// Kernels of thrust_on in place of primitives and loops: gradients of weights and biases, and functors that bring a kernel
// (ops.hpp), each against the plain loops, with threads in both orders, beside NaN that nobody may read.
#include "s2rm/thrust.hpp"

#include <numeric>

#include "s2rm/attention/neighbours.hpp"
#include "s2rm/layer/mixed_likelihood.hpp"
#include "s2rm/layer/sphere.hpp"
#include "s2rm/model/view_masks.hpp"
#include "s2rm/runtime/non_finite_views.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/report.hpp"
#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/conforms.hpp"

namespace s2rm {
namespace {

// Without its block kernel a functor would run as a loop, and the comparisons below would compare loops with loops.
static_assert(backend::detail::has_block_kernel<layer::project_row<3, float>>);
static_assert(backend::detail::has_block_kernel<layer::project_row_backward<3, double>>);
static_assert(backend::detail::has_block_kernel<compact::view_rows<3, 2, 0, float>>);
static_assert(backend::detail::has_block_kernel<likelihood::loss_gradient<int, int, float>>);
static_assert(backend::detail::has_block_kernel<detail::leave_out_non_finite<3, 2, 0, float>>);
static_assert(backend::detail::has_block_kernel<optim::adam::update<float>>);
static_assert(backend::detail::has_block_kernel<optim::sgd::update<double>>);
static_assert(backend::detail::has_block_kernel<report::count_reach<3>>);
static_assert(backend::detail::has_block_kernel<kernel::list_neighbours>);

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// f(backend) for every Thrust system, with threads in both orders.
template <class F>
void on_every_order(F const& f) {
  test::on_every_thrust([&](auto& be, std::string const& name) {
    for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
      INFO(name << (order == backend::detail::thread_order::ascending ? "" : ", backwards"));
      be.context->order = order;
      f(be);
    }
  });
}

template <class T>
std::vector<T> numbers(index_t n, std::uint32_t stream) {
  auto const from = test::normal_numbers(n, stream);
  return {from.begin(), from.end()};
}

/// n rows of `width` numbers, `step` apart, the first `shift` behind the beginning; NaN between them.
template <class T>
struct wide_rows {
  std::vector<T> memory;
  index_t step, shift, group;
  wide_rows(index_t n, index_t width, index_t step_, index_t shift_, index_t group_, std::uint32_t stream)
      : memory(static_cast<std::size_t>(n * step_ + shift_ + 4), static_cast<T>(nan)),
        step(step_),
        shift(shift_),
        group(group_) {
    auto const from = numbers<T>(n * width, stream);
    for (index_t r = 0; r < n; ++r) std::copy_n(from.begin() + r * width, width, memory.begin() + shift + r * step);
  }
  operator rows<T const>() const { return {memory.data() + shift, step, group}; }  // NOLINT(*-explicit-*)
};

template <class T, index_t G, index_t Out, index_t In>
void check_gradients(index_t n, index_t padding, index_t shift) {
  INFO(G << " x " << Out << " x " << In << ", " << n << " rows, padding " << padding << ", shift " << shift << ", "
         << sizeof(T) << " bytes");
  wide_rows<T> const dy(n, G * Out, G * Out + padding, shift, Out, 1), x(n, G * In, G * In + padding, shift, In, 2);
  std::vector<T> const dw(G * Out * In, T(1)), db(G * Out, T(2));
  auto expected = dw, column = db;
  ops::reference const naive;
  naive.outer_add<G, Out, In>(n, dy, x, expected.data());
  naive.column_sum_add<G, Out>(n, dy, column.data());
  double const close = (sizeof(T) == 8 ? 1e-15 : 1e-6) * (10 + std::sqrt(static_cast<double>(n)));
  std::vector<T> first;
  on_every_order([&](auto& be) {
    auto w = dw, b = db, alone = dw, sum = db;
    ops::add_weight_gradients<G, Out, In>(be, n, rows<T const>(dy), rows<T const>(x), w.data(), b.data());
    be.template outer_add<G, Out, In>(n, dy, x, alone.data());
    be.template column_sum_add<G, Out>(n, dy, sum.data());
    CHECK(test::relative_error(w, expected) < close);
    CHECK(test::relative_error(b, column) < close);
    CHECK(test::relative_error(sum, column) < close);
    CHECK(test::relative_error(alone, expected) < close);
    if (!be.fused) return;
    CHECK(be.template weight_gradients<G, Out, In>(0, dy, x, w.data(), b.data()));
    w.insert(w.end(), b.begin(), b.end());
    w.insert(w.end(), sum.begin(), sum.end());
    if (first.empty()) first = w;
    CHECK(test::same_bits(w, first));
  });
}

template <class T>
void check_shapes() {
  for (index_t const n : {0, 1, 31, 33, 64, 129, 200, 700}) {
    check_gradients<T, 1, 1, 1>(n, 0, 0);
    check_gradients<T, 3, 5, 7>(n, 2, 1);
  }
  for (index_t const n : {1, 65, 300}) {
    check_gradients<T, 1, 67, 130>(n, 0, 0);
    check_gradients<T, 2, 64, 64>(n, 0, 0);
    check_gradients<T, 2, 64, 64>(n, 4, 4);
    check_gradients<T, 2, 72, 64>(n, 1, 0);
    check_gradients<T, 1, 128, 4>(n, 0, 3);
  }
}

}  // namespace

TEST_CASE("gradients of weights and biases: every shape, cut or not, aligned or not") {
  check_shapes<float>();
  check_shapes<double>();
}

TEST_CASE("gradients of weights: where the kernel is not used") {
  backend::thrust_on<backend::system::cpp> be;
  std::vector<float> const from(600, 1.0F);
  std::vector<float> w(600), b(600);
  auto const taken = [&](auto const& on) {
    return on.template weight_gradients<1, 2, 2>(1, {from.data(), 2}, {from.data(), 2}, w.data(), b.data());
  };
  CHECK(taken(be));
  auto other = be;
  other.fused = false;
  CHECK_FALSE(taken(other));
  other = be;
  other.precision = backend::precision::tf32;
  CHECK_FALSE(taken(other));
  // Tiles enough for any device: a library's.
  CHECK_FALSE(be.weight_gradients<600, 1, 1>(1, {from.data(), 600, 1}, {from.data(), 600, 1}, w.data(), b.data()));
}

TEST_CASE("rows are cut by their number alone") {
  using backend::detail::row_splits;
  for (index_t const n : {0, 1, 63, 64, 65, 640, 6400, 100'001}) {
    for (index_t const most : {0, 1, 3, 64}) {
      auto const cut = row_splits::of(n, 32, most);
      INFO(n << " in at most " << most << ": " << cut.count << " of " << cut.rows);
      CHECK(cut.count <= std::max<index_t>(most, 1));
      CHECK(cut.count * cut.rows >= n);
      CHECK((cut.count - 1) * cut.rows <= n);
      if (cut.count > 1) CHECK((cut.rows % 8 == 0 && cut.rows >= 32 && (cut.count - 1) * cut.rows < n));
    }
  }
}

namespace {

template <index_t V, index_t P, index_t K = 0>
void check_views(index_t R, index_t views, index_t kept, bool masked, bool blinded) {
  INFO(V << " numbers, " << R << " rows of " << views << " views in " << kept << " places" << (masked ? ", masked" : "")
         << (blinded ? ", blind" : ""));
  auto view = numbers<float>(R * views * V, 5), place = numbers<float>(R * views * P, 6),
       context = numbers<float>(R * views * K, 7);
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(R * views)), blind(static_cast<std::size_t>(R));
  for (index_t i = 0; i < R * views; ++i) mask[i] = i % 3 == 1 || i / views % 4 == 2 ? 0 : 1;
  for (index_t r = 0; r < R; ++r) blind[r] = r % 5 == 3 ? 1 : 0;
  for (index_t i = 0; i < R * views; ++i) {
    if ((masked && mask[i] == 0) || (blinded && blind[i / views] != 0)) {
      std::fill_n(view.begin() + i * V, V, static_cast<float>(nan));
      std::fill_n(place.begin() + i * P, P, static_cast<float>(nan));
      std::fill_n(context.begin() + i * K, K, static_cast<float>(nan));
    }
  }
  if (views > 0 && !masked && !blinded) view[0] = static_cast<float>(nan);  // of a view that is there: stays
  auto const m = masked ? mask.data() : nullptr, b = blinded ? blind.data() : nullptr;
  std::vector<std::uint8_t> reset(static_cast<std::size_t>(R));
  for (index_t r = 0; r < R; ++r) reset[r] = r % 3 == 2 ? 1 : 0;
  auto const run = [&](auto const& be) {
    // Context goes to the last columns of wider rows. One row more than is written, so that beside has an address where there
    // is none to write.
    index_t const wide = K + 3;
    std::vector<float> all(static_cast<std::size_t>(R * kept * (V + P + wide) + wide), -7.0F);
    float* const beside = all.data() + R * kept * (V + P);
    std::vector<std::uint8_t> present(static_cast<std::size_t>(R * kept), 9), start(static_cast<std::size_t>(R), 9);
    compact::start_flags const starts{reset.data(), R / 2, masked, nullptr, start.data()};
    be.for_each(R, compact::view_rows<V, P, K, float>{starts,
                                                      view.data(),
                                                      place.data(),
                                                      context.data(),
                                                      m,
                                                      b,
                                                      views,
                                                      kept,
                                                      all.data(),
                                                      all.data() + R * kept * V,
                                                      {beside + 3, wide},
                                                      present.data()});
    for (index_t r = 0; r < R; ++r) CHECK(start[r] == (reset[r] != 0 || (masked && r < R / 2) ? 1 : 0));
    for (auto const p : present) all.push_back(static_cast<float>(p));
    return all;
  };
  auto const expected = run(ops::reference{});
  on_every_order([&](auto& be) { CHECK(test::same_bits(run(be), expected)); });
}

}  // namespace

TEST_CASE("views as a kernel") {
  check_views<3, 1>(300, 0, 0, true, false);
  for (index_t const views : {1, 3, 10}) {
    for (bool const masked : {false, true}) {
      for (bool const blinded : {false, true}) {
        check_views<121, 2>(7, views, views, masked, blinded);
        check_views<3, 1>(600, views, views, masked, blinded);
        check_views<3, 2, 4>(60, views, views + 1, masked, blinded);
        check_views<1, 2, 130>(5, views, views, masked, blinded);
        check_views<3, 1>(9, views, views + 2, masked, blinded);
        check_views<130, 40>(1, views, views, masked, blinded);
      }
    }
  }
}

namespace {

template <index_t V, index_t P, index_t K = 0>
void check_odd(index_t n) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  INFO(V << " and " << P << " numbers, " << n << " views");
  auto view = numbers<float>(n * V, 5), place = numbers<float>(n * P, 6), context = numbers<float>(n * K, 7);
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) {
    mask[i] = i % 4 == 1 ? 0 : 1;
    // First, last and some number of a view, of a place, of both, and of views that are absent.
    if (i % 3 == 0) view[i * V + (i % 2 == 0 ? V - 1 : i % V)] = i % 6 == 0 ? static_cast<float>(nan) : infinity;
    if (i % 5 == 0) place[i * P + i % P] = -infinity;
    if (K > 0 && i % 7 == 3) context[i * K + (i / 7) % K] = infinity;
  }
  auto const run = [&](auto const& be) {
    auto left = mask;
    std::vector<std::uint32_t> odd(static_cast<std::size_t>(n), 7);
    be.for_each(n, detail::leave_out_non_finite<V, P, K, float>{view.data(), place.data(), context.data(), left.data(),
                                                                odd.data()});
    return std::pair{left, odd};
  };
  auto const expected = run(ops::reference{});
  for (index_t i = 0; i < n; ++i) {
    bool const bad = mask[i] != 0 && (i % 3 == 0 || i % 5 == 0 || (K > 0 && i % 7 == 3));
    CHECK(expected.first[i] == (bad ? 0 : mask[i]));
    CHECK(expected.second[i] == (bad ? 8U : 7U));
  }
  on_every_order([&](auto& be) { CHECK(run(be) == expected); });
}

}  // namespace

TEST_CASE("the search for non-finite views as a kernel") {
  check_odd<121, 2>(41);
  check_odd<3, 2, 5>(41);
  check_odd<3, 1>(16);
  check_odd<1, 40>(1);
  check_odd<130, 33>(60);
}

namespace {

template <class Likelihood, class Target>
void check_loss() {
  using l = typename Likelihood::template on<Target>;
  constexpr index_t n = 37;
  auto o = numbers<float>(n * l::outputs, 11), x = numbers<float>(n * Target::size, 12);
  for (auto& v : x) v = v > 0 ? 1.0F : 0.0F;
  std::vector<std::uint8_t> mask(n, 1);
  for (index_t const r : {0, 3, 20, 36}) {
    mask[r] = 0;
    std::fill_n(o.begin() + r * l::outputs, l::outputs, static_cast<float>(nan));
    std::fill_n(x.begin() + r * Target::size, Target::size, static_cast<float>(nan));
  }
  double const count = 33;
  auto const run = [&](auto const& be, auto scale) {
    std::vector<float> d(n * l::outputs, -7.0F);
    be.for_each(n, likelihood::loss_gradient<l, Target, float>{o.data(), x.data(), mask.data(), scale, d.data()});
    return d;
  };
  for (auto const scale : {likelihood::loss_scale<float>(0.7F), likelihood::loss_scale<float>::over(&count)}) {
    auto const expected = run(ops::reference{}, scale);
    for (float const v : expected) REQUIRE(std::isfinite(v));
    on_every_order([&](auto& be) { CHECK(test::relative_error(run(be, scale), expected) < 1e-6); });
  }
}

}  // namespace

TEST_CASE("gradients of losses as a kernel") {
  using grid = raster<3, 5, 7>;
  check_loss<likelihood::bernoulli, grid>();
  check_loss<likelihood::gaussian, grid>();
  check_loss<likelihood::categorical<3>, grid>();
  check_loss<likelihood::fixed_gaussian<>, features<1>>();
  using marked = likelihood::part<likelihood::channels<1, 2>, likelihood::gaussian, likelihood::channels<0>>;
  check_loss<likelihood::product<likelihood::part<likelihood::channels<0>, likelihood::bernoulli>, marked>, grid>();
}

namespace {

template <index_t S>
void check_sphere(index_t n) {
  INFO(n << " rows of " << S);
  auto z = numbers<double>(n * (S + 1), 21), ds = numbers<double>(n * (S + 2), 22);
  if (n > 1) std::fill_n(z.begin() + (S + 1), S, 0.0);
  auto const run = [&](auto const& be, bool add, bool in_place) {
    std::vector<double> s(static_cast<std::size_t>(n * S)), dz = in_place ? ds : numbers<double>(n * (S + 2), 23);
    rows<double const> const from{z.data(), S + 1};
    be.for_each(n, layer::project_row<S, double>{from, {s.data(), S}});
    be.for_each(n, layer::project_row_backward<S, double>{
                       from, {in_place ? dz.data() : ds.data(), S + 2}, {dz.data(), S + 2}, add});
    s.insert(s.end(), dz.begin(), dz.end());
    return s;
  };
  for (bool const add : {false, true}) {
    for (bool const in_place : {false, true}) {
      auto const expected = run(ops::reference{}, add, in_place);
      on_every_order([&](auto& be) { CHECK(test::relative_error(run(be, add, in_place), expected) < 1e-14); });
    }
  }
}

template <class Optimiser>
void check_update(Optimiser const& o) {
  for (index_t const n : {1, 255, 1024, 2500}) {
    auto const g = numbers<float>(n, 31), w = numbers<float>(n, 32);
    auto moment = numbers<float>(2 * n, 33);
    for (auto& m : moment) m = std::abs(m);
    for (double const norm2 : {4.0, nan}) {
      auto control = o.begin(3, 2);
      control.norm2 = norm2;
      auto const run = [&](auto const& be) {
        auto to = w, moments = moment;
        be.for_each(n, typename Optimiser::template update<float>{o, &control, n, g.data(), to.data(), moments.data()});
        to.insert(to.end(), moments.begin(), moments.end());
        return to;
      };
      auto const expected = run(ops::reference{});
      CHECK(test::same_bits(expected.data(), w.data(), n) == std::isnan(norm2));
      on_every_order([&](auto& be) { CHECK(test::relative_error(run(be), expected) < 1e-6); });
    }
  }
}

}  // namespace

TEST_CASE("projection to the sphere as a kernel") {
  for (index_t const n : {0, 1, 16, 37}) {
    check_sphere<1>(n);
    check_sphere<3>(n);
    check_sphere<16>(n);
    check_sphere<45>(n);
  }
}

TEST_CASE("updates as a kernel") {
  check_update(optim::adam{.weight_decay = 0.1, .clip = 1.0});
  check_update(optim::sgd{.weight_decay = 0.1, .clip = 1.0});
}

TEST_CASE("neighbours by one block, and by loops where they are many") {
  for (auto const& [targets, sources] : {std::pair<index_t, index_t>{1, 1}, {10, 10}, {3, 300}, {40, 5}, {40, 40}}) {
    INFO(targets << " x " << sources);
    index_t const pairs = targets * sources;
    std::vector<std::uint8_t> reach(static_cast<std::size_t>(pairs));
    for (index_t i = 0; i < pairs; ++i) reach[i] = static_cast<std::uint8_t>(i * i % 7 % 3);
    auto const run = [&](auto const& be) {
      std::vector<std::int32_t> all(static_cast<std::size_t>(3 * pairs + targets + sources + 2), -1);
      kernel::neighbours to;
      to.first_source = all.data();
      to.first_target = to.first_source + targets + 1;
      to.source = to.first_target + sources + 1;
      to.target = to.source + pairs;
      to.edge = to.target + pairs;
      kernel::find_neighbours(be, targets, sources, reach.data(), to);
      return all;
    };
    auto const expected = run(ops::reference{});
    on_every_order([&](auto& be) { CHECK(run(be) == expected); });
  }
}

TEST_CASE("counts of reach, by one block and by sums") {
  constexpr index_t M = 3;
  for (index_t const n : {0, 1, 7, 1025, 50'000}) {
    INFO(n << " views");
    std::vector<std::uint8_t> reach(static_cast<std::size_t>(n * M));
    for (index_t i = 0; i < n * M; ++i) {
      index_t const row = i / M;
      reach[i] = row % 5 == 0 ? kernel::absent : (row % 3 != 0 && i % 2 == 0 ? kernel::reached : kernel::cut_off);
    }
    auto const run = [&](auto const& be) {
      pass_sums sums;
      sums.reached = sums.present = sums.unreached = 1;
      std::vector<std::uint8_t> alive(2 * M);
      report::add_reach<M>(be, n, reach.data(), &sums, alive.data(), 2);
      std::vector<double> found{sums.reached, sums.present, sums.unreached};
      found.insert(found.end(), alive.begin(), alive.end());
      return found;
    };
    auto const expected = run(ops::reference{});
    if (n > 7) CHECK((expected[2] > 1 && expected[0] < expected[1]));  // unreached; reached, present
    on_every_order([&](auto& be) { CHECK(run(be) == expected); });
  }
}

TEST_CASE("modules that are alive") {
  constexpr index_t M = 3;
  for (index_t const parts : {1, 4, 64}) {
    for (index_t const n : {0, 1, 7, 8, 9, 100}) {
      std::vector<std::uint8_t> reach(static_cast<std::size_t>(n * M), kernel::cut_off);
      for (index_t i = 0; i < n * M; i += 11) reach[i] = kernel::reached;
      std::vector<std::uint8_t> found(static_cast<std::size_t>(parts * M)), expected = found;
      found[1] = expected[1] = 1;
      for (index_t part = 0; part < parts; ++part) {
        for (index_t row = n * part / parts; row < n * (part + 1) / parts; ++row) {
          for (index_t m = 0; m < M; ++m) {
            if (reach[row * M + m] == kernel::reached) expected[part * M + m] = 1;
          }
        }
      }
      ops::reference{}.for_each(parts * M, report::mark_alive<M>{reach.data(), n, found.data(), parts});
      CHECK(found == expected);
    }
  }
}

}  // namespace s2rm
