// expect: S001
// expect-text: decoder_without_sizes<my_decoder::on<view_of_25
// A decoder whose `in` is a function.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  struct on : s2rm::layer::mlp<In, Out> {
    static s2rm::index_t in();
  };
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
