// Checkpoints: complete or refused, and after a refusal the old weights stand as they were, to the bit.
#include "s2rm/io/checkpoint.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/files.hpp"

namespace io = s2rm::io;
using s2rm::field;
using s2rm::file_error;
using s2rm::index_t;
using s2rm::test::contains;
using s2rm::test::read_text;
using s2rm::test::refusal;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

using net = s2rm::schema<field<"encoder.0.weight", 2, 3>, field<"encoder.0.bias", 2>, field<"kernel.log_epsilon", 1>,
                         field<"cell.weight_hh", 2, 3, 1>>;
using other_shape = s2rm::schema<field<"encoder.0.weight", 3, 2>, field<"encoder.0.bias", 2>,
                                 field<"kernel.log_epsilon", 1>, field<"cell.weight_hh", 2, 3, 1>>;
using fewer = s2rm::schema<field<"encoder.0.weight", 2, 3>, field<"encoder.0.bias", 2>, field<"kernel.log_epsilon", 1>>;
using more = s2rm::joined<net, s2rm::schema<field<"initial_state", 2, 1>>>;

constexpr std::array<io::training_field, 2> training{
    {{"train.moments", io::dtype::f32, 2, 2}, {"train.step", io::dtype::u64, 1, 1}}};

template <class T>
std::vector<T> numbers() {
  std::vector<T> values(static_cast<std::size_t>(net::size));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = T(1) / static_cast<T>(i + 3);
  return values;
}

/// Memory that shows every write: bytes no conversion produces by chance.
template <class T>
struct destination {
  std::vector<T> values = std::vector<T>(static_cast<std::size_t>(more::size));
  destination() { std::memset(values.data(), 0x5a, values.size() * sizeof(T)); }
  [[nodiscard]] bool untouched() const {
    std::vector<unsigned char> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes == std::vector<unsigned char>(bytes.size(), 0x5a);
  }
};

/// Loads as `Schema` and expects a refusal that leaves the destination alone; returns its text.
template <class Schema, class T = float>
std::string load_refusal(std::string const& path) {
  destination<T> to;
  auto text = refusal([&] { io::load_checkpoint(path, Schema::infos, to.values.data()); });
  CHECK(to.untouched());
  return text;
}

/// The file of a small trained model: parameters, training state, a description with more than ASCII.
std::string saved_bytes(temporary_folder const& folder) {
  auto const path = folder / "saved.safetensors";
  auto const values = numbers<float>();
  std::uint64_t const step = 42;
  std::array<float, 2> const moments{0.5f, 0.25f};
  std::array<io::tensor_source, 2> const training{io::source_of("train.moments", {2}, moments.data()),
                                                  io::source_of("train.step", {1}, &step)};
  io::save_checkpoint(path, net::infos, values.data(), "S2GRU, M=2 \"tiny\" \xe2\x80\x94 test", training);
  return read_text(path);
}

/// The weights as another program writes them: tensors alone, no metadata of this library.
std::vector<io::tensor_source> tensors_of(std::vector<float> const& values) {
  std::vector<io::tensor_source> tensors;
  for (auto const& info : net::infos) {
    tensors.push_back(io::source_of(std::string(info.name), {info.extents.begin(), info.extents.begin() + info.rank},
                                    values.data() + info.offset));
  }
  return tensors;
}

}  // namespace

TEST_CASE("checkpoint: round trip with training state") {
  temporary_folder const folder;
  auto const bytes = saved_bytes(folder);
  std::vector<float> values(static_cast<std::size_t>(net::size));
  auto const loaded = io::load_checkpoint(folder / "saved.safetensors", net::infos, values.data(), training);
  CHECK(values == numbers<float>());
  CHECK(loaded.verified);
  CHECK(loaded.description == "S2GRU, M=2 \"tiny\" \xe2\x80\x94 test");
  CHECK(loaded.library_version == S2RM_VERSION_STRING);
  CHECK(loaded.file.numbers<std::uint64_t>("train.step") == std::vector<std::uint64_t>{42});
  CHECK(loaded.file.numbers<float>("train.moments") == std::vector<float>{0.5f, 0.25f});
  CHECK(loaded.file.at("cell.weight_hh").shape == std::vector<index_t>{2, 3, 1});
  CHECK(folder.count() == 1);

  // Who does not ask for the training state gets none of it.
  std::vector<float> alone(static_cast<std::size_t>(net::size));
  auto const without = io::load_checkpoint(folder / "saved.safetensors", net::infos, alone.data());
  CHECK(alone == values);
  CHECK(without.file.tensors.size() == net::infos.size());
  CHECK(without.file.payload.size() == sizeof(float) * static_cast<std::size_t>(net::size));

  // Saving the same again gives the same bytes.
  saved_bytes(folder);
  CHECK(read_text(folder / "saved.safetensors") == bytes);
}

