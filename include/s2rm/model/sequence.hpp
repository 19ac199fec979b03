#pragma once
/// \file
/// A whole sequence through the model, both ways. The data's way, with R = T B rows (t, b):
///
///   views (R, A) -> encode, place -> source [e; s] -> log Z against the modules -> dynamics over time -> states (R, M, H)
///   queries (R, Q) -> place -> log Z -> read-out over the states -> decode [r; s] -> outputs (R, Q, outputs) -> loss
///
/// A stream is a sequence of one step: `observe` and `query` are the same code.

#include "s2rm/kernel/pairs.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/model/clean.hpp"
#include "s2rm/model/parameters.hpp"
#include "s2rm/model/tape.hpp"
#include "s2rm/model/world_model.hpp"

namespace s2rm {

template <class Net, class Backend, class T>
struct sequence {
  static_assert(ops::require_backend<Backend, T>::checked);
  static constexpr index_t M = Net::M, H = Net::H, S = Net::S, P = Net::P, NC = Net::NC, D = Net::D;
  static constexpr index_t V = Net::view::size, X = Net::target::size, O = Net::outputs;
  static constexpr index_t source = D + S, read = NC + S;
  using params = typename Net::params;
  using dynamics = typename Net::dynamics;
  using pairs = kernel::pairs<typename Net::kernel, M, S>;
  using attend = typename Net::readout_attention;
  using tape_type = tape<Net, T>;
  using gradients = gradients_of<T, params>;
  using weights = parameters_of<T, params>;

  /// Module places on the sphere and their kernel: once per use of the weights.
  static void place_modules(Backend& be, weights p, tape_type const& s) {
    T const* const v = p.values + Net::at_embedding;
    be.for_each(M, geometry::project_row<S, T>{{v, S}, {s.unit, S}});
    be.template pack<1, M, S>(s.unit, s.unit_packed, s.unit_packed_transposed);
    pairs::forward(be, kernel_params(p), modules(s), M, rows<T const>{s.unit, S}, nullptr, s.module_log_weight,
                   s.module_reach);
    if constexpr (dynamics::talks) kernel::find_neighbours(be, M, M, s.module_reach, s.module_near);
  }

  /// Views to states. `carried` (B, M, state) is read where a step does not start anew; null starts every element anew.
  static void observe(Backend& be, weights p, tape_type const& s, batch_view<T> const& b, T const* carried) {
    index_t const R = b.time * b.batch, n = R * b.views;
    be.for_each(R, clean::start_flags{b.reset, b.batch, carried == nullptr, s.start});
    be.for_each(n,
                clean::view_rows<V, P, T>{b.view, b.place, b.view_mask, b.blind, b.views, s.view, s.place, s.present});
    rows<T> const in{s.source, source};
    Net::encoder::forward(be, p.template inner<typename Net::encoder::params>(Net::at_encoder), n, rows<T>{s.view, V},
                          in, s.encoder);
    Net::places::forward(be, place_params(p), n, s.place, in.shifted(D), s.view_places);
    pairs::forward(be, kernel_params(p), modules(s), n, in.shifted(D), s.present, s.view_log_weight, s.view_reach);
    dynamics::forward(be, dynamics_params(p), inputs(s, b, carried), s.dynamics);
  }

  /// States (the tape's own) to outputs at the queries' places.
  static void query(Backend& be, weights p, tape_type const& s, batch_view<T> const& b) {
    index_t const R = b.time * b.batch, n = R * b.queries;
    rows<T const> const h = states(s);
    be.for_each(n, clean::query_rows<P, T>{b.query_place, b.target_mask, s.query});
    rows<T> const in{s.read, read};
    Net::places::forward(be, place_params(p), n, s.query, in.shifted(NC), s.query_places);
    pairs::forward(be, kernel_params(p), modules(s), n, in.shifted(NC), nullptr, s.query_log_weight, s.query_reach);
    rows<T const> const y = normalise(be, R, h, s);
    auto const w = p.template inner<typename Net::readout_params>(Net::at_readout);
    if constexpr (Net::readout_by_dot) {
      be.product(w.template matrix<"query.weight">(), nullptr, n, in.shifted(NC), rows<T>{s.read_query, NC});
      be.product(w.template matrix<"key.weight">(), nullptr, R, y, module_rows(s.read_key));
    }
    be.product(w.template matrix<"value.weight">(), nullptr, R, y, module_rows(s.read_value));
    attend::forward(be, geometry(s, R, b.queries), rows<T>{s.read_query, b.queries * NC, NC}, module_rows(s.read_key),
                    module_rows(s.read_value), rows<T>{s.read, b.queries * read, read}, s.read_attention);
    Net::decoder::forward(be, decoder_params(p), n, in, rows<T>{s.output, O}, s.decoder);
    if constexpr (Net::residual::active) {
      be.for_each(n, residual::add_guess<typename Net::residual, typename Net::shape, typename Net::target, T>{
                         s.view, s.place, s.present, b.views, b.queries, O, s.query, s.output});
    }
  }

