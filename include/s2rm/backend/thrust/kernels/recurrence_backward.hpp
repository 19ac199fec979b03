#pragma once
/// \file
/// The backward pass of the recurrence in one cooperative kernel (ops/recurrence.hpp), the mirror of recurrence.hpp:
/// every block holds the columns of a slice of one module's weights. A step is six phases. A barrier of the grid
/// follows `targets` and `sources`, a barrier of the module's blocks the others:
///
///   undo      the slice's columns of du = W_ih^T da and of what hbar and the old state get
///   mixed     the slice's columns of dg = W_o^T dhbar
///   targets   some (element, head) of the module: dq over its views and over modules, and weight and dl of their pairs
///   sources   some (element, view) and (element, module): dk, dv and dlog Z over all modules that read them
///   spread    the slice's units of dy = W^T of the four projections
///   finish    the norm; where a sequence starts, the initial state's gradient; the cell's deltas of the step before

#include "s2rm/backend/thrust/kernels/recurrence.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <class Sizes, class Gates>
struct recurrence_backward_kernel : recurrence_slices<Sizes, typename Gates::scalar> {
  using T = typename Gates::scalar;
  using base = recurrence_slices<Sizes, T>;
  using base::M, base::H, base::SW, base::N, base::C, base::NC, base::P, base::slices, base::units, base::columns;
  using base::blocks, base::threads, base::half, base::h_row, base::fields;
  static constexpr index_t D = Gates::count * H;
  static constexpr int d_row = pack_row<T>(D), p_row = pack_row<T>(P * NC);

  static constexpr index_t weight_numbers = columns * d_row + units * d_row + columns * h_row + units * p_row;
  template <int Lines>
  struct products {
    // By half of the threads each.
    using of_input = block_product<T, half, Lines, columns, D>;
    using of_state = block_product<T, half, Lines, units, D>;
    using mixed = block_product<T, threads, Lines, columns, H>;
    using spread = block_product<T, threads, Lines, units, P * NC>;
    static constexpr index_t part_numbers =
        (std::max)({of_input::numbers + of_state::numbers, mixed::numbers, spread::numbers,
                    base::pairs::template numbers<2>, static_cast<index_t>(Lines) * units* fields});
  };
  template <int Lines>
  struct bytes {
    static constexpr index_t tile = Lines * (std::max)(2 * d_row, p_row);
    static constexpr index_t sums = (std::max<index_t>)(Lines * base::sum_lanes, base::pairs::mean_numbers);
    static constexpr std::size_t value =
        static_cast<std::size_t>(weight_numbers + tile + sums + units * fields + products<Lines>::part_numbers) *
            sizeof(T) +
        8 * 16;
  };
  static constexpr int lines = base::template lines_that_fit<bytes>();
  static constexpr std::size_t shared_bytes = bytes<lines>::value;
  static constexpr bool fits = base::may_fit && shared_bytes <= max_shared_bytes;
  using product = products<lines>;

  ops::recurrence_backward_task<T> s;
  Gates gates;

  /// A block's shared memory.
  struct memory : base::position {
    T *input, *recurrent, *out, *projections;  ///< weights: (columns, G H), (units, G H), (columns, H), (units, 4 NC)
    T *tile, *sum, *start, *parts;
    template <class Block>
    S2RM_HD explicit memory(Block const& block) : base::position(block.index) {
      shared_layout cut{block.shared};
      input = cut.template take<T>(columns * d_row);
      recurrent = cut.template take<T>(units * d_row);
      out = cut.template take<T>(columns * h_row);
      projections = cut.template take<T>(units * p_row);
      tile = cut.template take<T>(bytes<lines>::tile);
      sum = cut.template take<T>(bytes<lines>::sums);
      start = cut.template take<T>(units * fields);
      parts = cut.template take<T>(product::part_numbers);
    }
  };

