// .npy files: NumPy's bytes load, ours load in NumPy, anything else is refused before memory is asked for.
#include "s2rm/adapters/npy.hpp"

#include <array>
#include <cstdint>
#include <locale>
#include <string>

#include "support/catch.hpp"
#include "support/files.hpp"

namespace io = s2rm::io;
using s2rm::make_tensor;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::refusal;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

/// A file as numpy.save writes it: header padded with spaces so that the data begin at a multiple of 64.
std::string numpy_file(std::string const& type, std::string const& order, std::string const& shape,
                       std::string const& payload, int version = 1) {
  std::size_t const prefix = version == 1 ? 10 : 12;
  auto header = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }";
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  std::string file("\x93NUMPY", 6);
  file += static_cast<char>(version);
  file += '\0';
  for (std::size_t i = 0; i < prefix - 8; ++i) file += static_cast<char>((header.size() >> (8 * i)) & 255);
  return file + header + payload;
}

std::string const six_floats("\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40", 24);

template <class T, std::size_t Rank>
std::string refusal_of(std::string const& bytes) {
  temporary_folder const folder;
  write_text(folder / "x.npy", bytes);
  return refusal([&] { io::load_npy<T, Rank>(folder / "x.npy"); });
}

}  // namespace

TEST_CASE("npy: NumPy's own files") {
  temporary_folder const folder;
  auto const path = folder / "x.npy";
  for (int const version : {1, 2}) {
    write_text(path, numpy_file("<f4", "False", "2, 3", six_floats, version));
    auto const x = io::load_npy<float, 2>(path);
    REQUIRE((x.shape(0) == 2 && x.shape(1) == 3));
    CHECK(x(0, 0) == 0.0f);
    CHECK(x(0, 2) == 2.0f);
    CHECK(x(1, 2) == 5.0f);
  }
  write_text(path, numpy_file("|u1", "False", "3,", std::string("\7\0\xff", 3)));
  auto const masks = io::load_npy<std::uint8_t, 1>(path);
  REQUIRE(masks.size() == 3);
  CHECK(masks(2) == 255);
  write_text(path, numpy_file("|b1", "False", "3,", std::string("\1\0\1", 3)));
  CHECK((io::load_npy<std::uint8_t, 1>(path)(2) == 1));
  // A header of more than 127 bytes, as long shapes make it: its length has a byte with the high bit set.
  write_text(path, numpy_file("<f4", "False", "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3", six_floats));
  CHECK(io::load_npy<float, 19>(path).data()[5] == 5.0f);
  write_text(path, numpy_file("<f4", "False", "4, 0", ""));
  CHECK(io::load_npy<float, 2>(path).size() == 0);
}

TEST_CASE("npy: round trips, and the header NumPy would write") {
  temporary_folder const folder;
  auto const path = folder / "y.npy";
  auto x = make_tensor<double>(2, 1, 3);
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = 1.0 / static_cast<double>(i + 3);
  io::save_npy(path, x);
  CHECK((io::load_npy<double, 3>(path) == x));
  auto const bytes = read_text(path);
  CHECK(bytes.substr(10, 60) == "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 3),");
  CHECK((bytes.size() - 6 * 8) % 64 == 0);

  auto longs = make_tensor<std::int64_t>(1);
  longs(0) = -5;
  io::save_npy(path, longs);
  CHECK((io::load_npy<std::int64_t, 1>(path) == longs));
  CHECK(folder.count() == 1);
}

