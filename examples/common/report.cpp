#include "report.hpp"

#include <cctype>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "sha256.hpp"

namespace examples::report {
namespace {

constexpr char const* style = R"css(
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b6570; --line: #d9dee3; --paper: #ffffff; --card: #f6f8fa;
  --warn: #8a4b00; --warn-paper: #fff4e0; --strong: #e8f3ec; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --soft: #9aa4ae; --line: #3a424a; --paper: #16191d;
  --card: #1e2328; --warn: #ffcf87; --warn-paper: #3a2c12; --strong: #1d3328; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.subtitle { color: var(--soft); margin: .3rem 0 1.6rem; }
.notice { border-left: 4px solid var(--warn); background: var(--warn-paper); color: var(--warn); padding: .6rem 1rem;
  font-weight: 600; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td.n { text-align: right; } tr.strong td { background: var(--strong); font-weight: 600; }
.note, figcaption { color: var(--soft); font-size: .88rem; }
figure { margin: 1.2rem 0; } figure img { max-width: 100%; height: auto; background: #fff; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .grid { stroke: var(--line); } svg .title { font-weight: 600; font-size: 14px; }
pre { background: var(--card); padding: 1rem; overflow-x: auto; font-size: .82rem; line-height: 1.4; }
summary { cursor: pointer; font-weight: 600; }
)css";

bool numeric(std::string const& cell) {
  return !cell.empty() &&
         (std::isdigit(static_cast<unsigned char>(cell[0])) != 0 || cell[0] == '-' || cell[0] == '+' || cell == "inf");
}

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

std::string escape(std::string_view text) {
  std::string result;
  for (auto const c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

page::page(std::string title_, std::string subtitle_) : title{std::move(title_)}, subtitle{std::move(subtitle_)} {}

page& page::add_heading(std::string_view text) {
  body += "<h2>" + escape(text) + "</h2>\n";
  return *this;
}

page& page::add_text(std::string_view paragraph) {
  body += "<p>" + escape(paragraph) + "</p>\n";
  return *this;
}

page& page::add_notice(std::string_view text) {
  body += "<p class=\"notice\">" + escape(text) + "</p>\n";
  return *this;
}

page& page::add_table(table const& source) {
  body += "<div class=\"scroll\"><table>";
  if (!source.title.empty()) {
    body += "<caption>" + escape(source.title) + "</caption>";
  }
  body += "<thead><tr>";
  for (auto const& cell : source.header) {
    body += "<th scope=\"col\">" + escape(cell) + "</th>";
  }
  body += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < source.rows.size(); ++i) {
    if (source.rows[i].size() != source.header.size()) {
      throw std::runtime_error{"report table '" + source.title + "': row " + std::to_string(i) + " has " +
                               std::to_string(source.rows[i].size()) + " cells, the header has " +
                               std::to_string(source.header.size())};
    }
    auto stressed = false;
    for (auto const row : source.strong) {
      stressed = stressed || row == i;
    }
    body += stressed ? "<tr class=\"strong\">" : "<tr>";
    for (auto const& cell : source.rows[i]) {
      body += (numeric(cell) ? "<td class=\"n\">" : "<td>") + escape(cell) + "</td>";
    }
    body += "</tr>\n";
  }
  body += "</tbody></table>";
  if (!source.note.empty()) {
    body += "<p class=\"note\">" + escape(source.note) + "</p>";
  }
  body += "</div>\n";
  return *this;
}

page& page::add_line_chart(chart const& source) {
  body += "<figure>" + svg(source) + "</figure>\n";
  return *this;
}

page& page::add_image(image const& picture, std::string_view caption) {
  body += "<figure><img width=\"" + std::to_string(picture.width) + "\" height=\"" + std::to_string(picture.height) +
          "\" alt=\"" + escape(caption) + "\" src=\"data:image/png;base64," + base64(png(picture)) + "\"><figcaption>" +
          escape(caption) + "</figcaption></figure>\n";
  return *this;
}

page& page::add_animation(std::string_view gif_bytes, std::string_view caption) {
  body += "<figure><img alt=\"" + escape(caption) + "\" src=\"data:image/gif;base64," + base64(gif_bytes) +
          "\"><figcaption>" + escape(caption) + "</figcaption></figure>\n";
  return *this;
}

page& page::add_manifest(manifest const& settings) { return add_details("Manifest", settings.json()); }

page& page::add_details(std::string_view heading, std::string_view text) {
  body += "<details><summary>" + escape(heading) + "</summary><pre>" + escape(text) + "</pre></details>\n";
  return *this;
}

std::string page::html() const {
  auto text = std::string{"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"} +
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" + escape(title) +
              "</title>\n<style>" + style + "</style></head>\n<body>\n<h1>" + escape(title) + "</h1>\n";
  if (!subtitle.empty()) {
    text += "<p class=\"subtitle\">" + escape(subtitle) + "</p>\n";
  }
  return text + body + "</body></html>\n";
}

void page::write(std::filesystem::path const& path) const { write_file(path, html()); }

}  // namespace examples::report
