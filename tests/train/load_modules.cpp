// Modules that share their weights: trained with 8, evaluated, streamed and trained on with 16 and with 4.
#include <algorithm>

#include "s2rm/stream/stream.hpp"
#include "s2rm/train/training_file.hpp"
#include "support/files.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

template <index_t M>
struct with_modules : test::small_shape {
  static constexpr index_t modules = M;
};
template <index_t M, class... Policies>
using net_of = world_model<with_modules<M>, encoder::mlp<9, 6>, decoder::mlp<10>, likelihood::gaussian, Policies...>;
template <index_t M>
using net = net_of<M, weights::shared>;
template <index_t M>
using learner = trainer<net<M>, backend::eigen>;

constexpr index_t S = net<8>::S;
constexpr optim::adam adam{.rate = 0.01};

template <class Net>
std::vector<float> embedding(std::vector<float> const& values) {
  return {values.begin() + Net::at_embedding, values.begin() + Net::at_embedding + Net::M * S};
}
/// All but `modules.embedding`, which lies at one place whatever M.
template <class Net>
std::vector<float> others(std::vector<float> values) {
  values.erase(values.begin() + Net::at_embedding, values.begin() + Net::at_embedding + Net::M * S);
  return values;
}
template <class A, class B>
bool begins_with(A const& all, B const& first) {
  return first.size() <= all.size() && std::equal(first.begin(), first.end(), all.begin());
}

auto const batch = test::random_batch<net<8>, float>(6, 3, 4, 2, 1);

/// A file of 8 modules after some steps.
void train_to(std::string const& path) {
  learner<8> a{{}, adam, seed{3}};
  for (int i = 0; i < 60; ++i) a.step(batch.look());
  a.save(path);
}

}  // namespace

TEST_CASE("load_modules: trained with 8 modules, evaluated with 16, 8 and 4") {
  test::temporary_folder const folder;
  auto const path = folder / "8";
  train_to(path);
  learner<8> eight{{}, adam, seed{4}};
  eight.load(path);
  auto const trained = eight.state().weights;
  double const loss = eight.evaluate(batch.look());

  learner<16> more{{}, adam, seed{5}};
  double const untrained = more.evaluate(batch.look());
  more.load_modules(path, {.start = seed{6}});
  auto const sixteen = more.state();
  CHECK(others<net<16>>(sixteen.weights) == others<net<8>>(trained));
  CHECK(begins_with(embedding<net<16>>(sixteen.weights), embedding<net<8>>(trained)));
  std::vector<float> drawn(static_cast<std::size_t>(net<16>::parameter_count));
  net<16>::initialise(drawn.data(), seed{6});
  auto const last = embedding<net<16>>(drawn), found = embedding<net<16>>(sixteen.weights);
  CHECK(std::equal(last.end() - 8 * S, last.end(), found.end() - 8 * S));
  CHECK(sixteen.steps == 0);
  CHECK(sixteen.average == sixteen.weights);
  CHECK(std::all_of(sixteen.moments.begin(), sixteen.moments.end(), [](float x) { return x == 0; }));
  // What was learned is of use with other numbers of modules too, and training goes on.
  CHECK(more.evaluate(batch.look()) < untrained);

  learner<4> fewer{{}, adam, seed{5}};
  double const untrained_4 = fewer.evaluate(batch.look());
  fewer.load_modules(path);
  CHECK(begins_with(embedding<net<8>>(trained), embedding<net<4>>(fewer.state().weights)));
  CHECK(others<net<4>>(fewer.state().weights) == others<net<8>>(trained));
  CHECK(fewer.evaluate(batch.look()) < untrained_4);
  double const before = fewer.evaluate(batch.look());
  for (int i = 0; i < 20; ++i) fewer.step(batch.look());
  CHECK(fewer.evaluate(batch.look()) < before);

  learner<8> same{{}, adam, seed{5}};
  same.load_modules(path);
  CHECK(test::same_bits(same.state().weights, trained));
  CHECK(same.evaluate(batch.look()) == loss);
}

TEST_CASE("load_modules: weights for evaluation and streams, without a trainer") {
  test::temporary_folder const folder;
  train_to(folder / "8");
  backend::eigen be;
  parameters<net<16>::params, backend::eigen, float> w(be);
  checkpoint_format::load_modules<net<16>>(be, w, folder / "8", {.start = seed{6}});
  learner<16> more{{}, adam, seed{5}};
  more.load_modules(folder / "8", {.start = seed{6}});
  CHECK(test::same_bits(w.values(), more.parameters().values(), net<16>::parameter_count));
}

