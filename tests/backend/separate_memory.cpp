// Memory that the host cannot touch: trainers and streams on a backend whose memory is closed but while it works give the
// bits of the same backend on the host's memory, whether work is enqueued or launched as a graph.
#include "support/separate_memory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::same_bits;
using test::separate;
/// Memory that is shared, cut into the same chunks.
struct shared_memory : backend::system::cpp {
  static constexpr ops::chunk_rows chunks = test::separate_memory::chunks;
};
using plain = backend::thrust_on<shared_memory>;

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

/// Everything that the default model leaves out.
using other_net = world_model<test::small_shape, normalisation::product, interaction::after_update,
                              initial_state::fixed, readout::kernel_mean, carry::residual, residual::inverse_distance<>,
                              encoder::mlp<6>, decoder::mlp<7>, likelihood::gaussian>;

void same_report(step_report const& a, step_report const& b) {
  auto const same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  CHECK(same(a.loss, b.loss));
  CHECK(same(a.gradient_norm, b.gradient_norm));
  CHECK(a.skipped == b.skipped);
  CHECK(a.skipped_total == b.skipped_total);
  CHECK(a.reach == b.reach);
  CHECK(a.dead_modules == b.dead_modules);
  CHECK(a.unreached_views == b.unreached_views);
  CHECK(a.updates == b.updates);
}

/// The batch with absent views that hold NaN at the end of every row, `views` in all. A sum over rows takes them in another
/// order where there are more of them.
template <class Net, class T>
owned_batch<T> padded(owned_batch<T> b, index_t views) {
  index_t const R = b.time * b.batch;
  if (b.view_mask.empty()) b.view_mask.assign(static_cast<std::size_t>(R * b.views), 1);
  auto const widen = [&](auto& x, index_t width, auto value) {
    std::remove_reference_t<decltype(x)> to;
    for (index_t r = 0; r < R; ++r) {
      auto const at = x.begin() + r * b.views * width;
      to.insert(to.end(), at, at + b.views * width);
      to.insert(to.end(), static_cast<std::size_t>((views - b.views) * width), value);
    }
    x = to;
  };
  widen(b.view, Net::view::size, std::numeric_limits<T>::quiet_NaN());
  widen(b.place, Net::P, std::numeric_limits<T>::quiet_NaN());
  widen(b.view_context, Net::K, std::numeric_limits<T>::quiet_NaN());
  widen(b.view_mask, 1, std::uint8_t{0});
  b.views = views;
  return b;
}

/// Two trainers, step by step, over batches whose views and masks vary. Returns how often a graph was launched.
template <class Net, class T>
index_t compare_training(training options) {
  separate device;
  optim::adam const o{.rate = 0.01, .clip = 0.5};
  trainer<Net, separate, T> far(device, o, seed{3}, options);
  trainer<Net, plain, T> near({}, o, seed{3}, options);
  for (std::uint32_t step = 0; step < 16; ++step) {
    index_t const views = step == 0 ? 5 : step % 6;
    test::with const with{.view_mask = step % 2 == 0,
                          .target_mask = step % 3 != 0,
                          .reset = step % 4 == 1,
                          .blind = step % 5 == 2,
                          .times = step % 7 != 3};
    auto b = test::random_batch<Net, T>(5, 2, views, 3, step, with);
    if (step == 7) b.target[0] = std::numeric_limits<T>::quiet_NaN(), b.target_mask = {}, b.query_lead = {};  // skipped
    if (step == 8) b.target_mask.assign(5 * 2 * 3, 0);  // nothing to learn
    // The state is lost: the next step starts from h_0, although its graph was captured with a carried state.
    if (step == 13) b.view[0] = std::numeric_limits<T>::quiet_NaN();
    INFO("step " << step << ", " << views << " views");
    same_report(far.step(b.look()), near.step(padded<Net>(b, 5).look()));
    auto const a = far.state(), c = near.state();
    CHECK(same_bits(a.weights, c.weights));
    CHECK(same_bits(a.average, c.average));
    CHECK(same_bits(a.moments, c.moments));
    CHECK(same_bits(a.carried, c.carried));
  }
  auto const b = test::random_batch<Net, T>(4, 2, 3, 2, 50, masks);
  auto const same = padded<Net>(b, 5);
  CHECK(far.evaluate(b.look()) == near.evaluate(same.look()));
  CHECK(far.differentiate(b.look()) == near.differentiate(same.look()));
  std::vector<T> gradient(Net::parameter_count), outputs(4 * 2 * 2 * Net::outputs);
  far.backend().copy_out(Net::parameter_count, far.gradient(), gradient.data());
  far.backend().copy_out(static_cast<index_t>(outputs.size()), far.predictions(), outputs.data());
  CHECK(same_bits(gradient.data(), near.gradient(), Net::parameter_count));
  CHECK(same_bits(outputs.data(), near.predictions(), static_cast<index_t>(outputs.size())));
  return device.context->launched;
}

