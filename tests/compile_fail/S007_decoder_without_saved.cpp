// expect: S007
// expect-text: decoder_without_saved<my_decoder::on
// A decoder whose `saved` is a schema, where a number is wanted.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  struct on : s2rm::layer::mlp<In, Out> {
    using saved = s2rm::schema<>;
  };
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
