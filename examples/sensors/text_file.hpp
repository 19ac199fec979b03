#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "series.hpp"

namespace sensors {

/// The bytes of a file, a pipe or a device, at most 1 GiB; gzip, bzip2, xz and zstd are unpacked (libarchive).
/// Throws data_error naming the file when it cannot be read, is truncated, or is an archive of files.
[[nodiscard]] std::string read_bytes(std::filesystem::path const& path);

/// `bytes` as UTF-8 without a byte order mark. UTF-16 and UTF-32 are known by their mark, UTF-16 also by its zeros; else
/// `encoding` counts, any name that iconv knows. Where that is empty: UTF-8, and what is none is taken for Windows-1252
/// (Latin-1 and a few more characters), which `notes` then says. Lines end with '\n', also where they ended with '\r' alone. Throws data_error naming `name` when that cannot be.
[[nodiscard]] std::string as_utf8(std::string_view bytes, std::string const& name, std::string const& encoding,
                                  std::vector<std::string>* notes);

}  // namespace sensors
