// The safetensors format: what is written can be read, by others too; what is not exactly right is refused by name.
#include "s2rm/io/safetensors.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/files.hpp"

namespace io = s2rm::io;
using s2rm::file_error;
using s2rm::index_t;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::refusal;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

/// A file made by hand: length, header, payload.
std::string file_of(std::string const& json, std::string const& payload = "") {
  std::string length(8, '\0');
  auto const size = static_cast<std::uint64_t>(json.size());
  std::memcpy(length.data(), &size, 8);
  return length + json + payload;
}

io::safetensors_file parse(std::string const& bytes) {
  return io::read_safetensors(std::as_bytes(std::span(bytes)), "memory");
}

std::string refusal_of(std::string const& json, std::string const& payload = "") {
  return refusal([&] { parse(file_of(json, payload)); });
}

std::string const eight(8, 'x');

}  // namespace

TEST_CASE("safetensors: what is written is read back, bit by bit") {
  temporary_folder const folder;
  auto const path = folder / "a.safetensors";
  std::vector<float> const f{1.5f, -0.0f, 3e-42f, 4.0f, 5.0f, 6.0f};
  std::vector<double> const d{0.1};
  std::vector<std::uint8_t> const u{7, 8, 9};
  std::vector<std::int64_t> const i{-1, std::int64_t{1} << 40};
  std::array<io::tensor_source, 5> const tensors{
      io::source_of("bytes", {3}, u.data()), io::source_of("floats \"quoted\" \\ \n", {2, 1, 3}, f.data()),
      io::source_of("scalar", {}, d.data()), io::source_of("none", {4, 0, 2}, f.data()),
      io::source_of("longs", {2}, i.data())};
  std::array<io::metadata_entry, 2> const metadata{{{"who", "r\xc3\xa9seau\t"}, {"", ""}}};
  io::write_safetensors(path, tensors, metadata);

  auto const file = io::read_safetensors(path);
  REQUIRE(file.tensors.size() == 5);
  CHECK(file.metadata[0].value == "r\xc3\xa9seau\t");
  CHECK(*file.find_metadata("") == "");
  CHECK(file.find_metadata("nobody") == nullptr);
  auto const floats = file.numbers<float>("floats \"quoted\" \\ \n");
  REQUIRE(floats.size() == 6);
  CHECK(std::memcmp(floats.data(), f.data(), 24) == 0);
  CHECK(file.numbers<double>("scalar") == d);
  CHECK(file.numbers<std::uint8_t>("bytes") == u);
  CHECK(file.numbers<std::int64_t>("longs") == i);
  CHECK(file.numbers<float>("none").empty());
  CHECK(file.at("none").shape == std::vector<index_t>{4, 0, 2});
  CHECK(file.at("scalar").shape.empty());
  // Aligned for whoever maps the file: the payload to 8 bytes, each tensor to its element.
  CHECK(file.header.size() % 8 == 0);
  for (auto const& tensor : file.tensors) CHECK(tensor.begin % static_cast<unsigned>(io::bytes_of(tensor.type)) == 0);
  CHECK(folder.count() == 1);
}

TEST_CASE("safetensors: the exact bytes of a file") {
  temporary_folder const folder;
  std::array<float, 2> const values{1.0f, -2.0f};
  std::array<io::tensor_source, 1> const tensors{io::source_of("w", {1, 2}, values.data())};
  std::array<io::metadata_entry, 1> const metadata{{{"k", "v"}}};
  io::write_safetensors(folder / "b", tensors, metadata);
  CHECK(read_text(folder / "b") ==
        file_of(R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1, 2],"data_offsets":[0,8]}})"
                "      ",
                std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
}