TEST_CASE("checkpoint: float and double files load into either") {
  temporary_folder const folder;
  auto const f = folder / "f", d = folder / "d";
  io::save_checkpoint(f, net::infos, numbers<float>().data(), "");
  io::save_checkpoint(d, net::infos, numbers<double>().data(), "");
  std::vector<float> floats(static_cast<std::size_t>(net::size));
  std::vector<double> doubles(static_cast<std::size_t>(net::size));
  io::load_checkpoint(d, net::infos, floats.data());
  CHECK(floats == numbers<float>());  // 1/n rounded twice or once is the same here
  io::load_checkpoint(d, net::infos, doubles.data());
  CHECK(doubles == numbers<double>());
  io::load_checkpoint(f, net::infos, doubles.data());
  CHECK(doubles == std::vector<double>(floats.begin(), floats.end()));
}

TEST_CASE("checkpoint: a double that no float can hold is refused, infinity and NaN are not") {
  temporary_folder const folder;
  auto const path = folder / "d";
  auto values = numbers<double>();
  values[6] = std::numeric_limits<double>::infinity();
  values[7] = std::numeric_limits<double>::quiet_NaN();
  io::save_checkpoint(path, net::infos, values.data(), "");
  std::vector<float> floats(static_cast<std::size_t>(net::size));
  CHECK_NOTHROW(io::load_checkpoint(path, net::infos, floats.data()));
  CHECK(floats[6] == std::numeric_limits<float>::infinity());
  values[7] = -1e39;
  io::save_checkpoint(path, net::infos, values.data(), "");
  CHECK_THAT((load_refusal<net, float>(path)), contains("tensor 'encoder.0.bias': expected numbers within the range"));
  std::vector<double> doubles(static_cast<std::size_t>(net::size));
  CHECK_NOTHROW(io::load_checkpoint(path, net::infos, doubles.data()));
}

TEST_CASE("checkpoint: another model's file") {
  temporary_folder const folder;
  saved_bytes(folder);
  auto const path = folder / "saved.safetensors";
  CHECK_THAT(load_refusal<other_shape>(path),
             contains("tensor 'encoder.0.weight': expected shape [3, 2], found [2, 3]"));
  CHECK_THAT(load_refusal<more>(path), contains("tensor 'initial_state': missing"));
  CHECK_THAT(load_refusal<fewer>(path), contains("tensor 'cell.weight_hh': unknown"));
  CHECK_THAT(load_refusal<net>(folder / "nowhere"), contains("cannot open"));
}

TEST_CASE("checkpoint: a training state of other names or sizes") {
  temporary_folder const folder;
  saved_bytes(folder);
  destination<float> to;
  auto const refused = [&](std::vector<io::training_field> const& wanted, char const* text) {
    CHECK_THAT(
        refusal([&] { io::load_checkpoint(folder / "saved.safetensors", net::infos, to.values.data(), wanted); }),
        contains(text));
    CHECK(to.untouched());
  };
  using enum io::dtype;
  refused({{"train.moments", f32, 2, 2}}, "tensor 'train.step': unknown: the trainer has no such state");
  refused({{"train.moments", f32, 3, 3}, training[1]}, "tensor 'train.moments': expected shape [3], found [2]");
  refused({{"train.moments", f32, 3, 9}, training[1]}, "tensor 'train.moments': expected shape [3] to [9], found [2]");
  refused({{"train.moments", f32, 0, 1}, training[1]}, "tensor 'train.moments': expected shape [0] to [1], found [2]");
  refused({training[0], {"train.step", i64, 1, 1}}, "tensor 'train.step': expected dtype I64, found U64");
  refused({{"train.moments", u64, 2, 2}, training[1]}, "tensor 'train.moments': expected dtype U64, found F32");
  refused({training[0], {"train.step", f64, 1, 1}}, "tensor 'train.step': expected dtype F32 or F64, found U64");
}

TEST_CASE("checkpoint: training state is named train.*") {
  temporary_folder const folder;
  float const value = 1;
  std::array<io::tensor_source, 1> const wrong{io::source_of("moments", {1}, &value)};
  CHECK_THROWS_AS(io::save_checkpoint(folder / "x", net::infos, numbers<float>().data(), "", wrong), s2rm::value_error);
  CHECK(folder.count() == 0);
}

