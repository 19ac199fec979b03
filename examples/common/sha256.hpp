#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace examples {

/// SHA-256 (FIPS 180-4) of `bytes` as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// SHA-256 of a file's bytes; throws std::runtime_error naming the file when it cannot be read.
[[nodiscard]] std::string sha256_file(std::filesystem::path const& path);

/// The bytes of a file; throws std::runtime_error naming the file when it cannot be read.
[[nodiscard]] std::string read_file(std::filesystem::path const& path);

/// Writes through a temporary file in the same folder and a rename, so that a reader never sees half a file.
/// Creates missing folders. Throws std::runtime_error naming the file on any failure.
void write_file(std::filesystem::path const& path, std::string_view bytes);

}  // namespace examples
