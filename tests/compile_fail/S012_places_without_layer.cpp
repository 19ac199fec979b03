// expect: S012
// expect-text: policy_without_layer<my_places
// Place features that are their own layer: the model asks for `on<Shape>`.
#include <s2rm/model/world_model.hpp>

struct plane : s2rm::shape {
  using view = s2rm::features<3>;
};

struct my_places {
  using kind = s2rm::kind::places;
};

using net = s2rm::world_model<plane, my_places>;
static_assert(net::parameter_count > 0);
