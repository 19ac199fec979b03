#pragma once
/// \file
/// All memory of a pass over a sequence: saved activations, and the backward pass's workspace, cut from one allocation.

#include <algorithm>

#include "s2rm/core/arena.hpp"
#include "s2rm/model/lead_states.hpp"
#include "s2rm/model/world_model.hpp"

S2RM_NAMESPACE_BEGIN

/// Sums that ranks and micro-batches add up (train/rank_group.hpp, train/microbatch.hpp).
struct joint_sums {
  double loss = 0;       ///< summed loss of a whole pass
  double reached = 0;    ///< pairs of views and modules within reach
  double present = 0;    ///< pairs of present views and modules
  double unreached = 0;  ///< present views that reach no module

  static constexpr index_t numbers = 4;
  S2RM_HD void store(double* to) const { to[0] = loss, to[1] = reached, to[2] = present, to[3] = unreached; }
  S2RM_HD static joint_sums load(double const* from) { return {from[0], from[1], from[2], from[3]}; }
};

/// Sums that passes leave in backend memory, to be read all at once.
struct pass_sums : joint_sums {
  double segment_loss = 0;  ///< summed loss of the outputs held at a time
  double count = 0;         ///< unmasked target elements
  double temporary = 0;     ///< of any reduction, until the next
  double dead = 0;          ///< modules that no view reached
};

/// *to += *from.
struct add_number {
  double const* from;
  double* to;
  S2RM_HD void operator()(index_t) const { *to += *from; }
};

/// Extents activations are laid out for; a batch may be smaller in every one of them.
struct extent {
  index_t time = 0, batch = 0, views = 0, queries = 0;
  ops::chunk_rows chunks{};
  index_t encoded_views = 0;  ///< views encoded at a time where no backward pass follows; 0: all
  friend constexpr bool operator==(extent const&, extent const&) = default;
};

template <class Net, class T>
struct activations {
  static constexpr index_t M = Net::M, H = Net::H, S = Net::S, P = Net::P, NC = Net::NC;
  using dynamics_type = typename Net::dynamics;

  ops::chunk_rows chunks;                          ///< as the workspace has room for
  index_t encoded_views;                           ///< as many views' is what encoders save; 0: all views'
  T *unit, *unit_packed, *unit_packed_transposed;  ///< (M, S): the modules' places, and as a packed weight
  T* module_log_weight;                            ///< (M, M)
  std::uint8_t *module_reach, *start, *present;    ///< (M, M), (R), (R, A)
  kernel::neighbours module_neighbours;            ///< which modules are within reach of which
  T *view, *place, *source;                        ///< (R, A, V), (R, A, P), (R, A, D + S + K): [e; s; c]
  T *encoder, *view_places;                        ///< saved by the encoder and the place encoder, see `encoded_views`
  T* view_log_weight;                              ///< (R, A, M)
  std::uint8_t* view_reach;
  typename dynamics_type::template activations<T> dynamics;
  // The read-out of a chunk of K rows (`chunks.read_out`), of L states at a time (`lay_out`), and all outputs.
  T *query, *read, *query_places;  ///< (K, Q, P), (K, Q, Net::read): [r; s; phi; c]
  T* query_log_weight;             ///< (K, Q, M)
  std::uint8_t* query_reach;
  T* lead_state;                                           ///< (L, M, H): relaxed until a query's time
  T *read_state, *read_factor;                             ///< (L, M, H), (L, M)
  T *read_query, *read_key, *read_value, *read_attention;  ///< (K, Q, NC), (L, M, NC) x2
  T *decoder, *output;                                     ///< saved by the decoder; (R, Q, outputs)
  pass_sums* sums;

  /// The backward pass's memory; empty in those laid out for the forward pass alone.
  struct workspace {
    T *unit, *unit_rows, *module_log, *state;
    T *source, *read, *output, *query_log;
    T *read_query, *read_key, *read_value, *read_state;
    lead_state_workspace<T> lead;
    T *pair_scratch, *scratch;
    typename dynamics_type::template workspace<T> dynamics;
  } work;

