#pragma once
/// \file
/// Mixed likelihoods, for targets whose channels are of different kinds: `likelihood::product`, named after the product
/// of the densities of its channels, and a Gaussian of known variance.
///
///   log p(x | o) = sum over parts, sum over the elements e of the part's channels [and of marked pixels]
///                    log p_part(x_e | o)
///
/// so that loss and gradient of an element are those of its part, and 0 at pixels that the part does not mark.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <ratio>

#include "s2rm/layer/likelihood.hpp"

S2RM_NAMESPACE_BEGIN
namespace likelihood {

/// Real targets of known variance V, o = mean (target...): loss = (log(2 pi V) + (x - m)^2 / V) / 2, the squared error
/// but for scale and a constant. `Variance` is a std::ratio above 0.
template <class Variance = std::ratio<1>>
struct fixed_gaussian {
  using kind = s2rm::kind::likelihood;
  template <class Target>
  struct on : element_wise<on<Target>> {
    using variance_ratio = Variance;  ///< above 0 (S206)
    static constexpr index_t parameters = 1;
    static constexpr index_t outputs = Target::size;
    static constexpr bool has_location = true;

    template <class T>
    static constexpr T variance = static_cast<T>(Variance::num) / static_cast<T>(Variance::den);

    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e) {
      auto const miss = L::load(x + e) - L::load(o + e);
      T const constant = std::log(T(2) * std::numbers::pi_v<T> * variance<T>);
      return T(0.5) * (miss * miss * (T(1) / variance<T>)+constant);
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d) {
      L::store(d + e, (scale / variance<T>)*(L::load(o + e) - L::load(x + e)));
    }
  };
};

/// Channels of a target: the planes of a raster (C, H, W), or the numbers of a feature vector.
template <index_t... Channel>
struct channels {
  static constexpr bool any = sizeof...(Channel) > 0;
  static constexpr bool has(index_t c) { return ((c == Channel) || ...); }
  static constexpr index_t count(index_t c) { return (index_t{0} + ... + (c == Channel ? 1 : 0)); }
  static constexpr bool within(index_t all) { return ((Channel >= 0 && Channel < all) && ...); }
  /// The largest number that these channels hold at one pixel; x (C, Area).
  template <class L, index_t Area, class T>
  S2RM_HD static auto largest(T const* x, index_t pixel) {
    auto largest = L::all(T(0));
    (
        [&] {
          auto const here = L::load(x + Channel * Area + pixel);
          largest = here > largest ? here : largest;
        }(),
        ...);
    return largest;
  }
};

/// `Likelihood` for the elements of `Channels`; with `Marks` only at pixels where one of those channels of the target
/// is above 1/2. Elsewhere the loss is 0 and the target is not used: it may hold NaN.
template <class Channels, class Likelihood, class Marks = channels<>>
struct part {
  using here = Channels;
  using likelihood = Likelihood;
  using marks = Marks;
};

/// One `part` for each kind of channel; together they name every channel of the target once (S116). A prediction has
/// the largest part's number of parameters for each element, in that part's order; those that an element's own part
/// does not have are written by the decoder but mean nothing.
template <class... Parts>
struct product {
  using kind = s2rm::kind::likelihood;

  template <class Target>
  struct on {
    template <class Part>
    using at = typename Part::likelihood::template on<Target>;

    static constexpr index_t count = as_raster<Target>::channels, area = Target::size / count;
    static constexpr index_t parameters = (std::max)({index_t{1}, at<Parts>::parameters...});
    static constexpr index_t outputs = parameters * Target::size;
    static constexpr bool has_location = false;

    /// Whether the parts name every channel once and no other (S116).
    static constexpr bool each_once() {
      for (index_t c = 0; c < count; ++c) {
        if ((index_t{0} + ... + Parts::here::count(c)) != 1) return false;
      }
      return (Parts::here::within(count) && ...) && (Parts::marks::within(count) && ...);
    }

    template <class T>
    static constexpr bool on_registers = (has_lanes<at<Parts>, T> && ...);

    template <class L, class T>
    S2RM_HD static auto value_lanes(T const* o, T const* x, index_t e)
      requires on_registers<T>
    {
      if (in_one_channel<L>(e)) return value_of<L>(o, x, e);
      T each[L::width];
      for (index_t i = 0; i < L::width; ++i) each[i] = value_of<math::lanes<T, 1>>(o, x, e + i);
      return L::load(each);
    }
    template <class L, class T>
    S2RM_HD static void gradient_lanes(T const* o, T const* x, index_t e, T scale, T* d)
      requires on_registers<T>
    {
      if (in_one_channel<L>(e)) return gradient_of<L>(o, x, e, scale, d);
      for (index_t i = 0; i < L::width; ++i) gradient_of<math::lanes<T, 1>>(o, x, e + i, scale, d);
    }
    template <class T>
    S2RM_HD static T value(T const* o, T const* x, index_t e) {
      return value_of<math::lanes<T, 1>>(o, x, e);
    }
    template <class T>
    S2RM_HD static void gradient(T const* o, T const* x, index_t e, T scale, T* d) {
      gradient_of<math::lanes<T, 1>>(o, x, e, scale, d);
    }

   private:
    /// A register of elements may reach over the end of a channel, where its part ends too.
    template <class L>
    S2RM_HD static constexpr bool in_one_channel(index_t e) {
      return L::width == 1 || e / area == (e + L::width - 1) / area;
    }

    /// Loss of elements of one channel.
    template <class L, class T>
    S2RM_HD static auto value_of(T const* o, T const* x, index_t e) {
      index_t const channel = e / area;
      auto loss = L::all(T(0));
      ((Parts::here::has(channel) ? void(loss = part_value<Parts, L>(o, x, e)) : void()), ...);
      return loss;
    }
    template <class L, class T>
    S2RM_HD static void gradient_of(T const* o, T const* x, index_t e, T scale, T* d) {
      index_t const channel = e / area;
      ((Parts::here::has(channel) ? part_gradient<Parts, L>(o, x, e, scale, d) : void()), ...);
    }

    template <class Part, class L, class T>
    S2RM_HD static auto part_value(T const* o, T const* x, index_t e) {
      auto const all = [&] {
        if constexpr (has_lanes<at<Part>, T>) {
          return at<Part>::template value_lanes<L>(o, x, e);
        } else {
          return at<Part>::value(o, x, e);
        }
      }();
      if constexpr (Part::marks::any) {
        auto const mark = Part::marks::template largest<L, area>(x, e % area);
        return mark > L::all(T(0.5)) ? all : L::all(T(0));
      } else {
        return all;
      }
    }
    template <class Part, class L, class T>
    S2RM_HD static void part_gradient(T const* o, T const* x, index_t e, T scale, T* d) {
      if constexpr (has_lanes<at<Part>, T>) {
        at<Part>::template gradient_lanes<L>(o, x, e, scale, d);
      } else {
        at<Part>::gradient(o, x, e, scale, d);
      }
      constexpr index_t own = at<Part>::parameters;
      if constexpr (Part::marks::any) {
        auto const mark = Part::marks::template largest<L, area>(x, e % area);
        for (index_t k = 0; k < own; ++k) {
          T* const to = d + k * Target::size + e;
          L::store(to, mark > L::all(T(0.5)) ? L::load(to) : L::all(T(0)));
        }
      }
      for (index_t k = own; k < parameters; ++k) L::store(d + k * Target::size + e, L::all(T(0)));
    }
  };
};

}  // namespace likelihood
S2RM_NAMESPACE_END
