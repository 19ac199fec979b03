#pragma once
/// \file
/// What `trainer::save` writes and `trainer::load` reads: the model's weights under their public names (the averaged
/// ones where the trainer averages), and beside them, under names that begin with "train.", all that a later trainer
/// needs to continue exactly: weights, average, moments, the counters (steps, updates applied, steps skipped), the
/// settings that its updates depend on, the state carried from batch to batch where the trainer carries one, and the
/// caller's place in the data. Random numbers need nothing more: they are functions of (seed, step, element).
///
/// Numbers that are doubles whatever the trainer's type are stored as their bits in I64: other readers of the format (MLX
/// for one) refuse a whole file for one tensor of type F64.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/io/checkpoint.hpp"
#include "s2rm/io/weights.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/train/load_modules.hpp"
#include "s2rm/train/state.hpp"

S2RM_NAMESPACE_BEGIN

/// The files of model `Net`, written and read.
struct checkpoint_format {
  using path_type = std::filesystem::path;
  /// Of a file that is meant to hold more than the model does; nothing: what suits the model.
  using limits_type = std::optional<io::safetensors_limits>;

  /// \param settings  that the updates of the run depend on (`trainer::settings`)
  /// \param figure    of validation, which a `checkpoint_folder` compares files by
  /// \throws value_error where a weight, an average or a moment is non-finite; file_error on any failure of the disk.
  template <class Net, class T>
  static void save(path_type const& path, training_state<T> const& state, std::span<setting const> settings,
                   std::optional<double> const& figure = std::nullopt) {
    auto const finite = [&](auto const& values, char const* what) {
      auto const i = first_non_finite(values);
      if (i == values.size()) return;
      auto const [name, at] = place_of<Net>(i);
      throw_error<value_error>("s2rm: " + io::path_text(path) + ": not written: " + what + " is not finite: " +
                               text_of(static_cast<double>(values[i])) + " at " + at + " of " + name);
    };
    finite(state.weights, "a weight");
    finite(state.average, "an averaged weight");
    finite(state.moments, "a moment of the optimiser");
    std::array<std::int64_t, 3> const counters{state.steps, state.applied, state.skipped};
    std::vector<std::int64_t> values;
    for (auto const& one : settings) values.push_back(std::bit_cast<std::int64_t>(one.value));
    std::vector<io::tensor_source> training;
    list(training, "train.weights", state.weights);
    list(training, "train.average", state.average);
    list(training, "train.moments", state.moments);
    list(training, "train.counters", counters);
    list(training, "train.settings_bits", values);
    if (!state.carried.empty()) list(training, "train.carried", state.carried);
    if (!state.cursor.empty()) list(training, "train.cursor", state.cursor);
    auto const figure_bits = std::bit_cast<std::int64_t>(figure.value_or(0));
    if (figure) list(training, "train.figure_bits", std::span(&figure_bits, 1));
    io::save_checkpoint(io::path_text(path), Net::fields, state.average.data(), Net::description(), training);
  }

  /// The training state of a file, of an optimiser with `moments` numbers. A file of weights alone gives that of a
  /// trainer before its first step. Settings are not compared.
  template <class Net, class T>
  [[nodiscard]] static training_state<T> load(path_type const& path, index_t moments, limits_type const& limits = {}) {
    auto const opened = open<Net, T>(path, moments, limits);
    if (opened.file.find("train.weights") != nullptr) return state_in<Net, T>(opened, path);
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    io::copy_parameters(opened, std::span<field_info const>(Net::fields), values.data());
    require_finite<Net>(values, path, "");
    return {
        .weights = values, .average = std::move(values), .moments = std::vector<T>(static_cast<std::size_t>(moments))};
  }

  /// The same for a run that continues exactly: the file must hold a training state, of a run with these settings. (A
  /// file of a library that did not write settings yet is accepted without that check.)
  template <class Net, class T>
  [[nodiscard]] static training_state<T> resume(path_type const& path, index_t moments,
                                                std::span<setting const> settings, limits_type const& limits = {}) {
    auto const opened = open<Net, T>(path, moments, limits);
    if (opened.file.find("train.weights") == nullptr) {
      throw_error<file_error>("s2rm: " + io::path_text(path) +
                              ": tensor 'train.weights': missing: nothing to go on from exactly");
    }
    auto const found = doubles(opened, "train.settings_bits", "train.settings");
    if (!found.empty()) check_settings(found, settings, path);
    return state_in<Net, T>(opened, path);
  }

