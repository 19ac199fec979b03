#pragma once
/// \file
/// Split-conformal bands: intervals that cover a new observation with a probability that is chosen, whatever the model's own
/// distribution is worth (Papadopoulos et al., "Inductive confidence machines for regression", ECML 2002; Lei et al.,
/// "Distribution-free predictive inference for regression", JASA 113, 2018).
///
/// A score r says how far an observation y lies from what was predicted. Of n scores of observations that the weights
/// were not fitted on, in one bucket, the band of coverage c takes
///
///   q = the ceil(c (n + 1))-th smallest;  +inf where that is beyond n: so few scores bound nothing
///
///   score     r                        band                          of
///   scaled    |y - m| / s              [m - q s, m + q s]            a mean m with a deviation s, in units of s
///   absolute  |y - m|                  [m - q, m + q]                a mean m, in the unit of y
///   quantile  max(l - y, y - u)        [l - q, u + q]                two quantiles l and u, in the unit of y (Romano et al.,
///                                                                    "Conformalized quantile regression", NeurIPS 2019)
///
/// Where the n scores and the new one are exchangeable, the band covers it with a probability of c to c + 1 / (n + 1).
/// A series is not: the share that is covered is to be measured. A bucket is what the caller takes for alike: a lead
/// time, or places that were seen or not; an observation of a new place needs scores of places that were new as well.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/io/bands.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN
namespace conformal {

enum class score : std::uint8_t { scaled, absolute, quantile };
constexpr std::array<std::string_view, 3> score_names{"scaled", "absolute", "quantile"};

/// The scores of one observation.
inline double scaled_score(double y, double mean, double deviation) { return (std::abs)(y - mean) / deviation; }
inline double absolute_score(double y, double mean) { return (std::abs)(y - mean); }
inline double quantile_score(double y, double low, double high) { return (std::max)(low - y, y - high); }

/// Which of n scores in ascending order, counted from 1, bounds the band: ceil(c (n + 1)). c is a decimal number, rounded:
/// a product that is above a whole number by rounding alone counts as that number.
inline std::int64_t rank_of(double coverage, std::int64_t n) {
  double const exact = coverage * (static_cast<double>(n) + 1);
  return static_cast<std::int64_t>(std::ceil(exact * (1 - 4 * std::numeric_limits<double>::epsilon())));
}

/// The quantile q of the band of this coverage, between 0 and 1. \throws value_error on another one, and on a score that
/// is NaN.
inline double quantile_of(std::span<double const> scores, double coverage) {
  require_value(coverage > 0 && coverage < 1, "bands: coverages: expected ascending numbers between 0 and 1");
  require_value(std::none_of(scores.begin(), scores.end(), [](double r) { return math::is_nan(r); }),
                "conformal: expected scores, found NaN");
  auto const rank = rank_of(coverage, static_cast<std::int64_t>(scores.size()));
  if (rank > static_cast<std::int64_t>(scores.size())) return std::numeric_limits<double>::infinity();
  std::vector<double> sorted(scores.begin(), scores.end());
  auto nth = sorted.begin();
  std::advance(nth, rank - 1);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return *nth;
}

struct interval {
  double low = 0, high = 0;
};

/// What a bucket was fitted on, and its quantiles, one for each coverage.
struct bucket {
  std::int64_t count = 0;
  std::vector<double> quantiles;
  friend bool operator==(bucket const&, bucket const&) = default;
};

/// Fitted bands: quantiles for each bucket and coverage.
struct bands {
  conformal::score score = conformal::score::scaled;
  std::vector<double> coverages;  ///< ascending
  std::vector<bucket> buckets;
  friend bool operator==(bands const&, bands const&) = default;

  /// Quantiles of all buckets together.
  static constexpr std::size_t max_quantiles = 2048;

