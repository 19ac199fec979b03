#pragma once
/// \file
/// Forward and backward pass of the whole model over a sequence. With R = T B rows (t, b), and c the side inputs of a
/// view or a query (`Shape::context`), phi the features of a query's lead:
///
///   views (R, A) -> encode, place -> source [e; s; c] -> log Z against the modules -> dynamics over time
///                -> states (R, M, H)
///   queries (R, Q) -> place -> log Z -> read-out over the states -> decode [r; s; phi; c] -> outputs (R, Q, outputs) -> loss
///
/// The encoder works on chunks of some steps, before and after the recurrence; so does what follows the states (the
/// read-out), each chunk forward and at once backward, so that only one chunk's activations are resident. A stream is a
/// sequence of one step: it runs the same `observe` and `query`.

#include "s2rm/attention/pairs.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/model/read_out.hpp"
#include "s2rm/model/view_masks.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/model/world_model.hpp"
#include "s2rm/ops/work_size.hpp"

S2RM_NAMESPACE_BEGIN

template <class Net, class Backend, class T>
struct forward_backward {
  static_assert(ops::require_backend<Backend, T>::checked);
  static constexpr index_t M = Net::M, H = Net::H, S = Net::S, P = Net::P, NC = Net::NC, D = Net::D, K = Net::K;
  static constexpr index_t V = Net::view::size, X = Net::target::size, O = Net::outputs;
  static constexpr index_t source = Net::source, read = Net::read;
  using params = typename Net::params;
  using dynamics = typename Net::dynamics;
  using pairs = kernel::pairs<typename Net::kernel, M, S>;
  using reader = read_out<Net, Backend, T>;
  using activations_type = activations<Net, T>;
  using gradients = gradients_of<T, params>;
  using weights = parameters_of<T, params>;

  /// What depends on the weights alone: module places on the sphere and their kernel, h_0. Once for each set of
  /// weights.
  static void derive(Backend& be, weights p, activations_type const& s) {
    if constexpr (Net::spatial) {
      T const* const v = p.values + Net::at_embedding;
      be.for_each(M, layer::project_row<S, T>{{v, S}, {s.unit, S}});
      be.template pack<1, M, S>(s.unit, s.unit_packed, s.unit_packed_transposed);
    }
    pairs::forward(be, kernel_params(p), modules(s), M, rows<T const>{s.unit, S}, nullptr, s.module_log_weight,
                   s.module_reach);
    if constexpr (dynamics::interacts) kernel::find_neighbours(be, M, M, s.module_reach, s.module_neighbours);
    dynamics::derive(be, dynamics_params(p), s.dynamics);
  }

  /// The batch as the activations hold it. Everything below but `observe` takes this one.
  static batch_view<T> compacted(batch_view<T> const& b) { return compact::batch_views<Backend>(b); }

  /// Views to states, all in backend memory (runtime/staging.hpp); returns `compacted(given)`. `carried` (B, M, state)
  /// is read where a step does not start anew; null starts every element anew, and so does the flag `lost` where there
  /// is one. Of one step it may be the activations' own state: it is read before that is written.
  static batch_view<T> observe(Backend& be, weights p, activations_type const& s, batch_view<T> const& given,
                               T const* carried, std::uint8_t const* lost = nullptr) {
    auto const b = compacted(given);
    index_t const R = b.time * b.batch;
    be.for_each(R, compact::view_rows<V, P, K, T>{{b.reset, b.batch, carried == nullptr, lost, s.start},
                                                  b.view,
                                                  b.place,
                                                  b.view_context,
                                                  b.view_mask,
                                                  b.blind,
                                                  given.views,
                                                  b.views,
                                                  s.view,
                                                  s.place,
                                                  {s.source + D + S, source},
                                                  s.present});
    index_t const steps = ops::chunk_rows::steps(s.chunks.encode, b.time, b.batch);
    for (index_t t = 0; t < b.time; t += steps) encode(be, p, s, b, t, (std::min)(steps, b.time - t));
    dynamics::forward(be, dynamics_params(p), inputs(s, b, carried), s.dynamics);
    return b;
  }

