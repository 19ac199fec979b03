#pragma once
/// \file
/// Convolutions over rasters, in PyTorch's form and with its names: conv2d, conv_transpose2d, linear.
///
///   conv2d            y[o, p] = b_o + sum over (c, i, j) of W[o, c, i, j] x[c, p stride + (i, j) - padding]
///   conv_transpose2d  its adjoint: y[o, p stride + (i, j) - padding] += sum over c of W[c, o, i, j] x[c, p],  y += b
///   linear            from all numbers of a map, channels first, to a vector or to another map
///
/// With X the patches of x, one row for each pixel of y (layer/patches.hpp): Y = X W^T + b, and backward
///   dW += dY^T X,  db += dY,  dX = dY W,  dx = the patches dX summed up.
/// Transposed: the patches are those of y: Y = sum of X W; backward, with D the patches of dy: dx = D W^T, dW += x^T D.
///
/// A layer is `conv2d<...>::on<Map>`: `Map` what it reads, `map` what it writes, both as s2rm::raster<C, H, W>. Its
/// activations are maps with channels last, rows of them without gaps. `sound`: whether its sizes make sense.

#include "s2rm/core/shape.hpp"
#include "s2rm/init/uniform.hpp"
#include "s2rm/layer/patches.hpp"
#include "s2rm/ops/generic.hpp"

S2RM_NAMESPACE_BEGIN
namespace layer {

/// A weight of rank 4, which GEMMs read as the matrix (Rows, Columns K K).
template <fixed_string Name, index_t Rows, index_t Columns, index_t K>
struct filter_field : field<Name, Rows, Columns, K, K> {
  static constexpr index_t out = Rows, in = Columns * K * K, groups = 1;
  template <fixed_string Prefix>
  using prefixed = filter_field<Prefix + Name, Rows, Columns, K>;
};

namespace detail {
/// A stride of 0 is reported, not divided by.
template <index_t Stride>
inline constexpr index_t divisor = Stride == 0 ? 1 : Stride;
/// Pixels of a map, one row each.
template <class Map, class T>
rows<T> pixels(T* x) {
  return {x, Map::channels};
}
template <class Map>
inline constexpr index_t pixel_count = Map::height * Map::width;
}  // namespace detail

/// PyTorch's Conv2d: `Channels` filters of Kernel x Kernel.
template <index_t Channels, index_t Kernel, index_t Stride = 1, index_t Padding = 0>
struct conv2d {
  template <class Map>
  struct on {
    using map = raster<Channels, (Map::height + 2 * Padding - Kernel) / detail::divisor<Stride> + 1,
                       (Map::width + 2 * Padding - Kernel) / detail::divisor<Stride> + 1>;
    static constexpr index_t C = Map::channels, P = detail::pixel_count<map>, X = C * Kernel * Kernel;
    static constexpr bool sound = Channels >= 1 && Kernel >= 1 && Stride >= 1 && Padding >= 0 && Padding < Kernel &&
                                  Map::height + 2 * Padding >= Kernel && Map::width + 2 * Padding >= Kernel;
    struct params : schema<filter_field<"weight", Channels, C, Kernel>, field<"bias", Channels>> {};
    static constexpr index_t saved = P * X;    ///< numbers per row: the patches
    static constexpr index_t scratch = P * X;  ///< numbers per row: their gradients
    template <class T>
    using take = take_patches<C, Map::height, Map::width, map::height, map::width, Kernel, Stride, Padding, T>;
    template <class T>
    using sum = sum_patches<C, Map::height, Map::width, map::height, map::width, Kernel, Stride, Padding, T>;

    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, params::size, X, from);
    }
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, T const* x, T* y, T* saved_rows) {
      be.for_each(n * P, take<T>{x, saved_rows});
      be.product(p.template matrix<"weight">(), p.template at<"bias">(), n * P, rows<T>{saved_rows, X},
                 detail::pixels<map>(y));
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, T const* /*x*/, T const* dy, T const* saved_rows,
                         T* dx, gradients_of<T, params> dp, T* scratch_rows) {
      rows<T const> const d = detail::pixels<map>(dy);
      be.template outer_add<1, Channels, X>(n * P, d, rows<T const>{saved_rows, X}, dp.template at<"weight">());
      be.template column_sum_add<1, Channels>(n * P, d, dp.template at<"bias">());
      if (dx == nullptr) return;
      be.product_transposed(p.template matrix<"weight">(), n * P, d, rows<T>{scratch_rows, X});
      be.for_each(n * detail::pixel_count<Map>, sum<T>{scratch_rows, nullptr, dx});
    }
  };
};