  /// The validation figure that the file was saved with; nothing where it has none.
  template <class Net, class T>
  [[nodiscard]] static std::optional<double> figure(path_type const& path, index_t moments) {
    auto const opened = open<Net, T>(path, moments, {});
    auto const found = doubles(opened, "train.figure_bits", "train.figure");
    return found.empty() ? std::nullopt : std::optional(found[0]);
  }

  /// Weights alone, for evaluation and streaming.
  template <class Net, class Backend, class T>
  static void load(Backend& be, parameters<typename Net::params, Backend, T>& weights, path_type const& path,
                   limits_type const& limits = {}) {
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    io::load_checkpoint(io::path_text(path), std::span<field_info const>(Net::fields), values.data(), {}, limits);
    require_finite<Net>(values, path, "");
    weights.assign(be, values.data());
  }

  /// The same of a model whose modules share their weights, from a file with any number of modules: see `new_modules`.
  template <class Net, class Backend, class T>
  static void load_modules(Backend& be, parameters<typename Net::params, Backend, T>& weights, path_type const& path,
                           new_modules const& others = {}, limits_type const& limits = {}) {
    auto const values = read_modules<Net, T>(path, others, limits);
    require_finite<Net>(values, path, "");
    weights.assign(be, values.data());
  }
  /// The same as a training state before the first step, of an optimiser with `moments` numbers.
  template <class Net, class T>
  [[nodiscard]] static training_state<T> load_modules(path_type const& path, index_t moments,
                                                      new_modules const& others = {}, limits_type const& limits = {}) {
    auto const values = read_modules<Net, T>(path, others, limits);
    require_finite<Net>(values, path, "");
    return {.weights = values, .average = values, .moments = std::vector<T>(static_cast<std::size_t>(moments))};
  }

  /// `load` with a code instead of an exception; the weights change where it is `load_status::ok` alone.
  template <class Net, class Backend, class T>
  [[nodiscard]] static load_status try_load(Backend& be, parameters<typename Net::params, Backend, T>& weights,
                                            path_type const& path) noexcept {
    std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
    auto const status = read_weights(io::path_text(path), std::span<field_info const>(Net::fields), values.data());
    if (status == load_status::ok) weights.assign(be, values.data());
    return status;
  }

  /// The tensors of a training state that a file may hold.
  template <class Net, class T>
  static std::array<io::training_field, 10> fields(index_t moments) {
    constexpr auto number = io::dtype_of<T>();
    constexpr index_t size = Net::parameter_count, element = Net::M * Net::state_size;
    return {{{"train.weights", number, size, size},
             {"train.average", number, size, size},
             {"train.moments", number, moments, moments},
             {"train.counters", io::dtype::i64, 3, 3},
             {"train.settings_bits", io::dtype::i64, 1, max_settings},
             {"train.carried", number, element, element * max_carried},
             {"train.cursor", io::dtype::i64, 1, max_cursor},
             {"train.figure_bits", io::dtype::i64, 1, 1},
             {"train.settings", io::dtype::f64, 1, max_settings},  // of format 1, as the next
             {"train.figure", io::dtype::f64, 1, 1}}};
  }

  /// Elements of a batch whose state a file may carry.
  static constexpr index_t max_carried = 65536;
  static constexpr index_t max_settings = 64;

 private:
  template <class Numbers>
  static void list(std::vector<io::tensor_source>& all, char const* name, Numbers const& numbers) {
    list(all, name, io::dtype_of<std::remove_cvref_t<decltype(numbers[0])>>(), static_cast<index_t>(numbers.size()),
         numbers.data());
  }
  /// Not a template, so compiled once.
  static void list(std::vector<io::tensor_source>& all, char const* name, io::dtype type, index_t count,
                   void const* numbers) {
    all.push_back({name, type, {count}, numbers});
  }

  /// The numbers of a tensor of bits, or of the one that held them in format 1; none where the file has neither.
  static std::vector<double> doubles(io::checkpoint const& opened, char const* bits, char const* format_1) {
    std::vector<double> values;
    if (opened.file.find(bits) != nullptr) {
      for (auto const x : opened.file.template numbers<std::int64_t>(bits)) values.push_back(std::bit_cast<double>(x));
    } else if (opened.file.find(format_1) != nullptr) {
      values = opened.file.template numbers<double>(format_1);
    }
    return values;
  }

