#include "manifest.hpp"

#include <cmath>
#include <ctime>
#include <limits>
#include <set>
#include <stdexcept>

#include "build_info.hpp"
#include "json_file.hpp"
#include "sha256.hpp"

namespace examples {
namespace {

using json = nlohmann::ordered_json;

/// JSON has no NaN and no infinity; a lost number must not become null, so it is written as text.
json number(double x) {
  if (std::isfinite(x)) {
    return x;
  }
  return std::isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity";
}

struct to_json_value {
  json operator()(double x) const { return number(x); }
  json operator()(std::vector<double> const& list) const {
    auto result = json::array();
    for (auto const x : list) {
      result.push_back(number(x));
    }
    return result;
  }
  template <class Other>
  json operator()(Other const& x) const {
    return x;
  }
};

json tree(manifest const& source) {
  auto root = json::object();
  for (auto const& [key, entry] : source.entries()) {
    auto* node = &root;
    std::size_t from = 0;
    for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', from)) {
      node = &(*node)[key.substr(from, dot - from)];
      from = dot + 1;
      if (!node->is_null() && !node->is_object()) {
        throw std::runtime_error{"manifest: '" + key + "' is below an entry that holds a value"};
      }
    }
    auto& leaf = (*node)[key.substr(from)];
    if (leaf.is_object()) {
      throw std::runtime_error{"manifest: '" + key + "' holds a value but has entries below it"};
    }
    leaf = std::visit(to_json_value{}, entry);
  }
  return root;
}

}  // namespace

manifest manifest::begin(std::string_view program, int count, char const* const* words) {
  manifest result;
  result.set("program", program);
  if (count > 0) {
    // The first word is only the way the program was called: its folder says nothing about the run.
    std::vector<std::string> line;
    line.push_back(std::filesystem::path{words[0]}.filename().string());
    for (int i = 1; i < count; ++i) {
      line.emplace_back(words[i]);
    }
    result.set("command", line);
  }
  char text[32];
  auto const now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  result.set("started", text);
  result.set("build.compiler", build_info::compiler);
  result.set("build.flags", build_info::flags);
  result.set("build.type", build_info::type);
  result.set("build.commit", build_info::commit);
  return result;
}

manifest& manifest::put(std::string key, value entry) {
  if (key.empty() || key.front() == '.' || key.back() == '.' || key.find("..") != std::string::npos) {
    throw std::runtime_error{"manifest: '" + key + "' is not a dotted name"};
  }
  for (auto& [known, old] : list) {
    if (known == key) {
      old = std::move(entry);
      return *this;
    }
  }
  list.emplace_back(std::move(key), std::move(entry));
  return *this;
}

bool manifest::has(std::string_view key) const {
  for (auto const& [known, entry] : list) {
    if (known == key) {
      return true;
    }
  }
  return false;
}

std::string manifest::json() const { return json_text(tree(*this), 2) + "\n"; }

void manifest::write(std::filesystem::path const& path) const { write_file(path, json()); }

std::string write_manifests(std::filesystem::path const& page, std::vector<named_manifest> const& runs) {
  auto const file = std::filesystem::path{page}.replace_extension(".json");
  std::set<std::string> names;
  std::string lines;
  for (auto const& [run, text] : runs) {
    if (!names.insert(run).second) throw std::runtime_error{file.string() + ": two runs are named '" + run + "'"};
    lines += (lines.empty() ? "" : ",\n") + json_text(run) + ": " + json_text(parse_json(text, run + ": manifest"));
  }
  write_file(file, "{\n" + lines + "\n}\n");
  auto const name = file.filename().string();
  return "## Manifests\n\n[" + name + "](" + name +
         "): a line for each run, named by its model and seed, with command, settings, data checksum, compiler, flags "
         "and "
         "commit.\n";
}

campaign::spread campaign::over_runs(std::string_view figure) const {
  spread result;
  auto const nan = std::numeric_limits<double>::quiet_NaN();
  result.mean = result.deviation = result.lowest = result.highest = nan;
  double sum = 0;
  double squares = 0;
  for (auto const& run : runs) {
    auto const found = run.figures.find(std::string{figure});
    if (run.ending != campaign_run::outcome::finished || found == run.figures.end()) {
      ++result.lost;
      continue;
    }
    auto const x = found->second;
    sum += x;
    result.lowest = result.finished == 0 ? x : std::min(result.lowest, x);
    result.highest = result.finished == 0 ? x : std::max(result.highest, x);
    ++result.finished;
  }
  if (result.finished > 0) {
    result.mean = sum / static_cast<double>(result.finished);
  }
  if (result.finished > 1) {
    for (auto const& run : runs) {
      auto const found = run.figures.find(std::string{figure});
      if (run.ending == campaign_run::outcome::finished && found != run.figures.end()) {
        squares += (found->second - result.mean) * (found->second - result.mean);
      }
    }
    result.deviation = std::sqrt(squares / static_cast<double>(result.finished - 1));
  }
  return result;
}

}  // namespace examples
