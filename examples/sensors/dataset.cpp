#include "dataset.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "arrays.hpp"
#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "convert_script.hpp"
#include "synthetic.hpp"

namespace sensors {
namespace {

namespace fs = std::filesystem;
using examples::failure_of;
using examples::quote;
using examples::temporary_folder;

published const& find_set(std::string const& set) {
  if (auto const* found = find_published(set)) return *found;
  throw data_error{"no data set '" + set + "': expected " + published_names() + ", synthetic or auto"};
}

/// The files that a set is kept in, beside its description.
std::vector<char const*> files_of(std::string const& set) {
  auto const* const known = find_published(set);
  if (known == nullptr || known->first.empty()) return {"readings.csv", "stations.csv"};
  return {array_files.begin(), array_files.end()};
}

using description = std::map<std::string, std::string>;

description read_description(fs::path const& path) {
  description result;
  auto const text = examples::read_file(path);
  for (std::size_t from = 0; from < text.size();) {
    auto const end = std::min(text.find('\n', from), text.size());
    auto const line = text.substr(from, end - from);
    if (auto const middle = line.find(" = "); middle != std::string::npos) {
      result[line.substr(0, middle)] = line.substr(middle + 3);
    }
    from = end + 1;
  }
  return result;
}

void describe(fs::path const& folder, provenance const& origin, coordinate_kind kind) {
  auto const text = "name = " + origin.name + "\nquantity = " + origin.quantity + "\nunit = " + origin.unit +
                    "\nsynthetic = " + (origin.synthetic ? "yes" : "no") +
                    "\ncoordinates = " + (kind == coordinate_kind::degrees ? "degrees" : "kilometres") +
                    "\nchecksum = " + origin.checksum + "\nlicence = " + origin.licence +
                    "\nsource = " + origin.source + "\n";
  examples::write_file(folder / "dataset.txt", text);
}

std::string checksum_of(fs::path const& folder, std::string const& set) {
  std::vector<std::string> bytes;
  for (auto const* file : files_of(set)) bytes.push_back(examples::read_file(folder / file));
  return data_checksum({bytes.begin(), bytes.end()});
}

void fetch_synthetic(fs::path const& folder) {
  auto data = synthetic_network({});
  write_network(data, folder);
  data.origin.checksum = checksum_of(folder, "synthetic");
  describe(folder, data.origin, data.map.kind);
  std::fprintf(stderr, "made SYNTHETIC data in %s (sha256 %s)\n", folder.c_str(), data.origin.checksum.c_str());
}

/// Pictures alone need them: they are no part of the checksum.
constexpr std::array<char const*, 2> outline_files{"coast.npy", "border.npy"};

/// Downloads files of a package; returns the folder that they lie in.
fs::path folder_of(std::string const& package, std::vector<std::string> const& files, fs::path const& work) {
  fs::create_directories(work);
  try {
    return examples::fetch_from_debian(package, files, work).front().parent_path();
  } catch (std::runtime_error const& error) {
    throw data_error{error.what()};
  }
}

/// `from`: the folder of the published files; `lines`: that of the outlines.
void convert(published const& set, fs::path const& from, fs::path const& lines, fs::path const& out,
             fs::path const& work, std::string const& python) {
  auto const script = work / "convert.py";
  examples::write_file(script, convert_script);
  std::vector<std::string> interpreters{"/usr/bin/python3", "python3"};
  if (!python.empty()) {
    interpreters = {python};
  }
  std::string reasons;
  for (auto const& one : interpreters) {
    auto const failure = failure_of(
        quote(one) + " " + quote(script) + " " + set.set + " " + quote(from) + " " + quote(lines) + " " + quote(out),
        work / "convert.log");
    if (failure.empty()) {
      return;
    }
    reasons += "\n  " + one + ": " + failure.substr(failure.rfind('\n') + 1);
  }
  bool const missing =
      reasons.find("No module named") != std::string::npos || reasons.find("not found") != std::string::npos;
  throw data_error{"converting " + set.set + " failed" +
                   (missing ? "; it needs a python3 with rdata, xarray, scipy and netCDF4 (Debian: apt-get install "
                              "python3-rdata python3-xarray python3-scipy python3-netcdf4), see --python"
                            : "") +
                   ":" + reasons};
}

}  // namespace

std::string known_checksum(std::string const& set) {
  auto const* const known = find_published(set);
  return known == nullptr ? std::string{} : known->checksum;
}

bool cached(std::string const& set, data_choice const& choice) {
  auto const folder = choice.folder / set;
  auto const files = files_of(set);
  return fs::exists(folder / "dataset.txt") &&
         std::all_of(files.begin(), files.end(), [&](auto const* file) { return fs::exists(folder / file); });
}

std::vector<fs::path> outlines_of(std::string const& set, data_choice const& choice) {
  std::vector<fs::path> found;
  if (!choice.readings.empty()) return found;
  for (auto const* file : outline_files) {
    if (fs::exists(choice.folder / set / file)) found.push_back(choice.folder / set / file);
  }
  return found;
}

void fetch(std::string const& set, data_choice const& choice) {
  auto const folder = choice.folder / set;
  if (set == "synthetic") {
    fetch_synthetic(folder);
    return;
  }
  auto const& wanted = find_set(set);
  temporary_folder const work{"sensors"};
  std::fprintf(stderr, "fetching %s: Debian packages %s and %s ...\n", set.c_str(), wanted.package.c_str(),
               outlines.package.c_str());
  auto const from = folder_of(wanted.package, wanted.files, work.path / "set");
  std::vector<std::string> lines;
  for (auto const& file : outlines.files) lines.push_back(outlines.folder + file);
  auto const out = work.path / "converted";
  convert(wanted, from, folder_of(outlines.package, lines, work.path / "outlines"), out, work.path, choice.python);

  provenance origin;
  origin.name = wanted.set;
  origin.quantity = wanted.channels.front().name;
  origin.unit = wanted.channels.front().unit;
  origin.source = wanted.source;
  origin.licence = wanted.licences();
  origin.checksum = checksum_of(out, set);
  if (origin.checksum != wanted.checksum) {
    auto const text = "the converted " + set + " data have sha256 " + origin.checksum + ", known is " + wanted.checksum;
    if (!choice.accept_changed_data) {
      throw data_error{text + ": published figures do not hold for them (--accept-changed-data goes on)"};
    }
    origin.source += "; CHANGED DATA: not the ones the published figures are for";
    std::fprintf(stderr, "warning: %s\n", text.c_str());
  }
  describe(out, origin, coordinate_kind::degrees);
  fs::create_directories(folder);
  auto files = files_of(set);
  files.insert(files.end(), outline_files.begin(), outline_files.end());
  files.push_back("dataset.txt");  // it makes the set complete
  for (auto const* file : files) examples::write_file(folder / file, examples::read_file(out / file));
  std::fprintf(stderr, "%s: sha256 %s (%s)\n", folder.c_str(), origin.checksum.c_str(),
               origin.checksum == wanted.checksum ? "as known" : "CHANGED");
}

series open_data(data_choice const& choice, std::vector<std::string>& notes) {
  if (choice.readings.empty() && !choice.stations.empty()) {
    throw data_error{"own data need --readings beside --stations"};
  }
  if (!choice.readings.empty()) {
    provenance origin;
    // A column's name says what it holds.
    origin.quantity = choice.quantity == "value" ? choice.csv.value : choice.quantity;
    origin.unit = choice.unit;
    return read_network(choice.readings, choice.stations, choice.coordinates, origin, &notes, choice.csv);
  }
  auto set = choice.set == "auto" ? std::string{"wind"} : choice.set;
  if (!cached(set, choice)) {
    try {
      fetch(set, choice);
    } catch (data_error const& error) {
      if (choice.set != "auto") {
        throw;
      }
      std::fprintf(stderr, "%s\nNO REAL DATA: going on with SYNTHETIC data\n", error.what());
      notes.push_back("The real data could not be fetched; this is synthetic data.");
      set = "synthetic";
      if (!cached(set, choice)) {
        fetch(set, choice);
      }
    }
  }
  auto const folder = choice.folder / set;
  auto const about = read_description(folder / "dataset.txt");
  auto const entry = [&](char const* key) {
    auto const found = about.find(key);
    if (found == about.end()) {
      throw data_error{(folder / "dataset.txt").string() + ": expected a line '" + key + " = ...'; run: sensors data " +
                       "--force"};
    }
    return found->second;
  };
  provenance origin;
  origin.name = entry("name");
  origin.quantity = entry("quantity");
  origin.unit = entry("unit");
  origin.source = entry("source");
  origin.synthetic = entry("synthetic") == "yes";
  auto const kind = entry("coordinates") == "kilometres" ? coordinate_kind::kilometres : coordinate_kind::degrees;
  std::vector<std::string> unused;  // the name column of the stations is no news
  auto const* const known_set = find_published(set);
  csv_choice how;
  if (known_set != nullptr) {
    origin.licence = known_set->licences();
    how.sides = known_set->sides;
  }
  auto const read = [&] {
    try {
      return read_network(folder / "readings.csv", folder / "stations.csv", kind, origin, &unused, how);
    } catch (data_error const& error) {  // made by another version of this program
      throw data_error{std::string{error.what()} + "; run: sensors data --force"};
    }
  };
  auto data = known_set != nullptr && !known_set->first.empty() ? read_arrays(folder, *known_set, origin) : read();
  if (data.origin.checksum != entry("checksum")) {
    throw data_error{folder.string() + " has changed since it was stored (sha256 " + data.origin.checksum +
                     ", expected " + entry("checksum") + "); run: sensors data --force"};
  }
  if (auto const known = known_checksum(set); !known.empty() && known != data.origin.checksum) {
    notes.push_back("These are not the data, byte for byte, for which independent figures are known.");
  }
  return data;
}

}  // namespace sensors
