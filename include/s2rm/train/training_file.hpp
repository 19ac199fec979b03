#pragma once
/// \file
/// What `trainer::save` writes and `trainer::load` reads: the model's weights under their public names (the averaged ones
/// where the trainer averages), and beside them, under names that begin with "train.", all that a later trainer needs to go
/// on exactly: weights, average, moments, the counters (steps, updates applied, steps skipped), the settings that its
/// updates depend on, the state carried from batch to batch where the trainer carries one, and the caller's place in the
/// data. Random numbers need nothing more: they are functions of (seed, step, element).

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "s2rm/io/checkpoint.hpp"
#include "s2rm/model/parameters.hpp"
#include "s2rm/train/state.hpp"

namespace s2rm {

struct checkpoint_format {
  /// \param figure  of validation, where the file is kept for it (`checkpoint_folder`)
  /// \throws value_error where a weight, an average or a moment is not finite; file_error on any failure of the disk.
  template <class Trainer>
  static void save(Trainer const& learner, std::filesystem::path const& path,
                   std::optional<double> const& figure = std::nullopt) {
    using net = typename Trainer::net;
    auto const state = learner.state();
    auto const finite = [&](auto const& values, char const* what) {
      if (std::all_of(values.begin(), values.end(), [](auto x) { return std::isfinite(x); })) return;
      throw value_error("s2rm: " + path.string() + ": not written: " + what + " is not finite");
    };
    finite(state.weights, "a weight");
    finite(state.average, "an averaged weight");
    finite(state.moments, "a moment of the optimiser");
    std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
    auto const settings = numbers_of(learner.settings());
    std::vector<data::tensor_source> training{
        list("train.weights", state.weights), list("train.average", state.average),
        list("train.moments", state.moments), list("train.counters", counters), list("train.settings", settings)};
    if (!state.carried.empty()) training.push_back(list("train.carried", state.carried));
    if (!state.cursor.empty()) training.push_back(list("train.cursor", state.cursor));
    if (figure) training.push_back(data::source_of("train.figure", {1}, &*figure));
    data::save_checkpoint(path.string(), net::fields, state.average.data(), net::description(), training);
  }

  /// Loads weights, and the training state where the file has one. The settings stay the trainer's own.
  template <class Trainer>
  static void load(Trainer& learner, std::filesystem::path const& path) {
    using net = typename Trainer::net;
    using T = typename Trainer::scalar;
    auto const opened = open<Trainer>(path);
    if (opened.file.find("train.weights") == nullptr) {
      std::vector<T> values(static_cast<std::size_t>(net::parameter_count));
      data::copy_parameters(opened, std::span<field_info const>(net::fields), values.data());
      require_finite(values, path, "parameters");
      learner.assign(values.data());
      return;
    }
    learner.restore(state_in<Trainer>(opened, path));
  }

  /// The same for a run that is to go on exactly: the file must hold a training state, made with the trainer's settings.
  /// (A file of a library that did not write settings yet is taken at its word.)
  template <class Trainer>
  static void resume(Trainer& learner, std::filesystem::path const& path) {
    auto const opened = open<Trainer>(path);
    if (opened.file.find("train.weights") == nullptr) {
      throw file_error("s2rm: " + path.string() + ": tensor 'train.weights': missing: nothing to go on from exactly");
    }
    if (opened.file.find("train.settings") != nullptr) check_settings(opened, learner.settings(), path);
    learner.restore(state_in<Trainer>(opened, path));
  }

  /// The figure that the file was kept for; nothing where it has none.
  template <class Trainer>
  static std::optional<double> figure(std::filesystem::path const& path) {
    auto const opened = open<Trainer>(path);
    if (opened.file.find("train.figure") == nullptr) return std::nullopt;
    return opened.file.template numbers<double>("train.figure")[0];
  }

  /// Weights alone, for evaluation and streaming.
  template <class Net, class Backend, class T>
  static void load(Backend& be, parameters<typename Net::params, Backend, T>& weights,
                   std::filesystem::path const& path) {
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    data::load_checkpoint(path.string(), std::span<field_info const>(Net::fields), values.data());
    require_finite(values, path, "parameters");
    weights.assign(be, values.data());
  }