TEST_CASE("checkpoint: a plain file without s2rm metadata") {
  temporary_folder const folder;
  auto const path = folder / "foreign";
  auto const values = numbers<float>();
  auto const tensors = [&](char const* last, auto const* data) {
    return std::vector<io::tensor_source>{io::source_of(last, {2, 3, 1}, data + 9),
                                          io::source_of("encoder.0.weight", {2, 3}, values.data()),
                                          io::source_of("encoder.0.bias", {2}, values.data() + 6),
                                          io::source_of("kernel.log_epsilon", {1}, values.data() + 8)};
  };
  std::vector<io::metadata_entry> const pytorch{{"format", "pt"}};
  io::write_safetensors(path, tensors("cell.weight_hh", values.data()), pytorch);
  std::vector<float> loaded(static_cast<std::size_t>(net::size));
  auto const checkpoint = io::load_checkpoint(path, net::infos, loaded.data());
  CHECK(loaded == values);
  CHECK_FALSE(checkpoint.verified);
  CHECK(checkpoint.description.empty());

  io::write_safetensors(path, tensors("cell.weight_hx", values.data()), pytorch);
  CHECK_THAT(load_refusal<net>(path), contains("tensor 'cell.weight_hh': missing"));
  std::vector<std::int32_t> const integers(15);
  io::write_safetensors(path, tensors("cell.weight_hh", integers.data()), pytorch);
  CHECK_THAT(load_refusal<net>(path), contains("tensor 'cell.weight_hh': expected dtype F32 or F64, found I32"));
}

TEST_CASE("checkpoint: incomplete, unknown and newer metadata") {
  temporary_folder const folder;
  auto const path = folder / "marked";
  auto const values = numbers<float>();
  auto const write = [&](std::vector<io::metadata_entry> const& metadata) {
    std::vector<io::tensor_source> tensors;
    for (auto const& info : net::infos) {
      tensors.push_back(io::source_of(std::string(info.name), {info.extents.begin(), info.extents.begin() + info.rank},
                                      values.data() + info.offset));
    }
    io::write_safetensors(path, tensors, metadata);
  };
  std::vector<io::metadata_entry> const full{
      {"s2rm.format", "1"}, {"s2rm.version", "0"}, {"s2rm.model", ""}, {"s2rm.checksum", "0123456789abcdef"}};
  write(full);
  CHECK_THAT(load_refusal<net>(path), contains("the checksum does not match: expected 0123456789abcdef, found "));
  for (std::size_t i = 0; i < full.size(); ++i) {
    auto without = full;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    write(without);
    CHECK_THAT(load_refusal<net>(path), contains("found fewer"));
  }
  auto changed = full;
  changed.push_back({"s2rm.extra", ""});
  write(changed);
  CHECK_THAT(load_refusal<net>(path), contains("unknown metadata 's2rm.extra'"));
  changed = full;
  for (auto const* later : {"4", "0", "", "1 "}) {
    changed[0].value = later;
    write(changed);
    CHECK_THAT(load_refusal<net>(path),
               contains("s2rm.format: expected '1', '2' or '3', found '" + std::string(later)));
  }
  changed = full;
  changed[3].value = "0123";
  write(changed);
  CHECK_THAT(load_refusal<net>(path), contains("not written the way"));
}

TEST_CASE("checkpoint: the format is the lowest that has all of the file") {
  temporary_folder const folder;
  CHECK_THAT(saved_bytes(folder), contains(R"({"__metadata__":{"s2rm.format":"2","s2rm.version":)"));
  auto const values = numbers<float>();
  io::save_checkpoint(folder / "weights", net::infos, values.data(), "weights alone");
  CHECK_THAT(read_text(folder / "weights"), contains(R"({"__metadata__":{"s2rm.format":"1","s2rm.version":)"));
}

TEST_CASE("checkpoint: long metadata of other programs") {
  temporary_folder const folder;
  auto const path = folder / "foreign";
  auto const values = numbers<float>();
  auto const tensors = tensors_of(values);
  auto const write = [&](std::size_t entries, std::size_t length) {
    std::vector<io::metadata_entry> metadata;
    for (std::size_t i = 0; i < entries; ++i)
      metadata.push_back({"note_" + std::to_string(i), std::string(length, 'y')});
    io::write_safetensors(path, tensors, metadata);
  };
  auto const load = [&](std::optional<io::safetensors_limits> const& limits = std::nullopt) {
    std::vector<float> loaded(values.size());
    io::load_checkpoint(path, net::infos, loaded.data(), {}, limits);
    return loaded == values;
  };
  for (auto const& [entries, length] : {std::pair<std::size_t, std::size_t>{70, 1}, {1, 40000}, {1000, 90}}) {
    write(entries, length);
    CHECK(load());
  }
  write(2, 100000);
  CHECK_THAT(load_refusal<net>(path), contains("(safetensors_limits::header)"));
  CHECK(load(io::safetensors_limits{.header = 1 << 20}));
  CHECK_THAT(refusal([&] { load(io::safetensors_limits{.metadata = 1}); }), contains("(safetensors_limits::metadata)"));
}