  static constexpr activations lay_out(arena& a, extent const& e, bool with_backward) {
    index_t const R = e.time * e.batch, views = R * e.views;
    index_t const K = ops::chunk_rows::max_rows(e.chunks.read_out, e.time, e.batch), queries = K * e.queries;
    // States that are read at a time: those of the chunk; or, where queries have states of their own, as many of these.
    index_t const L = Net::relaxes_to_lead ? (std::max)(K, lead_states_at_once(e.chunks, queries)) : K;
    using attend_saved = typename Net::readout_attention;
    activations s{};
    s.chunks = e.chunks;
    s.unit = a.take<T>(M * S);
    s.unit_packed = a.take<T>(M * S + packed_slack);
    s.unit_packed_transposed = a.take<T>(M * S + packed_slack);
    s.module_log_weight = a.take<T>(M * M);
    s.module_reach = a.take<std::uint8_t>(M * M);
    index_t const listed = dynamics_type::interacts ? M : 0;
    s.module_neighbours = kernel::neighbours::lay_out(a, listed, listed);
    s.start = a.take<std::uint8_t>(R);
    s.present = a.take<std::uint8_t>(views);
    s.view = a.take<T>(views * Net::view::size);
    s.place = a.take<T>(views * P);
    s.source = a.take<T>(views * Net::source);
    s.encoded_views = with_backward ? 0 : e.encoded_views;
    index_t const saved_views = s.encoded_views > 0 ? (std::min)(views, s.encoded_views) : views;
    s.encoder = a.take<T>(saved_views * Net::encoder::saved);
    s.view_places = a.take<T>(saved_views * Net::places::saved);
    s.view_log_weight = a.take<T>(views * M);
    s.view_reach = a.take<std::uint8_t>(views * M);
    s.dynamics = dynamics_type::template activations<T>::lay_out(a, e.time, e.batch, e.views, e.chunks.encode);
    s.query = a.take<T>(queries * P);
    s.read = a.take<T>(queries * Net::read);
    s.query_places = a.take<T>(queries * Net::places::saved);
    s.query_log_weight = a.take<T>(queries * M);
    s.query_reach = a.take<std::uint8_t>(queries * M);
    if (Net::relaxes_to_lead) s.lead_state = a.take<T>(L * M * H);
    s.read_state = a.take<T>(L * M * H);
    s.read_factor = a.take<T>(L * M);
    s.read_query = a.take<T>(queries * NC);
    s.read_key = a.take<T>(L * M * NC);
    s.read_value = a.take<T>(L * M * NC);
    s.read_attention = a.take<T>(queries * attend_saved::saved(M));
    s.decoder = a.take<T>(queries * Net::decoder::saved);
    s.output = a.take<T>(R * e.queries * Net::outputs);
    s.sums = a.take<pass_sums>(1);
    if (!with_backward) return s;

    index_t const chunk = ops::chunk_rows::max_rows(e.chunks.encode, e.time, e.batch) * e.views;
    auto& w = s.work;
    w.unit = a.take<T>(M * S);
    w.unit_rows = a.take<T>(M * S);
    w.module_log = a.take<T>(M * M);
    w.state = a.take<T>(R * M * H);
    w.source = a.take<T>(chunk * Net::source);
    w.read = a.take<T>(queries * Net::read);
    w.output = a.take<T>(queries * Net::outputs);
    w.query_log = a.take<T>(queries * M);
    w.read_query = a.take<T>(queries * NC);
    w.read_key = a.take<T>(L * M * NC);
    w.read_value = a.take<T>(L * M * NC);
    w.read_state = a.take<T>(L * M * H);
    if (Net::relaxes_to_lead) w.lead = lead_state_workspace<T>::lay_out(a, L, M * H);
    w.pair_scratch = a.take<T>((std::max)({chunk * M, queries * M, M * M}));
    index_t const per_query = (std::max)({Net::decoder::scratch, Net::places::scratch, attend_saved::scratch(M)});
    index_t const per_view = (std::max)(Net::encoder::scratch, Net::places::scratch);
    w.scratch = a.take<T>((std::max)(queries * per_query, chunk * per_view));
    w.dynamics = dynamics_type::template workspace<T>::lay_out(a, e.time, e.batch, e.views, e.chunks.encode);
    return s;
  }
};

/// Bytes of activations for these extents.
template <class Net, class T>
constexpr index_t activation_bytes(extent const& e, bool with_backward) {
  arena counted{};
  static_cast<void>(activations<Net, T>::lay_out(counted, e, with_backward));
  return counted.used;
}

/// Bytes of saved activations that one more time step of `batch` elements takes: known when the program is compiled.
template <class Net, class T>
constexpr index_t saved_bytes_per_step(index_t batch, index_t views, index_t queries) {
  auto const bytes = [&](index_t time) { return activation_bytes<Net, T>({time, batch, views, queries}, false); };
  index_t const first = ops::chunk_rows{}.read_out + 1;  // from here on nothing grows but the activations
  return bytes(first + 1) - bytes(first);
}

S2RM_NAMESPACE_END
