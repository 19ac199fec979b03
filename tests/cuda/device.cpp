// On a GPU: what it computes against the CPU, run against run, recordings against a first run, streams against
// sequences. Compiled by the host's compiler, with models that nvcc made. Skipped where there is no GPU.
#include <cstdio>
#include <cstdlib>

#include "cuda/models.hpp"
#include "s2rm/eigen.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "train/batches.hpp"

namespace s2rm {
namespace {

using test::gpu_net;
using test::odd_net;

/// Ends the program with the code that says so, where there is no GPU.
void need_gpu() {
  if (gpu_count<gpu_net>() > 0) return;
  std::puts("skipped: no CUDA device, or its driver does not answer");
  std::fflush(stdout);
  std::_Exit(77);
}

constexpr test::with masks{.view_mask = true, .target_mask = true, .reset = true, .blind = true};

/// Targets that suit a Bernoulli likelihood.
template <class Net, class T>
owned_batch<T> batch_of(index_t time, index_t batch, index_t views, index_t queries, std::uint32_t stream) {
  auto b = test::random_batch<Net, T>(time, batch, views, queries, stream, masks);
  if constexpr (!Net::likelihood::has_location) {
    for (auto& x : b.target) x = x > T(0) ? T(1) : T(0);
  }
  return b;
}

template <class Net, class T>
struct pass {
  double loss;
  std::vector<T> predictions, gradient;
};
template <class Net, class T>
pass<Net, T> of(any_trainer<Net, T>& t, owned_batch<T> const& b) {
  pass<Net, T> p{t.differentiate(b.look()),
                 std::vector<T>(static_cast<std::size_t>(b.time * b.batch * b.queries * Net::outputs)),
                 std::vector<T>(static_cast<std::size_t>(Net::parameter_count))};
  t.predictions(static_cast<index_t>(p.predictions.size()), p.predictions.data());
  t.gradient(Net::parameter_count, p.gradient.data());
  return p;
}

template <class Net, class T>
void parity(index_t time, double forward, double gradient) {
  auto const cpu = erased(trainer<Net, backend::eigen, T>({}, optim::adam{}, seed{3}));
  auto const gpu = gpu_trainer<Net, T>(optim::adam{}, seed{3});
  auto const b = batch_of<Net, T>(time, 8, 7, 5, 1);
  auto const here = of<Net, T>(*cpu, b), there = of<Net, T>(*gpu, b);
  CHECK(there.loss == Approx(here.loss).epsilon(forward));
  CHECK(test::relative_error(there.predictions, here.predictions) <= forward);
  for (auto const& f : Net::fields) {
    INFO(f.name);
    auto const part = [&](std::vector<T> const& all) {
      return std::vector<T>(all.begin() + f.offset, all.begin() + f.offset + f.size);
    };
    double largest = 0;
    for (T const g : here.gradient) largest = std::max(largest, std::abs(static_cast<double>(g)));
    CHECK(test::relative_error(part(there.gradient), part(here.gradient), 1e-2 * largest) <= gradient);
  }
}

}  // namespace

TEST_CASE("gpu: forward and gradient are those of the CPU, at T = 100") {
  need_gpu();
  parity<gpu_net, float>(100, 1e-5, 1e-4);
  parity<odd_net, double>(100, 1e-11, 1e-9);
}

TEST_CASE("gpu: two runs give the same bits, also when steps are launched as graphs") {
  need_gpu();
  std::vector<std::vector<float>> found;
  for (int run = 0; run < 2; ++run) {
    auto const t = gpu_trainer<gpu_net>(optim::adam{.rate = 1e-3, .clip = 1.0}, seed{3});
    for (std::uint32_t step = 0; step < 12; ++step)
      t->step(batch_of<gpu_net, float>(10, 8, 7 - step % 3, 5, step).look());
    found.push_back(t->state().weights);
  }
  CHECK(test::same_bits(found[0], found[1]));
}

TEST_CASE("gpu: training follows the CPU's, in double") {
  need_gpu();
  auto const cpu = erased(trainer<odd_net, backend::eigen, double>({}, optim::adam{.rate = 1e-3}, seed{3}));
  auto const gpu = gpu_trainer<odd_net, double>(optim::adam{.rate = 1e-3}, seed{3});
  for (std::uint32_t step = 0; step < 10; ++step) {
    INFO("step " << step);
    auto const b = batch_of<odd_net, double>(6, 4, 5, 3, step);
    auto const here = cpu->step(b.look()), there = gpu->step(b.look());
    CHECK(there.loss == Approx(here.loss).epsilon(1e-9));
    CHECK(there.gradient_norm == Approx(here.gradient_norm).epsilon(1e-8));
    CHECK(there.reach == here.reach);
    CHECK(there.dead_modules == here.dead_modules);
    CHECK(there.unreached_views == here.unreached_views);
  }
}

TEST_CASE("gpu: kernels of our own, and the recurrence in one, give what the layers' bodies give") {
  need_gpu();
  auto const b = batch_of<gpu_net, float>(20, 8, 7, 5, 1);
  auto const bodies = gpu_trainer<gpu_net>(optim::adam{}, seed{3}, {}, {.fused = false});
  auto const expected = of<gpu_net, float>(*bodies, b);
  for (bool const persistent : {true, false}) {
    INFO("persistent " << persistent);
    auto const t = gpu_trainer<gpu_net>(optim::adam{}, seed{3}, {}, {.persistent = persistent});
    auto const found = of<gpu_net, float>(*t, b);
    CHECK(found.loss == Approx(expected.loss).epsilon(1e-5));
    CHECK(test::relative_error(found.predictions, expected.predictions) <= 1e-5);
    CHECK(test::relative_error(found.gradient, expected.gradient, 1e-3) <= 1e-3);
  }
}

// What compute-sanitizer watches: every access of it costs a thousand.
TEST_CASE("gpu: a step of little work, with the recurrence in one kernel and in steps") {
  need_gpu();
  auto const b = batch_of<gpu_net, float>(2, 3, 4, 3, 1);
  auto const one = gpu_trainer<gpu_net>(optim::adam{.rate = 1e-3}, seed{3});
  auto const steps = gpu_trainer<gpu_net>(optim::adam{.rate = 1e-3}, seed{3}, {}, {.persistent = false});
  CHECK(one->step(b.look()).loss == Approx(steps->step(b.look()).loss).epsilon(1e-5));
  auto const live = one->stream();
  REQUIRE(live->observe({b.view.data(), {4, 1, 5, 5}}, {b.place.data(), {4, 2}}, b.view_mask.data()) == observed::yes);
  CHECK(std::isfinite(live->predict({b.query_place.data(), {3, 2}}).data[0]));
  // Sessions whose views lie on the device, where they are looked through.
  auto const kept = one->upload(b.look());
  auto const many = one->streams(3, {4, 3, non_finite_views::absent});
  auto const& there = kept.view();
  REQUIRE(many->step(on_device, {there.view, {3, 4, 1, 5, 5}}, {there.place, {3, 4, 2}}, {there.query_place, {3, 3, 2}},
                     there.view_mask, nullptr, there.reset) == observed::yes);
  CHECK(std::isfinite(many->predictions().data[0]));
}

TEST_CASE("gpu: asynchronous steps give the weights and reports of synchronous ones") {
  need_gpu();
  auto const waits = gpu_trainer<gpu_net>(optim::adam{.rate = 1e-3, .clip = 1.0}, seed{3});
  auto const asks = gpu_trainer<gpu_net>(optim::adam{.rate = 1e-3, .clip = 1.0}, seed{3});
  std::vector<step_report> reports;
  for (std::uint32_t step = 0; step < 12; ++step) {
    auto const b = batch_of<gpu_net, float>(10, 8, 7 - step % 3, 5, step);
    reports.push_back(waits->step(b.look()));
    auto const kept = asks->upload(b.look());
    CHECK(asks->step_async(step % 2 == 0 ? b.look() : kept.view()) == step);
  }
  for (index_t step = 0; step < 12; ++step) {
    auto const found = asks->report(step), expected = reports[static_cast<std::size_t>(step)];
    CHECK(found.loss == expected.loss);
    CHECK(found.gradient_norm == expected.gradient_norm);
    CHECK(found.reach == expected.reach);
  }
  CHECK(test::same_bits(asks->state().weights, waits->state().weights));
}

TEST_CASE("gpu: a stream is the sequence, up to rounding") {
  need_gpu();
  auto const gpu = gpu_trainer<gpu_net>(optim::adam{}, seed{3});
  constexpr index_t time = 30, views = 6, queries = 4;
  auto b = batch_of<gpu_net, float>(time, 1, views, queries, 9);
  b.reset.clear(), b.blind.clear();
  auto const whole = of<gpu_net, float>(*gpu, b);
  auto const live = gpu->stream({8, 5});
  std::vector<float> found;
  for (index_t t = 0; t < time; ++t) {
    REQUIRE(live->observe({b.view.data() + t * views * 25, {views, 1, 5, 5}},
                          {b.place.data() + t * views * 2, {views, 2}},
                          b.view_mask.data() + t * views) == observed::yes);
    auto const y = live->predict({b.query_place.data() + t * queries * 2, {queries, 2}});
    found.insert(found.end(), y.data, y.data + y.size());
  }
  CHECK(test::relative_error(found, whole.predictions) <= 1e-5);
}

TEST_CASE("gpu: a step that asks is observing and asking, one stream or many, from the host or the device") {
  need_gpu();
  auto const gpu = gpu_trainer<gpu_net>(optim::adam{}, seed{3});
  constexpr index_t sessions = 3, views = 6, queries = 4, row = queries * gpu_net::outputs;
  auto const apart = gpu->stream({views, queries}), one = gpu->stream({views, queries});
  auto const many = gpu->streams(sessions, {views, queries});
  auto const there = gpu->streams(sessions, {views, queries, non_finite_views::absent});
  array_view<float const, 5> shown{nullptr, {sessions, views, 1, 5, 5}};
  array_view<float const, 3> places{nullptr, {sessions, views, 2}}, asked{nullptr, {sessions, queries, 2}};
  for (std::uint32_t step = 0; step < 12; ++step) {
    INFO("step " << step);
    auto b = test::random_batch<gpu_net, float>(1, sessions, views, queries, step);
    std::vector<std::uint8_t> present(sessions * views, std::uint8_t{1});
    // One view of the last session, and a session that starts anew.
    present[static_cast<std::size_t>(2 * views + 1)] = 0;
    std::uint8_t const reset[sessions] = {0, static_cast<std::uint8_t>(step == 5 ? 1 : 0), 0};
    array_view<float const, 4> const first{b.view.data(), {views, 1, 5, 5}};
    array_view<float const, 2> const where{b.place.data(), {views, 2}}, question{b.query_place.data(), {queries, 2}};
    REQUIRE(apart->observe(first, where) == observed::yes);
    auto const expected = apart->predict(question);
    REQUIRE(one->step(first, where, question) == observed::yes);
    // The same work, in one graph.
    CHECK(test::same_bits(one->predictions().data, expected.data, row));

    shown.data = b.view.data(), places.data = b.place.data(), asked.data = b.query_place.data();
    REQUIRE(many->step(shown, places, asked, present.data(), nullptr, reset) == observed::yes);
    auto const y = many->predictions();
    REQUIRE(y.shape[1] == queries);
    CHECK(test::relative_error(std::vector<float>(y.data, y.data + row),
                               std::vector<float>(expected.data, expected.data + row)) <= 1e-5);

    // On the device the absent view is one that is not finite.
    b.view[static_cast<std::size_t>((2 * views + 1) * 25 + 7)] = std::numeric_limits<float>::quiet_NaN();
    b.reset.assign(reset, reset + sessions);
    auto const kept = gpu->upload(b.look());
    shown.data = kept.view().view, places.data = kept.view().place, asked.data = kept.view().query_place;
    REQUIRE(there->step(on_device, shown, places, asked, nullptr, nullptr, kept.view().reset) == observed::yes);
    auto const z = there->predictions();
    CHECK(test::same_bits(z.data, y.data, sessions * row));
  }
}

TEST_CASE("gpu: products in bf16 and TF32 stay near") {
  need_gpu();
  auto const b = batch_of<gpu_net, float>(10, 8, 7, 5, 1);
  auto const full = gpu_trainer<gpu_net>(optim::adam{}, seed{3});
  double const expected = full->differentiate(b.look());
  for (auto const p : {gpu_precision::tf32, gpu_precision::bf16}) {
    auto const t = gpu_trainer<gpu_net>(optim::adam{}, seed{3}, {}, {.precision = p});
    CHECK(t->differentiate(b.look()) == Approx(expected).epsilon(2e-2));
  }
}

}  // namespace s2rm
