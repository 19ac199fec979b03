// Whole models on Thrust's host systems against the CPU backend: every policy, in float and double, forward and back.
// Without S2RM_TEST_ALL_MODELS the default in both types and one of odd widths in float: each policy alone is held on every
// backend by the tests of its folder.
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/tolerance.hpp"

namespace s2rm {
namespace {

using test::slots;

/// Widths that are no multiple of anything.
struct odd : shape {
  static constexpr index_t modules = 11, hidden = 19, heads = 3, head_width = 5, sphere = 7, place = 2, frequencies = 2,
                           place_hidden = 9;
  using view = features<3>;
};

struct odd_fields : odd {
  static constexpr index_t context = 3;
};

template <class Net, class T>
void agree(std::string const& name, test::batch_options const& o, double forward, double gradient) {
  auto const values = test::random_parameters<Net>(o.seed);
  auto const owned = test::converted<T>(test::random_batch<Net>(o));
  auto const expected = test::run<Net, T>(values, owned.look());
  test::on_every_thrust([&](auto const& be, std::string const& backend) {
    INFO(name << " on " << backend << ": T " << o.time << ", A " << o.views);
    auto const found = test::run<Net, T>(values, owned.look(), be);
    CHECK(found.count == expected.count);
    CHECK(found.loss == Approx(expected.loss).epsilon(forward));
    CHECK(test::relative_error(found.states, expected.states, 1e-6) <= forward);
    CHECK(test::relative_error(found.outputs, expected.outputs, 1e-6) <= forward);
    CHECK(test::relative_error(found.gradient, expected.gradient, 1e-6) <= gradient);
    CHECK(found == test::run<Net, T>(values, owned.look(), be));
  });
}

/// Float alone is what runs on a GPU; double tells an error from rounding.
template <class Net, bool both_types = true>
void agree_everywhere(std::string const& name) {
  for (test::batch_options const& o :
       {test::batch_options{.time = 12,
                            .batch = 3,
                            .views = 5,
                            .queries = 4,
                            .present = slots::some,
                            .asked = slots::some,
                            .reset = true,
                            .blind = true,
                            .times = true,
                            .seed = 3},
        test::batch_options{.time = 20, .batch = 2, .views = 3, .seed = 4},
        test::batch_options{.time = 3, .batch = 3, .present = slots::some, .seed = 7},
        test::batch_options{.time = 2, .views = 0, .seed = 5},
        test::batch_options{.time = 1, .batch = 1, .queries = 0, .times = true, .seed = 6}}) {
    // Many steps of a recurrence make more of what rounding begins with.
    double const longer = o.time > 5 ? test::tolerance::backends_recurrence : 1.0;
    agree<Net, float>(name + ", float", o, longer * test::tolerance::backends_forward,
                      longer * test::tolerance::backends_gradient);
    if constexpr (both_types) agree<Net, double>(name + ", double", o, 1e-13, 1e-11);
  }
}

}  // namespace

TEST_CASE("thrust, whole models: the default") { agree_everywhere<test::tiny_net<>>("default"); }
TEST_CASE("thrust, whole models: odd widths, a cut that leaves some") {
  agree_everywhere<world_model<odd, kernel::truncated_gaussian<std::ratio<1, 4>>, encoder::mlp<7, 5>, decoder::mlp<6>,
                               likelihood::gaussian>,
                   S2RM_TEST_ALL_MODELS>("odd");
}
TEST_CASE("thrust, whole models: shared weights, odd widths") {
  agree_everywhere<world_model<odd, kernel::truncated_gaussian<std::ratio<1, 4>>, encoder::mlp<7, 5>, decoder::mlp<6>,
                               likelihood::gaussian, weights::shared>,
                   S2RM_TEST_ALL_MODELS>("shared");
}
TEST_CASE("thrust, whole models: context, elapsed and lead times") {
  agree_everywhere<world_model<odd_fields, encoder::mlp<7, 5>, decoder::mlp<6>, likelihood::gaussian, time::elapsed<>,
                               lead::learned<>>,
                   S2RM_TEST_ALL_MODELS>("fields");
}
#if S2RM_TEST_ALL_MODELS
TEST_CASE("thrust, whole models: product form, interaction after the update") {
  agree_everywhere<test::tiny_net<normalisation::product, interaction::after_update>>("product, after update");
}
TEST_CASE("thrust, whole models: no interaction, fixed start, read-out by the kernel's mean") {
  agree_everywhere<test::tiny_net<interaction::none, initial_state::fixed, readout::kernel_mean>>("no interaction");
}
TEST_CASE("thrust, whole models: paper-like, straight through the cut, classes") {
  agree_everywhere<
      test::tiny_net<carry::residual, state_norm::none, likelihood::categorical<3>,
                     kernel::truncated_gaussian<std::ratio<0>, std::ratio<4>, kernel::cut::straight_through>>>(
      "paper-like");
}
#endif

}  // namespace s2rm
