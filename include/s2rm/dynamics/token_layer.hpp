#pragma once
/// \file
/// One layer of a transformer over tokens (Vaswani et al. 2017, normalisation first), whose keys and values are
/// a memory of tokens (token_memory.hpp), the new ones included. For the A new tokens h of a step:
///
///   a = LN(h),   [q, k, v] = [W_q; W_k; W_v] a,   k and v move into the memory
///   x = h + W_o sum_j softmax_j(q . k_j / sqrt(C)) v_j   per head, j over all slots
///   h' = x + MLP(LN(x))
///
/// q has the full width C of a head; k and v have C - G learned numbers, and the source's age as the other G.
///
/// Backward: df through MLP and LN gives dx; dz = W_o^T dx; the attention's dk_j, dv_j belong to all slots and are
/// added to the state's gradient, from which dk, dv of the new tokens are then taken; da = W_q^T dq + W_k^T dk + W_v^T
/// dv.

#include "s2rm/attention/kernel_dot.hpp"
#include "s2rm/dynamics/token_memory.hpp"
#include "s2rm/layer/layer_norm.hpp"
#include "s2rm/layer/mlp.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Hidden: units of the MLP.
template <class Layout, index_t Hidden>
struct token_layer {
  static constexpr index_t W = Layout::W, N = Layout::N, C = Layout::C, M = Layout::M;
  static constexpr index_t KV = N * Layout::content;  ///< learned numbers of a key, or of a value
  using mlp = layer::mlp<W, Hidden, W>;
  using attend = attention::kernel_dot<N, C, normalisation::log_space>;

  struct params : joined<schema<field<"attention_norm.weight", W>, field<"attention_norm.bias", W>,
                                field<"query.weight", W, W>, field<"key.weight", KV, W>, field<"value.weight", KV, W>,
                                field<"out.weight", W, W>, field<"mlp_norm.weight", W>, field<"mlp_norm.bias", W>>,
                         prefixed<"mlp.", typename mlp::params>> {};

  template <class T>
  static void initialise(T* values, init::source from) {
    init::layers(params::infos, values, from,
                 [](std::string_view name) { return name.starts_with("mlp.1") ? Hidden : W; });
  }

  /// Of `tokens` tokens.
  template <class T>
  struct activations {
    T *hat, *factor, *a, *q, *weights, *z, *x_hat, *x_factor, *f, *saved, *h;
    static constexpr activations lay_out(arena& a, index_t tokens) {
      return {a.take<T>(tokens * W),
              a.take<T>(tokens),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(tokens * attend::saved(M)),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(tokens),
              a.take<T>(tokens * W),
              a.take<T>(tokens * mlp::saved),
              a.take<T>(tokens * W)};
    }
  };
  /// Scratch of one step: `tokens` tokens of `batch` elements. k, v, x are the forward pass's too.
  template <class T>
  struct workspace {
    T *k, *v, *x, *q, *z, *a, *gain, *keys, *values, *log, *scratch;
    static constexpr workspace lay_out(arena& a, index_t tokens, index_t batch) {
      return {a.take<T>(tokens * KV),
              a.take<T>(tokens * KV),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(tokens * W),
              a.take<T>(batch * M * W),
              a.take<T>(batch * M * W),
              a.take<T>(tokens * M),
              a.take<T>(tokens * (std::max)(attend::scratch(M), mlp::scratch))};
    }
  };

  /// The new tokens of one step and the memory that they enter.
  template <class T>
  struct place {
    token_flags flags;
    index_t layer, batch;
    T const* log_weight;  ///< (A, M), zeros
    std::uint8_t const* reach;
    T* state;  ///< (B, M, state): new tokens are in it already, but for this layer's k and v

    [[nodiscard]] attention::geometry<T> geometry() const {
      return {batch, flags.tokens, M, log_weight, reach, 0, M, 1};
    }
    [[nodiscard]] rows<T> keys() const { return {state + Layout::key(layer), M * Layout::size, Layout::size}; }
    [[nodiscard]] rows<T> values() const { return {state + Layout::value(layer), M * Layout::size, Layout::size}; }
    [[nodiscard]] index_t tokens() const { return batch * flags.tokens; }
  };

  /// h (n, W) to s.h, n = B A; s and h begin at this step's tokens.
  template <class B, class T>
  static void forward(B& be, parameters_of<T, params> p, place<T> const& in, T const* h, activations<T> const& s,
                      workspace<T> const& w) {
    index_t const n = in.tokens();
    be.for_each(n, norm<T>{h, nullptr, p.template at<"attention_norm.weight">(), p.template at<"attention_norm.bias">(),
                           s.hat, s.factor, s.a});
    ops::side_by_side(be, product_of(p.template matrix<"query.weight">(), nullptr, n, plain<W>(s.a), plain<W>(s.q)),
                      product_of(p.template matrix<"key.weight">(), nullptr, n, plain<W>(s.a), plain<KV>(w.k)),
                      product_of(p.template matrix<"value.weight">(), nullptr, n, plain<W>(s.a), plain<KV>(w.v)));
    be.for_each(n, put<T>{in.flags, Layout::key(in.layer), w.k, in.state});
    be.for_each(n, put<T>{in.flags, Layout::value(in.layer), w.v, in.state});
    attend::forward(be, in.geometry(), by_row(in, s.q), in.keys(), in.values(), by_row(in, s.z), s.weights);
    be.product(p.template matrix<"out.weight">(), nullptr, n, plain<W>(s.z), plain<W>(w.x));
    be.template for_rows<W>(n, ops::add_rows<T>{plain<W>(h), plain<W>(w.x)});
    be.for_each(n, norm<T>{w.x, nullptr, p.template at<"mlp_norm.weight">(), p.template at<"mlp_norm.bias">(), s.x_hat,
                           s.x_factor, s.f});
    mlp::forward(be, mlp_of(p), n, plain<W>(s.f), plain<W>(s.h), s.saved);
    be.template for_rows<W>(n, ops::add_rows<T>{plain<W>(w.x), plain<W>(s.h)});
  }