TEST_CASE("safetensors: files of other writers") {
  // As Python's json module spaces it, tensors out of order, trailing spaces.
  auto const file = parse(file_of(R"({"b": {"dtype": "U8", "shape": [4], "data_offsets": [4, 8]}, )"
                                  R"("a": {"shape": [1], "data_offsets": [0, 4], "dtype": "F32"}, )"
                                  R"("\u00e9": {"dtype": "BF16", "shape": [0], "data_offsets": [8, 8]}}    )",
                                  std::string("\0\0\0\x40\1\2\3\4", 8)));
  CHECK(file.numbers<float>("a") == std::vector<float>{2.0f});
  CHECK(file.numbers<double>("a") == std::vector<double>{2.0});
  CHECK(file.numbers<std::uint8_t>("b") == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(file.find("\xc3\xa9") != nullptr);
  CHECK(parse(file_of(R"({"m":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", std::string("\1\0", 2)))
            .numbers<std::uint8_t>("m") == std::vector<std::uint8_t>{1, 0});
  CHECK(parse(file_of("{}")).tensors.empty());
}

TEST_CASE("safetensors: what the format's own reader passes over") {
  // Metadata that are null, as MLX writes them where there are none.
  auto const null =
      parse(file_of(R"({"__metadata__":null,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight));
  CHECK((null.metadata.empty() && null.tensors.size() == 1));
  CHECK(parse(file_of(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"__metadata__":null})")).tensors.size() ==
        1);
  CHECK_THAT(refusal_of(R"({"__metadata__":{"k":null}})"), contains("metadata 'k': expected a string, found null"));
  // Attributes besides the three, of any form.
  for (auto const* value : {"true", "null", "-1", "1.5", "9", "\"x\"", "[]", "{}", R"([1,{"dtype":[null,"F64"]},[[]]])",
                            R"({"shape":{"a":[],"a":{}},"data_offsets":[1]})"}) {
    for (auto const* order : {R"({"a":{"more":%,"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                              R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":%,"most":%}})"}) {
      std::string json = order;
      while (json.find('%') != std::string::npos) json.replace(json.find('%'), 1, value);
      INFO(json);
      auto const file = parse(file_of(json, eight));
      CHECK((file.tensors.size() == 1 && file.tensors[0].shape == std::vector<index_t>{2}));
    }
  }
  // Types that are not known, beside those that are asked for; some have less than a byte an element.
  auto const file = parse(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                  R"("scale":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[4,6]},)"
                                  R"("packed":{"dtype":"F4","shape":[4],"data_offsets":[6,8]}})",
                                  std::string("\0\0\0\x40\1\2\3\4", 8)));
  CHECK(file.numbers<float>("a") == std::vector<float>{2.0F});
  CHECK(file.bytes(file.at("packed")).size() == 2);
  CHECK(file.at("scale").type_name() == "F8_E8M0");
  CHECK(file.at("a").type_name() == "F32");
  CHECK_THAT(refusal([&] { static_cast<void>(file.numbers<float>("scale")); }),
             contains("tensor 'scale': expected dtype F32 or F64, found F8_E8M0"));
  CHECK_THAT(refusal([&] { static_cast<void>(file.numbers<std::uint8_t>("packed")); }), contains("found F4"));
  // Their bytes must still lie in the file once.
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,9]}})", eight), contains("within 0..8"));
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,7]}})", eight), contains("expected 7"));
  temporary_folder const folder;
  float const value = 1;
  std::array<io::tensor_source, 1> const unknown{{{"x", io::dtype::other, {1}, &value}}};
  CHECK_THAT(refusal([&] { io::write_safetensors(folder / "x", unknown); }), contains("tensor 'x': expected a known"));
}

TEST_CASE("safetensors: F32 and F64 become each other, nothing else does") {
  temporary_folder const folder;
  std::array<double, 2> const d{0.1, -3.0};
  std::array<io::tensor_source, 1> const tensors{io::source_of("d", {2}, d.data())};
  io::write_safetensors(folder / "d", tensors);
  auto const file = io::read_safetensors(folder / "d");
  CHECK(file.numbers<float>("d") == std::vector<float>{0.1f, -3.0f});
  std::vector<float> out(2);
  file.copy(file.at<float>("d", std::array<index_t, 1>{2}), out.data());
  CHECK(out == std::vector<float>{0.1f, -3.0f});
  CHECK_THAT(refusal([&] { static_cast<void>(file.numbers<std::uint8_t>("d")); }),
             contains("tensor 'd': expected dtype U8, found F64"));
  CHECK_THAT(refusal([&] { static_cast<void>(file.at<float>("d", std::array<index_t, 2>{2, 1})); }),
             contains("expected shape [2, 1], found [2]"));
  CHECK_THAT(refusal([&] { static_cast<void>(file.at("e")); }), contains("tensor 'e': missing"));
}

