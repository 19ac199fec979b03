#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace examples {

/// SHA-256 (FIPS 180-4) of `bytes` as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// SHA-256 of a file's bytes; throws std::runtime_error naming the file when it cannot be read.
[[nodiscard]] std::string sha256_file(std::filesystem::path const& path);

/// The bytes of a regular file of at most `most` bytes; throws std::runtime_error naming the file otherwise.
[[nodiscard]] std::string read_file(std::filesystem::path const& path, std::uint64_t most = std::uint64_t{1} << 30);

/// Replaces a file all or nothing, flushed to the device (`s2rm::io::write_file_atomically`). Creates missing folders.
/// Throws std::runtime_error naming the file on any failure.
void write_file(std::filesystem::path const& path, std::string_view bytes);

}  // namespace examples
