#include "sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <span>
#include <stdexcept>

#include "s2rm/io/file.hpp"

namespace examples {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"sha256: EVP_Digest failed"};
  }
  std::string text;
  for (unsigned const byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}

std::string read_file(std::filesystem::path const& path, std::uint64_t most) {
  s2rm::io::input_file file{path.string()};
  if (file.size() > most) {
    throw s2rm::file_error{path.string() + ": expected at most " + std::to_string(most) + " bytes, found " +
                           std::to_string(file.size())};
  }
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  file.read(std::as_writable_bytes(std::span{bytes}));
  return bytes;
}

std::string sha256_file(std::filesystem::path const& path) { return sha256(read_file(path)); }

void write_file(std::filesystem::path const& path, std::string_view bytes) {
  auto const folder = path.parent_path();
  std::error_code error;
  if (!folder.empty()) {
    std::filesystem::create_directories(folder, error);
  }
  std::array const pieces{std::as_bytes(std::span{bytes})};
  s2rm::io::write_file_atomically(path.string(), pieces);
}

}  // namespace examples