TEST_CASE("safetensors: headers that are not JSON of the right form") {
  CHECK_THAT(refusal([] { parse("1234567"); }), contains("at least 8 bytes, found 7"));
  CHECK_THAT(refusal([] { parse(std::string(8, '\0')); }), contains("does not begin with '{' and end with '}'"));
  CHECK_THAT(refusal([] { parse(std::string(8, '\xff') + "{}"); }), contains("found 18446744073709551615"));
  CHECK_THAT(refusal([] { parse(std::string("\3\0\0\0\0\0\0\0{}", 10)); }), contains("truncated"));
  CHECK_THAT(refusal([] { parse(file_of(std::string((1 << 20) + 1, ' '))); }), contains("at most 262144 bytes"));
  CHECK_THAT(refusal_of(" {}"), contains("does not begin with '{' and end with '}'"));
  CHECK_THAT(refusal_of("{"), contains("and end with '}'"));
  CHECK_THAT(refusal_of("{}}"), contains("not valid JSON at byte 2"));
  CHECK_THAT(refusal_of("{}{}"), contains("not valid JSON"));
  CHECK_THAT(refusal_of(std::string("{}\0}", 4)), contains("goes on after its last brace"));
  CHECK_THAT(refusal_of(std::string("{}\0", 3)), contains("and end with '}'"));
  CHECK_THAT(refusal_of("{}\n"), contains("and end with '}'"));
  CHECK_THAT(refusal_of("{'a':1}"), contains("not valid JSON"));
  CHECK_THAT(refusal_of("{\"a\xff\":{}}"), contains("not valid JSON"));
  CHECK_THAT(refusal_of(R"({"a":1})"), contains("tensor 'a': expected an object, found a number"));
  CHECK_THAT(refusal_of(R"({"a":[]})"), contains("expected an object, found an array"));
  CHECK_THAT(refusal_of(R"({"a":{}})"), contains("'a': expected 'dtype', 'shape' and 'data_offsets', found fewer"));
  CHECK_THAT(refusal_of(R"({"a":{"dtype":3}})"), contains("'dtype': expected a string, found a number"));
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"F31"}})"), contains("'a': expected 'dtype', 'shape' and"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":{}}})"), contains("'shape': expected a list of sizes, found an object"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[-1]}})"), contains("found a negative number"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[1.0]}})"), contains("not an integer"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[1e1]}})"), contains("not an integer"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[[1]]}})"), contains("found an array"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[null]}})"), contains("found null"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[-5000000000]}})"), contains("found a negative number"));
  CHECK_THAT(refusal_of(R"({"a":{"shape":[9223372036854775808]}})"), contains("beyond any memory"));
  CHECK_THAT(refusal_of(R"({"a":{"data_offsets":[0]}})"), contains("expected 2 numbers, found fewer"));
  CHECK_THAT(refusal_of(R"({"a":{"data_offsets":[0,1,2]}})"), contains("expected 2 numbers, found more"));
  CHECK_THAT(refusal_of(R"({"a":{"data_offsets":[0,true]}})"), contains("found a boolean"));
  CHECK_THAT(refusal_of(R"({"a":{"extra":1}})"), contains("expected 'dtype', 'shape' and 'data_offsets', found fewer"));
  CHECK_THAT(refusal_of(R"({"__metadata__":{"k":1}})"), contains("metadata 'k': expected a string, found a number"));
  CHECK_THAT(refusal_of(R"({"__metadata__":[]})"),
             contains("'__metadata__': expected an object or null, found an array"));
  // Deep nesting ends at the first level the format does not have.
  CHECK_THAT(refusal_of("{\"a\":" + std::string(200000, '[') + "}"), contains("found an array"));
  for (auto const* level : {"[", "{\"\":"}) {
    std::string deep = "{\"a\":{\"more\":";
    for (int i = 0; i < 60000; ++i) deep += level;
    CHECK_THAT(refusal_of(deep + "}"), contains("tensor 'a': expected attributes of at most 32 levels, found more"));
  }
}

TEST_CASE("safetensors: keys that occur twice") {
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
                        R"("a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
                        eight),
             contains("the name 'a' occurs twice"));
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]}})", eight),
             contains("tensor 'a': the attribute 'dtype' occurs twice"));
  CHECK_THAT(refusal_of(R"({"__metadata__":{"k":"1","\u006b":"2"}})"), contains("metadata key 'k' occurs twice"));
  CHECK_THAT(refusal_of(R"({"__metadata__":{},"__metadata__":{}})"), contains("'__metadata__' occurs twice"));
}

