#pragma once
/// \file
/// The read-out of a chunk: from the states to r of every query, and back (model §2.10, §2.12). With y the states as they are
/// read, of a row or, where a query has a time of its own, of a query (model/lead_states.hpp):
///
///   r = KMDPA(W^q s_q; W^k_m y_m, W^v_m y_m; Z(s_q, p_m)), or kernel weights alone (`readout::kernel_mean`)
///
/// Places, log Z and decoder of the queries stand around it in model/forward_backward.hpp: s_q is in the decoder's input, r goes
/// there.

#include "s2rm/layer/rms_norm.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/model/lead_states.hpp"
#include "s2rm/model/weight_storage.hpp"
#include "s2rm/model/world_model.hpp"
#include "s2rm/ops/generic.hpp"
#include "s2rm/ops/work_size.hpp"

S2RM_NAMESPACE_BEGIN

template <class Net, class Backend, class T>
struct read_out {
  static constexpr index_t M = Net::M, H = Net::H, S = Net::S, NC = Net::NC, read = Net::read;
  static constexpr index_t RM = Net::RM, alike = M / RM;  ///< read-out weights, modules that share one
  using dynamics = typename Net::dynamics;
  using attend = typename Net::readout_attention;
  using activations_type = activations<Net, T>;
  using gradients = gradients_of<T, typename Net::params>;
  using weights = parameters_of<T, typename Net::params>;