struct read_host {
  double const* x;
  double* y;
  void operator()(index_t i) const { y[i] = x[i]; }
};

}  // namespace

TEST_CASE("separate memory: host addresses and early reads are detected") {
  separate be;
  auto device = be.allocate<double>(4);
  // A functor that holds an address of the host.
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  auto const host = std::make_unique<double[]>(4);
  CHECK_THROWS_AS(be.for_each(4, read_host{host.get(), device.data()}), std::logic_error);
#endif
#endif
  // Copies that take one memory for the other.
  double number = 3;
  CHECK_THROWS_AS(be.copy(1, &number, device.data()), std::logic_error);
  CHECK_THROWS_AS(be.copy_in(1, device.data(), device.data()), std::logic_error);
  CHECK_THROWS_AS(be.copy_out(1, device.data(), device.data()), std::logic_error);
  // The host reads what is the device's.
  pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    ::close(2);
    double const volatile* const p = device.data();
    ::_exit(*p == 0.0 ? 1 : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(!(WIFEXITED(status) && (WEXITSTATUS(status) == 1 || WEXITSTATUS(status) == 2)));
  // And the right way.
  be.copy_in(1, &number, device.data());
  be.for_each(1, read_host{device.data(), device.data() + 1});
  double back = 0;
  be.copy_out(1, device.data() + 1, &back);
  CHECK(back == 3);
}

TEST_CASE("separate memory: graphs hold their arguments, and copies are done after wait") {
  separate be;
  auto device = be.allocate<double>(2);
  double in = 1, out = 0;
  separate::graph r;
  be.capture(r, [&] {
    be.copy_in(1, &in, device.data());
    be.for_each(1, read_host{device.data(), device.data() + 1});
    be.copy_out(1, device.data() + 1, &out);
  });
  in = 2;
  CHECK(out == 0);
  be.launch(r);
  CHECK(out == 0);
  be.wait();
  CHECK(out == 1);
}

TEST_CASE("separate memory: training gives the same bits as shared memory") {
  // A graph is made at the second batch of its kind. The first has the most views, so that all are of few kinds.
  CHECK(compare_training<test::small_net, double>({}) >= 6);
  compare_training<test::small_net, float>({.average = 0.9});
  CHECK(compare_training<test::small_net, double>({.truncation = {.window = 2, .carry_batches = true}}) >= 12);
  compare_training<test::small_net, double>({.truncation = {.window = 3, .carry = false}, .recompute = 2});
}

TEST_CASE("separate memory: training with side inputs and times") { compare_training<test::fields_net, double>({}); }
TEST_CASE("separate memory: training with the other policies") { compare_training<other_net, double>({}); }

TEST_CASE("separate memory: a resident batch equals the host's and is not copied again") {
  using net = test::small_net;
  optim::adam const o{.rate = 0.01};
  separate device;
  trainer<net, separate, float> far(device, o, seed{3}), same({}, o, seed{3});
  std::vector<owned_batch<float>> given;
  std::vector<resident_batch<float>> kept;
  for (std::uint32_t i = 0; i < 3; ++i) {
    given.push_back(test::random_batch<net, float>(5, 2, 4, 3, i, masks));
    kept.push_back(far.upload(given.back().look()));
  }
  static_cast<void>(far.step(kept[0].view()));  // allocates
  static_cast<void>(same.step(given[0].look()));
  auto const before = device.context->allocations, copied = device.context->copied_in;
  for (int i = 1; i < 7; ++i) {
    auto const n = static_cast<std::size_t>(i) % 3;
    same_report(far.step(kept[n].view()), same.step(given[n].look()));
  }
  CHECK(device.context->allocations == before);
  CHECK(device.context->copied_in == copied);
  CHECK(far.evaluate(kept[1].view()) == same.evaluate(given[1].look()));
  CHECK(same_bits(far.state().weights, same.state().weights));
  CHECK_THROWS_WITH(static_cast<void>(same.step(kept[0].view())), test::contains("resident on another backend"));
  // Where memory is the host's it is a copy.
  trainer<net, plain, float> near({}, o, seed{3}), other({}, o, seed{3});
  auto const copy = near.upload(given[0].look());
  auto const as_given = given[0];
  std::fill(given[0].view.begin(), given[0].view.end(), 0.0F);
  same_report(near.step(copy.view()), other.step(as_given.look()));
  trainer<net, separate, float> microbatched({}, o, seed{3}, {.microbatches = 2});
  auto const whole = microbatched.upload(as_given.look());
  CHECK_THROWS_WITH(static_cast<void>(microbatched.step(whole.view())), test::contains("microbatches"));
}

TEST_CASE("separate memory: a trainer allocates nothing after its largest batch") {
  separate device;
  trainer<test::small_net, separate, float> t(device, {}, seed{1});
  for (index_t const views : {6, 2, 6, 4}) t.step(test::random_batch<test::small_net, float>(4, 2, views, 3, 1).look());
  auto const before = device.context->allocations;
  for (index_t const views : {0, 1, 5, 6}) t.step(test::random_batch<test::small_net, float>(4, 2, views, 3, 2).look());
  CHECK(device.context->allocations == before);
}

TEST_CASE("separate memory: asynchronous steps do not wait, and their reports equal those of synchronous ones") {
  using net = test::small_net;
  separate device;
  training const options{.truncation = {.window = 3, .carry_batches = true}, .average = 0.9};
  optim::adam const o{.rate = 0.01, .clip = 0.5, .schedule = {.warm_up = 4, .total = 30}};
  trainer<net, separate, double> asked(device, o, seed{3}, options);
  trainer<net, plain, double> steps({}, o, seed{3}, options);
  auto const batch = [](std::uint32_t step) {
    auto b = test::random_batch<net, double>(5, 2, step == 0 ? 4 : step % 5, 3, step, masks);
    if (step == 7) b.view[0] = std::numeric_limits<double>::quiet_NaN(), b.view_mask.clear(), b.blind.clear();
    if (step == 9) b.target_mask.assign(5 * 2 * 3, 0);
    return b;
  };
  std::vector<step_report> expected;
  for (std::uint32_t step = 0; step < 40; ++step) {
    expected.push_back(steps.step(padded<net>(batch(step), 4).look()));
  }
  // Twice the kinds of batches there are, to have recordings of all.
  for (std::uint32_t step = 0; step < 20; ++step) CHECK(asked.step_async(batch(step).look()) == step);
  auto& c = *device.context;
  index_t const waits = c.waits, held = c.held, allocations = c.allocations, launched = c.launched;
  for (std::uint32_t step = 20; step < 40; ++step) CHECK(asked.step_async(batch(step).look()) == step);
  CHECK(c.waits == waits);
  CHECK(c.allocations == allocations);
  CHECK(c.launched == launched + 40);
  // Two batches are in flight; a third has room when the first was copied.
  CHECK(c.held == held + 20);
  CHECK_FALSE(asked.reported(39));
  for (index_t step = 40 - asked.reports_retained; step < 40; ++step) {
    INFO("step " << step);
    same_report(asked.report(step), expected[static_cast<std::size_t>(step)]);
  }
  CHECK(asked.reported(39));
  CHECK(c.waits == waits);
  CHECK(c.held == held + 20 + 3);  // the batch of step 39 had room when that of step 37 was copied
  CHECK(test::same_state(asked.state(), steps.state()));
  CHECK(asked.skipped() == expected.back().skipped_total);
  CHECK(asked.skipped() > 0);
  for (index_t const none : {index_t{-1}, 40 - asked.reports_retained - 1, index_t{40}}) {
    CHECK_THROWS_AS(asked.report(none), value_error);
    CHECK_THROWS_AS(asked.reported(none), value_error);
  }
}

TEST_CASE("separate memory: a step waits once, a stream only for its predictions") {
  using net = test::small_net;
  separate device;
  trainer<net, separate, float> t(device, {}, seed{1});
  auto const b = test::random_batch<net, float>(4, 1, 3, 2, 1);
  for (int i = 0; i < 3; ++i) t.step(b.look());
  auto& c = *device.context;
  index_t waits = c.waits, held = c.held;
  t.step(b.look());
  CHECK(c.waits + c.held == waits + held + 1);

  stream<net, separate> far(device, t.parameters(), {3, 2});
  streams<net, separate> many(device, t.parameters(), 2, {3, 2});
  array_view<float const, 2> const views{b.view.data(), {3, 3}}, places{b.place.data(), {3, 2}},
      asked{b.query_place.data(), {1, 2}};
  array_view<float const, 3> const all_views{b.view.data(), {2, 3, 3}}, all_places{b.place.data(), {2, 3, 2}},
      all_asked{b.query_place.data(), {2, 1, 2}};
  for (int i = 0; i < 3; ++i) far.observe(views, places), far.predict(asked);
  for (int i = 0; i < 3; ++i) many.observe(all_views, all_places), many.predict(all_asked);
  c.finish();
  waits = c.waits, held = c.held;
  far.observe(views, places);
  CHECK(far.predict_async(asked));
  far.observe(views, places);
  many.observe(all_views, all_places);
  CHECK(many.predict_async(all_asked));
  CHECK(c.waits == waits);
  CHECK(c.held == held);
  auto const one = far.predictions();
  CHECK(c.held == held + 1);
  auto const two = many.predictions();
  CHECK(c.waits == waits);
  CHECK(c.held == held + 2);
  CHECK(one.shape[0] == 1);
  CHECK(same_bits(two.data, many.predictions().data, 2 * net::outputs));
  // An answer is that of before the step that came between.
  stream<net, separate> near(device, t.parameters(), {3, 2});
  for (int i = 0; i < 4; ++i) near.observe(views, places);
  CHECK(same_bits(one.data, near.predict(asked).data, net::outputs));
  std::vector<float> const first(two.data, two.data + 2 * net::outputs);
  CHECK(same_bits(first.data(), many.predict(all_asked).data, 2 * net::outputs));
  // Nothing was asked.
  CHECK_FALSE(far.predict_async({b.query_place.data(), {3, 2}}));
  CHECK(far.predictions().shape[0] == 0);
  CHECK_FALSE(many.predict_async({b.query_place.data(), {2, 3, 2}}));
  CHECK(many.predictions().shape[1] == 0);
}

namespace {

template <class Net>
void compare_streams() {
  using T = double;
  constexpr index_t V = Net::view::size;
  separate device;
  plain host;
  parameters<typename Net::params, separate, T> there(device);
  parameters<typename Net::params, plain, T> here(host);
  std::vector<T> values(Net::parameter_count);
  Net::initialise(values.data(), seed{4});
  there.assign(device, values.data());
  here.assign(host, values.data());
  stream<Net, separate, T> far(device, there, {6, 4});
  stream<Net, plain, T> near(host, here, {6, 4});
  auto const allocations = device.context->allocations;
  typename stream<Net, separate, T>::state_type kept;
  for (std::uint32_t step = 0; step < 20; ++step) {
    INFO("step " << step);
    index_t const count = step % 7, queries = 1 + step % 4;
    auto const b = test::random_batch<Net, T>(1, 1, count, queries, step, {.view_mask = step % 2 == 0});
    array_view<T const, 2> const views{b.view.data(), {count, V}}, places{b.place.data(), {count, 2}},
        asked{b.query_place.data(), {queries, 2}};
    auto const* const present = b.view_mask.empty() ? nullptr : b.view_mask.data();
    if (step == 9) far.reset(), near.reset();
    REQUIRE(far.observe(views, places, present) == observed::yes);
    REQUIRE(near.observe(views, places, present) == observed::yes);
    // Nobody waits: the next step must not touch what this one still reads.
    if (step % 4 == 1) continue;
    auto const a = far.predict(asked), c = near.predict(asked);
    REQUIRE(a.shape == c.shape);
    CHECK(same_bits(a.data, c.data, queries * Net::outputs));
    CHECK(far.state().numbers == near.state().numbers);
    if (step == 12) kept = far.state();
    if (step == 15) {
      // Back, and the same future.
      far.restore(kept);
      near.restore(kept);
      auto const again = far.predict(asked), same = near.predict(asked);
      CHECK(same_bits(again.data, same.data, queries * Net::outputs));
    }
  }
  CHECK(device.context->allocations == allocations);
  CHECK(device.context->launched > 20);
}

}  // namespace

TEST_CASE("separate memory: streams give the same bits as shared memory, and allocate nothing") {
  compare_streams<test::small_net>();
  compare_streams<other_net>();
}

TEST_CASE("separate memory: a device with little shared memory runs the layers' own code") {
  separate large, little;
  little.context->room_of_blocks = 4096;
  trainer<test::small_net, separate, double> expected(large, {.rate = 0.01}, seed{3}),
      t(little, {.rate = 0.01}, seed{3});
  for (std::uint32_t step = 0; step < 4; ++step) {
    auto const b = test::random_batch<test::small_net, double>(4, 3, 4, 3, step, masks);
    CHECK_THAT(t.step(b.look()).loss, Catch::Matchers::WithinRel(expected.step(b.look()).loss, 1e-10));
  }
  CHECK(little.context->asked > large.context->asked);
}

TEST_CASE("separate memory: the same bits whatever the order of threads in a block") {
  std::vector<std::vector<float>> found;
  for (auto const order : {backend::detail::thread_order::ascending, backend::detail::thread_order::descending}) {
    separate device;
    device.context->order = order;
    trainer<test::small_net, separate, float> t(device, {.rate = 0.01}, seed{3});
    for (std::uint32_t step = 0; step < 4; ++step) {
      t.step(test::random_batch<test::small_net, float>(4, 3, 4, 3, step, masks).look());
    }
    found.push_back(t.state().weights);
  }
  CHECK(same_bits(found[0], found[1]));
}

}  // namespace s2rm
