// Any bytes as a .npy file.
#include "s2rm/adapters/npy.hpp"

#include "fuzz/fuzz.hpp"

namespace io = s2rm::io;

namespace {

template <class T, std::size_t Rank>
void load(std::span<std::byte const> bytes, io::npy_limits<Rank> const& limits = {}) {
  s2rm::fuzz::taken<s2rm::file_error>("fuzzed", [&] {
    auto const values = io::load_npy<T, Rank>(bytes, "fuzzed", limits);
    s2rm::fuzz::promise(values.size() * sizeof(T) + 10 <= bytes.size(), "no more numbers than the file holds");
    for (std::size_t i = 0; i < Rank; ++i) {
      s2rm::fuzz::promise(
          limits.shape[i] == io::any_extent || static_cast<s2rm::index_t>(values.shape(i)) == limits.shape[i],
          "the shape that was asked for");
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  auto const all = std::as_bytes(std::span(bytes, size));
  load<float, 2>(all);
  load<float, 2>(all, {{io::any_extent, 3}, 64});
  load<std::uint8_t, 1>(all);
  load<double, 3>(all);
  load<std::int32_t, 1>(all);
  return 0;
}
