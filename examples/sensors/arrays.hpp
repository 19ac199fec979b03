#pragma once

#include <filesystem>

#include "published.hpp"

namespace sensors {

/// The files of a set that is kept as arrays (see convert.py).
inline constexpr std::array<char const*, 4> array_files{"stations.csv", "values.npy", "draws.npy", "lost.npy"};

/// Reads a set that is kept as arrays; fills the checksum of `origin`. Throws data_error, or s2rm::file_error, naming the file,
/// what was expected and what was found.
[[nodiscard]] series read_arrays(std::filesystem::path const& folder, published const& set, provenance origin);

}  // namespace sensors
