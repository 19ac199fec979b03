#pragma once
/// \file
/// A time-travelling observer, a comparison model: a transformer over (time, place, view) tokens that is queried at a
/// time and a place. (Rahaman et al. 2020 name a "Time Travelling Observer" without describing it; this one is ours.)
/// There is no recurrent update: a token never changes, and the state is the memory of the last tokens
/// (token_memory.hpp).
///
///   token_a = W [e_a; s_a] + b,   L layers (token_layer.hpp) over the tokens of this step and of the memory
///   y_a = LN(token_a)             read by queries, together with the token's age
///
/// Tokens attend to tokens of the same and of earlier steps, never of later ones. Time is relative: a source's age. The
/// read-out is that of all models, D([r; s]) with r the attention of the queried place over all slots; its weights are
/// shared by all slots.
///
/// Backward: one step at a time, last first; the gradient of a slot moves with it back to the step that filled it.

#include <cmath>

#include "s2rm/dynamics/scan.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/dynamics/token_layer.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

namespace detail {
template <index_t Index, index_t Count, class Params>
struct layer_params {
  using type = joined<prefixed<layer::detail::index_text<Index>() + fixed_string{"."}, Params>,
                      typename layer_params<Index + 1, Count, Params>::type>;
};
template <index_t Count, class Params>
struct layer_params<Count, Count, Params> {
  using type = schema<>;
};
}  // namespace detail

template <class Layout, index_t Hidden, class Shape, index_t Encoded>
struct tto_layer : recurrent<tto_layer<Layout, Hidden, Shape, Encoded>> {
  static constexpr index_t M = Layout::M, W = Layout::W, G = Layout::G, L = Layout::L;
  static constexpr index_t H = Layout::read, SW = Layout::size, source = Encoded + Shape::sphere + Shape::context;
  static constexpr index_t cells = M, read_step = SW;
  static constexpr bool normed = false, learned_initial_state = false;
  using layer_type = token_layer<Layout, Hidden>;

  /// All slots are empty.
  struct cell {
    struct initial : schema<field<"initial_state", M, SW>> {};
    static constexpr index_t state = SW;
    template <class T>
    static void initialise_state(T* values) {
      std::fill_n(values, M * SW, T(0));
    }
  };

  struct token_params : schema<field<"tokens.weight", W, source>, field<"tokens.bias", W>> {};
  struct norm_params : schema<field<"norm.weight", W>, field<"norm.bias", W>> {};
  struct params : joined<token_params,
                         prefixed<"layers.", typename detail::layer_params<0, L, typename layer_type::params>::type>,
                         norm_params> {};
  static constexpr index_t at_layers = token_params::size, at_norm = params::size - norm_params::size;
  static constexpr index_t at_initial_state = 0;  // there is no learned state

  template <class T>
  static void initialise(T* values, init::source from) {
    init::linear(values, token_params::size, source, from);
    for (index_t l = 0; l < L; ++l) layer_type::initialise(values + at_layer(l), from.at(at_layer(l)));
    std::fill_n(values + at_norm, W, T(1));
    std::fill_n(values + at_norm + W, W, T(0));
  }

  template <class T>
  using inputs = dynamics::inputs<T>;

