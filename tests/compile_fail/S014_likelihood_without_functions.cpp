// expect: S014
// expect-text: likelihood_without_functions<my_likelihood::on
// A likelihood whose gradient takes no scale.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_likelihood {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : s2rm::likelihood::bernoulli::on<Target> {
    template <class T>
    static void gradient(T const* o, T const* x, s2rm::index_t e, T* d);
  };
};

using net = s2rm::world_model<view_of_25, my_likelihood>;
static_assert(net::parameter_count > 0);
