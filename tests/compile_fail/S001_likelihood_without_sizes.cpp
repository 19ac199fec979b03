// expect: S001
// expect-text: likelihood_without_sizes<my_likelihood::on<s2rm::raster<1, 5, 5
// A likelihood that does not say how many numbers it needs.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_likelihood {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on {
    static constexpr s2rm::index_t parameters = 1;
  };
};

using net = s2rm::world_model<view_of_25, my_likelihood>;
static_assert(net::parameter_count > 0);
