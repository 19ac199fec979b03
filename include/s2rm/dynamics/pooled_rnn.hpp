#pragma once
/// \file
/// Comparison models of one state vector: all views of a step are pooled to one vector, which a single cell reads.
///
///   u_t = pool({[e_a; s_a]}) (dynamics/view_pooling.hpp),   h' = Cell(u_t, h)
///
/// Queries read h' in `Chunks` chunks of equal width as if these were modules with Z = 1. With one chunk r = W^v
/// norm(h'), decoded as D([r; s]); with several, r is the attention of the queried place over them. `dynamics::gru` and
/// `dynamics::lstm` name the cell, its width, the pool and the chunks. Backward: the cell's, then with its du the
/// pool's.

#include "s2rm/cell/gru.hpp"
#include "s2rm/cell/lstm.hpp"
#include "s2rm/dynamics/scan.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/dynamics/view_pooling.hpp"

S2RM_NAMESPACE_BEGIN
namespace dynamics {

/// Shape: its modules are the chunks of the state. Cell: a single one, of the whole state.
template <class Shape, index_t Encoded, class Cell, class Pool, class StateNorm, class InitialState, class Time>
struct pooled_rnn_layer : recurrent<pooled_rnn_layer<Shape, Encoded, Cell, Pool, StateNorm, InitialState, Time>> {
  static constexpr index_t M = Shape::modules, H = Shape::hidden, NC = Shape::heads * Shape::head_width;
  static constexpr index_t whole = M * H, state = Cell::state;  ///< numbers of h, and of the carried state
  static constexpr index_t cells = 1, SW = state / M, read_step = H, CW = NC + Time::features;
  static constexpr bool relaxes = Time::active;
  static constexpr bool normed = std::is_same_v<StateNorm, state_norm::rms>;
  static constexpr bool learned_initial_state = std::is_same_v<InitialState, initial_state::learned>;
  using cell = Cell;
  using pool = typename Pool::template on<Shape, Encoded + Shape::sphere + Shape::context>;

  struct initial_state_params : std::conditional_t<learned_initial_state, typename Cell::initial, schema<>> {};
  struct time_params : std::conditional_t<relaxes, schema<field<"rate", 1, state>>, schema<>> {};
  struct params : joined<prefixed<"pool.", typename pool::params>, prefixed<"cell.", typename Cell::params>,
                         initial_state_params, prefixed<"time.", time_params>> {};
  static constexpr index_t at_cell = pool::params::size, at_initial_state = at_cell + Cell::params::size,
                           at_rate = at_initial_state + initial_state_params::size;

  template <class T>
  static void initialise(T* values, init::source from) {
    pool::initialise(values, from);
    Cell::initialise(values + at_cell, from.at(at_cell));
    if constexpr (learned_initial_state) Cell::initialise_state(values + at_initial_state);
    if constexpr (relaxes) std::fill_n(values + at_rate, time_params::size, initial_rate<Time, T>());
  }

  template <class T>
  using inputs = dynamics::inputs<T>;

  template <class T>
  struct activations : recurrent_activations<T> {
    typename pool::template activations<T> pooling;
    T *u, *x, *cell,
        *scratch;  ///< (R, NC); (R, CW): [u; features of time], u itself without; the cell's saved; of one step
    static constexpr activations lay_out(arena& a, index_t time, index_t batch, index_t views, index_t /*delta_rows*/) {
      index_t const R = time * batch;
      activations s{};
      s.lay_out_states(a, R, state, relaxes);
      s.pooling = pool::template activations<T>::lay_out(a, R, views);
      s.u = a.take<T>(R * NC);
      s.x = CW > NC ? a.take<T>(R * CW) : s.u;
      s.cell = a.take<T>(R * Cell::saved::size);
      s.scratch = a.take<T>(batch * Cell::scratch);
      return s;
    }
  };
  template <class T>
  struct workspace : recurrent_workspace<T> {
    typename pool::template workspace<T> pooling;
    T *u, *x, *h, *delta,
        *scratch;  ///< (K, NC); (K, CW); (B, whole); the cell's delta of K rows; of one step or K rows
    static constexpr workspace lay_out(arena& a, index_t time, index_t batch, index_t views, index_t delta_rows) {
      index_t const K = ops::chunk_rows::max_rows(delta_rows, time, batch);
      workspace w{};
      w.lay_out_states(a, batch, state, relaxes);
      w.pooling = pool::template workspace<T>::lay_out(a, K, views);
      w.u = a.take<T>(K * NC);
      w.x = CW > NC ? a.take<T>(K * CW) : w.u;
      w.h = a.take<T>(batch * whole);
      w.delta = a.take<T>(K * Cell::delta::size);
      w.scratch = a.take<T>((std::max)(batch * Cell::scratch, K * Cell::gradient_scratch));
      return w;
    }
  };

