// Weights read without exceptions: the same files are accepted as with them, and each refusal has its code.
#include "s2rm/io/weights.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/files.hpp"

namespace io = s2rm::io;
using s2rm::field;
using s2rm::load_status;
using s2rm::test::read_text;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

using net = s2rm::schema<field<"encoder.0.weight", 2, 3>, field<"encoder.0.bias", 2>>;
using other_shape = s2rm::schema<field<"encoder.0.weight", 3, 2>, field<"encoder.0.bias", 2>>;
using more = s2rm::joined<net, s2rm::schema<field<"initial_state", 2, 1>>>;

std::vector<float> numbers() { return {1, 2, 3, 4, 5, 6, 7, 8}; }
template <class Schema, class T = float>
load_status status_of(std::string const& path) {
  std::vector<T> values(static_cast<std::size_t>(Schema::size));
  return s2rm::read_weights(path, std::span<s2rm::field_info const>(Schema::infos), values.data());
}
/// Whether the reader that throws takes the file.
bool accepted(std::string const& path) {
  std::vector<float> values(8);
  try {
    io::load_checkpoint(path, net::infos, values.data());
    return true;
  } catch (s2rm::file_error const&) {
    return false;
  }
}

}  // namespace

TEST_CASE("weights: a checkpoint is read as by the reader that throws") {
  temporary_folder const folder;
  auto const path = folder / "c";
  auto const training = std::array{std::int64_t{3}};
  std::array<io::tensor_source, 1> const more_tensors{io::source_of("train.step", {1}, training.data())};
  io::save_checkpoint(path, net::infos, numbers().data(), "a model", more_tensors);
  std::vector<float> single(8);
  CHECK(s2rm::read_weights(path, std::span<s2rm::field_info const>(net::infos), single.data()) == load_status::ok);
  CHECK(single == numbers());
  std::vector<double> wide(8);
  CHECK(s2rm::read_weights(path, std::span<s2rm::field_info const>(net::infos), wide.data()) == load_status::ok);
  CHECK(wide == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("weights: every refusal has a code") {
  temporary_folder const folder;
  auto const path = folder / "c";
  CHECK(status_of<net>(path) == load_status::no_file);
  CHECK(status_of<net>(folder.path().string()) == load_status::no_file);
  for (auto const& text : {std::string(), std::string("{}"), std::string(100, 'x'), std::string(100, '\0')}) {
    write_text(path, text);
    CHECK(status_of<net>(path) == load_status::not_a_checkpoint);
  }
  io::save_checkpoint(path, net::infos, numbers().data(), "a model");
  CHECK(status_of<other_shape>(path) == load_status::other_model);
  CHECK(status_of<more>(path) == load_status::other_model);
  io::save_checkpoint(path, more::infos, std::vector<float>(10).data(), "a model");
  CHECK(status_of<net>(path) == load_status::other_model);
  auto odd = numbers();
  odd[5] = std::numeric_limits<float>::quiet_NaN();
  io::save_checkpoint(path, net::infos, odd.data(), "a model");
  CHECK(status_of<net>(path) == load_status::not_finite);
  std::vector<double> const wide(8, 1e300);
  io::save_checkpoint(path, net::infos, wide.data(), "a model");
  CHECK(status_of<net>(path) == load_status::not_finite);
  CHECK(status_of<net, double>(path) == load_status::ok);
  for (auto const status : {load_status::ok, load_status::damaged}) CHECK(std::string(text_of(status)).size() > 1);
}

TEST_CASE("weights: a damaged byte, or a missing one, is never accepted") {
  temporary_folder const folder;
  auto const path = folder / "c";
  io::save_checkpoint(path, net::infos, numbers().data(), "a model");
  auto const whole = read_text(path);
  int accepted_in_vain = 0, otherwise = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int const bit : {0, 5}) {
      auto text = whole;
      text[i] = static_cast<char>(text[i] ^ (1 << bit));
      write_text(path, text);
      bool const taken = status_of<net>(path) == load_status::ok;
      accepted_in_vain += taken ? 1 : 0;
      otherwise += taken != accepted(path) ? 1 : 0;
    }
    write_text(path, whole.substr(0, i));
    accepted_in_vain += status_of<net>(path) == load_status::ok ? 1 : 0;
  }
  CHECK(accepted_in_vain == 0);
  CHECK(otherwise == 0);
}
