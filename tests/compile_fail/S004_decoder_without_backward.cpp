// expect: S004
// expect-text: decoder_without_backward<my_decoder::on
// A decoder without a backward pass.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  struct on : s2rm::layer::mlp<In, Out> {
    static void backward();
  };
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
