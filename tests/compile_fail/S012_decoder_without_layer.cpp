// expect: S012
// expect-text: decoder_without_layer<my_decoder
// A decoder that takes a shape alone: its widths are the model's to say.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape>
  struct on;
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
