#pragma once
/// \file
/// Parts of a model, timed one by one. A part is a template over the backend:
///
///   template <class B> struct part { part(B be, index_t rows); void step(); std::vector<result> results() const; };

#include <memory>
#include <string_view>
#include <vector>

#include "compare.hpp"
#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/ops/reference.hpp"
#include "suite.hpp"

namespace bench {

using cpu = s2rm::backend::eigen;
using slow = s2rm::ops::reference;
using s2rm::rows;

/// Numbers that both backends must agree on.
struct result {
  std::string_view what;
  std::vector<float> const* numbers;
};

/// n numbers in [-1, 1), the same in every run.
inline std::vector<float> numbers(index_t n, std::uint32_t stream) {
  s2rm::random const from{2024, stream};
  std::vector<float> all(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(from.uniform(0, i, -1, 1));
  return all;
}

/// A layer's parameters, spread as PyTorch spreads them.
template <class Schema>
std::vector<float> spread(index_t fan_in) {
  auto values = numbers(Schema::size, 100);
  float const scale = 1 / std::sqrt(static_cast<float>(fan_in));
  for (float& v : values) v *= scale;
  return values;
}

/// Values on a backend.
template <class Schema, class B>
s2rm::parameters<Schema, B, float> assigned(B& be, std::vector<float> const& values) {
  s2rm::parameters<Schema, B, float> p(be);
  p.assign(be, values.data());
  return p;
}
template <class Schema, class B>
s2rm::parameters<Schema, B, float> weights(B& be, index_t fan_in) {
  return assigned<Schema>(be, spread<Schema>(fan_in));
}

/// Of one part at `count` rows; `worth::threads` is set here. It is compared at `check` rows before.
template <template <class> class Part>
void add_part(suite& to, std::string const& name, worth const& all, index_t count, index_t check,
              std::initializer_list<int> threads_in = {1, 2}) {
  for (int threads : threads_in) {
    std::string const full = name + "/threads:" + std::to_string(threads);
    to.add(full, [=](benchmark::State& state) {
      auto& run = prepared<Part<cpu>>(full, [&] {
        Part<slow> right(slow{}, check);
        Part<cpu> fast(cpu{.threads = threads}, check);
        right.step();
        fast.step();
        auto const expected = right.results(), found = fast.results();
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expect_equal(full, found[i].what, static_cast<index_t>(expected[i].numbers->size()), found[i].numbers->data(),
                       expected[i].numbers->data());
        }
        return std::make_shared<Part<cpu>>(cpu{.threads = threads}, count);
      });
      worth w = all;
      w.threads = threads;
      measure(state, w, [&] { run.step(); });
    });
  }
}

}  // namespace bench
