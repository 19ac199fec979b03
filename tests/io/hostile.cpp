// Files that want much: each of at most 1 MiB, each refused with less than 1 MiB of memory besides, in less than 10 ms.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "s2rm/adapters/npy.hpp"
#include "s2rm/io/checkpoint.hpp"
#include "support/catch.hpp"
#include "support/cost.hpp"
#include "support/files.hpp"

namespace {

namespace io = s2rm::io;
namespace memory = s2rm::test::memory;
using s2rm::test::many;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

using net = s2rm::schema<s2rm::field<"encoder.0.weight", 2, 3>, s2rm::field<"encoder.0.bias", 2>>;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string with_length(std::string const& header, std::uint64_t length) {
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>((length >> (8 * i)) & 255);
  return file + header;
}
std::string with_length(std::string const& header) { return with_length(header, header.size()); }

struct hostile_file {
  std::string what, bytes;
};

/// Headers of `size` bytes.
std::vector<hostile_file> hostile_headers(std::size_t size) {
  std::string const empty = R"(:{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  auto const number = [](int i) { return std::to_string(i); };
  std::vector<hostile_file> files;
  auto const add = [&](char const* what, std::string const& header) {
    files.push_back({what + (", " + number(static_cast<int>(size))), with_length(header)});
  };
  add("tensors", many("{", [&](int i) { return "\"" + number(i) + "\"" + empty; }, "\"x\":0}", size));
  add("metadata", many("{\"__metadata__\":{", [&](int i) { return "\"" + number(i) + "\":\"\","; }, "\"x\":0}}", size));
  add("extents", many(R"({"a":{"dtype":"U8","shape":[)", [](int) { return "0,"; }, "0]}}", size));
  add("offsets", many(R"({"a":{"dtype":"U8","data_offsets":[)", [](int) { return "0,"; }, "0]}}", size));
  add("brackets", many("{\"a\":", [](int) { return "["; }, "}", size));
  add("braces", many("", [](int) { return "{\"a\":"; }, "}", size));
  add("a name", many("{\"", [](int) { return "n"; }, "\":0}", size));
  add("a text", many(R"({"__metadata__":{"a":")", [](int) { return "t"; }, "\"}}", size));
  add("a number", many(R"({"a":{"dtype":"U8","shape":[)", [](int) { return "1"; }, "]}}", size));
  add("spaces", many("{", [](int) { return " "; }, "}", size));
  add("escapes", many("{\"", [](int) { return "\\u0000"; }, "\":0}", size));
  return files;
}

/// Calls `read` on the file and expects a refusal, cheap in memory and time.
void cheap(hostile_file const& file, std::function<void(std::string const&)> const& read) {
  INFO(file.what);
  temporary_folder const folder;
  auto const path = folder / "hostile";
  write_text(path, file.bytes);
  REQUIRE(file.bytes.size() <= mebibyte);
  auto const cost = s2rm::test::cost_of_refusal<s2rm::file_error>([&] { read(path); });
  CHECK(cost.refused);
  CHECK(cost.kept <= 4096);  // a message may have grown some buffer that stays
  CHECK(cost.bytes < static_cast<long>(mebibyte));
  CHECK(cost.milliseconds < s2rm::test::allowed_milliseconds(10));
}

}  // namespace

TEST_CASE("hostile: the counter sees every allocation") {
  auto const before = memory::live.load();
  memory::peak = before;
  {
    std::vector<char> const block(mebibyte);
  }
  CHECK(memory::live == before);
  CHECK(memory::peak - before >= static_cast<long>(mebibyte));
}