  template <class Grid>
  S2RM_HD void operator()(Grid const& grid) const {
    index_t const last = s.first + s.count - 1;
    grid.alone([this](auto const& block) { this->load_weights(block); });
    grid.teams(slices, [this, last](auto const& team) {
      team.each([this, last](auto const& block) { this->take(block, last); });
    });
    for (index_t t = last; t >= s.first; --t) {
      grid.teams(slices, [this, t](auto const& team) {
        team.each([this, t](auto const& block) { this->undo(block, t); });
        team.each([this, t](auto const& block) { this->mixed(block, t); });
      });
      grid.each([this, t](auto const& block) { this->targets(block, t); });
      grid.each([this, t](auto const& block) { this->sources(block, t); });
      grid.teams(slices, [this, t](auto const& team) {
        team.each([this, t](auto const& block) { this->spread(block, t); });
        team.each([this, t](auto const& block) { this->finish(block, t); });
      });
    }
  }

 private:
  /// The first `here` of `Count` columns of a weight of `Depth` rows of `Width`, from column `first` on, each a row of
  /// shared memory. `flight` reads are in flight at once.
  template <index_t Depth, index_t Width, index_t Count>
  S2RM_HD static void load_transposed(int t, T const* from, index_t first, int here, int step, T* to) {
    constexpr auto count = static_cast<int>(Count), all = static_cast<int>(Depth) * count;
    constexpr int flight = 8;
    for (int begin = t; begin < all; begin += flight * threads) {
      T in_flight[flight];
      for (int i = 0; i < flight; ++i) {
        int const e = begin + i * threads, row = e / count, c = e % count;
        in_flight[i] = e < all && c < here ? from[row * Width + first + c] : T(0);
      }
      for (int i = 0; i < flight; ++i) {
        int const e = begin + i * threads;
        if (e < all) to[e % count * step + e / count] = in_flight[i];
      }
    }
  }
  template <class Block>
  S2RM_HD void load_weights(Block const& block) const {
    memory const at(block);
    // Between the last number of a row and the end of its last pack.
    auto const clear_ends = [](int t, T* to, index_t count, index_t width, int step) {
      int const gap = packs_of<T>(width) * pack<T>::size - static_cast<int>(width);
      for (int e = t; e < static_cast<int>(count) * gap; e += threads) to[e / gap * step + width + e % gap] = T(0);
    };
    block.each([&](int t) {
      load_transposed<D, NC, columns>(t, s.forward.weights.w_ih + at.m * D * NC, at.column, at.columns_here, d_row,
                                      at.input);
      load_transposed<D, H, units>(t, s.forward.weights.w_hh + at.m * D * H, at.unit, at.units_here, d_row,
                                   at.recurrent);
      load_transposed<H, NC, columns>(t, s.forward.weights.out + at.m * H * NC, at.column, at.columns_here, h_row,
                                      at.out);
      T const* const of[P] = {s.forward.weights.view_query, s.forward.weights.query, s.forward.weights.key,
                              s.forward.weights.value};
      for (index_t p = 0; p < P; ++p) {
        load_transposed<NC, H, units>(t, of[p] + at.m * NC * H, at.unit, at.units_here, p_row, at.projections + p * NC);
      }
      clear_ends(t, at.input, columns, D, d_row);
      clear_ends(t, at.recurrent, units, D, d_row);
      clear_ends(t, at.out, columns, H, h_row);
      clear_ends(t, at.projections, units, P * NC, p_row);
    });
  }

  /// First row of step t in the ring of deltas.
  [[nodiscard]] S2RM_HD index_t delta_slot(index_t t) const { return t % s.delta_steps * s.forward.batch; }

  /// Adds dL/dh of step t from the read-out to the slice's units of the recurrent gradient; then the cell's deltas.
  template <class Block>
  S2RM_HD void take(Block const& block, index_t step) const {
    memory const at(block);
    block.each([&](int t) {
      base::template each_item<units>(t, static_cast<int>(s.forward.batch), at.units_here, [&](int b, int unit) {
        index_t const row = b * M + at.m, j = at.unit + unit;
        s.gradient.state[row * SW + j] += s.dstate_out[(step * s.forward.batch * M + row) * H + j];
        differentiate(at, step, b, j);
      });
    });
  }
  /// The deltas of a unit of an element, from the recurrent gradient, which the calling thread wrote.
  S2RM_HD void differentiate(memory const& at, index_t step, index_t b, index_t j) const {
    Gates const here = gates.later(step * s.forward.batch);
    index_t const row = b * M + at.m, to = ((delta_slot(step) + b) * M + at.m) * D + j;
    here.template differentiate<math::lanes<T, 1>>(row, j, s.deltas.a + to, s.deltas.b + to,
                                                   s.gradient.previous + row * SW + j);
  }

