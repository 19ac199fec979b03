#include "report.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sha256.hpp"
#include "shell.hpp"

namespace examples::report {

using tree = nlohmann::ordered_json;

namespace {

/// A byte that is no UTF-8, in a name a user gave, becomes U+FFFD.
std::string text_of(tree const& block) { return block.dump(-1, ' ', false, tree::error_handler_t::replace); }

}  // namespace

std::string number(double value, int digits) {
  if (std::isnan(value)) {
    return "-";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

page::page(std::string title_, std::string subtitle_) : title{std::move(title_)}, subtitle{std::move(subtitle_)} {}

page& page::add(std::string block) {
  blocks += (blocks.empty() ? "\n" : ",\n") + std::move(block);
  return *this;
}

page& page::add_heading(std::string_view text) { return add(text_of({{"block", "heading"}, {"text", text}})); }
page& page::add_text(std::string_view text) { return add(text_of({{"block", "text"}, {"text", text}})); }
page& page::add_notice(std::string_view text) { return add(text_of({{"block", "notice"}, {"text", text}})); }

page& page::add_table(table const& source) {
  for (std::size_t i = 0; i < source.rows.size(); ++i) {
    if (source.rows[i].size() != source.header.size()) {
      throw std::runtime_error{"report table '" + source.title + "': row " + std::to_string(i) + " has " +
                               std::to_string(source.rows[i].size()) + " cells, the header has " +
                               std::to_string(source.header.size())};
    }
  }
  return add(text_of({{"block", "table"},
                      {"title", source.title},
                      {"header", source.header},
                      {"rows", source.rows},
                      {"strong", source.strong},
                      {"note", source.note}}));
}

page& page::add_chart(chart const& source, std::string_view file) {
  tree block{{"block", "chart"},          {"file", file},
             {"title", source.title},     {"x_label", source.x_label},
             {"y_label", source.y_label}, {"x_ticks", source.x_ticks},
             {"lines", tree::array()}};
  for (auto const& one : source.lines) {
    auto const banded = !one.low.empty() || !one.high.empty();
    if (one.y.size() != one.x.size() ||
        (banded && (one.low.size() != one.x.size() || one.high.size() != one.x.size()))) {
      throw std::runtime_error{"chart '" + source.title + "', line '" + one.label +
                               "': expected as many y, low and high as x, " + std::to_string(one.x.size())};
    }
    // NaN becomes null, and Python's NaN again.
    block["lines"].push_back({{"label", one.label},
                              {"x", one.x},
                              {"y", one.y},
                              {"low", one.low},
                              {"high", one.high},
                              {"dashed", one.dashed},
                              {"dots", one.dots}});
  }
  return add(text_of(block));
}

page& page::add_figure(figure const& source) {
  return add(text_of({{"block", "figure"},
                      {"kind", source.kind},
                      {"file", source.file},
                      {"caption", source.caption},
                      {"data", tree::parse(source.data.json())}}));
}

page& page::add_manifest(manifest const& settings) { return add_details("Manifest", settings.json()); }

page& page::add_details(std::string_view heading, std::string_view text) {
  return add(text_of({{"block", "details"}, {"title", heading}, {"text", text}}));
}

std::string page::json() const {
  return "{\"title\": " + text_of(title) + ", \"subtitle\": " + text_of(subtitle) + ", \"blocks\": [" + blocks +
         "\n]}\n";
}

bool page::write(std::filesystem::path const& path) const {
  auto description = path;
  description.replace_extension(".page.json");
  write_file(description, json());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // the page of an earlier run is none of this one
  temporary_folder const work{"s2rm-plots"};
  auto const arguments = " -B " + quote(EXAMPLES_PLOTS_FOLDER) + " " + quote(description);
  std::string reasons;
  // Debian's packages belong to Debian's python3, which need not be the first on the PATH.
  for (std::string const python : {"/usr/bin/python3", "python3"}) {
    auto const failure =
        failure_of("command -v " + python + " >/dev/null || { echo not found; exit 1; }; " + python + arguments,
                   work.path / "log");
    if (failure.empty()) return true;
    reasons += "\n  " + python + ": " + failure;
  }
  std::fprintf(stderr,
               "NO PICTURES: all results are written, but drawing them failed:%s\n"
               "It needs python3 with matplotlib and jinja2 (Debian: scripts/install-deps --demo). Then:\n"
               "  python3%s\n",
               reasons.c_str(), arguments.c_str());
  return false;
}

}  // namespace examples::report
