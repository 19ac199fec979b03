// expect: S222
// expect-text: harmonics_off_the_globe<s2rm::places::harmonics<4
// Spherical harmonics of places in the plane.
#include <s2rm/model/world_model.hpp>

struct in_the_plane : s2rm::shape {
  using view = s2rm::features<3>;
};

using net = s2rm::world_model<in_the_plane, s2rm::places::harmonics<4>>;
static_assert(net::parameter_count > 0);