TEST_CASE("hostile: safetensors and checkpoints") {
  auto files = hostile_headers(1000);
  for (std::size_t const size : {16000UL, 60000UL, 262000UL, 1048000UL}) {
    for (auto& file : hostile_headers(size)) files.push_back(std::move(file));
  }
  files.push_back({"a length beyond the file", with_length("{}", std::uint64_t{1} << 62)});
  files.push_back({"a length of all ones", with_length("{}", ~std::uint64_t{0})});
  std::string const entry = R"({"a":{"dtype":"F64","shape":[)";
  for (char const* shape : {"4611686018427387904,2", "9223372036854775807", "4294967296,4294967296,0", "131072"}) {
    files.push_back({shape, with_length(entry + shape + R"(],"data_offsets":[0,1048576]}})")});
  }
  files.push_back({"a payload that nobody named", with_length("{}") + std::string(mebibyte - 100, 'x')});
  for (auto const& file : files) {
    cheap(file, [](std::string const& path) {
      std::array<float, net::size> values{};
      io::load_checkpoint(path, net::infos, values.data());
    });
    // Without a model to hold it against, some of these are files like others.
    bool accepted = true;
    try {
      io::read_safetensors(std::as_bytes(std::span(file.bytes)), "memory");
    } catch (s2rm::file_error const&) {
      accepted = false;
    }
    if (!accepted) cheap(file, [](std::string const& path) { io::read_safetensors(path); });
  }
}

TEST_CASE("hostile: a checkpoint whose names are right and whose sizes are not") {
  // A tensor of another size, the model's names, and a training state that nobody asked for.
  auto const header = [](std::string const& shape, std::string const& end) {
    return R"({"encoder.0.weight":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,)" + end +
           R"(]},"encoder.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[)" + end + "," +
           std::to_string(std::stol(end) + 8) + "]}}";
  };
  auto const load = [](std::string const& path) {
    std::array<float, net::size> values{};
    io::load_checkpoint(path, net::infos, values.data());
  };
  std::string const large = std::to_string(mebibyte - 1024);
  auto bytes = with_length(header("[" + std::to_string((mebibyte - 1024) / 4) + "]", large));
  cheap({"a larger parameter", bytes + std::string(mebibyte - 1024 + 8, 'x')}, load);
  std::string const train =
      R"({"encoder.0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"encoder.0.bias":)"
      R"({"dtype":"F32","shape":[2],"data_offsets":[24,32]},"train.junk":{"dtype":"U8","shape":[)";
  std::string const junk = std::to_string(mebibyte - 1024);
  bytes = with_length(train + junk + R"(],"data_offsets":[32,)" + std::to_string(mebibyte - 1024 + 32) + "]}}") +
          std::string(mebibyte - 1024 + 32, 'x');
  // Who wants no training state passes over it, in small pieces; who wants one refuses what it does not know.
  temporary_folder const folder;
  write_text(folder / "junk", bytes);
  auto const before = memory::live.load();
  memory::peak = before;
  load(folder / "junk");
  CHECK(memory::peak - before < 65536);
  constexpr std::array<io::training_field, 1> training{{{"train.weights", io::dtype::f32, 8, 8}}};
  cheap({"a training state of another name", bytes}, [&](std::string const& path) {
    std::array<float, net::size> values{};
    io::load_checkpoint(path, net::infos, values.data(), training);
  });
}

TEST_CASE("hostile: npy") {
  auto const file = [](std::string const& header, std::size_t payload = 16) {
    std::string bytes("\x93NUMPY\1\0", 8);
    bytes += static_cast<char>(header.size() & 255);
    bytes += static_cast<char>(header.size() >> 8);
    return bytes + header + std::string(payload, '\0');
  };
  std::string const begin = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  std::vector<hostile_file> files;
  for (char const* shape :
       {"1000000000, 1000000000", "4611686018427387904, 4", "99999999999999999999, 1", "262144, 1"}) {
    files.push_back({shape, file(begin + shape + "), }")});
  }
  files.push_back({"extents", file(many(begin, [](int) { return "1,"; }, "), }", 65000))});
  files.push_back({"digits", file(many(begin, [](int) { return "1"; }, ",), }", 65000))});
  files.push_back({"keys", file(many("{", [](int) { return "'descr': '<f4', "; }, "}", 65000))});
  files.push_back({"blanks", file(many("", [](int) { return " "; }, "", 65000))});
  files.push_back({"a text", file(many("{'", [](int) { return "x"; }, "': 1}", 65000))});
  files.push_back({"more bytes than the shape", file(begin + "2, 2), }", mebibyte - 1000)});
  for (auto const& one : files) cheap(one, [](std::string const& path) { io::load_npy<float, 2>(path); });
}