  /// q of a bucket. \throws value_error that names the coverages there are, or the number of buckets.
  [[nodiscard]] double quantile(index_t of, double coverage) const {
    auto const count = static_cast<index_t>(buckets.size());
    require_value(of >= 0 && of < count, {"bands: bucket: expected 0 to ", count - 1, ", found ", of});
    auto const found = std::find(coverages.begin(), coverages.end(), coverage);
    if (found == coverages.end()) {
      std::string known;
      for (auto const one : coverages) known += (known.empty() ? "" : ", ") + text_of(one);
      throw_error<value_error>("s2rm: bands: coverage: expected one of " + known + ", found " + text_of(coverage));
    }
    return buckets[static_cast<std::size_t>(of)].quantiles[static_cast<std::size_t>(found - coverages.begin())];
  }

  /// The band about a mean with a deviation (`absolute`: of any), or, `quantile`, beyond two quantiles.
  [[nodiscard]] interval about(index_t of, double coverage, double mean, double deviation) const {
    require_value(score != conformal::score::quantile,
                  "bands: about: expected bands of means, found those of quantiles");
    double const half = quantile(of, coverage) * (score == conformal::score::scaled ? deviation : 1.0);
    return {mean - half, mean + half};
  }
  [[nodiscard]] interval beyond(index_t of, double coverage, double low, double high) const {
    require_value(score == conformal::score::quantile,
                  "bands: beyond: expected bands of quantiles, found those of means");
    double const more = quantile(of, coverage);
    return {low - more, high + more};
  }

  /// As one line: score, coverages; then for each bucket its count and quantiles. A number is the shortest text that reads
  /// back as the same double.
  [[nodiscard]] std::string text() const {
    std::string line(score_names[static_cast<std::size_t>(score)]);
    for (auto const one : coverages) line += ' ' + text_of(one);
    for (auto const& one : buckets) {
      line += "; " + std::to_string(one.count);
      for (auto const q : one.quantiles) line += ' ' + text_of(q);
    }
    return line;
  }

  static std::string text_of(double x) {
    if (!math::is_finite(x) && !math::is_nan(x)) return x > 0 ? "inf" : "-inf";
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, x).ptr;
    return {digits, end};
  }
};

namespace detail {

/// What is wrong with bands; null where nothing is.
inline char const* fault_of(bands const& b) {
  if (b.coverages.empty()) return "coverages: expected at least one";
  if (b.buckets.empty()) return "buckets: expected at least one";
  if (b.coverages.size() * b.buckets.size() > bands::max_quantiles) return "expected at most 2048 quantiles";
  double last = 0;
  for (auto const c : b.coverages) {
    if (!(c > last && c < 1)) return "coverages: expected ascending numbers between 0 and 1";
    last = c;
  }
  bool const signless = b.score != score::quantile;
  for (auto const& one : b.buckets) {
    if (one.count < 0 || one.count > (std::int64_t{1} << 52)) return "count: expected a number of scores";
    if (one.quantiles.size() != b.coverages.size()) return "quantiles: expected one for each coverage";
    double least = signless ? 0 : -(std::numeric_limits<double>::max)();
    for (std::size_t i = 0; i < one.quantiles.size(); ++i) {
      double const q = one.quantiles[i];
      if (!(q >= least)) return "quantiles: expected ascending numbers";
      if (math::is_finite(q) && rank_of(b.coverages[i], one.count) > one.count) {
        return "quantiles: expected inf where there are too few scores";
      }
      least = q;
    }
  }
  return nullptr;
}

/// The numbers of `text`, separated by single spaces; whether that is all it holds.
template <class T>
bool read_numbers(std::string_view text, std::vector<T>& to) {
  char const *at = text.data(), *const end = at + text.size();
  while (true) {
    T value{};
    auto const [next, problem] = std::from_chars(at, end, value);
    if (problem != std::errc{}) return false;
    to.push_back(value);
    if (next == end) return true;
    if (*next != ' ') return false;
    at = next + 1;
  }
}

/// The first bit of `text` up to `separator`, which is taken off.
inline std::string_view take(std::string_view& text, std::string_view separator) {
  auto const at = text.find(separator);
  auto const first = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + separator.size());
  return first;
}

