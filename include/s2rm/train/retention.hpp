#pragma once
/// \file
/// A folder of a run's checkpoints: the last few and the best. Whenever the program or the machine stops, what is there
/// loads: a file is complete before it has its name, an old one goes only after a newer one stands, and weights that are
/// not finite are never written.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s2rm/train/training_file.hpp"

namespace s2rm {

/// How many checkpoints a folder keeps.
struct keep {
  index_t last = 3;  ///< at least 1
  bool best = true;  ///< that with the lowest figure, besides
};

/// What `checkpoint_folder::resume` found.
struct resumed {
  std::filesystem::path file;            ///< empty: the folder has no checkpoint
  std::vector<std::string> passed_over;  ///< errors of newer files that do not load
};

/// Files `step-000000000120.safetensors` (12 digits) and `best.safetensors`. One writer at a time.
class checkpoint_folder {
 public:
  /// Creates the folder where it is missing and removes what killed writers left of unfinished files.
  /// \throws value_error, file_error
  explicit checkpoint_folder(std::filesystem::path folder, s2rm::keep keep = {})
      : folder_(std::move(folder)), keep_(keep) {
    require_value(keep_.last >= 1, "checkpoint_folder: keep.last: expected >= 1, found " + std::to_string(keep_.last));
    std::error_code code;
    std::filesystem::create_directories(folder_, code);
    if (code) data::detail::throw_system_error(folder_.string(), "cannot create the folder", code.value());
    data::detail::remove_unfinished(folder_.string());
  }

  /// Writes the trainer's checkpoint, and it again as the best where `figure` is lower than any before (NaN never is).
  /// Then removes all but the last of those up to this step; later ones, of a run that was taken up at an earlier step,
  /// stay until they are written anew.
  /// \throws value_error where weights are not finite, file_error on any failure of the disk; all older files stand then.
  template <class Trainer>
  std::filesystem::path save(Trainer const& learner, std::optional<double> const& figure = std::nullopt) {
    auto const file = folder_ / name_of(learner.steps());
    learner.save(file, figure);
    if (keep_.best && figure && !std::isnan(*figure)) {
      auto const before = best_figure<Trainer>();
      if (!before || *figure < *before) learner.save(best_path(), figure);
    }
    std::vector<std::filesystem::path> old;
    for (auto const& [step, path] : steps()) {
      if (step <= learner.steps()) old.push_back(path);
    }
    auto const surplus = static_cast<index_t>(old.size()) - keep_.last;
    for (index_t i = 0; i < surplus; ++i) {
      std::error_code ignored;  // one file too many is no reason to end a run
      std::filesystem::remove(old[static_cast<std::size_t>(i)], ignored);
    }
    return file;
  }

  /// Takes up the newest checkpoint that passes every check (`trainer::resume`). An empty folder changes nothing.
  /// \throws file_error, that of the newest, where there are checkpoints and none loads; nothing has changed then.
  template <class Trainer>
  resumed resume(Trainer& learner) const {
    resumed found;
    auto all = steps();
    for (; !all.empty(); all.pop_back()) {
      try {
        learner.resume(all.back().second);
        found.file = all.back().second;
        return found;
      } catch (file_error const& refused) {
        found.passed_over.emplace_back(refused.what());
      }
    }
    if (!found.passed_over.empty()) throw file_error(found.passed_over.front());
    return found;
  }

  /// The checkpoints, oldest step first; not the best.
  [[nodiscard]] std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> paths;
    for (auto const& [step, path] : steps()) paths.push_back(path);
    return paths;
  }
  [[nodiscard]] std::filesystem::path best_path() const { return folder_ / "best.safetensors"; }
  /// The figure of the best checkpoint; nothing where there is none that loads.
  template <class Trainer>
  [[nodiscard]] std::optional<double> best_figure() const {
    try {
      return std::filesystem::exists(best_path()) ? checkpoint_format::figure<Trainer>(best_path()) : std::nullopt;
    } catch (file_error const&) {
      return std::nullopt;  // damaged: the next figure is better than none
    }
  }

 private:
  static constexpr std::string_view prefix = "step-", suffix = ".safetensors";
  static constexpr std::size_t digits = 12;

  static std::string name_of(index_t step) {
    auto number = std::to_string(step);
    number.insert(0, digits - std::min(digits, number.size()), '0');
    return std::string(prefix) + number + std::string(suffix);
  }
  static std::optional<index_t> step_of(std::string_view name) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    auto const number = name.substr(prefix.size(), name.size() - std::min(name.size(), prefix.size() + suffix.size()));
    index_t step = 0;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), step);
    bool const whole = error == std::errc{} && end == number.data() + number.size();
    return whole && name == name_of(step) ? std::optional(step) : std::nullopt;
  }
  [[nodiscard]] std::vector<std::pair<index_t, std::filesystem::path>> steps() const {
    std::vector<std::pair<index_t, std::filesystem::path>> found;
    std::error_code code;
    for (std::filesystem::directory_iterator entry(folder_, code), end; !code && entry != end; entry.increment(code)) {
      if (auto const step = step_of(entry->path().filename().string())) found.emplace_back(*step, entry->path());
    }
    if (code) data::detail::throw_system_error(folder_.string(), "cannot list the folder", code.value());
    std::sort(found.begin(), found.end());
    return found;
  }

  std::filesystem::path folder_;
  s2rm::keep keep_;
};

}  // namespace s2rm