TEST_CASE("npy: another type, rank or order") {
  auto const file = numpy_file("<f4", "False", "2, 3", six_floats);
  CHECK_THAT((refusal_of<double, 2>(file)), contains("x.npy: expected dtype '<f8', found '<f4'"));
  CHECK_THAT((refusal_of<std::int32_t, 2>(file)), contains("expected dtype '<i4', found '<f4'"));
  CHECK_THAT((refusal_of<float, 3>(file)), contains("expected rank 3, found 2 [2, 3]"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("<f8", "False", "1, 3", six_floats))), contains("found '<f8'"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("|O", "False", "2, 3", six_floats))), contains("found '|O'"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("<U6", "False", "1, 1", six_floats))), contains("found '<U6'"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("<", "False", "2, 3", six_floats))), contains("found '<'"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("<f4", "Maybe", "2, 3", six_floats))),
             contains("'fortran_order': expected True or False, found 'Maybe"));
  CHECK_THAT((refusal_of<float, 2>(numpy_file("<f4", "False", "2, 3", six_floats, 4))), contains("version 1, 2 or 3"));
  CHECK_THAT((refusal_of<std::uint8_t, 1>(numpy_file("|i1", "False", "3,", "\1\x7f\xff"))),
             contains("expected numbers of at least 0 in a file of dtype 'i1', found a negative one at 2"));
}

TEST_CASE("npy: a structured dtype is called one") {
  for (auto const* order : {"", "{'fortran_order': False, "}) {
    std::string const fields = "[('x', '<f4'), ('y', '<f4', (2,))]";
    auto const text = (*order == '\0' ? "{" : order) + ("'descr': " + fields) + ", 'shape': (1,), }";
    std::string file("\x93NUMPY\1\0", 8);
    file += static_cast<char>(text.size());
    file += '\0';
    CHECK_THAT((refusal_of<float, 1>(file + text + std::string(12, '\0'))),
               contains("found the structured dtype '" + fields + "': save each of its fields"));
  }
}

TEST_CASE("npy: other spellings of a type that NumPy reads as the same") {
  auto const load = [](std::string const& file) {
    return io::load_npy<std::uint8_t, 1>(std::as_bytes(std::span(file)), "memory");
  };
  // What cnpy, NPZ.jl, npy-matlab, npy-fortran and old NumPy write.
  for (auto const* type : {"|u1", "<u1", ">u1", "=u1", "u1", "uint8", "B", "|b1", "<b1", ">b1", "b1", "?", "|?", "bool",
                           "|i1", "<i1", "i1"}) {
    INFO(type);
    auto const values = load(numpy_file(type, "False", "3,", std::string("\1\0\1", 3)));
    CHECK((values(0) == 1 && values(1) == 0 && values(2) == 1));
  }
  for (auto const* type : {"<f4", "=f4", "f4", "|f4", "float32", "<f"}) {
    INFO(type);
    auto const file = numpy_file(type, "False", "2, 3", six_floats);
    CHECK((io::load_npy<float, 2>(std::as_bytes(std::span(file)), "memory")(1, 2) == 5.0F));
  }
  auto const swapped = numpy_file(">f4", "False", "2,", std::string("\x3f\x80\0\0\xc0\0\0\0", 8));
  auto const floats = io::load_npy<float, 1>(std::as_bytes(std::span(swapped)), "memory");
  CHECK((floats(0) == 1.0F && floats(1) == -2.0F));
  auto const longs = numpy_file(">i8", "True", "1,", std::string("\0\0\0\0\0\0\1\2", 8));
  CHECK((io::load_npy<std::int64_t, 1>(std::as_bytes(std::span(longs)), "memory")(0) == 258));
  // Python 2 wrote its longs with an L; version 3 differs in names of fields alone.
  auto const python_2 = numpy_file("<f4", "False", "2L, 3L", six_floats);
  CHECK((io::load_npy<float, 2>(std::as_bytes(std::span(python_2)), "memory")(1, 0) == 3.0F));
  auto const version_3 = numpy_file("<f4", "False", "2, 3", six_floats, 3);
  CHECK((io::load_npy<float, 2>(std::as_bytes(std::span(version_3)), "memory")(1, 0) == 3.0F));
  std::string const text = "{\"descr\":\t\"<f4\", \"fortran_order\": False,\r\n\"shape\": (1 ,)}";
  std::string file("\x93NUMPY\1\0", 8);
  file += static_cast<char>(text.size());
  file += '\0';
  file += text + std::string("\0\0\x80\x3f", 4);
  CHECK((io::load_npy<float, 1>(std::as_bytes(std::span(file)), "memory")(0) == 1.0F));
}

