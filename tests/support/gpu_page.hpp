#pragma once
/// \file
/// What docs/gpu.md takes for granted: a model, batches, and a GPU, for which Thrust's host system stands here.

#include <s2rm/adapters/xtensor.hpp>
#include <s2rm/eigen.hpp>
#include <s2rm/thrust.hpp>

#include <vector>

namespace my {

struct sizes : s2rm::shape {
  static constexpr s2rm::index_t modules = 3, hidden = 8, heads = 2, head_width = 4, sphere = 4, place = 2;
  using view = s2rm::features<2>;
};
using net = s2rm::world_model<sizes, s2rm::encoder::mlp<8>, s2rm::decoder::mlp<8>, s2rm::likelihood::gaussian>;

}  // namespace my
using my::net;

S2RM_NAMESPACE_BEGIN

template <class Net, class T, class Optimiser>
std::unique_ptr<any_trainer<Net, T>> gpu_trainer(Optimiser optimiser, seed start, training options,
                                                 gpu_options /*gpu*/) {
  return erased(trainer<Net, backend::thrust, T, Optimiser>({}, std::move(optimiser), start, options));
}
template <class Net>
int gpu_count() {
  return 1;
}

S2RM_NAMESPACE_END

inline s2rm::batch<float, 1> const batch = [] {
  s2rm::batch<float, 1> b;
  b.views = s2rm::make_tensor<float>(3, 2, 4, 2);
  b.places = s2rm::make_tensor<float>(3, 2, 4, 2);
  b.query_places = s2rm::make_tensor<float>(3, 2, 5, 2);
  b.targets = s2rm::make_tensor<float>(3, 2, 5, 2);
  return b;
}();
inline std::vector<s2rm::batch<float, 1>> const batches(20, batch);
/// A simulator on the GPU.
struct simulator {
  s2rm::index_t agents = 3;
  std::vector<float> numbers = std::vector<float>(30, 0.5f);
  float const *views = numbers.data(), *places = numbers.data(), *asked = numbers.data();
  std::uint8_t const *present = nullptr, *active = nullptr, *done = nullptr;
  void run() {}
};
inline simulator world;
inline s2rm::optim::adam const adam{};
inline bool const on_gpu = true;
inline void note(s2rm::step_report const& /*report*/) {}