  template <class T>
  struct activations : recurrent_activations<T> {
    T* h0;  ///< (R, A, W): tokens
    typename layer_type::template activations<T> layers[static_cast<std::size_t>(L)];
    T *hat, *factor, *y, *log_weight;  ///< of the last normalisation; y of one step; (A, M)
    std::uint8_t* reach;
    typename layer_type::template workspace<T> work;
    static constexpr activations lay_out(arena& a, index_t time, index_t batch, index_t views, index_t /*delta_rows*/) {
      index_t const R = time * batch, tokens = R * views;
      activations s{};
      s.lay_out_states(a, R, M * SW);
      s.h0 = a.take<T>(tokens * W);
      for (auto& one : s.layers) one = layer_type::template activations<T>::lay_out(a, tokens);
      s.hat = a.take<T>(tokens * W);
      s.factor = a.take<T>(tokens);
      s.y = a.take<T>(batch * views * W);
      s.log_weight = a.take<T>(views * M);
      s.reach = a.take<std::uint8_t>(views * M);
      s.work = layer_type::template workspace<T>::lay_out(a, batch * views, batch);
      return s;
    }
  };
  template <class T>
  struct workspace : recurrent_workspace<T> {
    T *token, *y, *gain;  ///< dtoken of K rows; of one step
    static constexpr workspace lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
      workspace w{};
      w.lay_out_states(a, batch, M * SW);
      w.token = a.take<T>(ops::chunk_rows::max_rows(delta_rows, time, batch) * views * W);
      w.y = a.take<T>(batch * views * W);
      w.gain = a.take<T>(batch * views * W);
      return w;
    }
  };

  template <class B, class T>
  static void prepare_views(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t,
                            index_t count) {
    if (t == 0) be.for_each(in.views, kernel::reach_everywhere<M, T>{nullptr, s.log_weight, s.reach});
    index_t const first = t * in.batch * in.views;
    be.product(p.template matrix<"tokens.weight">(), p.template at<"tokens.bias">(), count * in.batch * in.views,
               in.source.shifted(first * in.source.stride), plain(s.h0 + first * W));
  }

  template <class B, class T>
  static void step(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t) {
    index_t const r = t * in.batch, first = r * in.views, n = in.batch * in.views;
    move_slots<Layout, T> move{flags(in, t), s.state_in + r * M * SW, s.state_out + r * M * SW, {}};
    for (index_t g = 0; g < G; ++g) move.decay[g] = static_cast<T>(std::exp(-std::exp2(1.0 - static_cast<double>(g))));
    be.for_each(in.batch * M, move);
    T const* h = s.h0 + first * W;
    for (index_t l = 0; l < L; ++l) {
      auto const of = layer_activations(s, l, first);
      layer_type::forward(be, layer_of(p, l), place_of(in, s, t, l), h, of, s.work);
      h = of.h;
    }
    auto const norm = p.template inner<norm_params>(at_norm);
    be.for_each(
        n, layer::layer_norm_rows<1, W, T>{h, nullptr, norm.template at<"norm.weight">(),
                                           norm.template at<"norm.bias">(), s.hat + first * W, s.factor + first, s.y});
    be.for_each(n, put_tokens<Layout, 1, W, W, T>{flags(in, t), 0, s.y, s.state_out + r * M * SW});
  }

  template <class B, class T>
  static void step_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                            workspace<T> const& w, index_t t, gradients_of<T, params> dp) {
    index_t const first = t * in.batch * in.views, n = in.batch * in.views;
    T* const dh = w.token + tto_layer::delta_row(in, t) * in.views * W;
    be.for_each(n, take_tokens<Layout, 1, W, W, T>{flags(in, t), 0, w.state, w.y});
    auto const norm = p.template inner<norm_params>(at_norm);
    auto const dnorm = dp.template inner<norm_params>(at_norm);
    be.template column_sum_add<1, W>(n, plain(w.y), dnorm.template at<"norm.bias">());
    be.for_each(n, layer::layer_norm_rows_backward<1, W, T>{s.hat + first * W, s.factor + first,
                                                            norm.template at<"norm.weight">(), w.y, dh, w.gain});
    be.template column_sum_add<1, W>(n, plain(w.gain), dnorm.template at<"norm.weight">());
    for (index_t l = L - 1; l >= 0; --l) {
      layer_type::backward(be, layer_of(p, l), place_of(in, s, t, l), w.state, dh, layer_activations(s, l, first),
                           s.work, dp.template inner<typename layer_type::params>(at_layer(l)));
    }
    be.for_each(in.batch * M, move_slots_backward<Layout, T>{flags(in, t), w.state, w.previous});
  }

  template <class B, class T>
  static void gradient(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& /*s*/,
                       workspace<T> const& w, index_t t, index_t count, rows<T> dsource, gradients_of<T, params> dp) {
    index_t const first = t * in.batch * in.views, n = count * in.batch * in.views;
    be.product_transposed(p.template matrix<"tokens.weight">(), n, plain(w.token), dsource);
    be.template outer_add<1, W, source>(n, plain(w.token), in.source.shifted(first * in.source.stride),
                                        dp.template at<"tokens.weight">());
    be.template column_sum_add<1, W>(n, plain(w.token), dp.template at<"tokens.bias">());
  }

 private:
  static constexpr index_t at_layer(index_t l) { return at_layers + l * layer_type::params::size; }
  template <class T>
  static parameters_of<T, typename layer_type::params> layer_of(parameters_of<T, params> p, index_t l) {
    return p.template inner<typename layer_type::params>(at_layer(l));
  }
  template <class T>
  static token_flags flags(inputs<T> const& in, index_t t) {
    return {in.view_reach + t * in.batch * in.views * M, M, in.views};
  }
  template <class T>
  static typename layer_type::template place<T> place_of(inputs<T> const& in, activations<T> const& s, index_t t,
                                                         index_t l) {
    return {flags(in, t), l, in.batch, s.log_weight, s.reach, s.state_out + t * in.batch * M * SW};
  }
  /// A layer's activations from its token `first` on.
  template <class T>
  static typename layer_type::template activations<T> layer_activations(activations<T> const& s, index_t l,
                                                                        index_t first) {
    auto of = s.layers[l];
    for (T** const p : {&of.hat, &of.a, &of.q, &of.z, &of.x_hat, &of.f, &of.h}) *p += first * W;
    for (T** const p : {&of.factor, &of.x_factor}) *p += first;
    of.weights += first * layer_type::attend::saved(M);
    of.saved += first * layer_type::mlp::saved;
    return of;
  }
  template <class T>
  static rows<T> plain(T* x) {
    return {x, W, W};
  }
};

/// A memory of `Tokens` tokens of `Width` numbers, `Layers` layers with MLPs of `Hidden` units (0: 2 Width) and the
/// shape's heads, `Ages` numbers for a token's age.
template <index_t Tokens, index_t Width, index_t Layers = 2, index_t Hidden = 0, index_t Ages = 8>
struct tto {
  using kind = s2rm::kind::dynamics;
  using cell = s2rm::cell::gru;  // a default that the slot needs; not used
  using kernel = s2rm::kernel::everywhere;
  using readout = s2rm::readout::kernel_dot;
  static constexpr char const* name = "TTO";
  static constexpr bool spatial = false, alike = true;
  template <class Kind>
  static constexpr bool fills = std::is_same_v<Kind, s2rm::kind::readout>;
  template <class Shape>
  static constexpr bool fits = Tokens >= 1 && Width >= 1 && Layers >= 1 && Layers <= 10 && Hidden >= 0 && Ages >= 1 &&
                               Width % Shape::heads == 0 && Width / Shape::heads > Ages;
  template <class Shape>
  struct shape_of : Shape {
    static constexpr index_t modules = Tokens, hidden = Width + Ages;
  };
  template <class Shape, index_t Encoded, class C>
  using on = tto_layer<slot_layout<Tokens, Width, Shape::heads, Layers, Ages>, (Hidden > 0 ? Hidden : 2 * Width), Shape,
                       Encoded>;
};

}  // namespace dynamics
S2RM_NAMESPACE_END
