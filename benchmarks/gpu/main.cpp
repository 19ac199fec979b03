// Times training, streaming and parts of a step (parts.hpp) on a GPU. Training and streams are first held against the CPU
// backend at small extents, a part against its body; what differs is not timed. Prints one line of JSON for
// each case: name, median and least time in milliseconds. table.py makes a table of them.
//
//   bench_gpu [case...]        all cases where none is named
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../problem.hpp"
#include "../work.hpp"
#include "models.hpp"
#include "parts_on_gpu.hpp"
#include "s2rm/eigen.hpp"
#include "timed.hpp"

namespace {

using namespace bench;

s2rm::optim::adam optimiser() { return {.rate = 1e-7}; }

/// Whether loss and gradient at small extents are the CPU's.
template <class Net>
bool agrees(std::string const& name, s2rm::gpu_options gpu, double tolerance) {
  problem<Net> const data({3, 2, 5, 4}, 1);
  auto const cpu = s2rm::erased(s2rm::trainer<Net, s2rm::backend::eigen>({}, optimiser(), s2rm::seed{1}));
  auto const there = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  double const expected = cpu->differentiate(data.look()), found = there->differentiate(data.look());
  std::vector<float> a(Net::parameter_count), b(a.size());
  cpu->gradient(Net::parameter_count, a.data());
  there->gradient(Net::parameter_count, b.data());
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  bool const same = std::abs(found - expected) <= tolerance * std::abs(expected) && worst <= 10 * tolerance * largest;
  if (!same) {
    report_error(name, "loss " + std::to_string(found) + " against " + std::to_string(expected) + ", gradient off by " +
                           std::to_string(worst) + " of " + std::to_string(largest));
  }
  return same;
}

/// What a case must do at the least, for the line: operations, and bytes that are read or written.
std::string work(double operations, double bytes) {
  char text[100];
  std::snprintf(text, sizeof text, ", \"operations\": %.6g, \"bytes\": %.6g", operations, bytes);
  return text;
}

/// `from`: whether the batch is the device's, as PyTorch's are, or the host's. `unread`: so many steps are asked for before
/// their reports are.
enum class batch_of { device, host };
template <class Net>
void train(std::string const& name, extents const& e, s2rm::gpu_options const& gpu, batch_of from = batch_of::device,
           index_t unread = 1) {
  bool const exact = gpu.precision == s2rm::gpu_precision::full;
  if (!agrees<Net>(name, gpu, exact ? 1e-4 : 5e-2)) return;
  problem<Net> const data(e, 0);
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  auto const kept = learner->upload(data.look());
  auto const batch = from == batch_of::device ? kept.view() : data.look();
  report_time(
      name, static_cast<int>(unread),
      [&] {
        index_t last = 0;
        for (index_t i = 0; i < unread; ++i) last = learner->step_async(batch);
        static_cast<void>(learner->report(last));
      },
      work(work_of<Net>(e).training, 0));
}

/// Whether three steps of some sessions predict what the CPU's do, from where they are timed. One session is a stream.
template <class Net>
bool agrees_live(std::string const& name, s2rm::gpu_options const& gpu, index_t sessions, batch_of from) {
  constexpr index_t views = 4, queries = 3;
  auto const cpu = s2rm::erased(s2rm::trainer<Net, s2rm::backend::eigen>({}, optimiser(), s2rm::seed{1}));
  auto const there = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  auto const expected = cpu->streams(sessions, {views, queries});
  auto const many = there->streams(sessions, {views, queries, s2rm::non_finite_views::absent});
  auto const one = there->stream({views, queries});
  problem<Net> const data({3, sessions, views, queries}, 0);
  auto const given = data.look();
  auto const kept = there->upload(given);
  index_t const numbers = sessions * queries * Net::outputs;
  double worst = 0;
  for (index_t t = 0; t < 3; ++t) {
    s2rm::array_view<float const, 5> v{nullptr, {sessions, views, 1, 11, 11}};
    s2rm::array_view<float const, 3> p{nullptr, {sessions, views, 2}}, q{nullptr, {sessions, queries, 2}};
    auto const at = [&](s2rm::batch_view<float> const& b) {
      v.data = b.view + t * v.size(), p.data = b.place + t * p.size(), q.data = b.query_place + t * q.size();
    };
    at(given);
    expected->step(v, p, q);
    auto const y = expected->predictions();
    float const* found = nullptr;
    if (sessions == 1) {
      one->step({v.data, {views, 1, 11, 11}}, {p.data, {views, 2}}, {q.data, {queries, 2}});
      found = one->predictions().data;
    } else if (from == batch_of::host) {
      many->step(v, p, q);
      found = many->predictions().data;
    } else {
      at(kept.view());
      many->step(s2rm::on_device, v, p, q);
      found = many->predictions().data;
    }
    for (index_t i = 0; i < numbers; ++i) {
      double const off = std::abs(static_cast<double>(y.data[i]) - static_cast<double>(found[i]));
      worst = off <= worst ? worst : off;  // NaN too is worse
    }
  }
  bool const same = worst <= 1e-4;
  if (!same) report_error(name, "predictions off by " + std::to_string(worst));
  return same;
}

/// How a stream is asked: in one piece of work, or first shown, then asked.
enum class asked { at_once, apart };

/// One step and its predictions, batch 1.
template <class Net>
void live(std::string const& name, extents const& e, s2rm::gpu_options const& gpu, asked how = asked::at_once) {
  if (!agrees_live<Net>(name, gpu, 1, batch_of::host)) return;
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1}, {}, gpu);
  problem<Net> const data({1, 1, e.views, e.queries}, 0);
  auto const b = data.look();
  auto const one = learner->stream({e.views, e.queries});
  s2rm::array_view<float const, 4> const views{b.view, {e.views, 1, 11, 11}};
  s2rm::array_view<float const, 2> const places{b.place, {e.views, 2}}, queries{b.query_place, {e.queries, 2}};
  report_time(name, 1, [&] {
    if (how == asked::at_once) {
      one->step(views, places, queries);
      one->predictions();
    } else {
      one->observe(views, places);
      one->predict(queries);
    }
  });
}

