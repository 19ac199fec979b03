// The recurrence in one kernel each way: what it leaves behind is what the steps leave, in any order of its threads and
// blocks; where it does not fit, the steps are taken, and it can be asked why.
#include "../../benchmarks/models.hpp"
#include "s2rm/thrust.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/tolerance.hpp"

namespace s2rm {
namespace {

using backend::persistent_recurrence;
using backend::detail::thread_order;
using test::slots;

/// A host that counts its grids, and has room for so many blocks.
struct counting : backend::system::cpp {
  struct context : backend::system::host::context {
    index_t grids = 0, room = 132;
  };
  template <class Kernel>
  static index_t resident(context& c) {
    return c.room;
  }
  template <class Kernel>
  static void grid(context& c, index_t count, Kernel const& k) {
    ++c.grids;
    backend::system::cpp::grid(c, count, k);
  }
};
using device = backend::thrust_on<counting>;

/// Widths that are no multiple of anything; several slices of two units, the last with none.
struct odd : shape {
  static constexpr index_t modules = 11, hidden = 19, heads = 3, head_width = 5, sphere = 7, place = 2, frequencies = 2,
                           place_hidden = 9;
  using view = features<3>;
};
template <class... Policies>
using odd_net = world_model<odd, kernel::truncated_gaussian<std::ratio<1, 4>>, encoder::mlp<7, 5>, decoder::mlp<6>,
                            likelihood::gaussian, Policies...>;
/// One slice a module.
struct many : shape {
  static constexpr index_t modules = 70, hidden = 3, heads = 1, head_width = 2, sphere = 7, place = 1, frequencies = 1,
                           place_hidden = 5;
  using view = features<2>;
};
using many_net = world_model<many, encoder::mlp<3>, decoder::mlp<4>, likelihood::gaussian>;

template <class Net>
void same_as_steps(test::batch_options const& o) {
  auto const values = test::random_parameters<Net>(o.seed);
  auto const owned = test::random_batch<Net>(o);
  auto const b = owned.look();
  INFO("T " << o.time << ", B " << o.batch << ", A " << o.views);
  device one, steps{.persistent = false};
  auto const expected = test::run<Net, double>(values, b, steps), found = test::run<Net, double>(values, b, one);
  CHECK(steps.context->grids == 0);
  CHECK(one.context->grids >= (Net::M > 1 ? 2 : 1));
  CHECK(found.count == expected.count);
  CHECK(found.loss == Approx(expected.loss).epsilon(1e-13));
  CHECK(test::relative_error(found.states, expected.states, 1e-6) <= 1e-13);
  CHECK(test::relative_error(found.outputs, expected.outputs, 1e-6) <= 1e-13);
  CHECK(test::relative_error(found.gradient, expected.gradient, 1e-6) <= 1e-11);
  one.context->order = thread_order::descending;
  CHECK(test::run<Net, double>(values, b, one) == found);
}

template <class Net>
void same_as_steps() {
  same_as_steps<Net>(
      {.time = 7, .batch = 3, .views = 5, .present = slots::some, .reset = true, .blind = true, .seed = 3});
  // More than one tile of rows, more than one chunk of time backward.
  same_as_steps<Net>({.time = 9, .batch = 37, .views = 1, .present = slots::some, .reset = true, .seed = 4});
  same_as_steps<Net>({.time = 1, .batch = 1, .views = 0, .seed = 5});
  same_as_steps<Net>({.time = 3, .batch = 2, .views = 40, .seed = 6});  // more views than threads of a head
}

struct lone : many {
  static constexpr index_t modules = 1;
};
/// As `big` of benchmarks/gpu.
struct large : bench::balls_shape<32> {
  static constexpr index_t hidden = 256, head_width = 64;
};

/// Whether one batch of these extents is one kernel.
template <class Net, class T = double>
bool is_one(device const& be, test::batch_options const& o) {
  auto const values = test::random_parameters<Net>(1);
  auto const owned = test::converted<T>(test::random_batch<Net>(o));
  auto const before = be.context->grids;
  test::run<Net, T>(values, owned.look(), be);
  return be.context->grids > before;
}

}  // namespace

TEST_CASE("recurrence: the fused kernel equals the steps") {
  same_as_steps<odd_net<>>();
  same_as_steps<odd_net<cell::lstm>>();
  same_as_steps<odd_net<carry::residual, initial_state::fixed>>();
  same_as_steps<many_net>();
  same_as_steps<world_model<lone, encoder::mlp<3>, decoder::mlp<4>, likelihood::gaussian>>();  // backward step by step
}

TEST_CASE("recurrence: the fused kernel continues from a carried state") {
  using net = odd_net<>;
  auto const values = test::random_parameters<net>(1);
  auto const owned = test::random_batch<net>({.time = 6, .batch = 2, .views = 3, .seed = 2});
  auto const whole = test::run<net, double>(values, owned.look(), device{});
  test::model<net, device, double> m(device{}, values, {3, 2, 3, 3});
  auto const b = owned.look();
  m.forward(slice_time<net>(b, 0, 3));
  auto const carried = m.states(slice_time<net>(b, 0, 3));
  index_t const state = 2 * net::M * net::state_size;
  m.forward(slice_time<net>(b, 3, 3), carried.data() + 2 * state);
  auto const rest = m.states(slice_time<net>(b, 3, 3));
  CHECK(test::same_bits(rest, std::vector<double>(whole.states.begin() + 3 * state, whole.states.end())));
}

TEST_CASE("recurrence: where the kernel does not fit, the steps run") {
  using net = odd_net<>;
  device be;
  CHECK(is_one<net>(be, {.time = 1, .batch = 64, .views = 2}));
  CHECK_FALSE(is_one<net>(be, {.time = 1, .batch = 65, .views = 2}));
  CHECK(is_one<net>(be, {.time = 1, .batch = 1, .views = 64}));
  CHECK_FALSE(is_one<net>(be, {.time = 1, .batch = 1, .views = 65}));
  auto rounding = be;
  rounding.precision = backend::precision::bf16;
  CHECK_FALSE(is_one<net>(rounding, {}));
  auto bodies = be;
  bodies.fused = false;
  CHECK_FALSE(is_one<net>(bodies, {}));
  be.context->room = 131;  // 11 modules of 12 slices, less one
  CHECK_FALSE(is_one<net>(be, {}));
  be.context->room = 132;
  CHECK(is_one<net>(be, {}));
}

TEST_CASE("recurrence: a model says whether the kernel covers it, and why not") {
  using backend::persistent_recurrence_of;
  static_assert(persistent_recurrence_of<bench::balls>() == persistent_recurrence::yes);
  static_assert(persistent_recurrence_of<bench::balls, double>() == persistent_recurrence::yes);
  static_assert(persistent_recurrence_of<odd_net<cell::lstm>>() == persistent_recurrence::yes);
  static_assert(persistent_recurrence_of<bench::balls_m160>() == persistent_recurrence::too_many_modules);
  static_assert(persistent_recurrence_of<world_model<large>>() == persistent_recurrence::too_large);
  static_assert(persistent_recurrence_of<world_model<lone>>() == persistent_recurrence::forward_only);
  using enum persistent_recurrence;
  static_assert(persistent_recurrence_of<world_model<bench::tiny_shape, cell::rmc<>>>() == other_policies);
  static_assert(persistent_recurrence_of<odd_net<interaction::after_update>>() == other_policies);
  static_assert(persistent_recurrence_of<odd_net<interaction::none>>() == other_policies);
  static_assert(persistent_recurrence_of<odd_net<normalisation::product>>() == other_policies);
  static_assert(persistent_recurrence_of<odd_net<state_norm::none>>() == other_policies);
  // And what does not fit runs.
  CHECK_FALSE(is_one<odd_net<normalisation::product>>(device{}, {}));
}

}  // namespace s2rm
