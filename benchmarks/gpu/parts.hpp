#pragma once
/// \file
/// Kernels that `backend::thrust` has for parts of a step, each beside the layer's own body on the same backend, at the
/// sizes of `balls`: 32 rows, 10 modules of 128, 10 views, 4 heads of 32; a cell's step, whose products of few rows are
/// kernels. Both must agree before they are timed.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "../models.hpp"
#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/cell/gru.hpp"
#include "s2rm/cell/lstm.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/layer/rms_norm.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/runtime/graph_cache.hpp"
#include "timed.hpp"

namespace bench {

using s2rm::rows;

/// n numbers of a backend's: in [-1, 1), the same in every run.
template <class B>
class numbers_on {
 public:
  numbers_on(B& be, index_t n, std::uint32_t stream) : size_(n), memory_(be.template allocate<float>(n)) {
    s2rm::random const from{2024, stream};
    std::vector<float> all(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(from.uniform(0, i, -1, 1));
    be.copy_in(n, all.data(), memory_.data());
    be.wait();
  }
  [[nodiscard]] float* data() { return memory_.data(); }
  /// Onto the end of `to`.
  void append(B& be, std::vector<float>& to) {
    to.resize(to.size() + static_cast<std::size_t>(size_));
    be.copy_out(size_, memory_.data(), to.data() + to.size() - size_);
  }

 private:
  index_t size_;
  decltype(std::declval<B&>().template allocate<float>(index_t{})) memory_;
};

inline constexpr index_t part_rows = 32;
using part_shape = balls::shape;
inline constexpr index_t part_modules = part_shape::modules, part_hidden = part_shape::hidden;

/// Modules that read ten views, all within reach.
template <class B>
struct attention_part {
  static constexpr index_t n = part_rows, M = part_modules, A = 10, NC = part_shape::heads * part_shape::head_width;
  using attend = s2rm::attention::kernel_dot<part_shape::heads, part_shape::head_width, s2rm::normalisation::log_space>;
  numbers_on<B> q, k, v, y, saved, dq, dk, dv, dlog, scratch, log_weight;
  decltype(std::declval<B&>().template allocate<std::uint8_t>(index_t{})) reach;
  explicit attention_part(B& be)
      : q(be, n * M * NC, 1),
        k(be, n * A * NC, 2),
        v(be, n * A * NC, 3),
        y(be, n * M * NC, 4),
        saved(be, n * M * attend::saved(A), 5),
        dq(be, n * M * NC, 6),
        dk(be, n * A * NC, 7),
        dv(be, n * A * NC, 8),
        dlog(be, n * A * M, 9),
        scratch(be, n * M * attend::scratch(A), 10),
        log_weight(be, n * A * M, 11),
        reach(be.template allocate<std::uint8_t>(n * A * M)) {
    be.fill(n * A * M, s2rm::kernel::reached, reach.data());
  }
  [[nodiscard]] s2rm::attention::geometry<float> geometry() {
    return {n, M, A, log_weight.data(), reach.data(), A * M, 1, M};
  }
  void forward(B& be) {
    attend::forward(be, geometry(), {q.data(), M * NC, NC}, {k.data(), A * NC, NC}, {v.data(), A * NC, NC},
                    {y.data(), M * NC, NC}, saved.data());
  }
  void backward(B& be) {
    be.fill(n * A * M, 0.0F, dlog.data());
    attend::backward(be, geometry(), {q.data(), M * NC, NC}, {k.data(), A * NC, NC}, {v.data(), A * NC, NC},
                     {y.data(), M * NC, NC}, saved.data(), {dq.data(), M * NC, NC}, {dk.data(), A * NC, NC},
                     {dv.data(), A * NC, NC}, dlog.data(), A * M, scratch.data());
  }
  std::vector<float> results(B& be) {
    std::vector<float> all;
    for (auto* one : {&y, &dq, &dk, &dv, &dlog}) one->append(be, all);
    return all;
  }
};

/// RMS normalisation of states.
template <class B>
struct rms_part {
  static constexpr index_t n = part_rows, M = part_modules, H = part_hidden;
  numbers_on<B> h, y, factor, dy, dh;
  explicit rms_part(B& be)
      : h(be, n * M * H, 1), y(be, n * M * H, 2), factor(be, n * M, 3), dy(be, n * M * H, 4), dh(be, n * M * H, 5) {}
  void forward(B& be) {
    s2rm::dynamics::normalise_rows<M, H>(be, n * M, rows<float const>{h.data(), M * H, H},
                                         rows<float>{y.data(), M * H, H}, factor.data());
  }
  void backward(B& be) {
    be.fill(n * M * H, 0.0F, dh.data());
    s2rm::dynamics::normalise_rows_backward<M, H>(
        be, n * M, rows<float const>{y.data(), M * H, H}, rows<float const>{dy.data(), M * H, H},
        static_cast<float const*>(factor.data()), rows<float>{dh.data(), M * H, H});
  }
  std::vector<float> results(B& be) {
    std::vector<float> all;
    for (auto* one : {&y, &dh}) one->append(be, all);
    return all;
  }
};

/// A cell's step.
template <class Cell>
struct cell_part {
  template <class B>
  struct on {
    using cell = typename Cell::template on<part_shape>;
    static constexpr index_t n = part_rows, M = cell::M, H = cell::H, I = cell::NC, SW = cell::state;
    s2rm::parameters<typename cell::params, B, float> weights;
    numbers_on<B> u, h, c, y, saved, dy, delta, du, dh, dc, scratch;
    explicit on(B& be)
        : weights(be),
          u(be, n * M * I, 1),
          h(be, n * M * H, 2),
          c(be, n * M * SW, 3),
          y(be, n * M * SW, 4),
          saved(be, n * cell::saved::size, 5),
          dy(be, n * M * SW, 6),
          delta(be, n * cell::delta::size, 7),
          du(be, n * M * I, 8),
          dh(be, n * M * H, 9),
          dc(be, n * M * SW, 10),
          scratch(be, n * cell::scratch, 11) {
      std::vector<float> values(static_cast<std::size_t>(cell::params::size));
      cell::initialise(values.data(), {s2rm::random{1, 0}, 0});
      weights.assign(be, values.data());
      be.wait();
    }
    [[nodiscard]] static rows<float> module_rows(numbers_on<B>& x, index_t width) {
      return {x.data(), M * width, width};
    }
    void forward(B& be) {
      cell::forward(be, weights.view(), n, module_rows(u, I), module_rows(h, H), module_rows(c, SW), module_rows(y, SW),
                    s2rm::saved_of<float, typename cell::saved>{saved.data(), n}, scratch.data());
    }
    void backward(B& be) {
      cell::backward(be, weights.view(), n, module_rows(u, I), module_rows(h, H), module_rows(c, SW),
                     module_rows(dy, SW), s2rm::saved_of<float, typename cell::saved>{saved.data(), n},
                     s2rm::saved_of<float, typename cell::delta>{delta.data(), n}, module_rows(du, I),
                     module_rows(dh, H), module_rows(dc, SW), scratch.data());
    }
    std::vector<float> results(B& be) {
      std::vector<float> all;
      for (auto* one : {&y, &delta, &du, &dh, &dc}) one->append(be, all);
      return all;
    }
  };
};

/// f, many times: from one graph where the backend captures.
template <class B, class F>
void time_work(std::string const& name, B& be, F const& f) {
  constexpr int times = 20;
  auto const many = [&] {
    for (int i = 0; i < times; ++i) f();
  };
  if constexpr (s2rm::ops::captures<B>) {
    many();
    typename B::graph graph;
    be.capture(graph, many);
    report_time(name, times, [&] {
      be.launch(graph);
      be.wait();
    });
  } else {
    report_time(name, times, [&] {
      many();
      be.wait();
    });
  }
}

/// One part on a backend with its kernels and on one without. `only`: names that are wanted, all where there are none.
template <template <class> class Part, class B>
bool time_part(std::string const& name, B fused, std::vector<std::string_view> const& only) {
  std::string const base = "part/" + name;
  auto const wanted = [&](std::string const& one) {
    return only.empty() || std::find(only.begin(), only.end(), one) != only.end();
  };
  std::string const forward = base + "/forward", backward = base + "/backward";
  if (!wanted(forward) && !wanted(backward)) return true;
  B bodies = fused;
  bodies.fused = false;
  Part<B> a(fused), b(bodies);
  a.forward(fused), a.backward(fused);
  b.forward(bodies), b.backward(bodies);
  auto const found = a.results(fused), expected = b.results(bodies);
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
  }
  if (!(worst <= 1e-5 * largest)) {
    report_error(base, "off by " + std::to_string(worst) + " of " + std::to_string(largest));
    return false;
  }
  if (wanted(forward)) {
    time_work(forward + "/kernel", fused, [&] { a.forward(fused); });
    time_work(forward + "/bodies", bodies, [&] { b.forward(bodies); });
  }
  if (wanted(backward)) {
    time_work(backward + "/kernel", fused, [&] { a.backward(fused); });
    time_work(backward + "/bodies", bodies, [&] { b.backward(bodies); });
  }
  return true;
}

/// All parts. False where one differs from its body.
template <class B>
bool time_parts(B const& be, std::vector<std::string_view> const& only) {
  bool good = time_part<attention_part>("attention", be, only);
  good = time_part<rms_part>("rms", be, only) && good;
  good = time_part<cell_part<s2rm::cell::gru>::on>("gru", be, only) && good;
  return time_part<cell_part<s2rm::cell::lstm>::on>("lstm", be, only) && good;
}

}  // namespace bench
