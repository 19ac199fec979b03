#pragma once
/// \file
/// What `trainer::save` writes and `trainer::load` reads: the model's weights under their public names (the averaged
/// ones where the trainer averages), and beside them, under names that begin with "train.", all that a later trainer
/// needs to continue exactly: weights, average, moments, the counters (steps, updates applied, steps skipped), the
/// settings that its updates depend on, the state carried from batch to batch where the trainer carries one, and the
/// caller's place in the data. Random numbers need nothing more: they are functions of (seed, step, element).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/io/checkpoint.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/train/state.hpp"

namespace s2rm {

/// The files of model `Net`, written and read.
struct checkpoint_format {
  using path_type = std::filesystem::path;

  /// \param settings  that the updates of the run depend on (`trainer::settings`)
  /// \param figure    of validation, which a `checkpoint_folder` compares files by
  /// \throws value_error where a weight, an average or a moment is non-finite; file_error on any failure of the disk.
  template <class Net, class T>
  static void save(path_type const& path, training_state<T> const& state, std::span<setting const> settings,
                   std::optional<double> const& figure = std::nullopt) {
    auto const finite = [&](auto const& values, char const* what) {
      if (std::all_of(values.begin(), values.end(), [](auto x) { return std::isfinite(x); })) return;
      throw value_error("s2rm: " + path.string() + ": not written: " + what + " is not finite");
    };
    finite(state.weights, "a weight");
    finite(state.average, "an averaged weight");
    finite(state.moments, "a moment of the optimiser");
    std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
    std::vector<double> values;
    for (auto const& one : settings) values.push_back(one.value);
    std::vector<data::tensor_source> training;
    list(training, "train.weights", state.weights);
    list(training, "train.average", state.average);
    list(training, "train.moments", state.moments);
    list(training, "train.counters", counters);
    list(training, "train.settings", values);
    if (!state.carried.empty()) list(training, "train.carried", state.carried);
    if (!state.cursor.empty()) list(training, "train.cursor", state.cursor);
    if (figure) list(training, "train.figure", std::span(&*figure, 1));
    data::save_checkpoint(path.string(), Net::fields, state.average.data(), Net::description(), training);
  }

  /// The training state of a file, of an optimiser with `moments` numbers. A file of weights alone gives that of a
  /// trainer before its first step. Settings are not compared.
  template <class Net, class T>
  [[nodiscard]] static training_state<T> load(path_type const& path, index_t moments) {
    auto const opened = open<Net, T>(path, moments);
    if (opened.file.find("train.weights") != nullptr) return state_in<Net, T>(opened, path);
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    data::copy_parameters(opened, std::span<field_info const>(Net::fields), values.data());
    require_finite(values, path, "parameters");
    return {
        .weights = values, .average = std::move(values), .moments = std::vector<T>(static_cast<std::size_t>(moments))};
  }

  /// The same for a run that continues exactly: the file must hold a training state, of a run with these settings. (A
  /// file of a library that did not write settings yet is accepted without that check.)
  template <class Net, class T>
  [[nodiscard]] static training_state<T> resume(path_type const& path, index_t moments,
                                                std::span<setting const> settings) {
    auto const opened = open<Net, T>(path, moments);
    if (opened.file.find("train.weights") == nullptr) {
      throw file_error("s2rm: " + path.string() + ": tensor 'train.weights': missing: nothing to go on from exactly");
    }
    if (opened.file.find("train.settings") != nullptr) check_settings(opened, settings, path);
    return state_in<Net, T>(opened, path);
  }

  /// The validation figure that the file was saved with; nothing where it has none.
  template <class Net, class T>
  [[nodiscard]] static std::optional<double> figure(path_type const& path, index_t moments) {
    auto const opened = open<Net, T>(path, moments);
    if (opened.file.find("train.figure") == nullptr) return std::nullopt;
    return opened.file.template numbers<double>("train.figure")[0];
  }

  /// Weights alone, for evaluation and streaming.
  template <class Net, class Backend, class T>
  static void load(Backend& be, parameters<typename Net::params, Backend, T>& weights, path_type const& path) {
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    data::load_checkpoint(path.string(), std::span<field_info const>(Net::fields), values.data());
    require_finite(values, path, "parameters");
    weights.assign(be, values.data());
  }

  /// The tensors of a training state that a file may hold.
  template <class Net, class T>
  static std::array<data::training_field, 8> fields(index_t moments) {
    constexpr auto number = data::dtype_of<T>();
    constexpr index_t size = Net::parameter_count, element = Net::M * Net::state_size;
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
  static void list(std::vector<data::tensor_source>& all, char const* name, Numbers const& numbers) {
    list(all, name, data::dtype_of<std::remove_cvref_t<decltype(numbers[0])>>(), static_cast<index_t>(numbers.size()),
         numbers.data());
  }
  /// Not a template, so compiled once.
  static void list(std::vector<data::tensor_source>& all, char const* name, data::dtype type, index_t count,
                   void const* numbers) {
    all.push_back({name, type, {count}, numbers});
  }

  static void check_settings(data::checkpoint const& opened, std::span<setting const> own, path_type const& path) {
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
  static void require_finite(std::vector<T> const& values, path_type const& path, char const* what) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      throw file_error("s2rm: " + path.string() + ": " + what + ": expected finite numbers, found " +
                       text_of(static_cast<double>(values[i])) + " at " + std::to_string(i));
    }
  }

  template <class Net, class T>
  static data::checkpoint open(path_type const& path, index_t moments) {
    return data::open_checkpoint<T>(path.string(), Net::fields, fields<Net, T>(moments));
  }

  template <class Net, class T>
  static training_state<T> state_in(data::checkpoint const& opened, path_type const& path) {
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
    constexpr index_t element = Net::M * Net::state_size;
    if (static_cast<index_t>(state.carried.size()) % element != 0) {
      throw file_error("s2rm: " + path.string() + ": tensor 'train.carried': expected a multiple of " +
                       std::to_string(element) + " numbers, found " + std::to_string(state.carried.size()));
    }
    return state;
  }
};

}  // namespace s2rm