TEST_CASE("safetensors: shapes, offsets and the payload must agree") {
  auto const one = [](char const* dtype, char const* shape, char const* offsets) {
    return std::string(R"({"a":{"dtype":")") + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK_NOTHROW(parse(file_of(one("F32", "[2]", "[0,8]"), eight)));
  CHECK_THAT(refusal_of(one("F32", "[2]", "[0,8]"), eight.substr(1)), contains("within 0..7, found [0, 8]"));
  CHECK_THAT(refusal_of(one("F32", "[2]", "[0,8]"), eight + "x"), contains("expected 8 bytes of tensors, found 9"));
  CHECK_THAT(refusal_of(one("F32", "[1]", "[0,8]"), eight), contains("expected 4 bytes for F32 [1], found 8"));
  CHECK_THAT(refusal_of(one("F32", "[2]", "[8,0]"), eight), contains("found [8, 0]"));
  CHECK_THAT(refusal_of(one("F32", "[1]", "[4,8]"), eight), contains("to begin at byte 0, found 4 (a hole"));
  CHECK_THAT(refusal_of(one("U8", "[0]", "[18446744073709551615,18446744073709551615]")), contains("within 0..0"));
  CHECK_THAT(refusal_of("{}", eight), contains("expected 0 bytes of tensors, found 8"));
  // Products that wrap around to something harmless; a zero in any place does not excuse the rest.
  CHECK_THAT(refusal_of(one("F32", "[4294967296,4294967296]", "[0,0]")), contains("overflows"));
  CHECK_THAT(refusal_of(one("F64", "[2305843009213693952]", "[0,0]")), contains("overflows"));
  CHECK_THAT(refusal_of(one("U8", "[0,4294967296,4294967296]", "[0,0]")), contains("overflows"));
  CHECK_THAT(refusal_of(one("U8", "[4294967296,4294967296,0]", "[0,0]")), contains("overflows"));
  CHECK_THAT(refusal_of(R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},)"
                        R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                        eight),
             contains("tensor 'b': expected to begin at byte 6, found 4 (tensors overlap)"));
}

TEST_CASE("safetensors: every shorter file is refused") {
  std::string const whole = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )", eight);
  CHECK_NOTHROW(parse(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_THROWS_AS(parse(whole.substr(0, length)), file_error);
  }
}

TEST_CASE("safetensors: a header beyond any of the limits") {
  std::string const empty = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  auto const tensors = [&](int count) {
    std::string text = "{";
    for (int i = 1; i < count; ++i) text += "\"" + std::to_string(i) + "\":" + empty + ",";
    return text + "\"x\":" + empty + "}";
  };
  CHECK(parse(file_of(tensors(1024))).tensors.size() == 1024);
  CHECK_THAT(refusal_of(tensors(1025)), contains("expected at most 1024 tensors, found more"));
  auto const metadata = [](int count) {
    std::string text = "{\"__metadata__\":{";
    for (int i = 1; i < count; ++i) text += "\"" + std::to_string(i) + "\":\"\",";
    return text + "\"x\":\"\"}}";
  };
  CHECK(parse(file_of(metadata(1024))).metadata.size() == 1024);
  CHECK_THAT(refusal_of(metadata(1025)),
             contains("expected at most 1024 metadata entries, found more (safetensors_limits::metadata)"));
  auto const shape = [](int rank) {
    std::string text = R"({"a":{"dtype":"U8","shape":[0)";
    for (int i = 1; i < rank; ++i) text += ",0";
    return text + R"(],"data_offsets":[0,0]}})";
  };
  CHECK(parse(file_of(shape(8))).tensors[0].shape.size() == 8);
  CHECK_THAT(refusal_of(shape(9)), contains("tensor 'a': 'shape': expected at most 8 extents, found more"));
  auto const named = [&](std::size_t length) { return "{\"" + std::string(length, 'n') + "\":" + empty + "}"; };
  CHECK(parse(file_of(named(1024))).tensors[0].name.size() == 1024);
  CHECK_THAT(refusal_of(named(1025)), contains("expected names of at most 1024 bytes, found 1025"));
  auto const long_header = file_of("{}" + std::string(io::max_header_bytes, ' '));
  CHECK_THAT(refusal([&] { parse(long_header); }),
             contains("expected a header of at most 262144 bytes, found 262146 (safetensors_limits::header)"));
  CHECK(io::read_safetensors(std::as_bytes(std::span(long_header)), "memory", {.header = 1 << 20}).tensors.empty());
}

TEST_CASE("safetensors: a payload beyond the limit is refused before memory is allocated") {
  temporary_folder const folder;
  auto const path = folder / "sparse";
  write_text(path, file_of(R"({"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}})"));
  // A hole of a tebibyte: the file is really that long, and takes no space.
  std::error_code code;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + (std::uintmax_t{1} << 40), code);
  if (!code) {
    CHECK_THAT(refusal([&] { io::read_safetensors(path); }),
               contains("expected at most 4294967296 bytes of tensors, found 1099511627776"));
  }
  auto const small = file_of(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})", eight);
  auto const bytes = std::as_bytes(std::span(small));
  CHECK(io::read_safetensors(bytes, "memory", {.payload = 8}).payload.size() == 8);
  CHECK_THAT(refusal([&] { io::read_safetensors(bytes, "memory", {.payload = 7}); }),
             contains("expected at most 7 bytes of tensors, found 8"));
}

