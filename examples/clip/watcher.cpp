#include "watcher.hpp"

#include "net.hpp"
#include "s2rm/io/checkpoint.hpp"

namespace clip {

struct watcher::inside {
  extent of;
  cpu backend{.threads = 1};
  s2rm::parameters<net::params, cpu, float> weights{backend};
  std::unique_ptr<s2rm::stream<net, cpu>> live;
  s2rm::stream_state<float> kept;
  std::vector<centre> asked;
  std::vector<float> asked_places, views, places, count;

  inside(std::filesystem::path const& checkpoint, extent frame, index_t most) : of(frame) {
    // The weights under the public names are the averaged ones.
    std::vector<float> values(static_cast<std::size_t>(net::parameter_count));
    static_cast<void>(s2rm::data::load_checkpoint(checkpoint.string(), net::fields, values.data()));
    weights.assign(backend, values.data());
    live = std::make_unique<s2rm::stream<net, cpu>>(backend, weights, limits(frame, most));
  }

  static s2rm::stream_limits limits(extent frame, index_t most) {
    return {.views = most, .queries = static_cast<index_t>(grid(frame).size())};
  }
};

watcher::watcher(std::filesystem::path const& checkpoint, extent of, index_t views)
    : in_(std::make_unique<inside>(checkpoint, of, views)) {
  in_->asked = grid(of);
  in_->count.assign(static_cast<std::size_t>(of.pixels()), 0.0F);
  for (auto const& c : in_->asked) {
    for_pixels(of, c, [&](std::size_t, std::size_t offset) { ++in_->count[offset]; });
    in_->asked_places.resize(in_->asked_places.size() + 2);
    place_of(of, c, &in_->asked_places.back() - 1);
  }
}

watcher::~watcher() = default;

void watcher::reset() { in_->live->reset(); }

void watcher::observe(std::span<float const> z, std::span<centre const> crops) {
  auto const n = crops.size();
  in_->views.resize(n * crop::pixels);
  in_->places.resize(n * 2);
  for (std::size_t i = 0; i < n; ++i) {
    auto* const view = in_->views.data() + i * crop::pixels;
    for_pixels(in_->of, crops[i], [&](std::size_t k, std::size_t offset) { view[k] = z[offset]; });
    place_of(in_->of, crops[i], in_->places.data() + i * 2);
  }
  auto const a = static_cast<index_t>(n);
  s2rm::array_view<float const, 4> const views{in_->views.data(), {a, 1, crop::side, crop::side}};
  auto const outcome = in_->live->observe(views, s2rm::array_view<float const, 2>{in_->places.data(), {a, 2}});
  s2rm::require_value(outcome == s2rm::observed::yes, "clip: a step's views were refused");
}

std::vector<float> watcher::next() {
  auto const q = static_cast<index_t>(in_->asked.size());
  auto const* o = in_->live->predict(s2rm::array_view<float const, 2>{in_->asked_places.data(), {q, 2}}).data;
  std::vector<float> made(in_->count.size(), 0.0F);
  for (auto const& c : in_->asked) {
    for_pixels(in_->of, c, [&](std::size_t k, std::size_t offset) { made[offset] += o[k] / in_->count[offset]; });
    o += net::outputs;
  }
  return made;
}

void watcher::keep() { in_->kept = in_->live->state(); }
void watcher::back_again() { in_->live->restore(in_->kept); }

std::string watcher::description() { return net::description(); }

}  // namespace clip