inline std::optional<bands> read(std::string_view text) {
  bands b;
  auto head = take(text, "; ");
  auto const name = take(head, " ");
  auto const known = std::find(score_names.begin(), score_names.end(), name);
  if (known == score_names.end() || !read_numbers(head, b.coverages)) return std::nullopt;
  b.score = static_cast<score>(known - score_names.begin());
  while (!text.empty()) {
    if (b.buckets.size() * b.coverages.size() > bands::max_quantiles) return std::nullopt;
    auto one = take(text, "; ");
    std::vector<std::int64_t> count;
    auto& to = b.buckets.emplace_back();
    if (!read_numbers(take(one, " "), count) || !read_numbers(one, to.quantiles)) return std::nullopt;
    to.count = count[0];
  }
  return b;
}

}  // namespace detail

/// Bands from their text. \throws file_error that names `source` on any other text, or on numbers that no fit gives.
inline bands parse(std::string_view text, std::string const& source) {
  auto const b = detail::read(text);
  auto const* const fault = b ? detail::fault_of(*b) : "expected the text of bands, found another";
  // What is read is what is written, to the byte.
  if (fault != nullptr || b->text() != text) {
    throw_error<file_error>("s2rm: " + source + ": s2rm.bands: " +
                            (fault != nullptr ? fault : "expected the text of bands, found another"));
  }
  return *b;
}

/// Collects scores, bucket by bucket, and fits bands.
class calibration {
 public:
  explicit calibration(index_t buckets, conformal::score kind = score::scaled)
      : score_(kind), scores_(static_cast<std::size_t>(buckets)) {
    require_value(buckets >= 1, {"calibration: buckets: expected at least 1, found ", buckets});
  }

  /// \throws value_error on NaN (an observation that is missing has no score) or a bucket there is not.
  void add(index_t of, double score) {
    auto const count = static_cast<index_t>(scores_.size());
    require_value(of >= 0 && of < count, {"calibration: bucket: expected 0 to ", count - 1, ", found ", of});
    require_value(!math::is_nan(score), "calibration: expected a score, found NaN");
    scores_[static_cast<std::size_t>(of)].push_back(score);
  }
  [[nodiscard]] std::vector<double> const& scores(index_t of) const { return scores_[static_cast<std::size_t>(of)]; }

  /// \throws value_error on coverages that are not ascending between 0 and 1, or too many quantiles.
  [[nodiscard]] bands fit(std::vector<double> coverages = {0.5, 0.8, 0.9, 0.95, 0.99}) const {
    bands b{score_, std::move(coverages), {}};
    for (auto const& scores : scores_) {
      auto& one = b.buckets.emplace_back();
      one.count = static_cast<std::int64_t>(scores.size());
      for (auto const c : b.coverages) one.quantiles.push_back(quantile_of(scores, c));
    }
    auto const* const fault = detail::fault_of(b);
    require_value(fault == nullptr, std::string("bands: ") + (fault == nullptr ? "" : fault));
    return b;
  }

 private:
  conformal::score score_;
  std::vector<std::vector<double>> scores_;
};

/// Writes bands into the metadata of a checkpoint that is there; nothing else of it changes. They belong to the file's
/// weights: a later save leaves them out. \throws as `io::write_bands`.
inline void save(std::filesystem::path const& path, bands const& b) { io::write_bands(io::path_text(path), b.text()); }
/// The bands of a checkpoint; nothing where it has none. \throws file_error as `io::read_bands`, and as `parse`.
[[nodiscard]] inline std::optional<bands> load(std::filesystem::path const& path) {
  auto const name = io::path_text(path);
  auto const text = io::read_bands(name);
  if (text.empty()) return std::nullopt;
  return parse(text, name);
}

}  // namespace conformal
S2RM_NAMESPACE_END