/// Many sessions; views are the device's and answers stay there, or both are the host's.
template <class Net>
void live_many(std::string const& name, index_t sessions, extents const& e, batch_of from = batch_of::device) {
  // As many as take the steps, and cuBLAS for their products.
  if (!agrees_live<Net>(name, {}, 128, from)) return;
  auto const learner = s2rm::gpu_trainer<Net>(optimiser(), s2rm::seed{1});
  problem<Net> const data({1, sessions, e.views, e.queries}, 0);
  auto const kept = learner->upload(data.look());
  auto const b = from == batch_of::device ? kept.view() : data.look();
  auto const all = learner->streams(sessions, {e.views, e.queries, s2rm::non_finite_views::absent});
  s2rm::array_view<float const, 5> const views{b.view, {sessions, e.views, 1, 11, 11}};
  s2rm::array_view<float const, 3> const places{b.place, {sessions, e.views, 2}},
      queries{b.query_place, {sessions, e.queries, 2}};
  extents const step{1, sessions, e.views, e.queries};
  // Weights, views, predictions; the state twice.
  double const numbers =
      static_cast<double>(Net::parameter_count) +
      static_cast<double>(sessions) *
          static_cast<double>(e.views * Net::view::size + e.queries * Net::outputs + 2 * Net::M * Net::state_size);
  report_time(
      name, 1,
      [&] {
        if (from == batch_of::device) {
          all->step(s2rm::on_device, views, places, queries);
          all->wait();
        } else {
          all->step(views, places, queries);
          all->predictions();
        }
      },
      work(work_of<Net>(step, false).forward, 4 * numbers));
}

}  // namespace

int main(int argc, char** argv) {
  if (s2rm::gpu_count<balls>() == 0) {
    std::puts("bench_gpu: no CUDA device, or its driver does not answer");
    return 77;
  }
  extents const small{20, 32, 10, 10}, large{50, 256, 32, 32};
  using s2rm::gpu_options;
  using s2rm::gpu_precision;
  gpu_options const whole, steps{.persistent = false}, bodies{.fused = false};
  gpu_options const tf32{.precision = gpu_precision::tf32}, bf16{.precision = gpu_precision::bf16};
  struct named {
    std::string_view name;
    std::function<void(std::string const&)> run;
  };
  std::vector<named> const cases{
      {"train/balls/float", [&](std::string const& n) { train<balls>(n, small, whole); }},
      {"train/balls/float/host", [&](std::string const& n) { train<balls>(n, small, whole, batch_of::host); }},
      {"train/balls/float/host/unread",
       [&](std::string const& n) { train<balls>(n, small, whole, batch_of::host, 8); }},
      {"train/balls/float/steps", [&](std::string const& n) { train<balls>(n, small, steps); }},
      {"train/balls/float/bodies", [&](std::string const& n) { train<balls>(n, small, bodies); }},
      {"train/balls/tf32", [&](std::string const& n) { train<balls>(n, small, tf32); }},
      {"train/balls/bf16", [&](std::string const& n) { train<balls>(n, small, bf16); }},
      {"train/big/float", [&](std::string const& n) { train<big>(n, large, whole); }},
      {"train/big/bf16", [&](std::string const& n) { train<big>(n, large, bf16); }},
      {"stream/balls/1", [&](std::string const& n) { live<balls>(n, small, whole); }},
      {"stream/balls/1/apart", [&](std::string const& n) { live<balls>(n, small, whole, asked::apart); }},
      {"stream/balls/1/steps", [&](std::string const& n) { live<balls>(n, small, steps); }},
      {"stream/balls/4096", [&](std::string const& n) { live_many<balls>(n, 4096, small); }},
      {"stream/balls/4096/host", [&](std::string const& n) { live_many<balls>(n, 4096, small, batch_of::host); }},
  };
  bool good = true;
  for (auto const& c : cases) {
    bool wanted = argc == 1;
    for (int i = 1; i < argc; ++i) wanted = wanted || c.name == argv[i];
    try {
      if (wanted) c.run(std::string(c.name));
    } catch (std::exception const& error) {
      report_error(std::string(c.name), error.what());
      good = false;
    }
  }
  try {
    good = time_parts_on_gpu({argv + 1, argv + argc}) && good;
  } catch (std::exception const& error) {
    report_error("part", error.what());
    good = false;
  }
  return good ? 0 : 1;
}
