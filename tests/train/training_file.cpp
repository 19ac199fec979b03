// A trainer goes on from its file as if it had never stopped; a file that is not its own changes nothing.
#include <bit>
#include <filesystem>
#include <limits>

#include "s2rm/train/training_file.hpp"
#include "support/files.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_bits;
using test::same_state;

using net = test::small_net;
template <class Optimiser, class T = float>
using learner_of = trainer<net, backend::eigen, T, Optimiser>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

template <class T>
auto batch_of_step(index_t step) {
  return test::random_batch<net, T>(5, 3, 3, 2, static_cast<std::uint32_t>(step), masks);
}

template <class T, class Optimiser>
void goes_on(Optimiser const& o, training const& options, std::string const& path) {
  learner_of<Optimiser, T> never_stops{{}, o, seed{3}, options}, first{{}, o, seed{3}, options};
  for (index_t step = 0; step < 12; ++step) {
    never_stops.step(batch_of_step<T>(step).look());
    if (step < 5) first.step(batch_of_step<T>(step).look());
  }
  auto const before = first.state();
  first.save(path);
  CHECK(same_state(first.state(), before));

  learner_of<Optimiser, T> second{{}, o, seed{4}, options};
  second.load(path);
  CHECK(same_state(second.state(), before));
  CHECK(second.evaluate(batch_of_step<T>(50).look()) == first.evaluate(batch_of_step<T>(50).look()));
  for (index_t step = 5; step < 12; ++step) second.step(batch_of_step<T>(step).look());
  CHECK(same_state(second.state(), never_stops.state()));
  CHECK_FALSE(same_bits(second.state().weights, before.weights));
}

constexpr optim::adam adam{.rate = 0.01, .weight_decay = 0.02, .clip = 1.0, .schedule = {.warm_up = 7, .total = 40}};
constexpr optim::sgd sgd{.rate = 0.05, .weight_decay = 0.02, .clip = 1.0, .schedule = {.warm_up = 7, .total = 40}};

}  // namespace

TEST_CASE("save and load: k steps, a file, and the rest equal all steps in one go") {
  test::temporary_folder const folder;
  goes_on<float>(adam, {.average = 0.9}, folder / "adam");
  goes_on<float>(adam, {}, folder / "plain");
  goes_on<float>(sgd, {.average = 0.9}, folder / "sgd");
  goes_on<float>(adam, {.truncation = {.window = 2}}, folder / "windows");
  goes_on<float>(adam, {.truncation = {.window = 2, .carry_batches = true}}, folder / "one long sequence");
  CHECK(folder.count() == 5);
}

TEST_CASE("save and load: after steps that were skipped") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}}, other{{}, adam, seed{4}};
  auto bad = batch_of_step<float>(1);
  std::fill(bad.target.begin(), bad.target.end(), std::numeric_limits<float>::quiet_NaN());
  learner.step(batch_of_step<float>(0).look());
  CHECK(learner.step(bad.look()).skipped);
  learner.save(folder / "file");
  other.load(folder / "file");
  CHECK(other.skipped() == 1);
  CHECK(other.steps() == 2);
  auto const x = learner.step(batch_of_step<float>(2).look()), y = other.step(batch_of_step<float>(2).look());
  CHECK(x.skipped_total == y.skipped_total);
  CHECK(same_state(learner.state(), other.state()));
}

TEST_CASE("save and load: a file without a carried state starts from the initial state, whatever was carried before") {
  test::temporary_folder const folder;
  training const options{.truncation = {.carry_batches = true}};
  learner_of<optim::adam> learner{{}, adam, seed{3}, options}, fresh{{}, adam, seed{4}, options};
  learner.save(folder / "file");
  learner.step(batch_of_step<float>(0).look());
  CHECK_FALSE(learner.state().carried.empty());
  learner.load(folder / "file");
  CHECK(learner.state().carried.empty());
  fresh.load(folder / "file");
  CHECK(learner.step(batch_of_step<float>(1).look()).loss == fresh.step(batch_of_step<float>(1).look()).loss);
}

