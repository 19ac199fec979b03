#pragma once
/// \file
/// Whole passes of a model: `train_step/<config>/threads:<n>`, `forward/<config>/threads:<n>`, and
/// `stream_step/<config>` (one observe, one predict, batch 1; `/threads:<n>` for more than one thread).

#include <cstdio>
#include <memory>

#include "compare.hpp"
#include "problem.hpp"
#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/ops/reference.hpp"
#include "s2rm/stream/stream.hpp"
#include "s2rm/train/trainer.hpp"
#include "suite.hpp"
#include "work.hpp"

namespace bench {

using cpu = s2rm::backend::eigen;
using slow = s2rm::ops::reference;

inline cpu with_threads(int threads) { return cpu{.threads = threads}; }

/// A rate at which the weights stay what they are: what a step costs depends on who reaches whom.
inline constexpr s2rm::optim::adam still{.rate = 1e-7};

/// A trainer and its batch.
template <class Net, class Backend>
struct training {
  s2rm::trainer<Net, Backend> trainer;
  problem<Net> data;

  training(Backend be, config const& c, extents const& e)
      : trainer(std::move(be), still, {}, {.recompute = c.recompute}), data(e, c.masked_views) {
    trainer.assign(start_of<Net>(c.places).data());
  }
  s2rm::step_report step() { return trainer.step(data.look()); }
};

/// What ops::reference makes of a batch: predictions, loss and gradient.
template <class Net>
struct expected {
  std::vector<float> predictions, gradient;
  double loss = 0;

  expected(config const& c, extents const& e) : gradient(static_cast<std::size_t>(Net::parameter_count)) {
    slow be;
    problem<Net> const data(e, c.masked_views);
    s2rm::parameters<typename Net::params, slow, float> weights(be);
    weights.assign(be, start_of<Net>(c.places).data());
    s2rm::executor<Net, slow, float> pass(be);
    auto const batch = data.look();
    double const count = pass.count(batch);
    loss = pass.differentiate(weights.view(), batch, static_cast<float>(1 / count), {gradient.data()}, [](auto&) {}) /
           count;
    predictions.assign(pass.outputs(), pass.outputs() + outputs(e));
  }
  static index_t outputs(extents const& e) { return e.time * e.batch * e.queries * Net::outputs; }
};

/// One training step at the extents of `config::check`: loss, predictions and every parameter's gradient.
template <class Net>
void check_training(std::string const& name, config const& c, int threads) {
  expected<Net> const right(c, c.check);
  training<Net, cpu> fast(with_threads(threads), c, c.check);
  auto const report = fast.step();
  if (!(std::abs(report.loss - right.loss) <= tolerance * right.loss)) refuse(name, "the loss is wrong; not timed");
  if (c.recompute == 0) {  // else only those of one piece are there
    expect_equal(name, "prediction", expected<Net>::outputs(c.check), fast.trainer.predictions(),
                 right.predictions.data());
  }
  float largest = 0;
  for (float const g : right.gradient) largest = std::max(largest, std::abs(g));
  for (auto const& f : Net::fields) {
    expect_equal(name, "gradient of " + std::string(f.name), f.size, fast.trainer.gradient() + f.offset,
                 right.gradient.data() + f.offset, 1e-3 * static_cast<double>(largest));
  }
}

template <class Net>
void train_step(benchmark::State& state, std::string const& name, config const& c, int threads) {
  auto& run = prepared<training<Net, cpu>>(name, [&] {
    check_training<Net>(name, c, threads);
    return std::make_shared<training<Net, cpu>>(with_threads(threads), c, c.size);
  });
  worth w{.flops = work_of<Net>(c.size).training, .threads = threads};
  measure(state, w, [&] { run.step(); });
  state.counters["bytes"] = static_cast<double>(run.trainer.step_bytes());
  state.counters["neighbours"] = neighbours_of<Net>(start_of<Net>(c.places));
  state.counters["parameters"] = static_cast<double>(Net::parameter_count);
}

/// States and predictions of a sequence, nothing kept for a backward pass.
template <class Net, class Backend>
struct prediction {
  Backend be;
  s2rm::parameters<typename Net::params, Backend, float> weights;
  s2rm::executor<Net, Backend, float> pass;
  problem<Net> data;

  prediction(Backend backend, config const& c, extents const& e)
      : be(std::move(backend)), weights(be), pass(be), data(e, c.masked_views) {
    weights.assign(be, start_of<Net>(c.places).data());
  }
  void step() { pass.forward(weights.view(), data.look()); }
};

template <class Net>
void forward(benchmark::State& state, std::string const& name, config const& c, int threads) {
  using run_type = prediction<Net, cpu>;
  auto& run = prepared<run_type>(name, [&] {
    expected<Net> const right(c, c.check);
    run_type fast(with_threads(threads), c, c.check);
    fast.step();
    expect_equal(name, "prediction", expected<Net>::outputs(c.check), fast.pass.outputs(), right.predictions.data());
    return std::make_shared<run_type>(with_threads(threads), c, c.size);
  });
  measure(state, {.flops = work_of<Net>(c.size).forward, .threads = threads}, [&] { run.step(); });
  state.counters["bytes"] = static_cast<double>(run.pass.bytes());
}

/// A stream and a sequence of batch 1 to feed it with, over and over. `values`: the weights.
template <class Net, class Backend, storage Stored = storage::float32>
struct streaming {
  using parameters = s2rm::parameters<typename Net::params, Backend, float>;
  using stored = std::conditional_t<Stored == storage::bf16, s2rm::bf16_weights<Net, Backend>, parameters const&>;
  Backend be;
  parameters weights;
  stored read;
  s2rm::stream<Net, Backend> live;
  problem<Net> data;
  index_t t = 0;