  static void check_settings(std::vector<double> const& found, std::span<setting const> own, path_type const& path) {
    if (found.size() != own.size()) {
      throw_error<file_error>("s2rm: " + io::path_text(path) + ": tensor 'train.settings': expected " +
                              std::to_string(own.size()) + " numbers, found " + std::to_string(found.size()) +
                              " (was it saved with another optimiser?)");
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (std::equal_to<>{}(found[i], own[i].value)) continue;
      throw_error<file_error>("s2rm: " + io::path_text(path) +
                              ": tensor 'train.settings': " + std::string(own[i].name) + ": expected " +
                              text_of(own[i].value) + ", found " + text_of(found[i]) +
                              " (resume with the settings of the run, or load to go on with others)");
    }
  }

  static std::string text_of(double value) {
    std::string text(32, '\0');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.17g", value)));
    return text;
  }

  template <class T>
  static std::size_t first_non_finite(std::vector<T> const& values) {
    return static_cast<std::size_t>(
        std::find_if(values.begin(), values.end(), [](T x) { return !math::is_finite(x); }) - values.begin());
  }

  /// The parameter that number i of the flat block belongs to, and which of its numbers that is. Moments are as many
  /// blocks as the optimiser has.
  template <class Net>
  static std::pair<std::string, std::string> place_of(std::size_t i) {
    auto const at = static_cast<index_t>(i) % Net::parameter_count;
    auto const found = std::find_if(Net::fields.begin(), Net::fields.end(),
                                    [=](field_info const& field) { return at < field.offset + field.size; });
    return {"'" + std::string(found->name) + "'", std::to_string(at - found->offset)};
  }

  /// \param whole  the tensor that holds all of them; empty: each parameter is a tensor of its own
  template <class Net, class T>
  static void require_finite(std::vector<T> const& values, path_type const& path, std::string const& whole) {
    auto const i = first_non_finite(values);
    if (i == values.size()) return;
    auto const [name, at] = place_of<Net>(i);
    throw_error<file_error>("s2rm: " + io::path_text(path) + ": tensor " + (whole.empty() ? name : "'" + whole + "'") +
                            ": expected finite numbers, found " + text_of(static_cast<double>(values[i])) + " at " +
                            (whole.empty() ? at : std::to_string(i) + ", which is " + at + " of " + name));
  }

  template <class Net, class T>
  static io::checkpoint open(path_type const& path, index_t moments, limits_type const& limits) {
    return io::open_checkpoint<T>(io::path_text(path), Net::fields, fields<Net, T>(moments), limits);
  }

  template <class Net, class T>
  static training_state<T> state_in(io::checkpoint const& opened, path_type const& path) {
    training_state<T> state;
    state.weights = opened.file.template numbers<T>("train.weights");
    state.average = opened.file.template numbers<T>("train.average");
    state.moments = opened.file.template numbers<T>("train.moments");
    auto const counters = opened.file.template numbers<std::int64_t>("train.counters");
    if (opened.file.find("train.carried") != nullptr) state.carried = opened.file.template numbers<T>("train.carried");
    if (opened.file.find("train.cursor") != nullptr) {
      state.cursor = opened.file.template numbers<std::int64_t>("train.cursor");
    }
    require_finite<Net>(state.weights, path, "train.weights");
    require_finite<Net>(state.average, path, "train.average");
    require_finite<Net>(state.moments, path, "train.moments");
    state.steps = counters[0];
    state.applied = counters[1];
    state.skipped = counters[2];
    // A difference, not a sum: that of two large numbers would overflow.
    bool const sound =
        state.applied >= 0 && state.applied <= state.steps && state.skipped == state.steps - state.applied;
    if (!sound) {
      throw_error<file_error>(
          "s2rm: " + io::path_text(path) + ": tensor 'train.counters': expected steps = applied + skipped, found " +
          std::to_string(state.steps) + ", " + std::to_string(state.applied) + ", " + std::to_string(state.skipped));
    }
    constexpr index_t element = Net::M * Net::state_size;
    if (static_cast<index_t>(state.carried.size()) % element != 0) {
      throw_error<file_error>("s2rm: " + io::path_text(path) + ": tensor 'train.carried': expected a multiple of " +
                              std::to_string(element) + " numbers, found " + std::to_string(state.carried.size()));
    }
    return state;
  }
};

S2RM_NAMESPACE_END
