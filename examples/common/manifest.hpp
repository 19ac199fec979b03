#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace examples {

/// What a published number needs to be made again: every setting, the seeds, the checksum of the data, compiler,
/// flags and commit. Keys are dotted paths ("train.rate") and keep the order in which they were set.
class manifest {
 public:
  using value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                             std::vector<std::string>>;

  manifest() = default;

  /// Starts with program, command line, UTC time, compiler, flags, build type and commit filled in.
  [[nodiscard]] static manifest begin(std::string_view program, int count = 0, char const* const* words = nullptr);

  /// Sets or replaces one entry: a bool, a number, text, or a vector of integers, numbers or texts.
  template <class T>
  manifest& set(std::string key, T const& entry) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      return put(std::move(key), value{static_cast<std::int64_t>(entry)});
    } else if constexpr (std::is_floating_point_v<T>) {
      return put(std::move(key), value{static_cast<double>(entry)});
    } else if constexpr (std::is_convertible_v<T const&, std::string_view>) {
      return put(std::move(key), value{std::string{std::string_view{entry}}});
    } else {
      return put(std::move(key), value{entry});
    }
  }

  [[nodiscard]] bool has(std::string_view key) const;
  /// An entry of this type, which must be there.
  template <class T>
  [[nodiscard]] T const& at(std::string_view key) const {
    for (auto const& [known, entry] : list) {
      if (known == key) return std::get<T>(entry);
    }
    throw std::runtime_error{"manifest: '" + std::string{key} + "': missing"};
  }
  [[nodiscard]] std::vector<std::pair<std::string, value>> const& entries() const { return list; }

  /// Indented JSON; dots make nested objects. Throws std::runtime_error when one key is another's parent ("a", "a.b").
  [[nodiscard]] std::string json() const;

  /// json() into a file, atomically.
  void write(std::filesystem::path const& path) const;

 private:
  std::vector<std::pair<std::string, value>> list;

  manifest& put(std::string key, value entry);
};

/// A run behind a page of results, named by its model and seed ("S2GRU, seed 1"), and its manifest as JSON text.
struct named_manifest {
  std::string run, json;
};

/// Writes the manifests of a page's runs into `<page>.json` beside it: one object, a line `"<run>": {...}` for each run.
/// Returns the page's last section, which links to the file. Throws std::runtime_error where two runs have one name, or a
/// manifest is no JSON.
[[nodiscard]] std::string write_manifests(std::filesystem::path const& page, std::vector<named_manifest> const& runs);

/// One run of a campaign (one seed). Failed and interrupted runs stay in the list and are counted.
struct campaign_run {
  enum class outcome { finished, failed, interrupted };
  std::int64_t seed = 0;
  outcome ending = outcome::finished;
  std::string reason;  ///< why it failed; empty otherwise
  double seconds = 0;
  std::map<std::string, double> figures;  ///< for example "forecast.rmse"; non-finite figures are kept
};

/// All runs behind one published table.
struct campaign {
  std::string name;
  std::vector<campaign_run> runs;

  struct spread {
    std::int64_t finished = 0;                                ///< runs the figures below are over
    std::int64_t lost = 0;                                    ///< failed, interrupted, or without this figure
    double mean = 0, deviation = 0, lowest = 0, highest = 0;  ///< NaN when no run finished; deviation NaN for one run
  };
  /// Mean, standard deviation (n - 1), lowest and highest of one figure over the finished runs.
  [[nodiscard]] spread over_runs(std::string_view figure) const;
};

}  // namespace examples
