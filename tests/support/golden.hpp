#pragma once
/// \file
/// Parity with PyTorch: the files of tests/golden, written by python/make_goldens.py in double from float32 input.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/io/safetensors.hpp"
#include "support/catch.hpp"
#include "support/model_fixture.hpp"
#include "support/tolerance.hpp"

namespace s2rm::test {

inline io::safetensors_file golden(std::string const& name) {
  return io::read_safetensors("golden/" + name + ".safetensors");
}

/// The worst of a whole program, by precision; one line at its end.
struct parity_account {
  double worst[2] = {0, 0};
  int arrays = 0;
  ~parity_account() {
    if (arrays == 0) return;
    std::printf("parity with PyTorch: %d arrays, worst relative error float %.1e, double %.1e\n", arrays, worst[0],
                worst[1]);
  }
};

inline parity_account& parity() {
  static parity_account all;
  return all;
}

/// Every array is held to its own largest number, within the tolerance of double, or of float where it is `single`.
inline void hold(std::string const& what, std::vector<double> const& found, std::vector<double> const& expected,
                 bool single = false) {
  INFO(what);
  double const error = relative_error(found, expected);
  CHECK(error <= (single ? tolerance::parity<float> : tolerance::parity<double>));
  auto& worst = parity().worst[single ? 0 : 1];
  worst = std::max(worst, error);
  ++parity().arrays;
}

template <class T>
owned_batch<T> batch_of(io::safetensors_file const& f) {
  auto const& places = f.at("places").shape;
  owned_batch<T> b;
  b.time = places[0];
  b.batch = places[1];
  b.views = places[2];
  b.queries = f.at("query_places").shape[2];
  b.view = f.template numbers<T>("views");
  b.place = f.template numbers<T>("places");
  b.query_place = f.template numbers<T>("query_places");
  if (f.at("targets").type == io::dtype::i64) {
    for (auto const k : f.template numbers<std::int64_t>("targets")) b.target.push_back(static_cast<T>(k));
  } else {
    b.target = f.template numbers<T>("targets");
  }
  b.view_mask = f.template numbers<std::uint8_t>("view_mask");
  b.target_mask = f.template numbers<std::uint8_t>("target_mask");
  b.reset = f.template numbers<std::uint8_t>("reset");
  b.blind = f.template numbers<std::uint8_t>("blind");
  if (f.find("elapsed") != nullptr) {
    b.view_context = f.template numbers<T>("view_context");
    b.query_context = f.template numbers<T>("query_context");
    b.elapsed = f.template numbers<T>("elapsed");
    b.query_lead = f.template numbers<T>("query_lead");
  }
  return b;
}

/// What one model gives for one golden batch.
struct golden_result {
  std::vector<double> prediction, state, gradient;
  double loss = 0;
};

/// The model as plain numbers: its fields, and what it gives for values of its parameters and a batch.
using golden_model = std::function<golden_result(std::vector<double> const& values, io::safetensors_file const& batch)>;

/// Prediction, state, loss and every gradient of one case, in double or in float (support/golden.cpp).
void compare(std::string const& name, bool single, std::span<field_info const> fields, golden_model const& run);

template <class Net, class T>
void compare(std::string const& name, backend::eigen const& be = {}) {
  compare(name, sizeof(T) == 4, Net::fields,
          [&be](std::vector<double> const& values, io::safetensors_file const& batch) {
            auto const owned = batch_of<T>(batch);
            auto const b = owned.look();
            model<Net, backend::eigen, T> m(be, values, {b.time, b.batch, b.views, b.queries});
            auto const wide = [](std::vector<T> const& x) { return std::vector<double>(x.begin(), x.end()); };
            golden_result r;
            r.loss = static_cast<T>(m.loss(b));
            r.prediction = wide(m.outputs(b));
            r.state = wide(m.states(b));
            r.gradient = wide(m.backward(b));
            return r;
          });
}

/// Both precisions.
template <class Net>
void compare(std::string const& name) {
  compare<Net, double>(name);
  compare<Net, float>(name, {.threads = 2});
}

}  // namespace s2rm::test
