// expect: S301
// expect-text: no reduce.n, f, out.
// expect-text: my_backend
// A backend that lost one primitive: the message names it.
#include <s2rm/model/forward_backward.hpp>

struct view_of_25 : s2rm::shape {
  using view = s2rm::raster<1, 5, 5>;
};

using net = s2rm::world_model<view_of_25>;

struct my_backend : s2rm::ops::reference {
  void reduce() const;
};

template struct s2rm::forward_backward<net, my_backend, float>;