  /// dh (n, W): dL/dh' at the start, overwritten by dL/dh. `in` holds the states, `d` (B, M, state) their gradient, to
  /// which that of all keys and values of this layer is added.
  template <class B, class T>
  static void backward(B& be, parameters_of<T, params> p, place<T> const& in, T* d, T* dh, activations<T> const& s,
                       workspace<T> const& w, gradients_of<T, params> dp) {
    index_t const n = in.tokens();
    mlp::backward(be, mlp_of(p), n, plain<W>(s.f), plain<W>(dh), s.saved, plain<W>(w.a),
                  dp.template inner<typename mlp::params>(at_mlp), w.scratch);
    norm_backward_pass<"mlp_norm.weight", "mlp_norm.bias">(be, p, n, s.x_hat, s.x_factor, w, dh, dp);
    be.product_transposed(p.template matrix<"out.weight">(), n, plain<W>(dh), plain<W>(w.z));
    be.template outer_add<1, W, W>(n, plain<W>(dh), plain<W>(s.z), dp.template at<"out.weight">());

    be.fill(n * M, T(0), w.log);
    rows<T> const dkeys{w.keys, M * W, W}, dvalues{w.values, M * W, W};
    attend::backward(be, in.geometry(), by_row(in, s.q), in.keys(), in.values(), by_row(in, w.z), s.weights,
                     by_row(in, w.q), dkeys, dvalues, w.log, in.flags.tokens * M, w.scratch);
    place<T> const gradient{in.flags, in.layer, in.batch, nullptr, nullptr, d};
    be.template for_rows<W>(in.batch * M, ops::add_rows<T, M>{dkeys, gradient.keys()});
    be.template for_rows<W>(in.batch * M, ops::add_rows<T, M>{dvalues, gradient.values()});
    be.for_each(n, take<T>{in.flags, Layout::key(in.layer), d, w.k});
    be.for_each(n, take<T>{in.flags, Layout::value(in.layer), d, w.v});

    be.product_transposed(p.template matrix<"query.weight">(), n, plain<W>(w.q), plain<W>(w.a));
    be.product_transposed_add(p.template matrix<"key.weight">(), n, plain<KV>(w.k), plain<W>(w.a));
    be.product_transposed_add(p.template matrix<"value.weight">(), n, plain<KV>(w.v), plain<W>(w.a));
    be.template outer_add<1, W, W>(n, plain<W>(w.q), plain<W>(s.a), dp.template at<"query.weight">());
    be.template outer_add<1, KV, W>(n, plain<KV>(w.k), plain<W>(s.a), dp.template at<"key.weight">());
    be.template outer_add<1, KV, W>(n, plain<KV>(w.v), plain<W>(s.a), dp.template at<"value.weight">());
    norm_backward_pass<"attention_norm.weight", "attention_norm.bias">(be, p, n, s.hat, s.factor, w, dh, dp);
  }

 private:
  static constexpr index_t at_mlp = params::size - mlp::params::size;
  template <class T>
  using norm = layer::layer_norm_rows<1, W, T>;
  template <class T>
  using put = put_tokens<Layout, N, Layout::content, C, T>;
  template <class T>
  using take = take_tokens<Layout, N, Layout::content, C, T>;

  /// Backward through a layer norm: dh += dL/d(its argument), given dL/d(its result) in w.a.
  template <fixed_string Gain, fixed_string Offset, class B, class T>
  static void norm_backward_pass(B& be, parameters_of<T, params> p, index_t n, T const* hat, T const* factor,
                                 workspace<T> const& w, T* dh, gradients_of<T, params> dp) {
    be.template column_sum_add<1, W>(n, plain<W>(w.a), dp.template at<Offset>());
    be.for_each(n, layer::layer_norm_rows_backward<1, W, T>{hat, factor, p.template at<Gain>(), w.a, w.x, w.gain});
    be.template column_sum_add<1, W>(n, plain<W>(w.gain), dp.template at<Gain>());
    be.template for_rows<W>(n, ops::add_rows<T>{plain<W>(w.x), plain<W>(dh)});
  }
  template <class T>
  static parameters_of<T, typename mlp::params> mlp_of(parameters_of<T, params> p) {
    return p.template inner<typename mlp::params>(at_mlp);
  }
  template <index_t Width, class T>
  static rows<T> plain(T* x) {
    return {x, Width, Width};
  }
  template <class T>
  static rows<T> by_row(place<std::remove_const_t<T>> const& in, T* x) {
    return {x, in.flags.tokens * W, W};
  }
};

}  // namespace dynamics
S2RM_NAMESPACE_END
