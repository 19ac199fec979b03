// What a program does on a machine it was cross-compiled for: trains, saves twice over the same file, loads, streams; files
// with names of other scripts, over and under what 32 bits count. Every number goes to stdout as its bits, to be compared
// with those of another machine; what is wrong goes to stderr. main <checkpoint of another machine, to be
// loaded, or ''> [<where to leave a checkpoint for others>]. scripts/machines builds and runs it.
#include <s2rm/adapters/npy.hpp>
#include <s2rm/adapters/xtensor.hpp>
#include <s2rm/train/retention.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "model.hpp"

namespace {

using s2rm::index_t;
namespace fs = std::filesystem;

using learner_type = s2rm::trainer<net, cpu>;

int wrong = 0;
void expect(bool so, char const* what) {
  if (so) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  ++wrong;
}
/// The text of what `f` throws.
template <class F>
std::string refusal(F const& f) {
  try {
    f();
  } catch (s2rm::error const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

/// Numbers without the C library's functions, which round as each system likes.
float wave(float x, float y, float t) {
  float const a = 2 * x + y - 0.5f * t, b = a - 6 * std::floor(a / 6);
  return b < 3 ? b * (3 - b) / 2.25f : (b - 3) * (b - 6) / 2.25f;
}

s2rm::batch<float, 1> draw(std::uint32_t number) {
  constexpr index_t T = 12, B = 8, A = 6, Q = 4;
  s2rm::batch<float, 1> b;
  b.views = s2rm::make_tensor<float>(T, B, A, 1), b.places = s2rm::make_tensor<float>(T, B, A, 2);
  b.query_places = s2rm::make_tensor<float>(T, B, Q, 2), b.targets = s2rm::make_tensor<float>(T, B, Q, 1);
  s2rm::random const source{2024};
  auto const uniform = [&](index_t i) {
    return static_cast<float>(source.uniform(number, static_cast<std::uint64_t>(i), -1, 1));
  };
  for (index_t t = 0; t < T; ++t) {
    for (index_t s = 0; s < B; ++s) {
      float const now = 10 * uniform(s) + static_cast<float>(t);
      for (index_t a = 0; a < A; ++a) {
        float const x = uniform(100 + 2 * (s * A + a)), y = uniform(101 + 2 * (s * A + a));
        b.places(t, s, a, 0) = x, b.places(t, s, a, 1) = y, b.views(t, s, a, 0) = wave(x, y, now);
      }
      for (index_t q = 0; q < Q; ++q) {
        index_t const at = 1000 + 2 * ((t * B + s) * Q + q);
        float const x = uniform(at), y = uniform(at + 1);
        b.query_places(t, s, q, 0) = x, b.query_places(t, s, q, 1) = y, b.targets(t, s, q, 0) = wave(x, y, now + 1);
      }
    }
  }
  return b;
}

std::string bytes_of(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The predictions of a stream with these weights.
void stream_with(learner_type& learner, char const* name) {
  s2rm::stream<net, cpu> live{cpu{}, learner.parameters()};
  auto readings = s2rm::make_tensor<float>(2, 1), places = s2rm::make_tensor<float>(2, 2);
  auto const middle = s2rm::make_tensor<float>(1, 2);
  places(0, 0) = 0.5f, places(1, 1) = -0.5f;
  for (int t = 0; t < 12; ++t) {
    for (int a = 0; a < 2; ++a) readings(a, 0) = wave(places(a, 0), places(a, 1), static_cast<float>(t));
    live.observe(readings, places);
    std::printf("%s %d %a\n", name, t, static_cast<double>(live.predict(middle).data[0]));
  }
}

/// A file that says it is long: its bytes exist on no disk.
[[maybe_unused]] void write_sparse(fs::path const& path, std::string const& begin, std::uint64_t size) {
  std::ofstream(path, std::ios::binary) << begin;
  fs::resize_file(path, size);
}
[[maybe_unused]] std::string with_length(std::string const& json) {
  std::string first(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) first[i] = static_cast<char>((std::uint64_t{json.size()} >> (8 * i)) & 255);
  return first + json;
}

void train_and_stream(fs::path const& folder) {
  s2rm::optim::adam const adam{.rate = 1e-2, .clip = 1.0};
  learner_type learner{cpu{.threads = 2}, adam, s2rm::seed{7}};
  auto const file = folder / "model.safetensors";
  for (std::uint32_t n = 0; n < 30; ++n) {
    auto const report = learner.step(draw(n));
    std::printf("step %u %a %a\n", n, report.loss, report.gradient_norm);
    if (n == 10) learner.save(file);
  }
  learner.save(file);  // over the first
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char const c : bytes_of(file)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::printf("checkpoint %016llx\n", static_cast<unsigned long long>(hash));

  learner_type restored{cpu{.threads = 1}, adam};
  restored.resume(file);
  expect(restored.steps() == 30, "a checkpoint that was written can be resumed from");
  auto const one = learner.step(draw(30)), other = restored.step(draw(30));
  expect(one.loss == other.loss, "a resumed run goes on with the same numbers");
  stream_with(restored, "stream");
  expect(std::distance(fs::directory_iterator(folder), {}) == 1, "a save leaves no other file");
}

void files_of_other_names(fs::path const& folder) {
  // Latin, Cyrillic, Chinese, and one beyond 16 bits.
  auto const other = folder / fs::path(std::u8string(u8"gr\u00f6\u00dfe \u043c\u0438\u0440 \u6a21\u578b \U0001f30d"));
  learner_type learner{cpu{}, s2rm::optim::adam{}, s2rm::seed{7}};
  s2rm::checkpoint_folder kept(other, {.last = 2});
  for (std::uint32_t n = 0; n < 4; ++n) {
    static_cast<void>(learner.step(draw(n)));
    static_cast<void>(kept.save(learner, 1.0 - n));
  }
  expect(kept.files().size() == 2, "the folder keeps two");
  learner_type restored{cpu{}, s2rm::optim::adam{}};
  expect(kept.resume(restored).file == kept.files().back() && restored.steps() == 4, "the newest is resumed from");
  expect(kept.best_figure<learner_type>() == -2.0, "the best is replaced each time");
  auto const missing = refusal([&] { restored.load(other / "none"); });
  expect(missing.find(reinterpret_cast<char const*>(u8"\u043c\u0438\u0440")) != std::string::npos,
         "names are UTF-8 in errors");

  auto const left = other / "c.safetensors.tmp.1.2", young = other / "c.safetensors.tmp.1.3";
  std::ofstream(left, std::ios::binary) << "x";
  std::ofstream(young, std::ios::binary) << "x";
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(2));
  s2rm::checkpoint_folder const again(other);
  expect(!fs::exists(left), "what a killed writer left is removed");
  expect(fs::exists(young), "what may still be written stays");

  auto numbers = s2rm::make_tensor<float>(2, 3);
  numbers(1, 2) = 5;
  auto const npy = s2rm::io::path_text(other / "a.npy");
  s2rm::io::save_npy(npy, numbers);
  s2rm::io::save_npy(npy, numbers);
  expect(s2rm::io::load_npy<float, 2>(npy) == numbers, ".npy there and back");
}

/// Windows refuses to replace a file that somebody has open: for a moment that is waited for.
[[maybe_unused]] void replaced_while_open(fs::path const& folder) {
  learner_type learner{cpu{}, s2rm::optim::adam{}, s2rm::seed{7}};
  auto const path = folder / "open.safetensors";
  learner.save(path);
  static_cast<void>(learner.step(draw(0)));
  auto const before = bytes_of(path);
  {
    std::ifstream const held(path, std::ios::binary);
    expect(refusal([&] { learner.save(path); }).find("cannot rename onto") != std::string::npos, "an open file stays");
    expect(bytes_of(path) == before, "and is the old one");
  }
  std::ifstream held(path, std::ios::binary);
  std::thread moment([&held] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    held.close();
  });
  learner.save(path);
  moment.join();
  expect(bytes_of(path) != before, "a file that is open for a moment is replaced after it");
  fs::remove(path);
}

void refused(fs::path const& folder) {
  learner_type learner{cpu{}, s2rm::optim::adam{}, s2rm::seed{7}};
  expect(refusal([&] { learner.save(folder); }).find("not a regular file") != std::string::npos,
         "no folder is replaced");
  expect(refusal([&] { learner.save(folder / "none" / "c"); }).find("cannot create") != std::string::npos, "no folder");
  expect(refusal([&] { learner.load(folder); }) != "nothing was thrown", "a folder is no checkpoint");

  auto const path = folder / "long";
  auto const text = s2rm::io::path_text(path);
  auto const read = [&] { static_cast<void>(s2rm::io::read_safetensors(text)); };
  // A length that 32 bits would take for another.
  std::ofstream(path, std::ios::binary) << std::string("\x08\0\0\0\x01\0\0\0{}      ", 16);
  expect(refusal(read).find("found 4294967304") != std::string::npos, "a header's length has 64 bits");
  // 4 GiB of tensors: what 32 bits count as none. A machine that has the memory would read it all.
  std::string const wide = R"({"a":{"dtype":"U8","shape":[4294967296],"data_offsets":[0,4294967296]}})";
  if constexpr (sizeof(std::size_t) == 4) {
    write_sparse(path, with_length(wide), 8 + wide.size() + (std::uint64_t{1} << 32));
    expect(refusal(read).find("bytes of tensors, found 4294967296") != std::string::npos, "4 GiB are not 0");
    std::string npy("\x93NUMPY\x01\0", 8);
    std::string const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296,), }";
    npy += {static_cast<char>(header.size()), '\0'};
    write_sparse(path, npy + header, npy.size() + header.size() + (std::uint64_t{1} << 32));
    auto const thrown = refusal([&] { static_cast<void>(s2rm::io::load_npy<std::uint8_t, 1>(text)); });
    expect(thrown.find("overflows") != std::string::npos, "nor in a .npy file");
    expect(refusal([] { static_cast<void>(s2rm::make_tensor<float>(65536, 65537)); }) != "nothing was thrown",
           "an array beyond the machine's memory is refused");
    bool refused = false;
    try {
      s2rm::backend::detail::buffer<float> const beyond((index_t{1} << 30) + 16);
    } catch (std::bad_alloc const&) {
      refused = true;
    }
    expect(refused, "4 GiB and 64 bytes of memory are not 64 bytes");
  }
  fs::remove(path);
}

}  // namespace

int main(int count, char** arguments) {
  auto const folder = fs::temp_directory_path() / "s2rm_machines";
  fs::remove_all(folder);
  fs::create_directories(folder);
  try {
    train_and_stream(folder);
    files_of_other_names(folder);
    refused(folder);
#if defined(_WIN32)
    replaced_while_open(folder);
#endif
    if (count > 1 && *arguments[1] != 0) {
      learner_type other{cpu{}, s2rm::optim::adam{}};
      other.load(arguments[1]);
      stream_with(other, "other");
    }
    if (count > 2) fs::copy_file(folder / "model.safetensors", arguments[2], fs::copy_options::overwrite_existing);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "wrong: %s\n", e.what());
    return 1;
  }
  fs::remove_all(folder);
  return wrong == 0 ? 0 : 1;
}
