// expect: S018
// expect-text: place_features_incomplete<my_features
// Place features that do not say how many they are.
#include <s2rm/model/world_model.hpp>

struct plane : s2rm::shape {
  using view = s2rm::features<3>;
};

struct my_features {
  using kind = s2rm::kind::places;
  template <class Shape>
  struct on : s2rm::layer::octaves<Shape> {
    s2rm::index_t count = 2;
  };
};

using net = s2rm::world_model<plane, my_features>;
static_assert(net::parameter_count > 0);