TEST_CASE("load_modules: new modules where the caller says, and drawn where it says nothing") {
  test::temporary_folder const folder;
  auto const path = folder / "8";
  train_to(path);
  std::vector<double> places(3 * S);
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = 0.25 * static_cast<double>(i) - 1;
  learner<16> more{{}, adam, seed{5}}, drawn{{}, adam, seed{5}};
  more.load_modules(path, {.start = seed{6}, .places = places});
  drawn.load_modules(path, {.start = seed{6}});
  auto const all = embedding<net<16>>(more.state().weights), other = embedding<net<16>>(drawn.state().weights);
  CHECK(begins_with(std::vector<float>(all.begin() + 8 * S, all.end()),
                    std::vector<float>(places.begin(), places.end())));
  CHECK(std::equal(all.begin() + 11 * S, all.end(), other.begin() + 11 * S));
  CHECK(begins_with(other, std::vector<float>(all.begin(), all.begin() + 8 * S)));
}

TEST_CASE("load_modules: what does not fit is named, and changes nothing") {
  test::temporary_folder const folder;
  auto const path = folder / "8";
  train_to(path);
  learner<16> more{{}, adam, seed{5}};
  auto const before = more.state().weights;
  auto const refused = [&](auto const& call, char const* why) {
    INFO(why);
    try {
      call();
      FAIL("was taken");
    } catch (error const& e) {
      CHECK_THAT(e.what(), test::contains(why));
    }
    CHECK(test::same_bits(more.state().weights, before));
  };
  std::vector<double> places(9 * S);
  refused([&] { more.load_modules(path, {.places = places}); },
          "places: expected at most 8 rows of 4 numbers, found 36");
  places.resize(S + 1);
  refused([&] { more.load_modules(path, {.places = places}); },
          "places: expected at most 8 rows of 4 numbers, found 5");
  places.assign(S, 0);
  places[1] = std::numeric_limits<double>::infinity();
  refused([&] { more.load_modules(path, {.places = places}); }, "places: expected finite numbers");
  // `load` does not change the number of modules in silence.
  refused([&] { more.load(path); }, "tensor 'modules.embedding': expected shape [16, 4], found [8, 4]");
  refused([&] { more.resume(path); }, "tensor 'modules.embedding': expected shape [16, 4], found [8, 4]");

  // Modules with weights of their own are another model.
  trainer<net_of<8>, backend::eigen> own{{}, adam, seed{3}};
  own.save(folder / "own");
  refused([&] { more.load_modules(folder / "own"); },
          "tensor 'views.query.weight': expected shape [1, 8, 8], found [8, 8, 8]");

  // Places of another width, of no module, of another rank, none at all; a weight that is not finite.
  auto const write = [&](std::string_view field, std::vector<index_t> const& shape, float value) {
    std::vector<float> values(static_cast<std::size_t>(net<8>::parameter_count + 64), value);
    std::vector<io::tensor_source> tensors;
    for (auto const& f : net<8>::fields) {
      std::vector<index_t> own_shape(f.extents.begin(), f.extents.begin() + f.rank);
      if (f.name == field && shape.empty()) continue;
      if (f.name == field) own_shape = shape;
      tensors.push_back(io::source_of(std::string(f.name), own_shape, values.data()));
    }
    io::write_safetensors(folder / "odd", tensors);
    return folder / "odd";
  };
  refused([&] { more.load_modules(write("modules.embedding", {8, 5}, 0)); },
          "tensor 'modules.embedding': expected shape [1, 4] to [65536, 4], found [8, 5]");
  refused([&] { more.load_modules(write("modules.embedding", {0, 4}, 0)); },
          "tensor 'modules.embedding': expected shape [1, 4] to [65536, 4], found [0, 4]");
  refused([&] { more.load_modules(write("modules.embedding", {32}, 0)); },
          "tensor 'modules.embedding': expected shape [1, 4] to [65536, 4], found [32]");
  refused([&] { more.load_modules(write("modules.embedding", {}, 0)); }, "tensor 'modules.embedding': missing");
  refused([&] { more.load_modules(write("", {}, std::numeric_limits<float>::quiet_NaN())); },
          "expected finite numbers");
  refused([&] { more.load_modules(folder / "nowhere"); }, "cannot open");
}

}  // namespace s2rm
