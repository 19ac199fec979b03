// Compiled with -fno-exceptions: weights are loaded and streamed, every error is a code. `no_exceptions <checkpoint>`; with a
// second argument the call that has no code is made: it must print what is wrong and abort.

#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "model.hpp"

using s2rm::index_t;

int main(int count, char** arguments) {
  if (count < 2) return 2;
  cpu be;
  s2rm::parameters<net::params, cpu, float> weights(be);
  if (count > 2) s2rm::checkpoint_format::load<net>(be, weights, "nowhere.safetensors");
  auto const load = [&](char const* path) { return s2rm::checkpoint_format::try_load<net>(be, weights, path); };
  if (load("nowhere.safetensors") != s2rm::load_status::no_file) return 3;
  if (load(arguments[0]) != s2rm::load_status::not_a_checkpoint) return 4;
  auto const status = load(arguments[1]);
  if (status != s2rm::load_status::ok) {
    std::printf("%s: %s\n", arguments[1], text_of(status));
    return 5;
  }
  s2rm::stream<net, cpu> live{be, weights};
  std::vector<float> view{0.5F, 0.25F}, place{0.5F, 0, 0, -0.5F}, middle{0, 0};
  s2rm::array_view<float const, 2> const views{view.data(), {2, 1}}, places{place.data(), {2, 2}};
  auto const good = live.observe(views, places);
  view[0] = std::numeric_limits<float>::quiet_NaN();
  auto const bad = live.observe(views, places);
  auto const predicted = live.predict(s2rm::array_view<float const, 2>{middle.data(), {1, 2}});
  std::printf("observe %d, with NaN %d\n", static_cast<int>(good), static_cast<int>(bad));
  return good == s2rm::observed::yes && bad == s2rm::observed::not_finite && std::isfinite(predicted.data[0]) ? 0 : 6;
}