  /// Sums the loss over unmasked target elements into s.sums[0] and counts them in s.sums[1].
  static void measure(Backend& be, tape_type const& s, batch_view<T> const& b) {
    index_t const n = b.time * b.batch * b.queries;
    be.reduce(
        n * X,
        likelihood::loss_term<typename Net::likelihood, typename Net::target, T>{s.output, b.target, b.target_mask},
        s.sums);
    be.reduce(n, clean::count_present{b.target_mask, X}, s.sums + 1);
  }

  /// Adds the gradient of `scale` times the summed loss to dp. Follows `observe`, `query` on the same tape and batch.
  /// `continued`: the batch is a piece of a longer one whose next piece was the last to go backward; what that piece wants
  /// of this one's last state is where it left it.
  static void backward(Backend& be, weights p, tape_type const& s, batch_view<T> const& b, T const* carried, T scale,
                       bool continued, gradients dp) {
    auto const& w = s.work;
    index_t const R = b.time * b.batch, views = R * b.views;
    be.fill(M * S, T(0), w.unit);
    be.fill(M * M, T(0), w.module_log);
    be.fill(R * M * H, T(0), w.state);
    if (b.queries > 0) query_backward(be, p, s, b, scale, dp);

    rows<T> const dsource{w.source, source};
    dynamics::backward(be, dynamics_params(p), inputs(s, b, carried), s.dynamics, w.dynamics, w.state, continued,
                       dsource, w.module_log, dp.template inner<typename dynamics::params>(Net::at_dynamics));
    rows<T const> const in{s.source, source};
    auto const dkernel = dp.template inner<typename Net::kernel::params>(Net::at_kernel);
    pairs::backward(be, kernel_params(p), modules(s), views, in.shifted(D), w.dynamics.view_log, dsource.shifted(D),
                    w.unit, dkernel, w.pair_scratch, s.sums + 2);
    if constexpr (dynamics::talks) module_pairs_backward(be, p, s, dkernel);
    Net::places::backward(be, place_params(p), views, dsource.shifted(D), s.view_places, place_gradients(dp),
                          w.scratch);
    Net::encoder::backward(be, p.template inner<typename Net::encoder::params>(Net::at_encoder), views,
                           rows<T>{s.view, V}, dsource, s.encoder, rows<T>{},
                           dp.template inner<typename Net::encoder::params>(Net::at_encoder), w.scratch);
    be.for_each(M, geometry::project_row_backward<S, T>{
                       {p.values + Net::at_embedding, S}, {w.unit, S}, {dp.values + Net::at_embedding, S}, true});
  }

  /// The state after the last step, (B, M, state).
  static T* last_state(tape_type const& s, batch_view<T> const& b) {
    return s.dynamics.state_out + (b.time - 1) * b.batch * M * Net::state_size;
  }