  /// The training state that a trainer of this type takes from a file.
  template <class Trainer>
  static std::array<data::training_field, 8> fields() {
    constexpr auto number = data::dtype_of<typename Trainer::scalar>();
    constexpr index_t size = Trainer::size, moments = size * Trainer::optimiser_type::moments,
                      element = Trainer::net::M * Trainer::net::state_size;
    return {{{"train.weights", number, size, size},
             {"train.average", number, size, size},
             {"train.moments", number, moments, moments},
             {"train.counters", data::dtype::i64, 3, 3},
             {"train.settings", data::dtype::f64, 1, most_settings},
             {"train.carried", number, element, element * most_carried},
             {"train.cursor", data::dtype::i64, 1, most_cursor},
             {"train.figure", data::dtype::f64, 1, 1}}};
  }

  /// Elements of a batch whose state a file may carry.
  static constexpr index_t most_carried = 65536;
  static constexpr index_t most_settings = 64;

 private:
  template <class Numbers>
  static data::tensor_source list(char const* name, Numbers const& numbers) {
    return data::source_of(name, {static_cast<index_t>(numbers.size())}, numbers.data());
  }

  template <class Settings>
  static std::vector<double> numbers_of(Settings const& settings) {
    std::vector<double> values;
    for (auto const& one : settings) values.push_back(one.value);
    return values;
  }

  template <class Settings>
  static void check_settings(data::checkpoint const& opened, Settings const& own, std::filesystem::path const& path) {
    auto const found = opened.file.template numbers<double>("train.settings");
    if (found.size() != own.size()) {
      throw file_error("s2rm: " + path.string() + ": tensor 'train.settings': expected " + std::to_string(own.size()) +
                       " numbers, found " + std::to_string(found.size()) + " (was it saved with another optimiser?)");
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (found[i] == own[i].value) continue;
      throw file_error("s2rm: " + path.string() + ": tensor 'train.settings': " + std::string(own[i].name) +
                       ": expected " + text_of(own[i].value) + ", found " + text_of(found[i]) +
                       " (resume with the settings of the run, or load to go on with others)");
    }
  }

  static std::string text_of(double value) {
    std::string text(32, '\0');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.17g", value)));
    return text;
  }

  template <class T>
  static void require_finite(std::vector<T> const& values, std::filesystem::path const& path, char const* what) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      throw file_error("s2rm: " + path.string() + ": " + what + ": expected finite numbers, found " +
                       text_of(static_cast<double>(values[i])) + " at " + std::to_string(i));
    }
  }

  template <class Trainer>
  static data::checkpoint open(std::filesystem::path const& path) {
    return data::open_checkpoint<typename Trainer::scalar>(path.string(), Trainer::net::fields, fields<Trainer>());
  }

  template <class Trainer>
  static training_state<typename Trainer::scalar> state_in(data::checkpoint const& opened,
                                                           std::filesystem::path const& path) {
    using T = typename Trainer::scalar;
    training_state<T> state;
    state.weights = opened.file.template numbers<T>("train.weights");
    state.average = opened.file.template numbers<T>("train.average");
    state.moments = opened.file.template numbers<T>("train.moments");
    auto const counters = opened.file.template numbers<std::int64_t>("train.counters");
    if (opened.file.find("train.carried") != nullptr) state.carried = opened.file.template numbers<T>("train.carried");
    if (opened.file.find("train.cursor") != nullptr) {
      state.cursor = opened.file.template numbers<std::int64_t>("train.cursor");
    }
    require_finite(state.weights, path, "tensor 'train.weights'");
    require_finite(state.average, path, "tensor 'train.average'");
    require_finite(state.moments, path, "tensor 'train.moments'");
    state.steps = counters[0];
    state.applied = counters[1];
    state.skipped = counters[2];
    // A difference, not a sum: that of two large numbers would overflow.
    bool const sound =
        state.applied >= 0 && state.applied <= state.steps && state.skipped == state.steps - state.applied;
    if (!sound) {
      throw file_error(
          "s2rm: " + path.string() + ": tensor 'train.counters': expected steps = applied + skipped, found " +
          std::to_string(state.steps) + ", " + std::to_string(state.applied) + ", " + std::to_string(state.skipped));
    }
    constexpr index_t element = Trainer::net::M * Trainer::net::state_size;
    if (static_cast<index_t>(state.carried.size()) % element != 0) {
      throw file_error("s2rm: " + path.string() + ": tensor 'train.carried': expected a multiple of " +
                       std::to_string(element) + " numbers, found " + std::to_string(state.carried.size()));
    }
    return state;
  }
};

}  // namespace s2rm
