// expect: S003
// expect-text: decoder_without_forward<my_decoder::on
// A decoder that deduces the number type twice: rows<T const> does not come from rows<T>.
#include <s2rm/model/world_model.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

struct my_decoder {
  using kind = s2rm::kind::decoder;
  template <class Shape, s2rm::index_t In, s2rm::index_t Out>
  struct on : s2rm::layer::mlp<In, Out> {
    template <class B, class T>
    static void forward(B&, s2rm::parameters_of<T, typename on::params>, s2rm::index_t, s2rm::rows<T const>,
                        s2rm::rows<T>, T*);
  };
};

using net = s2rm::world_model<view_of_25, my_decoder>;
static_assert(net::parameter_count > 0);