TEST_CASE("restore: a state of other sizes is refused and changes nothing") {
  learner_of<optim::adam> learner{{}, adam, seed{3}, {.truncation = {.carry_batches = true}, .average = 0.9}};
  learner.step(batch_of_step<float>(0).look());
  auto const before = learner.state();
  learner_of<optim::adam> other{{}, adam, seed{9}};
  auto const refused = [&](auto spoil, char const* name) {
    auto state = other.state();
    spoil(state);
    INFO(name);
    try {
      learner.restore(state);
      FAIL("was taken");
    } catch (value_error const& e) {
      CHECK_THAT(e.what(), test::contains(name));
    }
    CHECK(same_state(learner.state(), before));
  };
  refused([](auto& s) { s.weights.pop_back(); }, "weights");
  refused([](auto& s) { s.weights.push_back(0); }, "weights");
  refused([](auto& s) { s.average.pop_back(); }, "average");
  refused([](auto& s) { s.average.push_back(0); }, "average");
  refused([](auto& s) { s.moments.clear(); }, "moments");
  refused([](auto& s) { s.moments.push_back(0); }, "moments");
  refused([](auto& s) { s.carried.assign(7, 0.0F); }, "carried");
}

TEST_CASE("save and load: the model's weights in the file are the averaged ones, under their public names") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}, {.average = 0.9}};
  learner.step(batch_of_step<float>(0).look());
  learner.step(batch_of_step<float>(1).look());
  learner.save(folder / "file");
  std::vector<float> values(static_cast<std::size_t>(net::parameter_count));
  auto const file = io::load_checkpoint(folder / "file", net::fields, values.data());
  CHECK(same_bits(values, learner.state().average));
  CHECK_FALSE(same_bits(values, learner.state().weights));
  CHECK(file.description == net::description());

  // Weights alone, for a stream.
  backend::eigen cpu;
  parameters<net::params, backend::eigen, float> alone(cpu);
  checkpoint_format::load<net>(cpu, alone, folder / "file");
  CHECK(same_bits(alone.values(), values.data(), net::parameter_count));

  // A trainer without an average goes on from the weights, not from the average.
  learner_of<optim::adam> plain{{}, adam, seed{5}};
  plain.load(folder / "file");
  CHECK(same_bits(plain.state().weights, learner.state().weights));
  // And one that begins to average does so from the weights it found.
  plain.step(batch_of_step<float>(2).look());
  plain.save(folder / "plain");
  learner_of<optim::adam> averages{{}, adam, seed{6}, {.average = 0.5}};
  averages.load(folder / "plain");
  CHECK(same_bits(averages.state().average, plain.state().weights));
}

TEST_CASE("save and load: a training state is written in types that other readers take") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}, {.truncation = {.carry_batches = true}, .average = 0.9}};
  learner.step(batch_of_step<float>(0).look());
  learner.set_cursor({4, 2});
  learner.save(folder / "file", -0.1);
  auto const file = io::read_safetensors(folder / "file");
  for (auto const& tensor : file.tensors) {
    INFO(tensor.name);
    CHECK((tensor.type == io::dtype::f32 || tensor.type == io::dtype::i64));
  }
  CHECK(*file.find_metadata("s2rm.format") == "2");
  auto const bits = file.numbers<std::int64_t>("train.settings_bits");
  auto const settings = learner.settings();
  REQUIRE(bits.size() == settings.size());
  for (std::size_t i = 0; i < bits.size(); ++i) CHECK(std::bit_cast<double>(bits[i]) == settings[i].value);
  CHECK(checkpoint_format::figure<net, float>(folder / "file", learner.moment_count) == -0.1);
}