/// PyTorch's ConvTranspose2d (no output padding).
template <index_t Channels, index_t Kernel, index_t Stride = 1, index_t Padding = 0>
struct conv_transpose2d {
  template <class Map>
  struct on {
    using map = raster<Channels, (Map::height - 1) * Stride - 2 * Padding + Kernel,
                       (Map::width - 1) * Stride - 2 * Padding + Kernel>;
    static constexpr index_t C = Map::channels, P = detail::pixel_count<Map>, X = Channels * Kernel * Kernel;
    static constexpr bool sound = Channels >= 1 && Kernel >= 1 && Stride >= 1 && Padding >= 0 && Padding < Kernel &&
                                  map::height >= 1 && map::width >= 1;
    struct params : schema<filter_field<"weight", C, Channels, Kernel>, field<"bias", Channels>> {};
    static constexpr index_t saved = P * X;    ///< room for the patches
    static constexpr index_t scratch = P * X;  ///< numbers per row: the patches of dy
    template <class T>
    using take = take_patches<Channels, map::height, map::width, Map::height, Map::width, Kernel, Stride, Padding, T>;
    template <class T>
    using sum = sum_patches<Channels, map::height, map::width, Map::height, Map::width, Kernel, Stride, Padding, T>;

    /// As PyTorch's, which counts the fan-in from the weight's second extent.
    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, params::size, X, from);
    }
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, T const* x, T* y, T* saved_rows) {
      be.product_transposed(p.template matrix<"weight">(), n * P, detail::pixels<Map>(x), rows<T>{saved_rows, X});
      be.for_each(n * detail::pixel_count<map>, sum<T>{saved_rows, p.template at<"bias">(), y});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, T const* x, T const* dy, T const* /*saved_rows*/,
                         T* dx, gradients_of<T, params> dp, T* scratch_rows) {
      be.for_each(n * P, take<T>{dy, scratch_rows});
      rows<T const> const d{scratch_rows, X};
      be.template outer_add<1, C, X>(n * P, detail::pixels<Map>(x), d, dp.template at<"weight">());
      be.template column_sum_add<1, Channels>(n * detail::pixel_count<map>, detail::pixels<map>(dy),
                                              dp.template at<"bias">());
      if (dx != nullptr) be.product(p.template matrix<"weight">(), nullptr, n * P, d, detail::pixels<Map>(dx));
    }
  };
};

/// PyTorch's Linear behind a Flatten: from all numbers of a map, (C, H, W) in this order, to `Channels` numbers, or, as
/// before an Unflatten, to a map of Channels x Height x Width.
template <index_t Channels, index_t Height = 1, index_t Width = 1>
struct linear {
  template <class Map>
  struct on {
    using map = raster<Channels, Height, Width>;
    static constexpr index_t in = Map::size, out = map::size;
    static constexpr bool sound = Channels >= 1 && Height >= 1 && Width >= 1;
    struct params : schema<field<"weight", out, in>, field<"bias", out>> {};
    static constexpr index_t saved = in + out;  ///< numbers per row: x and y, channels first
    static constexpr index_t scratch = in + out;

    template <class T>
    static void initialise(T* values, init::source from) {
      init::linear(values, params::size, in, from);
    }
    template <class B, class T>
    static void forward(B& be, parameters_of<T, params> p, index_t n, T const* x, T* y, T* saved_rows) {
      rows<T> const flat{saved_rows, in}, result{saved_rows + n * in, out};
      be.template for_rows<in>(n, channels_first<Map::channels, detail::pixel_count<Map>, T>{{x, in}, flat});
      be.product(p.template matrix<"weight">(), p.template at<"bias">(), n, flat, result);
      be.template for_rows<out>(n, channels_last<Channels, Height * Width, T>{result, {y, out}});
    }
    template <class B, class T>
    static void backward(B& be, parameters_of<T, params> p, index_t n, T const* /*x*/, T const* dy, T const* saved_rows,
                         T* dx, gradients_of<T, params> dp, T* scratch_rows) {
      rows<T> const d{scratch_rows, out}, dflat{scratch_rows + n * out, in};
      be.template for_rows<out>(n, channels_first<Channels, Height * Width, T>{{dy, out}, d});
      be.template outer_add<1, out, in>(n, d, rows<T const>{saved_rows, in}, dp.template at<"weight">());
      be.template column_sum_add<1, out>(n, d, dp.template at<"bias">());
      if (dx == nullptr) return;
      be.product_transposed(p.template matrix<"weight">(), n, d, dflat);
      be.template for_rows<in>(n, channels_last<Map::channels, detail::pixel_count<Map>, T>{dflat, {dx, in}});
    }
  };
};

}  // namespace layer
S2RM_NAMESPACE_END
