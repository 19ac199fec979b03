// expect: S112
// expect-text: my_likelihood::on<s2rm::raster<1, 5, 5
// expect-text: size<25>.*wanted<50>
// A likelihood of two parameters that asks for one output per element.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_likelihood {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : s2rm::likelihood::bernoulli::on<Target> {
    static constexpr s2rm::index_t parameters = 2;
  };
};

using net = s2rm::world_model<view_of_25, my_likelihood>;
static_assert(net::parameter_count > 0);