TEST_CASE("npy: column-major order, of Julia, MATLAB and Fortran") {
  auto const load = [](std::string const& shape, auto rank) {
    auto const file = numpy_file("<f4", "True", shape, shape.find('0') == std::string::npos ? six_floats : "");
    return io::load_npy<float, decltype(rank)::value>(std::as_bytes(std::span(file)), "memory");
  };
  using one = std::integral_constant<std::size_t, 1>;
  using two = std::integral_constant<std::size_t, 2>;
  using three = std::integral_constant<std::size_t, 3>;
  CHECK(load("6,", one{})(4) == 4.0F);
  CHECK(load("6, 1", two{})(4, 0) == 4.0F);
  CHECK(load("1, 6, 1", three{})(0, 4, 0) == 4.0F);
  CHECK(load("0, 3", two{}).size() == 0);
  auto const x = load("2, 3", two{});
  auto const y = load("3, 1, 2", three{});
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(x(i, j) == static_cast<float>(i + 2 * j));
      CHECK(y(j, 0, i) == static_cast<float>(j + 3 * i));
    }
  }
  CHECK((x.shape(0) == 2 && y.shape(0) == 3));
  auto const scalar = numpy_file("<f4", "True", "", six_floats.substr(4, 4));
  CHECK((io::load_npy<float, 0>(std::as_bytes(std::span(scalar)), "memory")() == 1.0F));
}

