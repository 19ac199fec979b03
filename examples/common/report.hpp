#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "image.hpp"
#include "manifest.hpp"

/// A self-contained HTML page: tables, SVG curves, PNG and GIF pictures and the manifest lie inside the one file, which
/// opens from disk with no network and no JavaScript, in light and dark.
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
  bool dots = false;  ///< marks instead of a curve, for readings
};

/// `x_ticks` replaces the numbers below the x axis (for dates or categories); empty means round numbers.
struct chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<line> lines;
  std::vector<std::pair<double, std::string>> x_ticks = {};
  bool log_y = false;
};

/// Cells are text; those that begin with a digit, a sign or "-" are set to the right. `strong` lists rows to stress.
struct table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> strong = {};
  std::string note = {};
};

/// A number with `digits` after the point; "not finite" values come out as "inf" or "-" (NaN: not defined).
[[nodiscard]] std::string number(double value, int digits = 2);

/// Escapes &, <, > and quotes.
[[nodiscard]] std::string escape(std::string_view text);

/// The table for a terminal, columns aligned, ending in a line end.
[[nodiscard]] std::string plain_text(table const& source);

/// The table for a Markdown page, title as bold text above and note below.
[[nodiscard]] std::string markdown(table const& source);

/// The SVG text of one chart. Throws std::runtime_error when the lengths of a line's members differ.
[[nodiscard]] std::string svg(chart const& source);

/// The same as a file of its own: with a name space, and the style that the report's page has.
[[nodiscard]] std::string svg_file(chart const& source);

class page {
 public:
  explicit page(std::string title, std::string subtitle = {});

  page& add_heading(std::string_view text);
  page& add_text(std::string_view paragraph);
  /// A paragraph nobody overlooks, for example "SYNTHETIC DATA".
  page& add_notice(std::string_view text);
  page& add_table(table const& source);
  page& add_line_chart(chart const& source);
  page& add_image(image const& picture, std::string_view caption);
  /// `bytes` of a GIF file as made by examples::gif.
  page& add_animation(std::string_view gif_bytes, std::string_view caption);
  page& add_manifest(manifest const& settings);
  /// JSON text in a closed box, for example a campaign.
  page& add_details(std::string_view title, std::string_view text);

  [[nodiscard]] std::string html() const;
  /// html() into a file, atomically.
  void write(std::filesystem::path const& path) const;

 private:
  std::string title;
  std::string subtitle;
  std::string body;
};

}  // namespace examples::report