  /// Writes r of the queries of b, a chunk of the batch observed whose first row is `first`.
  static void forward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t first,
                      state_keys keys) {
    each_read_block(apart(b), s.chunks, b.time * b.batch, b.queries,
                    [&](read_block const& block) { read_states(be, p, s, b, first, block, keys); });
  }

  /// Given dL/dr in the workspace: adds to dp, to dL/ds of the queries, to dL/dlog Z and to `dstate`, dL/dstates (rows, M, H).
  /// Follows `forward` with the same arguments.
  static void backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t first,
                       T* dstate, gradients dp) {
    auto const& w = s.work;
    index_t const R = b.time * b.batch, n = R * b.queries;
    if constexpr (Net::relaxes_to_lead) {
      be.fill(M * H, T(0), w.lead.initial);
      be.fill(M * H, T(0), w.lead.rate);
    }
    // `query` left the states of its last block.
    bool const of_query = apart(b), again = of_query && n > lead_states_at_once(s.chunks, n);
    each_read_block(of_query, s.chunks, R, b.queries, [&](read_block const& block) {
      if (again) read_states(be, p, s, b, first, block);
      read_states_backward(be, p, s, b, first, block, dstate, dp);
    });
    if constexpr (Net::relaxes_to_lead) {
      auto const& sums = w.dynamics.relaxation;
      be.template for_rows<H>(M, ops::add_rows<T>{{w.lead.initial, H}, {sums.initial, Net::read_step}});
      be.template for_rows<H>(M, ops::add_rows<T>{{w.lead.rate, H}, {sums.rate, Net::read_step}});
    }
  }

 private:
  /// Whether every query of a chunk has a state of its own.
  static bool apart(batch_view<T> const& b) {
    if (!Net::relaxes_to_lead || b.query_lead == nullptr) return false;
    return ops::from_masks<Backend>(
               1, [&] { return one_lead_a_row(b.time * b.batch, b.queries, b.query_lead) ? 0 : 1; }) != 0;
  }

  /// The states of a block as they are read, and r of their queries.
  static void read_states(Backend& be, weights p, activations_type const& s, batch_view<T> const& b, index_t first,
                          read_block const& block, state_keys keys = state_keys::computed) {
    index_t const count = block.count, at = block.first_query();
    auto const w = p.template inner<typename Net::readout_params>(Net::at_readout);
    if (keys == state_keys::computed) {
      if constexpr (Net::relaxes_to_lead) {
        be.template for_rows<H>(count * M, lead_states<M, H, T>{lead_of(s, b, first, block), s.lead_state});
      }
      rows<T const> const y = normalise(be, count, read_from(s, first), s);
      auto const value = product_of(w.template matrix<"value.weight">(), nullptr, count * alike, by_weight(y),
                                    by_weight(module_rows(s.read_value)));
      if constexpr (Net::readout_by_dot) {
        ops::side_by_side(be, query_product(w, s, block),
                          product_of(w.template matrix<"key.weight">(), nullptr, count * alike, by_weight(y),
                                     by_weight(module_rows(s.read_key))),
                          value);
      } else {
        ops::side_by_side(be, value);
      }
    } else if constexpr (Net::readout_by_dot) {
      ops::side_by_side(be, query_product(w, s, block));
    }
    attend::forward(be, geometry(s, block), by_state(s.read_query, block, NC), module_rows(s.read_key),
                    module_rows(s.read_value), by_state(s.read, block, read), s.read_attention + at * attend::saved(M));
  }

  /// From dL/dr of a block's queries to the weights of the read-out, dL/ds of the queries and dL/dstates.
  static void read_states_backward(Backend& be, weights p, activations_type const& s, batch_view<T> const& b,
                                   index_t first, read_block const& block, T* dstate, gradients dp) {
    auto const& w = s.work;
    index_t const count = block.count, at = block.first_query();
    attend::backward(be, geometry(s, block), by_state(s.read_query, block, NC), module_rows(s.read_key),
                     module_rows(s.read_value), by_state(w.read, block, read), s.read_attention + at * attend::saved(M),
                     by_state(w.read_query, block, NC), module_rows(w.read_key), module_rows(w.read_value),
                     w.query_log + at * M, block.queries * M, w.scratch);
    auto const weights_in = p.template inner<typename Net::readout_params>(Net::at_readout);
    auto const dreadout = dp.template inner<typename Net::readout_params>(Net::at_readout);
    rows<T const> const y = dynamics::normed ? rows<T const>{s.read_state, M * H, H} : read_from(s, first);
    rows<T> const dy{w.read_state, M * H, H};
    rows<T> const dvalue = by_weight(module_rows(w.read_value)), dkey = by_weight(module_rows(w.read_key));
    be.product_transposed(weights_in.template matrix<"value.weight">(), count * alike, dvalue, by_weight(dy));
    be.template outer_add<RM, NC, H>(count * alike, dvalue, by_weight(y), dreadout.template at<"value.weight">());
    if constexpr (Net::readout_by_dot) {
      rows<T> const dquery{w.read_query + at * NC, NC};
      rows<T> const place{s.read + at * read + NC, read}, dplace{w.read + at * read + NC, read};
      be.product_transposed_add(weights_in.template matrix<"key.weight">(), count * alike, dkey, by_weight(dy));
      be.template outer_add<RM, NC, H>(count * alike, dkey, by_weight(y), dreadout.template at<"key.weight">());
      be.product_transposed_add(weights_in.template matrix<"query.weight">(), block.query_count(), dquery, dplace);
      be.template outer_add<1, NC, S>(block.query_count(), dquery, place, dreadout.template at<"query.weight">());
    }
    T* const dh = Net::relaxes_to_lead ? w.lead.state : dstate;
    if constexpr (Net::relaxes_to_lead) be.fill(count * M * H, T(0), dh);
    if constexpr (dynamics::normed) {
      s2rm::layer::normalise_rows_backward<M, H, Backend, T>(be, count * M, y, dy, s.read_factor, {dh, M * H, H});
    } else {
      be.template for_rows<H>(count * M, ops::add_rows<T, M>{dy, {dh, M * H, H}});
    }
    if constexpr (Net::relaxes_to_lead) {
      be.template for_rows<H>(
          count * M, lead_states_backward<M, H, T>{lead_of(s, b, first, block), dh, w.lead.of_initial, w.lead.of_rate});
      be.template column_sum_add<M, H>(count, rows<T const>{w.lead.of_initial, M * H, H}, w.lead.initial);
      be.template column_sum_add<M, H>(count, rows<T const>{w.lead.of_rate, M * H, H}, w.lead.rate);
      sum_lead_states<M, H, T> const sum{block, dh, dstate};
      be.template for_rows<H>(sum.row_count() * M, sum);
    }
  }

  template <class Readout>
  static auto query_product(Readout const& w, activations_type const& s, read_block const& block) {
    index_t const at = block.first_query();
    return product_of(w.template matrix<"query.weight">(), nullptr, block.query_count(),
                      rows<T>{s.read + at * read + NC, read}, rows<T>{s.read_query + at * NC, NC});
  }
  static rows<T const> normalise(Backend& be, index_t R, rows<T const> h, activations_type const& s) {
    if constexpr (dynamics::normed) {
      s2rm::layer::normalise_rows<M, H, Backend, T>(be, R * M, h, {s.read_state, M * H, H}, s.read_factor);
      return {s.read_state, M * H, H};
    } else {
      return h;
    }
  }

  static rows<T const> states(activations_type const& s) {
    return {s.dynamics.state_out, M * Net::state_size, Net::read_step};
  }
  /// Those of a chunk whose first row is `first`, before and after they are relaxed until a query's time.
  static rows<T const> states_from(activations_type const& s, index_t first) {
    return states(s).shifted(first * M * Net::state_size);
  }
  static rows<T const> read_from(activations_type const& s, index_t first) {
    return Net::relaxes_to_lead ? rows<T const>{s.lead_state, M * H, H} : states_from(s, first);
  }
  /// What the states of a block are relaxed from.
  static lead_sources<M, T> lead_of(activations_type const& s, batch_view<T> const& b, index_t first,
                                    read_block const& block) {
    return {block, b.query_lead, states_from(s, first), s.dynamics.start, s.dynamics.relaxation.rate, Net::read_step};
  }
  /// `width` numbers of each of a chunk's queries, as groups of the states of a block.
  static rows<T> by_state(T* x, read_block const& block, index_t width) {
    return {x + block.first_query() * width, block.queries * width, width};
  }
  static rows<T> module_rows(T* x) { return {x, M * NC, NC}; }
  /// Rows of all modules as the read-out's weights see them.
  template <class U>
  static rows<U> by_weight(rows<U> const& x) {
    return ops::by_weight<M, RM>(x);
  }
  static attention::geometry<T> geometry(activations_type const& s, read_block const& block) {
    index_t const at = block.first_query() * M;
    return {block.count, block.queries, M, s.query_log_weight + at, s.query_reach + at, block.queries * M, M, 1};
  }
};

S2RM_NAMESPACE_END
