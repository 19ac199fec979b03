#include "dataset.hpp"

#include <array>
#include <cstdio>
#include <map>

#include "common/sha256.hpp"
#include "common/shell.hpp"
#include "rda_script.hpp"
#include "synthetic.hpp"

namespace sensors {
namespace {

namespace fs = std::filesystem;
using examples::failure_of;
using examples::quote;
using examples::temporary_folder;

struct published {
  char const* set;
  char const* package;
  char const* file;
  char const* quantity;
  char const* unit;
  char const* checksum;
  char const* source;
};

constexpr std::array<published, 2> sets{{
    {"wind", "r-cran-gstat", "usr/lib/R/site-library/gstat/data/wind.rda", "wind speed", "knots",
     "e05aae02731e7d07c3e081f20763d24ad7687e930835dff3ae0871d9fee5229f",
     "daily mean wind speed at 12 Irish stations, 1961-1978 (Haslett and Raftery 1989, Applied Statistics 38, 1-50), "
     "from Debian's r-cran-gstat"},
    {"pm10", "r-cran-spacetime", "usr/lib/R/site-library/spacetime/data/air.rda", "PM10", "ug/m3",
     "e9d45f75db531f605f249b632ceb245a8d56bf58993acbefb8715a668bf65b4f",
     "daily PM10 at 70 rural German stations, 1998-2009 (AirBase), from Debian's r-cran-spacetime"},
}};

published const& find_set(std::string const& set) {
  for (auto const& one : sets) {
    if (set == one.set) {
      return one;
    }
  }
  throw data_error{"no data set '" + set + "': expected wind, pm10, synthetic or auto"};
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
                    "\nchecksum = " + origin.checksum + "\nsource = " + origin.source + "\n";
  examples::write_file(folder / "dataset.txt", text);
}

std::string checksum_of(fs::path const& folder) {
  return data_checksum(examples::read_file(folder / "readings.csv"), examples::read_file(folder / "stations.csv"));
}

void fetch_synthetic(fs::path const& folder) {
  auto data = synthetic_network({});
  write_network(data, folder);
  data.origin.checksum = checksum_of(folder);
  describe(folder, data.origin, data.map.kind);
  std::fprintf(stderr, "made SYNTHETIC data in %s (sha256 %s)\n", folder.c_str(), data.origin.checksum.c_str());
}

void convert(published const& set, fs::path const& rda, fs::path const& out, fs::path const& work,
             std::string const& python) {
  auto const script = work / "rda_to_csv.py";
  examples::write_file(script, rda_script);
  std::vector<std::string> interpreters{"/usr/bin/python3", "python3"};
  if (!python.empty()) {
    interpreters = {python};
  }
  std::string reasons;
  for (auto const& one : interpreters) {
    auto const failure = failure_of(
        quote(one) + " " + quote(script) + " " + set.set + " " + quote(rda) + " " + quote(out), work / "convert.log");
    if (failure.empty()) {
      return;
    }
    reasons += "\n  " + one + ": " + failure.substr(failure.rfind('\n') + 1);
  }
  bool const missing =
      reasons.find("No module named") != std::string::npos || reasons.find("not found") != std::string::npos;
  throw data_error{
      "converting " + rda.filename().string() + " failed" +
      (missing ? "; it needs a python3 with rdata (Debian: apt-get install python3-rdata), see --python" : "") + ":" +
      reasons};
}

}  // namespace

std::string known_checksum(std::string const& set) {
  for (auto const& one : sets) {
    if (set == one.set) {
      return one.checksum;
    }
  }
  return {};
}

bool cached(std::string const& set, data_choice const& choice) {
  auto const folder = choice.folder / set;
  return fs::exists(folder / "dataset.txt") && fs::exists(folder / "readings.csv") &&
         fs::exists(folder / "stations.csv");
}

void fetch(std::string const& set, data_choice const& choice) {
  auto const folder = choice.folder / set;
  if (set == "synthetic") {
    fetch_synthetic(folder);
    return;
  }
  auto const& wanted = find_set(set);
  temporary_folder const work{"sensors"};
  std::fprintf(stderr, "fetching %s: Debian package %s ...\n", wanted.set, wanted.package);
  fs::path rda;
  try {
    rda = examples::fetch_from_debian(wanted.package, wanted.file, work.path);
  } catch (std::runtime_error const& error) {
    throw data_error{error.what()};
  }
  auto const out = work.path / "converted";
  convert(wanted, rda, out, work.path, choice.python);

  provenance origin;
  origin.name = wanted.set;
  origin.quantity = wanted.quantity;
  origin.unit = wanted.unit;
  origin.source = wanted.source;
  origin.checksum = checksum_of(out);
  if (origin.checksum != wanted.checksum) {
    auto const text = "the converted " + std::string{wanted.set} + " data have sha256 " + origin.checksum +
                      ", known is " + wanted.checksum;
    if (!choice.accept_changed_data) {
      throw data_error{text + ": published figures do not hold for them (--accept-changed-data goes on)"};
    }
    origin.source += "; CHANGED DATA: not the ones the published figures are for";
    std::fprintf(stderr, "warning: %s\n", text.c_str());
  }
  describe(out, origin, coordinate_kind::degrees);
  fs::create_directories(folder);
  for (auto const* file : {"readings.csv", "stations.csv", "dataset.txt"}) {  // the description makes it complete
    examples::write_file(folder / file, examples::read_file(out / file));
  }
  std::fprintf(stderr, "%s: sha256 %s (%s)\n", folder.c_str(), origin.checksum.c_str(),
               origin.checksum == wanted.checksum ? "as known" : "CHANGED");
}

series open_data(data_choice const& choice, std::vector<std::string>& notes) {
  if (choice.readings.empty() != choice.stations.empty()) {
    throw data_error{"own data need both files: --readings and --stations"};
  }
  if (!choice.readings.empty()) {
    provenance origin;
    origin.quantity = choice.quantity;
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
  auto data = read_network(folder / "readings.csv", folder / "stations.csv", kind, origin, &unused);
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