TEST_CASE("save and load: a file of format 1, written by release 0.1.0") {
  auto const path = std::string("io/training_format_1.safetensors");
  learner_of<optim::adam> learner{{}, adam, seed{3}, {.average = 0.9}}, other{{}, adam, seed{4}, {.average = 0.9}};
  other.resume(path);
  CHECK((other.steps() == 3 && other.cursor() == std::vector<std::int64_t>{2, 7}));
  CHECK(checkpoint_format::figure<net, float>(path, other.moment_count) == 0.25);
  learner_of<optim::adam> averages_less{{}, adam, seed{4}, {.average = 0.5}};
  CHECK_THAT(test::refusal([&] { averages_less.resume(path); }),
             test::contains("tensor 'train.settings': training.average: expected 0.5, found 0.9"));
  // The same state in the format of today, and no other difference.
  test::temporary_folder const folder;
  other.save(folder / "file", 0.25);
  auto old = test::read_text(path), now = test::read_text(folder / "file");
  auto const payload = [](std::string const& bytes) {
    return bytes.substr(8 + static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) +
                        256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])));
  };
  CHECK(payload(old) == payload(now));
}

TEST_CASE("load: a number that is not finite is named by its tensor") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}};
  auto const before = learner.state();
  auto values = before.weights;
  auto const field = std::find_if(net::fields.begin(), net::fields.end(),
                                  [](auto const& one) { return one.name == "readout.value.weight"; });
  values[static_cast<std::size_t>(field->offset) + 7] = std::numeric_limits<float>::quiet_NaN();
  io::save_checkpoint(folder / "weights", net::fields, values.data(), "");
  constexpr auto const* text = "tensor 'readout.value.weight': expected finite numbers, found nan at 7";
  CHECK_THAT(test::refusal([&] { learner.load(folder / "weights"); }), test::contains(text));
  backend::eigen cpu;
  parameters<net::params, backend::eigen, float> alone(cpu);
  CHECK_THAT(test::refusal([&] { checkpoint_format::load<net>(cpu, alone, folder / "weights"); }),
             test::contains(text));
  CHECK(same_state(learner.state(), before));
  auto state = before;
  state.moments[static_cast<std::size_t>(net::parameter_count + field->offset)] =
      std::numeric_limits<float>::infinity();
  CHECK_THAT(
      test::complaint([&] { checkpoint_format::save<net>(folder / "none", state, learner.settings()); }),
      test::contains("not written: a moment of the optimiser is not finite: inf at 0 of 'readout.value.weight'"));
}

TEST_CASE("load and resume: a file with more metadata than suits a model, where the caller says so") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}}, other{{}, adam, seed{4}};
  std::vector<io::tensor_source> tensors;
  auto const state = learner.state();
  for (auto const& one : net::fields) {
    tensors.push_back(io::source_of(std::string(one.name), {one.extents.begin(), one.extents.begin() + one.rank},
                                    state.weights.data() + one.offset));
  }
  std::array<io::metadata_entry, 1> const log{{{"training_log", std::string(200000, 'x')}}};
  io::write_safetensors(folder / "file", tensors, log);
  CHECK_THAT(test::refusal([&] { other.load(folder / "file"); }), test::contains("safetensors_limits::header"));
  other.load(folder / "file", io::safetensors_limits{.header = 1 << 20});
  CHECK(same_bits(other.state().weights, state.weights));
  CHECK_THAT(test::refusal([&] { other.resume(folder / "file", io::safetensors_limits{.header = 1 << 20}); }),
             test::contains("nothing to go on from exactly"));
}