  template <class Block>
  S2RM_HD void undo(Block const& block, index_t step) const {
    memory const at(block);
    base::template each_tile<lines>(s.forward.batch, [&](index_t b, int here) {
      index_t const k = delta_slot(step) + b;
      T *const da = at.tile, *const db = Gates::one_delta ? da : at.tile + here * d_row;
      block.each([&](int t) {
        load_rows<D, threads>(t, Gates::one_delta ? here : 2 * here, da, [&](int line) {
          return line < here ? s.deltas.a + ((k + line) * M + at.m) * D
                             : s.deltas.b + ((k + line - here) * M + at.m) * D;
        });
      });
      typename product::of_input const of_input(at.parts, here);
      typename product::of_state const of_state(at.parts + product::of_input::numbers, here);
      block.each([&](int t) {
        if (t < half) {
          of_input.multiply(t, at.input, at.columns_here, da);
        } else {
          of_state.multiply(t - half, at.recurrent, at.units_here, db);
        }
      });
      block.each([&](int t) {
        base::template each_item<columns>(t, here, at.columns_here, [&](int line, int c) {
          s.scratch.u[((b + line) * M + at.m) * NC + at.column + c] = of_input.sum(line, c);
        });
        base::template each_item<units>(t, here, at.units_here, [&](int line, int unit) {
          index_t const j = at.unit + unit;
          T const of_hbar = of_state.sum(line, unit);
          T& carried = s.gradient.previous[((b + line) * M + at.m) * SW + j];
          T const both = carried + of_hbar;
          s.deltas.hbar[((k + line) * M + at.m) * H + j] = s.carries_hbar ? both : of_hbar;
          carried = both;
        });
      });
    });
  }

  template <class Block>
  S2RM_HD void mixed(Block const& block, index_t step) const {
    memory const at(block);
    base::template each_tile<lines>(s.forward.batch, [&](index_t b, int here) {
      index_t const k = delta_slot(step) + b;
      block.each([&](int t) {
        load_rows<H, threads>(t, here, at.tile, [&](int line) { return s.deltas.hbar + ((k + line) * M + at.m) * H; });
      });
      typename product::mixed const sums(at.parts, here);
      block.each([&](int t) { sums.multiply(t, at.out, at.columns_here, at.tile); });
      block.each([&](int t) {
        base::template each_item<columns>(t, here, at.columns_here, [&](int line, int c) {
          s.scratch.g[((b + line) * M + at.m) * NC + at.column + c] = sums.sum(line, c);
        });
      });
    });
  }

  /// Both attentions of a step.
  [[nodiscard]] S2RM_HD typename base::pairs pairs_of(memory const& at, index_t step) const {
    index_t const k = delta_slot(step), A = s.forward.attention.views.pairs.sources;
    T* const d = s.deltas.projected + k * M * P * NC;
    auto both = base::attentions(s.forward, at, step);
    auto &views = both.views, &modules = both.modules;
    views.statistics = s.forward.attention.views.of_step(step);
    views.dout = s.scratch.u;
    views.pairs = s.scratch.view_pairs;
    views.dq = d;
    views.dk = s.deltas.key + k * A * NC;
    views.dv = s.deltas.value + k * A * NC;
    views.dk_row = static_cast<int>(A * NC);
    views.dk_step = NC;
    views.dlog = s.deltas.view_log + k * A * M;
    views.dlog_row = static_cast<int>(A * M);
    modules.statistics = s.forward.attention.modules.of_step(step);
    modules.dout = s.scratch.g;
    modules.pairs = s.scratch.module_pairs;
    modules.dq = d + NC;
    modules.dk = d + 2 * NC;
    modules.dv = d + 3 * NC;
    modules.dk_row = M * P * NC;
    modules.dk_step = P * NC;
    modules.dlog = s.sums.module_log;
    modules.dlog_row = M * M;
    modules.adds = true;
    return both;
  }
  template <class Block>
  S2RM_HD void targets(Block const& block, index_t step) const {
    memory const at(block);
    pairs_of(at, step).gather_targets(block, at.parts, at.sum);
  }
  template <class Block>
  S2RM_HD void sources(Block const& block, index_t step) const {
    pairs_of(memory(block), step).gather_sources(block, static_cast<int>(blocks));
  }

