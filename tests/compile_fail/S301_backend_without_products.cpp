// expect: S301
// expect-text: no product.w, bias, n, x, y.
// expect-text: my_backend
// A backend that has nothing but memory: the message names the first primitive.
#include <s2rm/model/forward_backward.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25>;

struct my_backend {
  template <class T>
  s2rm::ops::reference::buffer<T> allocate(s2rm::index_t n) const;
};

using weights = s2rm::parameters<net::params, my_backend, float>;
static_assert(sizeof(weights) > 0);