TEST_CASE("checkpoint: the checksum is FNV-1a of the file with the checksum's digits as zeros") {
  temporary_folder const folder;
  auto bytes = saved_bytes(folder);
  std::string const key = "\"s2rm.checksum\":\"";
  auto const at = bytes.find(key) + key.size();
  auto const written = bytes.substr(at, 16);
  bytes.replace(at, 16, 16, '0');
  std::uint64_t sum = 14695981039346656037U;
  for (char const c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U;
  CHECK(std::stoull(written, nullptr, 16) == sum);
  // The published value for "foobar".
  io::detail::fnv1a known;
  known.add(std::as_bytes(std::span("foobar", 6)));
  CHECK(known.hexadecimal() == "85944171f73967e8");
}

TEST_CASE("checkpoint: a header that another program wrote anew, with notes of its own") {
  temporary_folder const folder;
  auto bytes = saved_bytes(folder);
  auto const size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) +
                    256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[1]));
  auto json = bytes.substr(8, size);
  // As Python's json module spaces it.
  std::string spaced = R"({"__metadata__": {"note": "mine", )" + json.substr(json.find("\"s2rm.format"));
  auto const at = spaced.find(",\"s2rm.checksum\":");
  spaced.replace(at, 17, ", \"s2rm.checksum\": ");
  std::string length(8, '\0');
  auto const count = static_cast<std::uint64_t>(spaced.size());
  std::memcpy(length.data(), &count, 8);
  auto const path = folder / "anew";
  write_text(path, length + spaced + bytes.substr(8 + size));
  std::vector<float> values(static_cast<std::size_t>(net::size));
  auto const opened = io::load_checkpoint(path, net::infos, values.data(), training);
  CHECK(values == numbers<float>());
  CHECK_FALSE(opened.verified);
  CHECK_THAT(opened.description, contains("S2GRU, M=2"));
  CHECK(opened.file.find("train.step") != nullptr);
}

TEST_CASE("checkpoint: every truncation and every flipped bit is refused, and the old weights stand") {
  temporary_folder const folder;
  auto const bytes = saved_bytes(folder);
  destination<float> to;
  // Both readers: who takes the training state, and who passes over it.
  auto const refused = [&](std::string const& damaged) {
    for (auto const& wanted : {std::span<io::training_field const>(training), {}}) {
      try {
        auto const opened =
            io::open_checkpoint<float>(std::as_bytes(std::span(damaged)), "damaged", net::infos, wanted);
        io::copy_parameters(opened, net::infos, to.values.data());
        return false;
      } catch (file_error const& error) {
        if (!std::string_view(error.what()).starts_with("s2rm: damaged: ")) return false;
      }
    }
    return true;
  };
  std::size_t missed = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) missed += refused(bytes.substr(0, length)) ? 0 : 1;
  CHECK(missed == 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1u << bit));
      if (!refused(damaged)) {
        ++missed;
        UNSCOPED_INFO("bit " << bit << " of byte " << i);
      }
    }
  }
  CHECK(missed == 0);
  CHECK(refused(bytes + '\0'));
  CHECK(refused(bytes + bytes));
  CHECK(to.untouched());
  // The undamaged file is none of this.
  CHECK_FALSE(refused(bytes));
  CHECK_FALSE(to.untouched());
}

TEST_CASE("checkpoint: damaged on disk") {
  temporary_folder const folder;
  auto const bytes = saved_bytes(folder);
  auto const path = folder / "damaged";
  for (std::size_t i = 0; i < bytes.size(); i += 37) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ 1u);
    for (auto const& text : {damaged, bytes.substr(0, i)}) {
      write_text(path, text);
      CHECK_THAT(load_refusal<net>(path), contains("s2rm: " + path + ": "));
    }
  }
}

TEST_CASE("checkpoint: a damaged foreign file never writes outside or half") {
  temporary_folder const folder;
  auto const path = folder / "foreign";
  auto const values = numbers<float>();
  auto const tensors = tensors_of(values);
  io::write_safetensors(path, tensors);
  auto const bytes = read_text(path);
  std::size_t accepted = 0;
  auto const header = bytes.size() - sizeof(float) * static_cast<std::size_t>(net::size);
  for (std::size_t i = 0; i < header; ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1u << bit));
      destination<float> to;
      try {
        auto const opened = io::open_checkpoint<float>(std::as_bytes(std::span(damaged)), "damaged", net::infos);
        io::copy_parameters(opened, net::infos, to.values.data());
        ++accepted;
        CHECK(std::equal(values.begin(), values.end(), to.values.begin()));
      } catch (file_error const&) {
        CHECK(to.untouched());
      }
    }
  }
  CHECK(accepted == 0);
}