 private:
  static void query_backward(Backend& be, weights p, tape_type const& s, batch_view<T> const& b, T scale,
                             gradients dp) {
    auto const& w = s.work;
    index_t const R = b.time * b.batch, n = R * b.queries;
    rows<T const> const in{s.read, read};
    rows<T> const din{w.read, read};
    be.for_each(n, likelihood::loss_gradient<typename Net::likelihood, typename Net::target, T>{
                       s.output, b.target, b.target_mask, scale, w.output});
    Net::decoder::backward(be, decoder_params(p), n, in, rows<T>{w.output, O}, s.decoder, din,
                           dp.template inner<typename Net::decoder::params>(Net::at_decoder), w.scratch);
    be.fill(n * M, T(0), w.query_log);
    attend::backward(be, geometry(s, R, b.queries), rows<T>{s.read_query, b.queries * NC, NC}, module_rows(s.read_key),
                     module_rows(s.read_value), rows<T>{w.read, b.queries * read, read}, s.read_attention,
                     rows<T>{w.read_query, b.queries * NC, NC}, module_rows(w.read_key), module_rows(w.read_value),
                     w.query_log, b.queries * M, w.scratch);
    auto const weights_in = p.template inner<typename Net::readout_params>(Net::at_readout);
    auto const dreadout = dp.template inner<typename Net::readout_params>(Net::at_readout);
    rows<T const> const y = dynamics::normed ? rows<T const>{s.read_state, M * H, H} : states(s);
    rows<T> const dy{w.read_state, M * H, H};
    be.product_transposed(weights_in.template matrix<"value.weight">(), R, module_rows(w.read_value), dy);
    be.template outer_add<M, NC, H>(R, module_rows(w.read_value), y, dreadout.template at<"value.weight">());
    if constexpr (Net::readout_by_dot) {
      be.product_transposed_add(weights_in.template matrix<"key.weight">(), R, module_rows(w.read_key), dy);
      be.template outer_add<M, NC, H>(R, module_rows(w.read_key), y, dreadout.template at<"key.weight">());
      be.product_transposed_add(weights_in.template matrix<"query.weight">(), n, rows<T>{w.read_query, NC},
                                din.shifted(NC));
      be.template outer_add<1, NC, S>(n, rows<T>{w.read_query, NC}, in.shifted(NC),
                                      dreadout.template at<"query.weight">());
    }
    if constexpr (dynamics::normed) {
      be.for_each(R * M, s2rm::dynamics::rms_row_backward<M, H, T>{y, dy, s.read_factor, {w.state, M * H, H}});
    } else {
      be.template for_rows<H>(R * M, ops::add_rows<T, M>{dy, {w.state, M * H, H}});
    }
    pairs::backward(be, kernel_params(p), modules(s), n, in.shifted(NC), w.query_log, din.shifted(NC), w.unit,
                    dp.template inner<typename Net::kernel::params>(Net::at_kernel), w.pair_scratch, s.sums + 2);
    Net::places::backward(be, place_params(p), n, din.shifted(NC), s.query_places, place_gradients(dp), w.scratch);
  }

  /// p_i . p_j: both sides are the modules' places.
  static void module_pairs_backward(Backend& be, weights p, tape_type const& s,
                                    gradients_of<T, typename Net::kernel::params> dkernel) {
    auto const& w = s.work;
    be.fill(M * S, T(0), w.unit_rows);
    pairs::backward(be, kernel_params(p), modules(s), M, rows<T const>{s.unit, S}, w.module_log,
                    rows<T>{w.unit_rows, S}, w.unit, dkernel, w.pair_scratch, s.sums + 2);
    be.template for_rows<S>(M, ops::add_rows<T>{{w.unit_rows, S}, {w.unit, S}});
  }

  static rows<T const> normalise(Backend& be, index_t R, rows<T const> h, tape_type const& s) {
    if constexpr (dynamics::normed) {
      be.for_each(R * M, s2rm::dynamics::rms_row<M, H, T>{h, {s.read_state, M * H, H}, s.read_factor});
      return {s.read_state, M * H, H};
    } else {
      return h;
    }
  }

  static rows<T const> states(tape_type const& s) {
    return {s.dynamics.state_out, M * Net::state_size, Net::state_size};
  }
  static rows<T> module_rows(T* x) { return {x, M * NC, NC}; }
  static kernel::module_places<T, M, S> modules(tape_type const& s) {
    return {s.unit, s.unit_packed, s.unit_packed_transposed};
  }
  static attention::geometry<T> geometry(tape_type const& s, index_t R, index_t queries) {
    return {R, queries, M, s.query_log_weight, s.query_reach, queries * M, M, 1};
  }
  static auto kernel_params(weights p) { return p.template inner<typename Net::kernel::params>(Net::at_kernel); }
  static auto place_params(weights p) { return p.template inner<typename Net::places::params>(Net::at_place); }
  static auto place_gradients(gradients g) { return g.template inner<typename Net::places::params>(Net::at_place); }
  static auto dynamics_params(weights p) { return p.template inner<typename dynamics::params>(Net::at_dynamics); }
  static auto decoder_params(weights p) { return p.template inner<typename Net::decoder::params>(Net::at_decoder); }
  static typename dynamics::template inputs<T> inputs(tape_type const& s, batch_view<T> const& b, T const* carried) {
    return {b.time,
            b.batch,
            b.views,
            {s.source, source},
            s.view_log_weight,
            s.view_reach,
            s.module_log_weight,
            s.module_reach,
            s.module_near,
            s.start,
            carried};
  }
};

}  // namespace s2rm
