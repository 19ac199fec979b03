#pragma once
/// \file
/// A folder of a run's checkpoints: the last few and the best. Whenever the program or the machine stops, the files in
/// the folder load: a file is complete before it has its name, an old one is removed after a newer one is complete, and
/// non-finite weights are never written.

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s2rm/math/finite.hpp"
#include "s2rm/train/training_file.hpp"

S2RM_NAMESPACE_BEGIN

/// Which checkpoints a folder retains.
struct retention {
  index_t last = 3;  ///< so many of the latest, at least 1
  bool best = true;  ///< and that with the lowest validation figure
};
using keep [[deprecated("renamed: retention")]] = retention;

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
  explicit checkpoint_folder(std::filesystem::path folder, s2rm::retention retain = {})
      : folder_(std::move(folder)), retain_(retain) {
    require_value(retain_.last >= 1,
                  "checkpoint_folder: retention.last: expected >= 1, found " + std::to_string(retain_.last));
    std::error_code code;
    std::filesystem::create_directories(folder_, code);
    if (code) io::detail::throw_system_error(io::path_text(folder_), "cannot create the folder", code);
    io::detail::remove_unfinished(folder_);
  }

  /// Writes the trainer's checkpoint, and a second copy as the best where `figure` is lower than any before (NaN never
  /// is). Then removes all but the last of those up to this step; later ones, of a run that was resumed from an earlier
  /// step, stay until they are overwritten.
  /// \throws value_error where weights are non-finite, file_error on any failure of the disk; all older files stay
  /// then.
  template <class Trainer>
  std::filesystem::path save(Trainer const& learner, std::optional<double> const& figure = std::nullopt) {
    auto const file = folder_ / name_of(learner.steps());
    learner.save(file, figure);
    if (retain_.best && figure && !math::is_nan(*figure)) {
      auto const before = best_figure<Trainer>();
      if (!before || *figure < *before) learner.save(best_path(), figure);
    }
    std::vector<std::filesystem::path> old;
    for (auto const& [step, path] : steps()) {
      if (step <= learner.steps()) old.push_back(path);
    }
    auto const surplus = static_cast<index_t>(old.size()) - retain_.last;
    for (index_t i = 0; i < surplus; ++i) {
      std::error_code ignored;  // a file that cannot be removed does not end the run
      std::filesystem::remove(old[static_cast<std::size_t>(i)], ignored);
    }
    return file;
  }

  /// Resumes from the newest checkpoint that passes every check (`trainer::resume`). An empty folder changes nothing.
  /// \throws file_error, that of the newest, where there are checkpoints and none loads; nothing has changed then.
  template <class Trainer>
  resumed resume(Trainer& learner) const {
    resumed found;
    auto all = steps();
    for (; !all.empty(); all.pop_back()) {
      auto const& newest = all.back().second;
      bool const loaded = catching<file_error>([&] { return learner.resume(newest), true; },
                                               [&](file_error const& refused) {
                                                 found.passed_over.emplace_back(refused.what());
                                                 return false;
                                               });
      if (!loaded) continue;
      found.file = newest;
      return found;
    }
    if (!found.passed_over.empty()) throw_error<file_error>(found.passed_over.front());
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
    using figure_type = std::optional<double>;
    if (!std::filesystem::exists(best_path())) return std::nullopt;
    return catching<file_error>(
        [&]() -> figure_type {
          return checkpoint_format::figure<typename Trainer::net, typename Trainer::scalar>(best_path(),
                                                                                            Trainer::moment_count);
        },
        [](file_error const&) -> figure_type { return std::nullopt; });  // damaged: any figure is better
  }

 private:
  static constexpr std::string_view prefix = "step-", suffix = ".safetensors";
  static constexpr std::size_t digits = 12;

  static std::string name_of(index_t step) {
    auto number = std::to_string(step);
    number.insert(0, digits - (std::min)(digits, number.size()), '0');
    return std::string(prefix) + number + std::string(suffix);
  }
  static std::optional<index_t> step_of(std::string_view name) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    auto const number =
        name.substr(prefix.size(), name.size() - (std::min)(name.size(), prefix.size() + suffix.size()));
    index_t step = 0;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), step);
    bool const whole = error == std::errc{} && end == number.data() + number.size();
    return whole && name == name_of(step) ? std::optional(step) : std::nullopt;
  }
  [[nodiscard]] std::vector<std::pair<index_t, std::filesystem::path>> steps() const {
    std::vector<std::pair<index_t, std::filesystem::path>> found;
    std::error_code code;
    for (std::filesystem::directory_iterator entry(folder_, code), end; !code && entry != end; entry.increment(code)) {
      if (auto const step = step_of(io::path_text(entry->path().filename()))) found.emplace_back(*step, entry->path());
    }
    if (code) io::detail::throw_system_error(io::path_text(folder_), "cannot list the folder", code);
    std::sort(found.begin(), found.end());
    return found;
  }

  std::filesystem::path folder_;
  s2rm::retention retain_;
};

S2RM_NAMESPACE_END
