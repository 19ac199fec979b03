#pragma once
/// \file
/// What `trainer::save` writes and `trainer::load` reads: the model's weights under their public names (the averaged ones
/// where the trainer averages), and beside them, under names that begin with "train.", all that a later trainer needs to go
/// on exactly: weights, average, moments, the counters (steps, updates applied, steps skipped), and the state carried from
/// batch to batch where the trainer carries one.

#include <filesystem>

#include "s2rm/data/checkpoint.hpp"
#include "s2rm/model/parameters.hpp"

namespace s2rm {

struct checkpoint_format {
  template <class Trainer>
  static void save(Trainer const& learner, std::filesystem::path const& path) {
    using net = typename Trainer::net;
    using T = typename Trainer::scalar;
    auto const state = learner.state();
    std::vector<T> values(state.weights.size());
    learner.backend().copy_out(net::parameter_count, learner.averaged().values(), values.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw value_error("s2rm: " + path.string() + ": not written: a weight is not finite");
      }
    }
    std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
    std::vector<data::tensor_source> training{
        data::source_of("train.weights", {net::parameter_count}, state.weights.data()),
        data::source_of("train.average", {net::parameter_count}, state.average.data()),
        data::source_of("train.moments", {static_cast<index_t>(state.moments.size())}, state.moments.data()),
        data::source_of("train.counters", {3}, counters.data())};
    if (!state.carried.empty()) {
      training.push_back(
          data::source_of("train.carried", {static_cast<index_t>(state.carried.size())}, state.carried.data()));
    }
    data::save_checkpoint(path.string(), net::fields, values.data(), net::description(), training);
  }

  template <class Trainer>
  static void load(Trainer& learner, std::filesystem::path const& path) {
    using net = typename Trainer::net;
    using T = typename Trainer::scalar;
    auto const opened = data::open_checkpoint<T>(path.string(), net::fields);
    auto state = learner.state();
    if (opened.file.find("train.weights") == nullptr) {
      std::vector<T> values(state.weights.size());
      data::copy_parameters(opened, std::span<field_info const>(net::fields), values.data());
      learner.assign(values.data());
      return;
    }
    std::array<std::int64_t, 3> counters{};
    take(opened, "train.weights", state.weights.data(), static_cast<index_t>(state.weights.size()), path);
    take(opened, "train.average", state.average.data(), static_cast<index_t>(state.average.size()), path);
    take(opened, "train.moments", state.moments.data(), static_cast<index_t>(state.moments.size()), path);
    take(opened, "train.counters", counters.data(), 3, path);
    state.carried.clear();
    if (auto const* carried = opened.file.find("train.carried"); carried != nullptr) {
      state.carried = opened.file.template numbers<T>("train.carried");
    }
    state.steps = counters[0];
    state.applied = counters[1];
    state.skipped = counters[2];
    learner.restore(state);
  }

  /// Weights alone, for evaluation and streaming.
  template <class Net, class Backend, class T>
  static void load(Backend& be, parameters<typename Net::params, Backend, T>& weights,
                   std::filesystem::path const& path) {
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    data::load_checkpoint(path.string(), std::span<field_info const>(Net::fields), values.data());
    weights.assign(be, values.data());
  }

 private:
  template <class T>
  static void take(data::checkpoint const& opened, std::string_view name, T* to, index_t count,
                   std::filesystem::path const& path) {
    auto const* tensor = opened.file.find(name);
    if (tensor == nullptr || tensor->shape != std::vector<index_t>{count}) {
      throw file_error("s2rm: " + path.string() + ": tensor '" + std::string(name) + "': expected shape [" +
                       std::to_string(count) + "], found " + (tensor == nullptr ? "nothing" : "another shape") +
                       "; was it saved with another optimiser?");
    }
    opened.file.copy(*tensor, to);
  }
};

}  // namespace s2rm
