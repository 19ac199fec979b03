#pragma once

#include <array>
#include <string>
#include <vector>

#include "scaling.hpp"

namespace sensors {

/// A set of real data that `sensors data` fetches: where it is, what is in it, and the protocol that its figures are made by.
struct published {
  struct measured {
    std::string name, unit;
    transform_kind transform = transform_kind::identity;
  };
  std::string set;
  std::string package;             ///< of Debian
  std::vector<std::string> files;  ///< in it
  std::string licence;             ///< of the package's files, as its copyright file says
  std::vector<measured> channels;
  std::array<std::string, 4> parts;  ///< when training, validation and test begin, and where the test ends
  std::string checksum;              ///< data_checksum of what convert.py makes of the files
  std::string source;
  /// What the arrays do not say themselves; `first` is empty for a set that is kept as text.
  std::string first, step;
  bool globe = false;  ///< places are unit vectors; else on a plane
  bool areas = false;  ///< stations are cells of a grid in degrees: means over them are weighted by area
  /// Columns of the stations that are side inputs, of a set kept as text; of the others all are.
  std::vector<std::string> sides = {};

  /// What `package` and `outlines` say.
  [[nodiscard]] std::string licences() const;
};

/// Shores and borders for the maps of all sets, and for the stations' distance to the coast.
struct outlines_package {
  std::string package = "gmt-gshhg-low";
  std::string folder = "usr/share/gmt-gshhg/";
  std::vector<std::string> files = {"binned_GSHHS_i.nc",  "binned_GSHHS_l.nc",  "binned_GSHHS_c.nc",
                                    "binned_border_i.nc", "binned_border_l.nc", "binned_border_c.nc"};
  std::string licence = "LGPL-3+";
};
inline outlines_package const outlines;

/// All of them, in the order of the documentation.
[[nodiscard]] std::vector<published> const& published_sets();

/// Null for data that are no such set.
[[nodiscard]] published const* find_published(std::string const& set);

/// "wind, pm10, ..."
[[nodiscard]] std::string published_names();

}  // namespace sensors
