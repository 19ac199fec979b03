// Any bytes as the checkpoint of a small model: complete, or refused with the weights as they were. Bytes whose checksum is
// wrong are also tried with the right one, for no fuzzer guesses it.
#include "s2rm/io/checkpoint.hpp"

#include <algorithm>
#include <array>

#include "fuzz/fuzz.hpp"

namespace io = s2rm::io;
using s2rm::fuzz::promise;

namespace {

using net = s2rm::schema<s2rm::field<"encoder.0.weight", 2, 3>, s2rm::field<"encoder.0.bias", 2>,
                         s2rm::field<"kernel.log_epsilon", 1>>;
constexpr std::array<io::training_field, 3> training{{{"train.weights", io::dtype::f32, 9, 9},
                                                      {"train.counters", io::dtype::i64, 3, 3},
                                                      {"train.cursor", io::dtype::i64, 1, 4}}};
constexpr float canary = 123.0F;

void load(std::string const& bytes, std::span<io::training_field const> wanted) {
  std::array<float, 11> values{};
  values.fill(canary);
  bool const taken = s2rm::fuzz::taken<s2rm::file_error>("fuzzed", [&] {
    auto const opened = io::open_checkpoint<float>(std::as_bytes(std::span(bytes)), "fuzzed", net::infos, wanted);
    promise(opened.file.payload.size() <= 9 * 8 + (wanted.empty() ? 0 : 9 * 8 + 3 * 8 + 4 * 8),
            "no more is kept than the model and the training state need");
    io::copy_parameters(opened, net::infos, values.data() + 1);
  });
  promise(values.front() == canary && values.back() == canary, "nothing is written outside");
  promise(taken || std::all_of(values.begin(), values.end(), [](float v) { return v == canary; }),
          "a refusal leaves the weights alone");
}

/// With the checksum that the bytes ask for.
std::string corrected(std::string bytes) {
  auto const digits = io::detail::find_checksum(bytes);
  if (digits == std::string::npos || bytes.size() - digits < io::detail::checksum_blank.size()) return bytes;
  bytes.replace(digits, 16, io::detail::checksum_blank);
  io::detail::fnv1a sum;
  sum.add(std::as_bytes(std::span(bytes)));
  return bytes.replace(digits, 16, sum.hexadecimal());
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  std::string const given(s2rm::fuzz::as_text(bytes, size));
  for (auto const& text : {given, corrected(given)}) {
    load(text, {});
    load(text, training);
  }
  return 0;
}