TEST_CASE("safetensors: tensors that could not be read back are not written") {
  temporary_folder const folder;
  auto const path = folder / "c";
  write_text(path, "old");
  float const value = 1;
  auto const write = [&](std::vector<io::tensor_source> const& tensors, std::vector<io::metadata_entry> metadata) {
    io::write_safetensors(path, tensors, metadata);
  };
  auto const one = io::source_of("w", {1}, &value);
  CHECK_THAT(refusal([&] { write({one, one}, {}); }), contains("'w' occurs twice"));
  CHECK_THAT(refusal([&] { write({io::source_of("__metadata__", {1}, &value)}, {{"k", "v"}}); }), contains("twice"));
  CHECK_THAT(refusal([&] { write({one}, {{"k", "\xff"}}); }), contains("not valid JSON"));
  CHECK_THAT(refusal([&] { write({io::source_of("w", {-1}, &value)}, {}); }), contains("impossible shape [-1]"));
  CHECK_THAT(refusal([&] { write({io::source_of<float>("w", {1}, nullptr)}, {}); }), contains("found null"));
  // Each of these could be, both together could not; their numbers are never looked at.
  auto const half = io::source_of("a", {s2rm::index_t{1} << 60}, &value);
  auto other = half;
  other.name = "b";
  CHECK_THAT(refusal([&] { write({half, other}, {}); }), contains("'b': impossible shape [1152921504606846976]"));
  CHECK_THAT(refusal([&] { write({one}, {{"k", std::string(1 << 20, 'x')}}); }), contains("at most 262144"));
  CHECK(read_text(path) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("files: a failing write leaves the old file and nothing else") {
  temporary_folder const folder;
  auto const path = folder / "d";
  write_text(path, "old");
  std::vector<float> const values(10000);
  std::array<io::tensor_source, 1> const tensors{io::source_of("w", {10000}, values.data())};
  auto const save = [&](std::string const& to) { io::write_safetensors(to, tensors); };

  SECTION("the disk is full: simulated by a limit on the size of files") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const handler = ::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 5000;  // one write comes back short, the next one fails
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    std::string text;
    try {
      save(path);
    } catch (file_error const& error) {
      text = error.what();
    }
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    ::signal(SIGXFSZ, handler);
    CHECK_THAT(text, contains(path + ": cannot write"));
  }
  SECTION("no such folder") {
    CHECK_THAT(refusal([&] { save(folder / "nowhere/d"); }), contains("cannot create a temporary file beside it"));
  }
  SECTION("the name is a folder") {
    auto const name = folder.path() / "sub";
    std::filesystem::create_directory(name);
    CHECK_THAT(refusal([&] { save(name); }), contains("not a regular file"));
    std::filesystem::remove(name);
  }
  SECTION("the name is a pipe: as root, a rename would replace even a device such as /dev/null") {
    auto const name = folder / "pipe";
    REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    CHECK_THAT(refusal([&] { save(name); }), contains("not a regular file"));
    CHECK(std::filesystem::is_fifo(name));
    std::filesystem::remove(name);
  }
  CHECK(read_text(path) == "old");
  CHECK(folder.count() == 1);
  save(path);
  CHECK(io::read_safetensors(path).tensors.size() == 1);
}

TEST_CASE("files: an existing file keeps its permissions") {
  temporary_folder const folder;
  auto const path = folder / "e";
  write_text(path, "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  io::write_safetensors(path, {});
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
}

TEST_CASE("files: two writers of one name never mix") {
  temporary_folder const folder;
  auto const path = folder / "f";
  auto const write = [&](float value) {
    std::vector<float> const values(5000, value);
    std::array<io::tensor_source, 1> const tensors{io::source_of("w", {5000}, values.data())};
    for (int i = 0; i < 20; ++i) io::write_safetensors(path, tensors);
  };
  std::thread other(write, 1.0f);
  write(2.0f);
  other.join();
  auto const values = io::read_safetensors(path).numbers<float>("w");
  CHECK(values == std::vector<float>(5000, values[0]));
  CHECK(folder.count() == 1);
}

TEST_CASE("files: only regular files are read") {
  temporary_folder const folder;
  CHECK_THAT(refusal([&] { io::read_safetensors(folder / "none"); }), contains("cannot open: No such file"));
  CHECK_THAT(refusal([&] { io::read_safetensors(folder.path()); }), contains("expected a regular file"));
  CHECK_THAT(refusal([&] { io::read_safetensors("/dev/zero"); }), contains("expected a regular file"));
  auto const pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(refusal([&] { io::read_safetensors(pipe); }), contains("expected a regular file"));
}
