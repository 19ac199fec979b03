#include "sha256.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "s2rm/io/file.hpp"

namespace examples {
namespace {

constexpr std::array<std::uint32_t, 64> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void absorb(std::array<std::uint32_t, 8>& state, unsigned char const* block) {
  std::array<std::uint32_t, 64> word{};
  for (std::size_t i = 0; i < 16; ++i) {
    word[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
              std::uint32_t{block[4 * i + 2]} << 8 | std::uint32_t{block[4 * i + 3]};
  }
  for (std::size_t i = 16; i < 64; ++i) {
    auto const a = word[i - 15];
    auto const b = word[i - 2];
    auto const s0 = std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3);
    auto const s1 = std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10);
    word[i] = word[i - 16] + s0 + word[i - 7] + s1;
  }
  auto v = state;
  for (std::size_t i = 0; i < 64; ++i) {
    auto const s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
    auto const choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    auto const first = v[7] + s1 + choice + round_constants[i] + word[i];
    auto const s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
    auto const majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    auto const second = s0 + majority;
    v = {first + second, v[0], v[1], v[2], v[3] + first, v[4], v[5], v[6]};
  }
  for (std::size_t i = 0; i < 8; ++i) {
    state[i] += v[i];
  }
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  auto const* data = reinterpret_cast<unsigned char const*>(bytes.data());
  auto const whole = bytes.size() / 64 * 64;
  for (std::size_t i = 0; i < whole; i += 64) {
    absorb(state, data + i);
  }
  auto tail = std::string{bytes.substr(whole)};
  tail += '\x80';
  while (tail.size() % 64 != 56) {
    tail += '\0';
  }
  auto const bits = std::uint64_t{bytes.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) {
    tail += static_cast<char>(bits >> shift & 0xff);
  }
  for (std::size_t i = 0; i < tail.size(); i += 64) {
    absorb(state, reinterpret_cast<unsigned char const*>(tail.data()) + i);
  }
  std::string text;
  for (auto const part : state) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      text += "0123456789abcdef"[part >> shift & 0xf];
    }
  }
  return text;
}

std::string read_file(std::filesystem::path const& path, std::uint64_t most) {
  s2rm::data::input_file file{path.string()};
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
  s2rm::data::write_file_atomically(path.string(), pieces);
}

}  // namespace examples