namespace {

/// What programs with a language of their own set: 1.234,5.
struct grouping final : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("npy: a global locale that groups digits changes no byte") {
  temporary_folder const folder;
  auto const values = make_tensor<float>(1234, 3);
  io::save_npy(folder / "classic.npy", values);
  auto const before = std::locale::global(std::locale(std::locale::classic(), new grouping));
  io::save_npy(folder / "grouped.npy", values);
  auto const loaded = io::load_npy<float, 2>(folder / "grouped.npy");
  std::locale::global(before);
  CHECK(loaded == values);
  CHECK(read_text(folder / "grouped.npy") == read_text(folder / "classic.npy"));
  CHECK_THAT(read_text(folder / "grouped.npy"), contains("'shape': (1234, 3), }"));
}

TEST_CASE("npy: a header that promises more than the file holds") {
  auto const hostile = [](char const* shape) {
    return refusal_of<float, 2>(numpy_file("<f4", "False", shape, six_floats));
  };
  CHECK_THAT(hostile("1000000000, 1000000000"), contains("expected 4000000000000000000 bytes"));
  CHECK_THAT(hostile("4294967296, 4294967296"), contains("overflows"));
  CHECK_THAT(hostile("99999999999999999999999, 1"), contains("overflows"));
  CHECK_THAT(hostile("2, 2"), contains("expected 16 bytes for the shape [2, 2], found 24"));
  CHECK_THAT(hostile("2, -3"), contains("expected a shape, found '(2, -3)'"));
  CHECK_THAT(hostile("2 3"), contains("expected a shape"));
  CHECK_THAT(hostile(",2, 3"), contains("expected a shape"));
  CHECK_THAT((refusal_of<float, 2>(std::string("\x93NUMPY\1\0\xff\xff{}", 12))), contains("found 65535"));
  CHECK_THAT((refusal_of<float, 2>(std::string("\x93NUMPY\2\0\0\0\0\x10", 12))), contains("found 268435456"));
  CHECK_THAT((refusal_of<float, 2>("")), contains("not a .npy file"));
  auto const file = numpy_file("<f4", "False", "2, 3", six_floats);
  for (std::size_t length = 0; length < file.size(); ++length) {
    auto const cut = file.substr(0, length);
    CHECK_THROWS_AS((io::load_npy<float, 2>(std::as_bytes(std::span(cut)), "cut")), s2rm::file_error);
  }
  CHECK_THAT((refusal_of<float, 2>(file + '\0')), contains("expected 24 bytes for the shape [2, 3], found 25"));
}

TEST_CASE("npy: headers that are not the dictionary that NumPy writes") {
  auto const load = [](std::string const& text) {
    std::string file("\x93NUMPY\1\0", 8);
    file += static_cast<char>(text.size() & 255);
    file += static_cast<char>(text.size() >> 8);
    return refusal_of<float, 1>(file + text + std::string(4, '\0'));
  };
  CHECK_THAT(load("{'descr': '<f4', 'fortran_order': False}"), contains("the .npy header has no 'shape'"));
  CHECK_THAT(load("{'shape': (1,), 'descr': '<f4'}"), contains("the .npy header has no 'fortran_order'"));
  CHECK_THAT(load("{'descr': '<f4', 'descr': '<f4'}"), contains("the .npy header has 'descr' twice"));
  CHECK_THAT(load("{'descr': '<f4', 'more': (1,)}"), contains("the .npy header has an unknown key 'more'"));
  CHECK_THAT(load("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } 1"),
             contains("goes on after its last brace"));
  CHECK_THAT(load("{'descr': '<f4"), contains("expected a quote in the .npy header"));
  CHECK_THAT(load("{'descr' '<f4'}"), contains("a dictionary: ':', found ''<f4'}'"));
  CHECK_THAT(load("['descr']"), contains("a dictionary: '{'"));
  CHECK_THAT(load("{'descr': '<f4', 'fortran_order': False, 'shape': (1), }"),
             contains("expected a shape, found '(1)'"));
  CHECK_THAT(load("{'shape': (" + std::string(70, '1') + ",)}"), contains("overflows"));
  std::string many = "{'shape': (";
  for (int i = 0; i < 33; ++i) many += "1,";
  CHECK_THAT(load(many + ")}"), contains("at most 32 extents"));
  CHECK_THAT(load(""), contains("expected a .npy header"));
  CHECK_THAT(load("{"), contains("expected a .npy header"));
  // Other writers put the keys in another order, and no comma behind the last.
  auto const text = std::string("{ 'shape':(1,) ,'fortran_order' : False, 'descr': '<f4'}");
  std::string file("\x93NUMPY\1\0", 8);
  file += static_cast<char>(text.size());
  file += '\0';
  file += text + std::string("\0\0\x80\x3f", 4);
  CHECK(io::load_npy<float, 1>(std::as_bytes(std::span(file)), "memory")(0) == 1.0F);
  CHECK_THAT(refusal([&] { io::load_npy<float, 1>(std::as_bytes(std::span(file)), "memory", {{2}}); }),
             contains("memory: expected 2 for extent 0 of the shape, found [1]"));
  CHECK_THAT(refusal([&] { io::load_npy<float, 1>(std::as_bytes(std::span(file)), "memory", {.bytes = 3}); }),
             contains("memory: expected at most 3 bytes of numbers, found 4"));
}

TEST_CASE("npy: a flipped bit in the header is refused or harmless, never a crash") {
  auto const file = numpy_file("<f4", "False", "2, 3", six_floats);
  for (std::size_t i = 0; i < file.size() - six_floats.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto damaged = file;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1u << bit));
      if (damaged[i] == '>') continue;  // the sound header of other numbers
      try {
        auto const x = io::load_npy<float, 2>(std::as_bytes(std::span(damaged)), "z.npy");
        CHECK((x.shape(0) == 2 && x.shape(1) == 3 && x(1, 2) == 5.0f));
      } catch (s2rm::file_error const& refused) {
        CHECK_THAT(refused.what(), contains("s2rm: z.npy: "));
      }
    }
  }
}
