// skirmish_bench: steps of the simulator of examples/skirmish, alone and with what its agents observe.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "skirmish/simulator/policy.hpp"
#include "skirmish/simulator/raster.hpp"

namespace {

using namespace skirmish;

/// One environment with its policy, begun again whenever a battle is over.
class environment {
 public:
  explicit environment(scenario const& of)
      : of_{of}, layout_{make_layout(of)}, actions_(units_of(of.allies).size()), view_(view_size(layout_)) {}

  void step() {
    if (battle_.over()) start(++episode_);
    policy_.choose(battle_, actions_);
    battle_.step(actions_);
  }

  /// The view of each live ally.
  void observe() {
    auto const& w = battle_.state();
    scene_of(w, channels_, scene_, slots_);
    auto const raster = static_cast<std::size_t>(layout_.raster_size());
    for (std::size_t m = 0; m < scene_.size() && slots_[m] < w.allies; ++m) {
      auto const ally = slots_[m];
      draw(scene_, scene_[m].at, shows::what_agents_see, layout_, std::span(view_).first(raster));
      auto const chosen = actions_[static_cast<std::size_t>(ally)];
      auto const target = target_slot(chosen, w[ally].data().heals, w.allies);
      auto const at = static_cast<std::size_t>(std::find(slots_.begin(), slots_.end(), target) - slots_.begin());
      draw_action(chosen, scene_[m].at, at < scene_.size() ? &scene_[at] : nullptr, std::span(view_).subspan(raster));
      benchmark::DoNotOptimize(view_.data());
      benchmark::ClobberMemory();
    }
  }

 private:
  static raster_layout make_layout(scenario const& of) {
    battle const first(of, 0, 0);
    std::vector<std::int32_t> types;
    for (auto const& u : first.state().units) types.push_back(u.data().id);
    return layout_of(types);
  }
  void start(std::uint32_t episode) {
    battle_ = battle(of_, 0, episode);
    policy_ = policy(0, episode, 100);
  }

  scenario const& of_;
  raster_layout layout_;
  std::uint32_t episode_ = 0;
  battle battle_{of_, 0, 0};
  policy policy_{0, 0, 100};
  std::vector<std::int16_t> channels_{channels_of(battle_.state(), layout_)};
  std::vector<action> actions_;
  std::vector<float> view_;
  std::vector<mark> scene_;
  std::vector<int> slots_;
};

void run(benchmark::State& state, scenario const& of, bool observes) {
  environment env(of);
  for (auto _ : state) {
    env.step();
    if (observes) env.observe();
  }
  state.SetItemsProcessed(state.iterations());  // items_per_second: environment steps a second
}

}  // namespace

int main(int argc, char** argv) {
  try {
    for (auto const& s : scenarios()) {
      auto const name = std::string(s.name);
      benchmark::RegisterBenchmark(("skirmish/step/" + name).c_str(), [&s](auto& state) { run(state, s, false); });
      benchmark::RegisterBenchmark(("skirmish/step_and_views/" + name).c_str(),
                                   [&s](auto& state) { run(state, s, true); });
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    auto const ran = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return ran > 0 ? 0 : 1;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "skirmish_bench: %s\n", e.what());
    return 1;
  }
}
