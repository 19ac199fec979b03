#include <algorithm>

#include "report.hpp"

namespace examples::report {
namespace {

/// Length in characters of UTF-8 text.
std::size_t letters(std::string const& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string plain_text(table const& source) {
  std::vector<std::size_t> widths(source.header.size());
  for (std::size_t c = 0; c < widths.size(); ++c) {
    widths[c] = letters(source.header[c]);
    for (auto const& row : source.rows) {
      widths[c] = std::max(widths[c], c < row.size() ? letters(row[c]) : 0);
    }
  }
  std::string out = source.title.empty() ? "" : source.title + "\n";
  auto const add = [&](std::vector<std::string> const& row) {
    std::string line;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      auto const cell = c < row.size() ? row[c] : std::string{};
      auto const padding = std::string(widths[c] - letters(cell), ' ');
      line += c == 0 ? "  " + cell + padding : "  " + padding + cell;  // numbers to the right
    }
    while (!line.empty() && line.back() == ' ') {
      line.pop_back();
    }
    out += line + "\n";
  };
  add(source.header);
  for (auto const& row : source.rows) {
    add(row);
  }
  return source.note.empty() ? out : out + "  " + source.note + "\n";
}

std::string markdown(table const& source) {
  auto const row_text = [](std::vector<std::string> const& row) {
    std::string line{"|"};
    for (auto const& cell : row) {
      line += ' ';
      for (auto const c : cell) {
        line += c == '|' ? "\\|" : std::string(1, c);
      }
      line += " |";
    }
    return line + "\n";
  };
  std::string out = source.title.empty() ? "" : "**" + source.title + "**\n\n";
  out += row_text(source.header) + "|";
  for (std::size_t c = 0; c < source.header.size(); ++c) {
    out += c == 0 ? " --- |" : " ---: |";
  }
  out += "\n";
  for (auto const& row : source.rows) {
    out += row_text(row);
  }
  return source.note.empty() ? out : out + "\n" + source.note + "\n";
}

}  // namespace examples::report
