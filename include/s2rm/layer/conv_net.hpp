#pragma once
/// \file
/// A network of the layers of layer/conv_op.hpp, GELU (the tanh form) between them and none after the last:
///
///   z_0 = x,   a_i = layer_i(z_i),   z_{i+1} = gelu(a_i),   y = a_last
///
/// Backward: each layer's own, and da_{i-1} = dz_i * gelu'(a_{i-1}). Outside, a raster is (C, H, W) as everywhere;
/// within, channels come last.

#include <algorithm>

#include "s2rm/layer/conv_op.hpp"
#include "s2rm/layer/mlp.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

namespace detail {

/// No layer at all.
template <index_t Index, class Map, class... Empty>
struct map_chain {
  using map = Map;
  using params = schema<>;
  static constexpr bool sound = false;
  static constexpr index_t saved = 0, scratch = 0;
};

/// Layers First, Rest... reading `Map`. Saved per row: the layer's own, then a and gelu(a), then the rest's.
template <index_t Index, class Map, class First, class... Rest>
struct map_chain<Index, Map, First, Rest...> {
  using head = typename First::template on<Map>;
  using tail = map_chain<Index + 1, typename head::map, Rest...>;
  using map = typename tail::map;
  using params =
      joined<prefixed<index_text<Index>() + fixed_string{"."}, typename head::params>, typename tail::params>;
  static constexpr bool sound = head::sound && tail::sound;
  static constexpr index_t width = head::map::size;
  static constexpr index_t saved = head::saved + 2 * width + tail::saved;
  /// da, then the scratch of one layer at a time.
  static constexpr index_t scratch = width + (std::max)(head::scratch, tail::scratch);

  template <class T>
  static void initialise(T* values, init::source from) {
    head::initialise(values, from);
    tail::initialise(values + head::params::size, from.at(head::params::size));
  }
  template <class B, class T>
  static void forward(B& be, parameters_of<T, schema<>> p, index_t n, T const* x, T* y, T* saved_rows) {
    T* const a = saved_rows + n * head::saved;
    T* const z = a + n * width;
    head::forward(be, p.template inner<typename head::params>(0), n, x, a, saved_rows);
    be.template for_rows<width>(n, ops::gelu_rows<T, width>{a, z});
    tail::forward(be, p.template inner<schema<>>(head::params::size), n, z, y, z + n * width);
  }
  template <class B, class T>
  static void backward(B& be, parameters_of<T, schema<>> p, index_t n, T const* x, T const* dy, T const* saved_rows,
                       T* dx, gradients_of<T, schema<>> dp, T* scratch_rows) {
    T const* const a = saved_rows + n * head::saved;
    T const* const z = a + n * width;
    T* const da = scratch_rows;
    T* const own = scratch_rows + n * width;
    tail::backward(be, p.template inner<schema<>>(head::params::size), n, z, dy, z + n * width, da,
                   dp.template inner<schema<>>(head::params::size), own);
    be.template for_rows<width>(n, gelu_rows_backward<T, width>{a, da});
    head::backward(be, p.template inner<typename head::params>(0), n, x, da, saved_rows, dx,
                   dp.template inner<typename head::params>(0), own);
  }
};

/// The last layer.
template <index_t Index, class Map, class Last>
struct map_chain<Index, Map, Last> {
  using head = typename Last::template on<Map>;
  using map = typename head::map;
  using params = prefixed<index_text<Index>() + fixed_string{"."}, typename head::params>;
  static constexpr bool sound = head::sound;
  static constexpr index_t saved = head::saved, scratch = head::scratch;

  template <class T>
  static void initialise(T* values, init::source from) {
    head::initialise(values, from);
  }
  template <class B, class T>
  static void forward(B& be, parameters_of<T, schema<>> p, index_t n, T const* x, T* y, T* saved_rows) {
    head::forward(be, p.template inner<typename head::params>(0), n, x, y, saved_rows);
  }
  template <class B, class T>
  static void backward(B& be, parameters_of<T, schema<>> p, index_t n, T const* x, T const* dy, T const* saved_rows,
                       T* dx, gradients_of<T, schema<>> dp, T* scratch_rows) {
    head::backward(be, p.template inner<typename head::params>(0), n, x, dy, saved_rows, dx,
                   dp.template inner<typename head::params>(0), scratch_rows);
  }
};

}  // namespace detail

/// `Layers` over a raster `Map`. Parameters `0.weight`, `0.bias`, `1.weight`, ...; y is the last map, (C, H, W).
template <class Map, class... Layers>
struct convolutional {
  using chain = detail::map_chain<0, Map, Layers...>;
  using map = typename chain::map;
  struct params : chain::params {};
  static constexpr bool sound = chain::sound;  ///< whether all layers are sound
  static constexpr index_t in = Map::size, out = map::size;
  static constexpr index_t saved = in + out + chain::saved;      ///< numbers per row
  static constexpr index_t scratch = in + out + chain::scratch;  ///< numbers per row

  template <class T>
  static void initialise(T* values, init::source from) {
    chain::initialise(values, from);
  }

  /// y (n, out) from x (n, in); writes saved (n * saved numbers).
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> x, out_rows<T> y, T* saved_rows) {
    T* const last = saved_rows + n * in;
    be.template for_rows<in>(n, to_pixels<Map, T>{x, {saved_rows, in}});
    chain::forward(be, p.template inner<schema<>>(0), n, saved_rows, last, last + n * out);
    be.template for_rows<out>(n, to_planes<map, T>{{last, out}, y});
  }

  /// Overwrites dx (n, in) unless its data is null; adds to dp.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, index_t n, in_rows<T> /*x*/, in_rows<T> dy,
                       in_vector<T> saved_rows, out_rows<T> dx, gradients_of<T, params> dp,
                       std::type_identity_t<T*> scratch_rows) {
    T* const dlast = scratch_rows;
    T* const dfirst = dx.data == nullptr ? nullptr : dlast + n * out;
    be.template for_rows<out>(n, to_pixels<map, T>{dy, {dlast, out}});
    chain::backward(be, p.template inner<schema<>>(0), n, saved_rows, dlast, saved_rows + n * (in + out), dfirst,
                    dp.template inner<schema<>>(0), dlast + n * (out + in));
    if (dfirst != nullptr) be.template for_rows<in>(n, to_planes<Map, T>{{dfirst, in}, dx});
  }

 private:
  template <class M, class T>
  using to_pixels = channels_last<M::channels, detail::pixel_count<M>, T>;
  template <class M, class T>
  using to_planes = channels_first<M::channels, detail::pixel_count<M>, T>;
};

}  // namespace layer
S2RM_NAMESPACE_END
