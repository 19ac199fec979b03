#pragma once
// What the fuzz targets share. Each holds one reader against any bytes: it takes them or throws an error that names their
// source, and nothing else happens. A promise that is broken aborts, which is what the fuzzer and `replay` look for.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

/// The name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace s2rm::fuzz {

inline void promise(bool kept, char const* what) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Calls `read`. Returns whether it took what it was given; an error must be an `Error` whose text names `source`.
template <class Error, class Read>
bool taken(std::string_view source, Read&& read) {
  try {
    read();
  } catch (Error const& refused) {
    promise(std::string_view(refused.what()).find(source) != std::string_view::npos, "an error names its source");
    return false;
  }
  return true;
}

inline std::string_view as_text(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

}  // namespace s2rm::fuzz
