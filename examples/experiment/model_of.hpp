#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/ranks.hpp"
#include "model.hpp"
#include "s2rm/eigen.hpp"

namespace examples {

using cpu = s2rm::backend::eigen;

/// What an example's nets.hpp says of a model: its type and the base learning rate that served it best, in 1/10000.
/// Its title is its name in capitals where it has none of its own.
template <class Net, int Rate>
struct known_net {
  static constexpr double rate = Rate / 1e4;
  using net = Net;
};

/// `MostViews`: what a step can hold.
template <class Net, index_t MostViews>
class watcher_of final : public watcher {
 public:
  template <class Weights>
  watcher_of(Weights const& weights, index_t queries)
      : live_(cpu{.threads = 1}, weights, {.views = MostViews, .queries = queries}) {}

  void reset() override { live_.reset(); }
  void observe(std::span<float const> views, std::span<float const> places) override {
    auto const count = static_cast<index_t>(places.size()) / 2;
    s2rm::array_view<float const, Net::view::rank + 1> all{views.data(), {count}};
    std::copy(Net::view::extents.begin(), Net::view::extents.end(), all.shape.begin() + 1);
    auto const outcome = live_.observe(all, s2rm::array_view<float const, 2>{places.data(), {count, 2}});
    s2rm::require_value(outcome == s2rm::observed::yes, "a step's views were refused");
  }
  float const* predict(std::span<float const> places) override {
    auto const count = static_cast<index_t>(places.size()) / 2;
    return live_.predict(s2rm::array_view<float const, 2>{places.data(), {count, 2}}).data;
  }
  void save_state() override { saved_ = live_.state(); }
  void restore_state() override { live_.restore(saved_); }

 private:
  s2rm::stream<Net, cpu> live_;
  s2rm::stream_state<float> saved_;
};

/// A `world_model` and its trainer.
template <class Net, index_t MostViews>
class model_of final : public model {
 public:
  model_of(fit_settings const& settings, std::int64_t seed, int threads)
      : settings_(settings),
        seed_(seed),
        threads_(threads),
        learner_(cpu{.threads = threads},
                 s2rm::optim::adam{.rate = settings.rate,
                                   .beta2 = settings.beta2,
                                   .weight_decay = settings.weight_decay,
                                   .clip = settings.clip,
                                   .schedule = {settings.warm_up, settings.steps, settings.floor}},
                 s2rm::seed{static_cast<std::uint64_t>(seed)},
                 {.average = settings.average, .microbatches = settings.parts}, ranks::communicator()) {}

  s2rm::step_report step(s2rm::batch_view<float> const& b) override { return learner_.step(b); }
  void output_bias(std::vector<double> const& bias) override { learner_.output_bias(bias); }
  float const* predict(s2rm::batch_view<float> const& b) override {
    auto asked = b;
    asked.target = nullptr;
    static_cast<void>(learner_.evaluate(asked));
    return learner_.predictions();
  }
  [[nodiscard]] index_t steps() const override { return learner_.steps(); }
  void save(std::filesystem::path const& path) const override { learner_.save(path); }
  void load(std::filesystem::path const& path) override { learner_.load(path); }
  void resume(std::filesystem::path const& path) override { learner_.resume(path); }
  [[nodiscard]] index_t parameters() const override { return Net::parameter_count; }
  [[nodiscard]] std::string description() const override { return Net::description(); }
  [[nodiscard]] std::unique_ptr<watcher> watch(index_t queries) const override {
    return std::make_unique<watcher_of<Net, MostViews>>(learner_.averaged(), queries);
  }

  [[nodiscard]] module_map modules(std::span<float const> places) override {
    module_map map;
    if constexpr (requires { Net::at_embedding; }) fill(map, places);
    return map;
  }
  [[nodiscard]] std::unique_ptr<model> without_interaction() const override {
    if constexpr (Net::params::template has<"interaction.out.weight">) {
      auto silent = std::make_unique<model_of>(settings_, seed_, threads_);
      auto state = learner_.state();
      for (auto const& field : Net::fields) {
        if (field.name != "interaction.out.weight") continue;
        std::fill_n(state.weights.begin() + field.offset, field.size, 0.0F);
        std::fill_n(state.average.begin() + field.offset, field.size, 0.0F);
      }
      silent->learner_.restore(state);
      return silent;
    } else {
      return nullptr;
    }
  }

 private:
  void fill(module_map& map, std::span<float const> places) {
    using encoder = typename Net::places;
    constexpr auto m = Net::M, s = Net::S;
    auto const p = learner_.averaged().view();
    auto const n = static_cast<index_t>(places.size()) / 2;
    std::vector<float> code(static_cast<std::size_t>(n * s)), saved(static_cast<std::size_t>(n * encoder::saved));
    std::vector<float> unit(static_cast<std::size_t>(m * s));
    auto& be = learner_.backend();
    encoder::forward(be, p.template inner<typename encoder::params>(Net::at_place), n, places.data(),
                     s2rm::rows<float>{code.data(), s}, saved.data());
    be.for_each(m, s2rm::layer::project_row<s, float>{{p.values + Net::at_embedding, s}, {unit.data(), s}});
    auto const z_of = [&](float cosine) {
      return Net::kernel::reaches(cosine)
                 ? std::exp(static_cast<double>(Net::kernel::log_weight(cosine, p.values + Net::at_kernel)))
                 : 0.0;
    };
    map.modules = m;
    for (index_t i = 0; i < n; ++i) {
      index_t nearest = 0;
      float best = -2;
      for (index_t k = 0; k < m; ++k) {
        auto const cosine = s2rm::math::dot<s>(code.data() + i * s, unit.data() + k * s);
        if (cosine > best) {
          best = cosine;
          nearest = k;
        }
      }
      map.nearest.push_back(nearest);
      map.strength.push_back(z_of(best));
    }
    for (index_t i = 0; i < m; ++i) {
      for (index_t j = 0; j < m; ++j) {
        map.ties.push_back(z_of(s2rm::math::dot<s>(unit.data() + i * s, unit.data() + j * s)));
      }
    }
  }

  fit_settings settings_;
  std::int64_t seed_;
  int threads_;
  s2rm::trainer<Net, cpu, float, s2rm::optim::adam, team> learner_;
};

}  // namespace examples
