// One unit of a program whose units are compiled with other flags: UNIT names what it gives the others. All that they
// share must be the standard library's and Eigen's (check_shared.cmake); units_main.cpp runs one of them.
#include "s2rm/backend/eigen/backend.hpp"
#include "s2rm/stream/stream.hpp"
#include "s2rm/train/trainer.hpp"

namespace {
struct sizes : s2rm::shape {
  static constexpr s2rm::index_t modules = 4, hidden = 8, heads = 2, head_width = 4, sphere = 4, place = 2,
                                 frequencies = 2, place_hidden = 8;
  using view = s2rm::features<3>;
};
}  // namespace

// A name of every unit's: types of an unnamed namespace would give their functions internal linkage.
struct shared_sizes : sizes {};
using net = s2rm::world_model<shared_sizes, s2rm::encoder::mlp<8>, s2rm::decoder::mlp<8>, s2rm::likelihood::gaussian>;

extern "C" double UNIT() {
  s2rm::owned_batch<float> b;
  b.resize<shared_sizes>(4, 16, 3, 2);
  s2rm::random const numbers{2024};
  std::uint64_t i = 0;
  for (auto* x : {&b.view, &b.place, &b.query_place, &b.target}) {
    for (auto& one : *x) one = static_cast<float>(numbers.uniform(1, i++, -1, 1));
  }
  s2rm::trainer<net, s2rm::backend::eigen> learner{s2rm::backend::eigen{.threads = 1}, {.rate = 1e-2}, s2rm::seed{7}};
  for (int n = 0; n < 4; ++n) learner.step(b.look());
  return learner.evaluate(b.look());
}
