#pragma once

#include "experiment/model_of.hpp"
#include "model.hpp"

namespace clip {

/// A Gaussian of unit variance, o = mean (target...): loss = (x - m)^2 / 2. With a variance of its own for each pixel
/// (`likelihood::gaussian`) what moves counts less the less certain it is: the means, which PSNR asks for, then take many
/// times the steps to leave the background.
struct unit_gaussian {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : s2rm::likelihood::element_wise<on<Target>> {
    static constexpr index_t parameters = 1;
    static constexpr index_t outputs = Target::size;
    static constexpr bool has_location = true;

    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e) {
      auto const miss = L::load(x + e) - L::load(o + e);
      return T(0.5) * miss * miss;
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d) {
      L::store(d + e, scale * (L::load(o + e) - L::load(x + e)));
    }
  };
};

/// What is seen and what is predicted: a crop of z.
struct sizes : s2rm::shape {
  static constexpr s2rm::index_t modules = 12, hidden = 64, heads = 4, head_width = 16, sphere = 16;
  using view = s2rm::raster<1, crop::side, crop::side>;
};

template <class Net>
using model_of = examples::model_of<Net, most_views>;

namespace nets {

struct s2gru : examples::known_net<s2rm::world_model<sizes, s2rm::cell::gru, s2rm::encoder::mlp<128, 96>,
                                                     s2rm::decoder::mlp<128>, unit_gaussian>,
                                   20> {};

}  // namespace nets
}  // namespace clip
