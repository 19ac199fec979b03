// The same bits from any number of threads, from windows and from the whole, in float.
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/windows.hpp"

namespace s2rm {
namespace {

using test::random_batch;
using test::random_parameters;
using test::slots;

using cpu = backend::eigen;
using net = test::tiny_net<>;

/// Large enough that every primitive shares its work out.
struct broad : shape {
  static constexpr index_t modules = 6, hidden = 24, heads = 2, head_width = 12, sphere = 8, place = 2, frequencies = 3,
                           place_hidden = 24;
  using view = raster<1, 5, 5>;
};
using large = world_model<broad, encoder::mlp<32, 24>, decoder::mlp<32>>;

}  // namespace

TEST_CASE("1, 2, 4 and 8 threads, and a second run, give the same bits") {
  auto const values = random_parameters<large>(8);
  auto const owned = test::converted<float>(random_batch<large>({.time = 4,
                                                                 .batch = 24,
                                                                 .views = 6,
                                                                 .queries = 5,
                                                                 .present = slots::some,
                                                                 .asked = slots::some,
                                                                 .reset = true,
                                                                 .seed = 8}));
  auto const one = test::run<large, float>(values, owned.look(), cpu{.threads = 1});
  CHECK(std::all_of(one.gradient.begin(), one.gradient.end(), [](float g) { return std::isfinite(g); }));
  CHECK(one == test::run<large, float>(values, owned.look(), cpu{.threads = 1}));
  CHECK(one == test::run<large, float>(values, owned.look(), cpu{.threads = 2}));
  CHECK(one == test::run<large, float>(values, owned.look(), cpu{.threads = 4}));
  CHECK(one == test::run<large, float>(values, owned.look(), cpu{.threads = 8}));
}

TEST_CASE("step by step equals the whole sequence in float as well") {
  for (index_t const length : {1, 4}) {
    INFO("windows of " << length);
    test::check_windows<net, float>(length, cpu{});
    test::check_windows<large, float>(length, cpu{.threads = 2});
  }
}

}  // namespace s2rm