  streaming(Backend backend, config const& c, std::vector<float> const& values)
      : be(std::move(backend)),
        weights(assigned(be, values)),
        read(as_stored(be, weights)),
        live(be, read, {c.size.views, c.size.queries}),
        data({16, 1, c.size.views, c.size.queries}, c.masked_views) {}

  /// One observe, one predict.
  auto step() {
    index_t const A = data.size.views, Q = data.size.queries;
    s2rm::array_view<float const, decltype(live)::view_rank> seen{data.view.data() + t * A * Net::view::size, {A}};
    for (std::size_t i = 0; i < Net::view::rank; ++i) seen.shape[i + 1] = Net::view::extents[i];
    live.observe(seen, {data.place.data() + t * A * Net::P, {A, Net::P}},
                 data.view_mask.empty() ? nullptr : data.view_mask.data() + t * A);
    auto const next = live.predict({data.query_place.data() + t * Q * Net::P, {Q, Net::P}});
    t = (t + 1) % data.size.time;
    return next;
  }

 private:
  static parameters assigned(Backend& be, std::vector<float> const& values) {
    parameters p(be);
    p.assign(be, values.data());
    return p;
  }
  static stored as_stored(Backend& be, parameters const& p) {
    if constexpr (Stored == storage::bf16) {
      return stored(be, p);
    } else {
      return p;  // NOLINT(bugprone-return-const-ref-from-parameter): the trainer's own
    }
  }
};

template <class Net, storage Stored>
void stream_step(benchmark::State& state, std::string const& name, config const& c, int threads) {
  using run_type = streaming<Net, cpu, Stored>;
  auto& run = prepared<run_type>(name, [&] {
    auto const values = start_of<Net>(c.places);
    streaming<Net, slow> right(slow{}, c, Stored == storage::bf16 ? rounded_weights<Net>(values) : values);
    run_type fast(with_threads(threads), c, values);
    for (int i = 0; i < 3; ++i) {
      auto const expected_now = right.step();
      auto const found = fast.step();
      if (found.shape != expected_now.shape) refuse(name, "the prediction has the wrong shape; not timed");
      expect_equal(name, "prediction of step " + std::to_string(i), found.size(), found.data, expected_now.data);
    }
    return std::make_shared<run_type>(with_threads(threads), c, values);
  });
  constexpr index_t weight_bytes = Net::parameter_count * static_cast<index_t>(sizeof(float));
  extents const once{1, 1, c.size.views, c.size.queries};
  worth const w{.flops = work_of<Net>(once, false).forward,
                .threads = threads,
                .bytes = static_cast<double>(weight_bytes),
                .read_bytes = weight_bytes,  // of float32, however they are stored
                .latencies = true};
  measure(state, w, [&] { run.step(); });
}

/// Streams for a while and prints how long single steps took.
template <class Net, storage Stored>
void stream_for_latency(config const& c, std::string const& name, int threads) {
  streaming<Net, cpu, Stored> run(with_threads(threads), c, start_of<Net>(c.places));
  print_latencies(name + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"), [&] { run.step(); });
}

/// Trains for a few steps and prints what the process took: the whole of a program that trains, nothing else.
template <class Net>
void train_for_memory(config const& c, int threads) {
  training<Net, cpu> run(with_threads(threads), c, c.size);
  double loss = 0;
  for (int i = 0; i < 3; ++i) loss = run.step().loss;
  std::printf("{\"config\": \"%s\", \"threads\": %d, \"loss\": %.6f, \"tape_bytes\": %lld, \"peak_rss_bytes\": %.0f}\n",
              c.name.c_str(), threads, loss, static_cast<long long>(run.trainer.step_bytes()), peak_resident_bytes());
}

/// Which passes of a configuration are measured.
struct passes {
  bool train = true, forward = true, stream = true, stream_bf16 = false;
};

template <class Net>
void add_steps(suite& to, config const& c, passes which = {}) {
  for (int threads : {1, 2}) {
    std::string const suffix = "/threads:" + std::to_string(threads);
    if (which.train) to.add("train_step/" + c.name + suffix, c, threads, train_step<Net>);
    if (which.forward) to.add("forward/" + c.name + suffix, c, threads, forward<Net>);
    if (which.stream)
      to.add("stream_step/" + c.name + (threads == 1 ? "" : suffix), c, threads, stream_step<Net, storage::float32>);
    if (which.stream_bf16) {
      to.add("stream_step/" + c.name + "_bf16" + (threads == 1 ? "" : suffix), c, threads,
             stream_step<Net, storage::bf16>);
    }
  }
  if (which.stream) {
    to.latency[c.name] = [c](int threads) { stream_for_latency<Net, storage::float32>(c, c.name, threads); };
  }
  if (which.stream_bf16) {
    std::string const name = c.name + "_bf16";
    to.latency[name] = [c, name](int threads) { stream_for_latency<Net, storage::bf16>(c, name, threads); };
  }
  if (which.train) {
    to.memory[c.name] = [c](int threads) { train_for_memory<Net>(c, threads); };
    to.saved_bytes[c.name] = s2rm::saved_bytes_per_step<Net, float>(c.size.batch, c.size.views, c.size.queries);
  }
}

}  // namespace bench