  /// States (of the activations) to outputs at the queries' places. b: a chunk of the batch observed, whose first row is
  /// `first`.
  static void query(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t first = 0,
                    state_keys keys = state_keys::computed) {
    index_t const R = b.time * b.batch, n = R * b.queries;
    T* const output = s.output + first * b.queries * O;
    // Without a mask the places are read from the batch itself.
    T const* place = b.query_place;
    if (b.target_mask != nullptr) {
      be.for_each(n, compact::query_rows<P, T>{b.query_place, b.target_mask, {s.query, P}});
      place = s.query;
    }
    rows<T> const in{s.read, read};
    if constexpr (K > 0) {
      be.for_each(n, compact::query_rows<K, T>{b.query_context, b.target_mask, in.shifted(read - K)});
    }
    if constexpr (Net::lead::active) {
      be.for_each(n,
                  layer::time_feature_rows<typename Net::lead::unit, 1, T>{b.query_lead, nullptr, in.shifted(NC + S)});
    }
    Net::places::forward(be, place_params(p), n, place, in.shifted(NC), s.query_places);
    pairs::forward(be, kernel_params(p), modules(s), n, in.shifted(NC), nullptr, s.query_log_weight, s.query_reach);
    reader::forward(be, p, s, b, first, keys);
    Net::decoder::forward(be, decoder_params(p), n, in, rows<T>{output, O}, s.decoder);
    if constexpr (Net::residual::active) {
      be.for_each(n, residual::add_guess<typename Net::residual, typename Net::shape, typename Net::target, T>{
                         s.view + first * b.views * V, s.place + first * b.views * P, s.present + first * b.views,
                         b.views, b.queries, O, place, output, in.shifted(read - K)});
    }
  }

  /// Sums the loss over unmasked target elements into `segment_loss`.
  static void measure(Backend& be, activations_type const& s, batch_view<T> const& b) {
    index_t const n = b.time * b.batch * b.queries;
    be.reduce(
        n * X,
        likelihood::loss_term<typename Net::likelihood, typename Net::target, T>{s.output, b.target, b.target_mask},
        &s.sums->segment_loss);
  }

  /// Counts the unmasked target elements into `count`.
  static void count(Backend& be, activations_type const& s, batch_view<T> const& b) {
    be.reduce(b.time * b.batch * b.queries, compact::count_present{b.target_mask, X}, &s.sums->count);
  }

  /// Clears what the backward pass accumulates: before the first `query_backward` of a segment.
  static void begin_backward(Backend& be, activations_type const& s) {
    be.fill(M * S, T(0), s.work.unit);
    be.fill(M * M, T(0), s.work.module_log);
    dynamics::begin_relaxation(be, s.work.dynamics);
  }