  template <class Block>
  S2RM_HD void spread(Block const& block, index_t step) const {
    memory const at(block);
    base::template each_tile<lines>(s.forward.batch, [&](index_t b, int here) {
      index_t const k = delta_slot(step) + b;
      block.each([&](int t) {
        load_rows<P * NC, threads>(t, here, at.tile,
                                   [&](int line) { return s.deltas.projected + ((k + line) * M + at.m) * P * NC; });
      });
      typename product::spread const sums(at.parts, here);
      block.each([&](int t) { sums.multiply(t, at.projections, at.units_here, at.tile); });
      block.each([&](int t) {
        base::template each_item<units>(t, here, at.units_here, [&](int line, int unit) {
          s.scratch.y[((b + line) * M + at.m) * H + at.unit + unit] = sums.sum(line, unit);
        });
      });
    });
  }

  template <class Block>
  S2RM_HD void finish(Block const& block, index_t step) const {
    memory const at(block);
    constexpr auto of_state = static_cast<int>(fields);
    constexpr int all = of_state * static_cast<int>(units);
    block.each([&](int t) {
      for (int e = t; e < all; e += threads) at.start[e] = T(0);
    });
    base::template each_tile<lines>(s.forward.batch, [&](index_t b, int here) {
      auto const row = [&](int line) { return (b + line) * M + at.m; };
      auto const saved_row = [&](int line) { return step * s.forward.batch * M + row(line); };
      block.each([&](int t) {
        base::sum_lines(t, here, at.sum, [&](int line, int k) {
          return dot(load_pack<H>(s.forward.saved.read + saved_row(line) * H, k),
                     load_pack<H>(s.scratch.y + row(line) * H, k), T(0));
        });
      });
      block.each([&](int t) {
        base::template each_item<units>(t, here, at.units_here, [&](int line, int unit) {
          index_t const j = at.unit + unit, r = saved_row(line);
          T const along = base::line_sum(at.sum, line) / T(H);
          T const of_norm = s.forward.saved.read_factor[r] *
                            (s.scratch.y[row(line) * H + j] - s.forward.saved.read[r * H + j] * along);
          bool const anew = s.forward.states.start[step * s.forward.batch + b + line] != 0;
          for (int field = 0; field < of_state; ++field) {
            index_t const i = row(line) * SW + field * H + j;
            T const d = s.gradient.previous[i] + (field == 0 ? of_norm : T(0));
            at.parts[line * all + field * static_cast<int>(units) + unit] = anew ? d : T(0);
            T const of_readout = field == 0 && step > s.first
                                     ? s.dstate_out[((step - 1) * s.forward.batch * M + row(line)) * H + j]
                                     : T(0);
            s.gradient.state[i] = (anew ? T(0) : d) + of_readout;
          }
          if (step > s.first) differentiate(at, step - 1, b + line, j);
        });
      });
      block.each([&](int t) {
        for (int e = t; e < all; e += threads) {
          for (int line = 0; line < here; ++line) at.start[e] += at.parts[line * all + e];
        }
      });
    });
    if (s.sums.initial == nullptr) return;
    block.each([&](int t) {
      for (int e = t; e < all; e += threads) {
        int const field = e / static_cast<int>(units), unit = e % static_cast<int>(units);
        if (unit >= at.units_here) continue;
        s.sums.initial[(field * M + at.m) * H + at.unit + unit] += at.start[e];
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
