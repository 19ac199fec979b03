#include "published.hpp"

namespace sensors {
namespace {

std::vector<std::string> hourly_files() {
  std::vector<std::string> files;
  for (int hour = 0; hour < 24; ++hour) {
    files.push_back("usr/share/ncarg/data/cdf/950318" + std::string{hour < 10 ? "0" : ""} + std::to_string(hour) +
                    "_sao.cdf");
  }
  return files;
}

std::vector<published> make_sets() {
  using enum transform_kind;
  std::string const cdf = "usr/share/ncarg/data/cdf/";
  return {
      {"wind",
       "r-cran-gstat",
       {"usr/lib/R/site-library/gstat/data/wind.rda"},
       "GPL-2+",
       {{"wind speed", "knots", square_root}},
       {"1961-01-01", "1973-01-01", "1975-01-01", "1979-01-01"},
       "7675c811e8425de886f057f6741b3b36116e064d888b5105102f704fff0ee1ad",
       "daily mean wind speed at 12 Irish stations, 1961-1978 (Haslett and Raftery 1989, Applied Statistics 38, 1-50), "
       "from Debian's r-cran-gstat, with their distance to the coast, from gmt-gshhg-low",
       "",
       "",
       false,
       false,
       {"coast"}},
      // 1998-2000 are left out: there, 67 to 99 % of the readings are missing. Skewness of the readings: root 0.99, log1p -0.04.
      {"pm10",
       "r-cran-spacetime",
       {"usr/lib/R/site-library/spacetime/data/air.rda"},
       "GPL-2+",
       {{"PM10", "ug/m3", log1p}},
       {"2001-01-01", "2007-01-01", "2008-01-01", "2010-01-01"},
       "4e6e6e51bdaee6dc39257f8eec1c449a41805f81da13b2c0006b8f9c3abb5892",
       "daily PM10 at 70 rural German stations, 1998-2009 (AirBase), from Debian's r-cran-spacetime, with their "
       "distance "
       "to the coast, from gmt-gshhg-low",
       "",
       ""},
      {"winds",
       "ferret-datasets",
       {"usr/share/ferret-vis/data/monthly_navy_winds.cdf"},
       "Ferret licence (open source; NOAA, public domain)",
       {{"u", "m/s"}, {"v", "m/s"}},
       {"1982-01-01", "1988-01-01", "1990-01-01", "1993-01-01"},
       "9dcd23e31538b400f5afcf89b011786629e5b21f1ea8c4a77580cc69e99f139c",
       "monthly mean winds over the globe, 1982-1992, 73 x 144 cells of 2.5 degrees (Navy winds, FNOC), from Debian's "
       "ferret-datasets",
       "1982-01-01",
       "1month",
       true,
       true},
      {"reports",
       "libncarg-data",
       hourly_files(),
       "BSD-4-clause (UCAR)",
       {{"temperature", "C"}, {"dew point", "C"}},
       {"1995-03-18", "1995-03-18T09:00", "1995-03-18T12:00", "1995-03-19"},
       "4533ec5f1504472fe9adddb1ab0c2a143d69447a404b36e6dd939f91bfc1fbcc",
       "hourly surface reports of 1995-03-18 in and around the United States, 1128 stations with their heights, from "
       "Debian's libncarg-data",
       "1995-03-18",
       "1h"},
      {"blizzard",
       "libncarg-data",
       {cdf + "Tstorm.cdf", cdf + "Pstorm.cdf", cdf + "Ustorm.cdf", cdf + "Vstorm.cdf"},
       "BSD-4-clause (UCAR)",
       {{"temperature", "K"}, {"pressure", "hPa"}, {"u", "m/s"}, {"v", "m/s"}},
       {"1996-01-05", "1996-01-15", "1996-01-17", "1996-01-21"},
       "a2cf018b504f0662529432602fcea9faaa600868ff99490b51ccb93ece481df7",
       "the blizzard of January 1996 over North America, 64 six-hourly fields on 964 cells, from Debian's "
       "libncarg-data",
       "1996-01-05",
       "6h",
       false,
       true},
      {"colorado",
       "r-cran-fields",
       {"usr/lib/R/site-library/fields/data/COmonthlyMet.rda"},
       "GPL-2+",
       {{"rain", "cm", square_root}, {"highest temperature", "C"}, {"lowest temperature", "C"}},
       {"1950-01-01", "1980-01-01", "1985-01-01", "1998-01-01"},
       "55c686044d431c4571bb8a9542a1b71d48cad3076c96f7e1ffef5b1826af14cb",
       "monthly rain and mean daily extremes of the temperature at 376 stations in and around Colorado with their "
       "heights, "
       "1895-1997, from Debian's r-cran-fields",
       "1895-01-01",
       "1month"},
  };
}

}  // namespace

std::string published::licences() const { return licence + "; " + outlines.package + ": " + outlines.licence; }

std::vector<published> const& published_sets() {
  static auto const sets = make_sets();
  return sets;
}

published const* find_published(std::string const& set) {
  for (auto const& one : published_sets()) {
    if (set == one.set) return &one;
  }
  return nullptr;
}

std::string published_names() {
  std::string names;
  for (auto const& one : published_sets()) names += (names.empty() ? "" : ", ") + one.set;
  return names;
}

}  // namespace sensors
