// expect: S117
// Each of four modules has weights of its own: there are none for a fifth.
#include <s2rm/eigen.hpp>

struct view_of_25 : s2rm::shape {
  static constexpr s2rm::index_t modules = 5;
  using view = s2rm::raster<1, 5, 5>;
};
using net = s2rm::world_model<view_of_25>;

void load(s2rm::trainer<net, s2rm::backend::eigen>& learner) { learner.load_modules("four.safetensors"); }