TEST_CASE("save and load: a file of weights alone starts training anew") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}, {.average = 0.9}};
  learner.step(batch_of_step<float>(0).look());
  std::vector<float> values(static_cast<std::size_t>(net::parameter_count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.001F * static_cast<float>(i % 100);
  io::save_checkpoint(folder / "file", net::fields, values.data(), "made elsewhere");
  learner.load(folder / "file");
  auto const state = learner.state();
  CHECK(same_bits(state.weights, values));
  CHECK(same_bits(state.average, values));
  CHECK(std::all_of(state.moments.begin(), state.moments.end(), [](float m) { return m == 0; }));
  CHECK(state.steps == 0);
  CHECK(state.applied == 0);
}

namespace {

struct other_shape : test::small_shape {
  static constexpr index_t hidden = 9;
};
using other_net = world_model<other_shape, encoder::mlp<9, 6>, decoder::mlp<10>, likelihood::gaussian>;

}  // namespace

TEST_CASE("save and load: a file of another optimiser, another model, or no file leaves everything as it was") {
  test::temporary_folder const folder;
  auto const refused = [&](auto& learner, std::string const& path, char const* names) {
    auto const before = learner.state();
    auto const text = test::refusal([&] { learner.load(path); });
    CHECK_THAT(text, test::contains(path));
    CHECK_THAT(text, test::contains(names));
    CHECK(same_state(learner.state(), before));
  };
  learner_of<optim::adam> with_adam{{}, adam, seed{3}, {.average = 0.9}};
  learner_of<optim::sgd> with_sgd{{}, sgd, seed{4}, {.average = 0.9}};
  for (index_t step = 0; step < 3; ++step) {
    with_adam.step(batch_of_step<float>(step).look());
    with_sgd.step(batch_of_step<float>(step).look());
  }
  with_adam.save(folder / "adam");
  with_sgd.save(folder / "sgd");
  refused(with_adam, folder / "sgd", "tensor 'train.moments'");
  refused(with_sgd, folder / "adam", "tensor 'train.moments'");
  refused(with_sgd, folder / "missing", "missing");

  // The sums over hidden units differ, so do the shapes of views.query.weight and all after it.
  std::vector<float> values(static_cast<std::size_t>(other_net::parameter_count));
  other_net::initialise(values.data(), seed{1});
  io::save_checkpoint(folder / "other", other_net::fields, values.data(), other_net::description());
  refused(with_adam, folder / "other", "tensor 'views.query.weight': expected shape [5, 8, 8], found [5, 8, 9]");

  // A damaged file: cut anywhere, or one bit of the training state flipped.
  auto const bytes = test::read_text(folder / "adam");
  for (std::size_t const length : {std::size_t{0}, std::size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    test::write_text(folder / "cut", bytes.substr(0, length));
    refused(with_adam, folder / "cut", "cut");
  }
  auto flipped = bytes;
  flipped[bytes.size() - 5] = static_cast<char>(flipped[bytes.size() - 5] ^ 4);
  test::write_text(folder / "flipped", flipped);
  refused(with_adam, folder / "flipped", "checksum");

  // A training state that lacks a part.
  auto const state = with_adam.state();
  std::array<io::tensor_source, 1> const part{
      io::source_of("train.weights", {net::parameter_count}, state.weights.data())};
  io::save_checkpoint(folder / "part", net::fields, state.weights.data(), "", part);
  refused(with_adam, folder / "part", "tensor 'train.average'");
}

TEST_CASE("save and load: non-finite weights are not written, and an older file stays") {
  test::temporary_folder const folder;
  learner_of<optim::adam> learner{{}, adam, seed{3}};
  learner.save(folder / "file");
  auto const before = test::read_text(folder / "file");
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    auto values = learner.state().weights;
    values[17] = bad;
    learner_of<optim::adam> broken{{}, adam};
    broken.assign(values.data());
    CHECK_THROWS_AS(broken.save(folder / "file"), value_error);
    CHECK_THROWS_AS(broken.save(folder / "new"), value_error);
  }
  CHECK(test::read_text(folder / "file") == before);
  CHECK(folder.count() == 1);
  CHECK_THROWS_AS(learner.save(folder / "no/such/folder"), file_error);
}

}  // namespace s2rm
