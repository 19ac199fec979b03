// expect: S102
// expect-text: mlp<80, 25>
// expect-text: gaussian
// expect-text: writes<25>.*wanted<50>
// A decoder that writes a mean where mean and log-variance are wanted.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  using on = s2rm::layer::mlp<In, Shape::view::size>;
};

using net = s2rm::world_model<view_of_25, my_decoder, s2rm::likelihood::gaussian>;
static_assert(net::parameter_count > 0);