  template <class B, class T>
  static void prepare_views(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t,
                            index_t count) {
    index_t const r = t * in.batch;
    pool::forward(be, p.template inner<typename pool::params>(0), in, s.pooling, r, count * in.batch, s.u + r * NC);
    if constexpr (CW > NC) {
      rows<T> const x{s.x + r * CW, CW};
      be.template for_rows<NC>(count * in.batch, ops::copy_rows<T>{{s.u + r * NC, NC}, x});
      be.for_each(count * in.batch, layer::time_feature_rows<typename Time::unit, 1, T>{
                                        in.elapsed == nullptr ? nullptr : in.elapsed + r, in.start + r, x.shifted(NC)});
    }
  }

  template <class B, class T>
  static void step(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s, index_t t) {
    index_t const r = t * in.batch;
    rows<T const> const h = states<T const>(s.state_in + r * state);
    Cell::forward(be, p.template inner<typename Cell::params>(at_cell), in.batch, reads<T const>(s.x + r * CW), h, h,
                  states(s.state_out + r * state), saved_of<T, typename Cell::saved>{s.cell, in.time * in.batch, r},
                  s.scratch);
  }

  template <class B, class T>
  static void step_backward(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                            workspace<T> const& w, index_t t, gradients_of<T, params> /*dp*/) {
    index_t const r = t * in.batch, k = pooled_rnn_layer::delta_row(in, t);
    rows<T const> const h = states<T const>(s.state_in + r * state);
    Cell::backward(be, p.template inner<typename Cell::params>(at_cell), in.batch, reads<T const>(s.x + r * CW), h, h,
                   states(w.state), saved_of<T const, typename Cell::saved>{s.cell, in.time * in.batch, r},
                   deltas(in, w).from(k), reads(w.x + k * CW), rows<T>{w.h, whole, whole}, states(w.previous),
                   w.scratch);
    be.template for_rows<whole>(in.batch, ops::add_rows<T>{{w.h, whole, whole}, states(w.previous)});
  }

  template <class B, class T>
  static void gradient(B& be, parameters_of<T, params> p, inputs<T> const& in, activations<T> const& s,
                       workspace<T> const& w, index_t t, index_t count, rows<T> dsource, gradients_of<T, params> dp) {
    index_t const r = t * in.batch, n = count * in.batch;
    Cell::gradient(be, n, reads<T const>(s.x + r * CW), states<T const>(s.state_in + r * state), deltas(in, w),
                   dp.template inner<typename Cell::params>(at_cell), w.scratch);
    if constexpr (CW > NC) be.template for_rows<NC>(n, ops::copy_rows<T>{{w.x, CW}, {w.u, NC}});
    pool::backward(be, p.template inner<typename pool::params>(0), in, s.pooling, w.pooling, r, n, w.u, dsource,
                   dp.template inner<typename pool::params>(0));
  }

 private:
  template <class T>
  static rows<T> states(T* x) {
    return {x, state, state};
  }
  template <class T>
  static rows<T> reads(T* x) {
    return {x, CW, CW};
  }
  template <class T>
  static saved_of<T, typename Cell::delta> deltas(inputs<T> const& in, workspace<T> const& w) {
    return {w.delta, in.delta_steps() * in.batch};
  }
};

/// `Hidden` numbers of state, read in `Chunks` chunks; views pooled by `Pool`: pool::attention, pool::mean or
/// pool::sum.
template <class Cell, index_t Hidden, class Pool, index_t Chunks>
struct one_state : without_space {
  using cell = Cell;
  using readout = std::conditional_t<Chunks == 1, s2rm::readout::kernel_mean, s2rm::readout::kernel_dot>;
  template <class Kind>
  static constexpr bool fills = without_space::fills<Kind> || std::is_same_v<Kind, s2rm::kind::time>;
  template <class Shape>
  static constexpr bool fits = Chunks >= 1 && Hidden % (Chunks >= 1 ? Chunks : 1) == 0;
  template <class Shape>
  struct shape_of : Shape {
    static constexpr index_t modules = Chunks, hidden = Hidden / Chunks;
  };
  template <class Shape>
  struct whole : Shape {
    static constexpr index_t modules = 1, hidden = Hidden;
  };
  template <class Shape, index_t Encoded, class C>
  using on = pooled_rnn_layer<Shape, Encoded, typename Cell::template on<cell_shape<whole<Shape>, typename C::time>>,
                              Pool, typename C::state_norm, typename C::initial_state, typename C::time>;
};

template <index_t Hidden, class Pool = pool::attention, index_t Chunks = 1>
struct gru : one_state<cell::gru, Hidden, Pool, Chunks> {
  static constexpr char const* name = "pooled GRU";
};
template <index_t Hidden, class Pool = pool::attention, index_t Chunks = 1>
struct lstm : one_state<cell::lstm, Hidden, Pool, Chunks> {
  static constexpr char const* name = "pooled LSTM";
};

}  // namespace dynamics
S2RM_NAMESPACE_END