  /// Read-out, backward: adds its part of the gradient of `scale` times the summed loss to dp, and leaves dL/dstates in
  /// the workspace. Follows `query` with the same arguments.
  static void query_backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t first,
                             likelihood::loss_scale<T> scale, gradients dp) {
    T* const dstate = s.work.state + first * M * H;
    be.fill(b.time * b.batch * M * H, T(0), dstate);
    if (b.queries > 0) read_out_backward(be, p, s, b, first, dstate, scale, dp);
  }

  /// The rest, from dL/dstates to the views. Follows `observe` and, for every row, `query_backward`. `continued`: the
  /// batch is a segment of a longer one, and the next segment was the last to run backward: it left dL/d(this segment's
  /// last state) in the workspace. The recurrence calls back with the steps whose views have their gradients complete,
  /// so that the encoder's backward pass runs chunk by chunk and the gradients of one chunk are resident.
  static void backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, T const* carried,
                       bool continued, gradients dp) {
    auto const& w = s.work;
    auto const dkernel = dp.template inner<typename Net::kernel::params>(Net::at_kernel);
    view_hook const encoders{be, p, s, b, dp};
    dynamics::backward(be, dynamics_params(p), inputs(s, b, carried), s.dynamics, w.dynamics, w.state, continued,
                       rows<T>{w.source, source}, w.module_log,
                       dp.template inner<typename dynamics::params>(Net::at_dynamics),
                       s2rm::dynamics::view_callback::of(encoders));
    if constexpr (dynamics::interacts) module_pairs_backward(be, p, s, dkernel);
    if constexpr (Net::spatial) {
      be.for_each(M, layer::project_row_backward<S, T>{
                         {p.values + Net::at_embedding, S}, {w.unit, S}, {dp.values + Net::at_embedding, S}, true});
    }
  }

  /// The state after the last step, (B, M, state).
  static T* last_state(activations_type const& s, batch_view<T> const& b) {
    return s.dynamics.state_out + (b.time - 1) * b.batch * M * Net::state_size;
  }

 private:
  /// Views of steps t ... t + count - 1 to sources [e; s; c], of which c is there already, and their log Z. What
  /// encoders save lies chunk after chunk, as `encode_backward` reads it; of streams that of the last views alone.
  static void encode(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t t,
                     index_t count) {
    index_t const r = t * b.batch * b.views, n = count * b.batch * b.views;
    index_t const most = s.encoded_views > 0 ? s.encoded_views : n;
    for (index_t i = 0; i < n; i += most) encode_views(be, p, s, r + i, (std::min)(most, n - i), most < n ? 0 : r);
  }
  /// Views first ... first + n - 1; what encoders save of them begins where that of view `saved` is.
  static void encode_views(Backend& be, weights p, activations_type const& s, index_t first, index_t n, index_t saved) {
    rows<T> const in{s.source + first * source, source};
    Net::encoder::forward(be, encoder_params(p), n, rows<T>{s.view + first * V, V}, in,
                          s.encoder + saved * Net::encoder::saved);
    Net::places::forward(be, place_params(p), n, s.place + first * P, in.shifted(D),
                         s.view_places + saved * Net::places::saved);
    pairs::forward(be, kernel_params(p), modules(s), n, in.shifted(D), s.present + first, s.view_log_weight + first * M,
                   s.view_reach + first * M);
  }

  /// What the recurrence calls when the gradients of the views of some steps are complete (dynamics/scan.hpp).
  struct view_hook {
    Backend& be;
    weights p;
    activations_type const& s;
    batch_view<T> const& b;
    gradients dp;
    void operator()(index_t t, index_t count) const { encode_backward(be, p, s, b, t, count, dp); }
  };

  /// The same, backward: from the gradients of these sources and of their log Z, at the beginning of the workspace.
  static void encode_backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t t,
                              index_t count, gradients dp) {
    auto const& w = s.work;
    index_t const r = t * b.batch * b.views, n = count * b.batch * b.views;
    rows<T const> const in{s.source + r * source, source};
    rows<T> const dsource{w.source, source};
    pairs::backward(be, kernel_params(p), modules(s), n, in.shifted(D), w.dynamics.view_log, dsource.shifted(D), w.unit,
                    dp.template inner<typename Net::kernel::params>(Net::at_kernel), w.pair_scratch,
                    &s.sums->temporary);
    Net::places::backward(be, place_params(p), n, dsource.shifted(D), s.view_places + r * Net::places::saved,
                          place_gradients(dp), w.scratch);
    Net::encoder::backward(be, encoder_params(p), n, rows<T>{s.view + r * V, V}, dsource,
                           s.encoder + r * Net::encoder::saved, rows<T>{},
                           dp.template inner<typename Net::encoder::params>(Net::at_encoder), w.scratch);
  }

  static void read_out_backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b,
                                index_t first, T* dstate, likelihood::loss_scale<T> scale, gradients dp) {
    auto const& w = s.work;
    index_t const R = b.time * b.batch, n = R * b.queries;
    rows<T const> const in{s.read, read};
    rows<T> const din{w.read, read};
    be.for_each(n, likelihood::loss_gradient<typename Net::likelihood, typename Net::target, T>{
                       s.output + first * b.queries * O, b.target, b.target_mask, scale, w.output});
    Net::decoder::backward(be, decoder_params(p), n, in, rows<T>{w.output, O}, s.decoder, din,
                           dp.template inner<typename Net::decoder::params>(Net::at_decoder), w.scratch);
    be.fill(n * M, T(0), w.query_log);
    reader::backward(be, p, s, b, first, dstate, dp);
    pairs::backward(be, kernel_params(p), modules(s), n, in.shifted(NC), w.query_log, din.shifted(NC), w.unit,
                    dp.template inner<typename Net::kernel::params>(Net::at_kernel), w.pair_scratch,
                    &s.sums->temporary);
    Net::places::backward(be, place_params(p), n, din.shifted(NC), s.query_places, place_gradients(dp), w.scratch);
  }

  /// Of Z(p_i, p_j), whose both sides are the modules' places.
  static void module_pairs_backward(Backend& be, weights p, activations_type const& s,
                                    gradients_of<T, typename Net::kernel::params> dkernel) {
    auto const& w = s.work;
    be.fill(M * S, T(0), w.unit_rows);
    pairs::backward(be, kernel_params(p), modules(s), M, rows<T const>{s.unit, S}, w.module_log,
                    rows<T>{w.unit_rows, S}, w.unit, dkernel, w.pair_scratch, &s.sums->temporary);
    be.template for_rows<S>(M, ops::add_rows<T>{{w.unit_rows, S}, {w.unit, S}});
  }

  static kernel::module_places<T, M, S> modules(activations_type const& s) {
    return {s.unit, s.unit_packed, s.unit_packed_transposed};
  }
  static auto kernel_params(weights p) { return p.template inner<typename Net::kernel::params>(Net::at_kernel); }
  static auto encoder_params(weights p) { return p.template inner<typename Net::encoder::params>(Net::at_encoder); }
  static auto place_params(weights p) { return p.template inner<typename Net::places::params>(Net::at_place); }
  static auto place_gradients(gradients g) { return g.template inner<typename Net::places::params>(Net::at_place); }
  static auto dynamics_params(weights p) { return p.template inner<typename dynamics::params>(Net::at_dynamics); }
  static auto decoder_params(weights p) { return p.template inner<typename Net::decoder::params>(Net::at_decoder); }
  static typename dynamics::template inputs<T> inputs(activations_type const& s, batch_view<T> const& b,
                                                      T const* carried) {
    return {b.time,
            b.batch,
            b.views,
            {s.source, source},
            s.view_log_weight,
            s.view_reach,
            s.module_log_weight,
            s.module_reach,
            s.module_neighbours,
            s.start,
            carried,
            s.chunks.encode,
            b.elapsed};
  }
};

S2RM_NAMESPACE_END
