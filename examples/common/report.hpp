#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifest.hpp"

/// Tables for the terminal and for Markdown, and descriptions of pages and pictures, which `examples/plots` (Python,
/// matplotlib) draws.
namespace examples::report {

/// A curve; a NaN in `y` breaks it. `low` and `high` (both empty or as long as `x`) draw a band around it, for example
/// the spread over seeds or a prediction interval.
struct line {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low = {};
  std::vector<double> high = {};
  bool dashed = false;
  bool dots = false;  ///< markers instead of a curve, for readings
};

/// `x_ticks` replaces the numbers below the x axis (for dates or categories); empty means round numbers.
struct chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<line> lines;
  std::vector<std::pair<double, std::string>> x_ticks = {};
};

/// Cells are text; those that begin with a digit, a sign or "-" are set to the right. `strong` lists rows to stress.
struct table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> strong = {};
  std::string note = {};
};

/// A picture from arrays: `kind` is one of the functions listed in examples/plots/report.py, `data` its arguments. Arrays
/// lie in .npy files (`save_array`), which `data` names relative to the page's folder.
struct figure {
  std::string kind;
  std::string file;  ///< of the picture (.png, .gif), beside the page
  std::string caption;
  manifest data = {};
};

/// A number with `digits` after the point; "not finite" values come out as "inf" or "-" (NaN: not defined).
[[nodiscard]] std::string number(double value, int digits = 2);

/// The table for a terminal, columns aligned, ending in a line end.
[[nodiscard]] std::string plain_text(table const& source);

/// The table for a Markdown page, title as bold text above and note below.
[[nodiscard]] std::string markdown(table const& source);

/// A page (or, without a title, only its pictures), written as <name>.page.json and drawn from there.
class page {
 public:
  explicit page(std::string title = {}, std::string subtitle = {});

  page& add_heading(std::string_view text);
  page& add_text(std::string_view paragraph);
  /// A paragraph nobody overlooks, for example "SYNTHETIC DATA".
  page& add_notice(std::string_view text);
  page& add_table(table const& source);
  /// With a name, the chart is also an SVG file beside the page.
  page& add_chart(chart const& source, std::string_view file = {});
  page& add_figure(figure const& source);
  page& add_manifest(manifest const& settings);
  /// Text in a closed box, for example a campaign's JSON.
  page& add_details(std::string_view title, std::string_view text);

  /// The description: JSON.
  [[nodiscard]] std::string json() const;
  /// Writes the description beside `path`, a name that ends in .html, and has Python draw pictures and page. Where that
  /// fails, says on stderr what is missing and how to draw it later, and returns false: the description stays.
  bool write(std::filesystem::path const& path) const;

 private:
  std::string title;
  std::string subtitle;
  std::string blocks;  ///< JSON, separated by commas

  page& add(std::string block);
};

}  // namespace examples::report
