// expect: S216
// expect-text: size_is_not_a_constant<my_shape
// A size that every object has for itself.
#include <s2rm/model/world_model.hpp>

struct my_shape : s2rm::shape {
  s2rm::index_t modules = 4;
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<my_shape>;
static_assert(net::parameter_count > 0);
