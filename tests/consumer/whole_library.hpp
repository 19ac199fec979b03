#pragma once
/// \file
/// Every header, and most templates of the library instantiated. It is compiled the way that strangers compile: among their
/// warnings (strict.cpp) and behind their macros (macros.cpp). Nobody runs it.
#include <all_headers.hpp>

namespace whole_library {

struct sizes : s2rm::shape {
  static constexpr s2rm::index_t modules = 3, hidden = 8, heads = 2, head_width = 4, sphere = 4, place_hidden = 8;
  using view = s2rm::features<2>;
};
struct crops : sizes {
  using view = s2rm::raster<2, 4, 5>;
  using target = s2rm::raster<1, 3, 4>;
};

template <class Net, class T = float, class Optimiser = s2rm::optim::adam>
void use(s2rm::batch_view<T> b) {
  using cpu = s2rm::backend::eigen;
  using trainer = s2rm::trainer<Net, cpu, T, Optimiser>;
  trainer learner{cpu{.threads = 2}, Optimiser{}, s2rm::seed{7},
                  s2rm::training{.truncation = {.window = 2}, .recompute = 2, .average = 0.9, .microbatches = 2}};
  s2rm::augment::pipeline<typename Net::shape, T, s2rm::augment::drop_views, s2rm::augment::jitter> augment{
      s2rm::seed{1}, s2rm::augment::drop_views{}, s2rm::augment::jitter{}};
  learner.step(augment(0, b));
  learner.evaluate(b);
  learner.save("whole_library.safetensors");
  learner.resume("whole_library.safetensors");
  s2rm::streams<Net, cpu, T> many{cpu{}, learner.averaged(), 2};
  s2rm::array_view<T const, 3> const places{b.place, {2, b.views, Net::P}};
  if constexpr (s2rm::is_raster<typename Net::view>) {
    many.observe({b.view, {2, b.views, Net::view::channels, Net::view::height, Net::view::width}}, places);
  } else {
    many.observe({b.view, {2, b.views, Net::view::size}}, places);
  }
  many.predict(places);
  s2rm::stream<Net, cpu, T> one{cpu{}, learner.averaged()};
  one.reset();
  auto const any = s2rm::erased(trainer{cpu{}, Optimiser{}, s2rm::seed{7}});
  any->step(b);
}

namespace encoder = s2rm::encoder;
namespace decoder = s2rm::decoder;
namespace layer = s2rm::layer;
namespace dynamics = s2rm::dynamics;

template <class... Policies>
using net = s2rm::world_model<sizes, encoder::mlp<6, 4>, decoder::mlp<8>, Policies...>;
using maps = s2rm::world_model<
    crops, encoder::conv<layer::conv2d<3, 3, 2, 1>, layer::linear<4>>,
    decoder::conv<layer::linear<2, 2, 2>, layer::conv_transpose2d<1, 2, 1, 0>, layer::linear<1, 3, 4>>>;

inline void use_all(s2rm::batch_view<float> b, s2rm::batch_view<double> c) {
  use<net<>>(b);
  use<net<s2rm::likelihood::gaussian>, double>(c);
  use<net<s2rm::cell::lstm, s2rm::normalisation::product, s2rm::interaction::after_update>, float, s2rm::optim::sgd>(b);
  use<net<s2rm::cell::rmc<2, 2>, s2rm::carry::residual>>(b);
  use<net<dynamics::gru<6>>>(b);
  use<net<dynamics::rim<2>>>(b);
  use<net<dynamics::rmc<4, 6, 2>>>(b);
  use<net<dynamics::tto<3, 32>>>(b);
  use<maps>(b);
}

}  // namespace whole_library
