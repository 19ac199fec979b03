// expect: S113
// As many numbers as the target has, in another form.
#include <s2rm/decoder/conv.hpp>
#include <s2rm/model/world_model.hpp>

struct wide_view : s2rm::shape {
  using view = s2rm::raster<1, 2, 6>;
};

using net =
    s2rm::world_model<wide_view,
                      s2rm::decoder::conv<s2rm::layer::linear<4, 2, 3>, s2rm::layer::conv_transpose2d<1, 2, 1, 0>>>;
static_assert(net::parameter_count > 0);
