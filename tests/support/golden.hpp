#pragma once
/// \file
/// Parity with PyTorch: the files of tests/golden, written by python/make_goldens.py in double from float32 input.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/io/safetensors.hpp"
#include "support/catch.hpp"
#include "support/model_fixture.hpp"
#include "support/tolerance.hpp"

namespace s2rm::test {

inline data::safetensors_file golden(std::string const& name) {
  return data::read_safetensors("golden/" + name + ".safetensors");
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

/// Every array is held to its own largest number.
template <class T>
void hold(std::string const& what, std::vector<T> const& found, std::vector<double> const& expected) {
  INFO(what);
  double const error = relative_error(found, expected);
  CHECK(error <= tolerance::parity<T>);
  auto& worst = parity().worst[sizeof(T) / 8];
  worst = std::max(worst, error);
  ++parity().arrays;
}

template <class T>
owned_batch<T> batch_of(data::safetensors_file const& f) {
  auto const& places = f.at("places").shape;
  owned_batch<T> b;
  b.time = places[0];
  b.batch = places[1];
  b.views = places[2];
  b.queries = f.at("query_places").shape[2];
  b.view = f.template numbers<T>("views");
  b.place = f.template numbers<T>("places");
  b.query_place = f.template numbers<T>("query_places");
  if (f.at("targets").type == data::dtype::i64) {
    for (auto const k : f.template numbers<std::int64_t>("targets")) b.target.push_back(static_cast<T>(k));
  } else {
    b.target = f.template numbers<T>("targets");
  }
  b.view_mask = f.template numbers<std::uint8_t>("view_mask");
  b.target_mask = f.template numbers<std::uint8_t>("target_mask");
  b.reset = f.template numbers<std::uint8_t>("reset");
  b.blind = f.template numbers<std::uint8_t>("blind");
  return b;
}

/// Prediction, state, loss and every gradient of one case.
template <class Net, class T>
void compare(std::string const& name, backend::eigen const& be = {}) {
  INFO(name << (sizeof(T) == 4 ? ", float" : ", double"));
  auto const out = golden("model_" + name + ".out");
  auto const checkpoint = golden(*out.find_metadata("checkpoint"));
  auto const owned = batch_of<T>(golden(*out.find_metadata("batch")));
  auto const b = owned.look();
  std::vector<double> values(Net::parameter_count, NAN);
  for (auto const& f : Net::fields) {
    std::vector<index_t> const shape(f.extents.begin(), f.extents.begin() + f.rank);
    checkpoint.copy(checkpoint.template at<double>(f.name, shape), values.data() + f.offset);
  }
  model<Net, backend::eigen, T> m(be, values, {b.time, b.batch, b.views, b.queries});
  auto const loss = static_cast<T>(m.loss(b));
  hold("prediction", m.outputs(b), out.template numbers<double>("prediction"));
  hold("state", m.states(b), out.template numbers<double>("state"));
  hold("loss", std::vector<T>{loss}, out.template numbers<double>("loss"));
  auto const& g = m.backward(b);
  int gradients = 0;
  for (auto const& f : Net::fields) {
    std::string const tensor = "grad." + std::string(f.name);
    hold(tensor, std::vector<T>(g.begin() + f.offset, g.begin() + f.offset + f.size),
         out.template numbers<double>(tensor));
    ++gradients;
  }
  for (auto const& t : out.tensors) gradients -= t.name.starts_with("grad.") ? 1 : 0;
  CHECK(gradients == 0);
}

/// Both precisions.
template <class Net>
void compare(std::string const& name) {
  compare<Net, double>(name);
  compare<Net, float>(name, {.threads = 2});
}

}  // namespace s2rm::test
