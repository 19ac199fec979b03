#pragma once
/// \file
/// The forward recurrence in one cooperative kernel that walks all time steps (ops/recurrence.hpp). A module's weights are
/// cut into slices of columns; each block holds one slice of one module in shared memory, from the first step to the last.
/// A step is four phases, after each of which all blocks wait for all:
///
///   project   y = norm(h) of the module, and the slice's columns of the four projections
///   attend    some (element, head) of the module: its views, then its modules
///   mix       the slice's units of hbar = h + W_o g
///   update    the slice's units of the cell: both products and the gates
///
/// What a phase reads from other blocks lies in the tape, where the way back wants it anyhow; every number is written by one
/// thread, and every sum runs in one order.

#include <limits>

#include "s2rm/backend/thrust/attention.hpp"
#include "s2rm/backend/thrust/gates.hpp"
#include "s2rm/backend/thrust/grid.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/recurrence.hpp"

namespace s2rm::backend::detail {

/// How the columns of a module's weights are cut into slices, and what the kernels of both directions do with them. Tiles are
/// of `Lines` rows.
template <class Sizes, class T, index_t Lines>
struct recurrence_slices {
  static constexpr index_t M = Sizes::M, H = Sizes::H, SW = Sizes::SW, N = Sizes::N, C = Sizes::C, NC = Sizes::NC;
  static constexpr index_t P = 4;  ///< projections of the state

  /// All blocks are there at once: one for each multiprocessor of an H100.
  static constexpr index_t most_blocks = 132;
  static constexpr index_t slices = M > most_blocks ? 1 : (most_blocks / M < H ? most_blocks / M : H);
  static constexpr index_t units = (H + slices - 1) / slices, columns = (NC + slices - 1) / slices;  ///< of a slice
  static constexpr index_t blocks = M * slices;
  static constexpr int threads = 256;
  static constexpr index_t group = 4, lines = Lines;  ///< rows of a thread, of a tile
  static constexpr index_t lanes = 32, pairs = threads / lanes, parts = threads / lines;
  static constexpr index_t most_sources = M > 64 ? M : 64;
  /// What it keeps of an attention is what these keep: where steps go on from it, they must be those of attention.hpp.
  using steps_attention = attention_kernels<N, C, true, T>;
  static constexpr bool may_fit = M <= most_blocks && steps_attention::shared_bytes <= most_shared_bytes;

  /// Rows of shared memory are a little longer than they have numbers, so that neighbours lie in different banks.
  static constexpr index_t padded(index_t width) { return width | 1; }

  /// to[p][r] += w[p] . x[r] for Planes rows of weights and `group` rows of a tile.
  template <index_t Depth, index_t Planes>
  S2RM_HD static void multiply(T const* w, index_t plane, T const* x, index_t step, T (&to)[Planes][group]) {
    for (index_t k = 0; k < Depth; ++k) {
      T one[Planes];
      for (index_t p = 0; p < Planes; ++p) one[p] = w[p * plane + k];
      for (index_t r = 0; r < group; ++r) {
        T const xk = x[r * step + k];
        for (index_t p = 0; p < Planes; ++p) to[p][r] += one[p] * xk;
      }
    }
  }
  /// Elements b .. b + lines - 1, `Width` numbers each at at(element); rows beyond the batch are 0.
  template <index_t Width, class Block, class At>
  S2RM_HD static void bring_rows(Block const& block, index_t batch, index_t b, index_t step, T* to, At const& at) {
    block.each([&](int t) {
      for (index_t e = t; e < lines * Width; e += threads) {
        index_t const line = e / Width, c = e % Width;
        to[line * step + c] = b + line < batch ? at(b + line)[c] : T(0);
      }
    });
  }
  /// f(line, item) for `items` things of every `group` rows of a tile.
  template <class F>
  S2RM_HD static void each_item(int t, index_t batch, index_t b, index_t items, F const& f) {
    index_t const rows = batch - b < lines ? batch - b : lines, groups = (rows + group - 1) / group;
    for (index_t e = t; e < groups * items; e += threads) f(e / items * group, e % items);
  }
  /// Of `all` columns those of a slice that begins at `first`.
  S2RM_HD static index_t left(index_t all, index_t first, index_t most) {
    index_t const rest = all - first;
    return rest < 0 ? 0 : (rest < most ? rest : most);
  }
};

template <class Sizes, class Gates>
struct recurrence_kernel : recurrence_slices<Sizes, typename Gates::scalar, 32> {
  using T = typename Gates::scalar;
  using base = recurrence_slices<Sizes, T, 32>;
  using base::M, base::H, base::SW, base::N, base::C, base::NC, base::P, base::slices, base::units, base::columns;
  using base::threads, base::group, base::lines, base::lanes, base::pairs, base::parts, base::most_sources;
  static constexpr index_t G = Gates::count;
  static constexpr index_t h_row = base::padded(H), c_row = base::padded(NC);

  static constexpr index_t weight_numbers = P * columns * h_row + units * c_row + G * units * c_row + G * units * h_row;
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(weight_numbers + lines * (h_row + c_row) + threads + pairs * most_sources) * sizeof(T) +
      8 * 16;
  static constexpr bool fits = base::may_fit && shared_bytes <= most_shared_bytes;

  ops::recurrence_task<T> s;
  Gates gates;

  /// A block's shared memory.
  struct memory {
    T *projections, *out, *input, *recurrent;  ///< weights: (P, columns, H), (units, NC), (G, units, NC), (G, units, H)
    T *x, *wide;                               ///< tiles of rows: (lines, H), (lines, NC)
    T *sum, *score;                            ///< (threads), (pairs, sources)
    index_t m, slice;
    template <class Block>
    S2RM_HD explicit memory(Block const& block) : m(block.index / slices), slice(block.index % slices) {
      shared_layout cut{block.shared};
      projections = cut.template take<T>(P * columns * h_row);
      out = cut.template take<T>(units * c_row);
      input = cut.template take<T>(G * units * c_row);
      recurrent = cut.template take<T>(G * units * h_row);
      x = cut.template take<T>(lines * h_row);
      wide = cut.template take<T>(lines * c_row);
      sum = cut.template take<T>(threads);
      score = cut.template take<T>(pairs * most_sources);
    }
  };

  template <class Grid>
  S2RM_HD void operator()(Grid const& grid) const {
    grid.each([this](auto const& block) { this->bring_weights(block); });
    for (index_t t = 0; t < s.time; ++t) {
      grid.each([this, t](auto const& block) { this->project(block, t); });
      grid.each([this, t](auto const& block) { this->attend(block, t); });
      grid.each([this, t](auto const& block) { this->mix(block, t); });
      grid.each([this, t](auto const& block) { this->update(block, t); });
    }
  }

 private:
  /// `count` rows of a weight, from row `first` of `all`, into rows `step` apart; those beyond are left.
  template <index_t Depth>
  S2RM_HD static void bring(int t, T const* from, index_t first, index_t count, index_t all, index_t step, T* to) {
    index_t const here = all - first < count ? all - first : count;
    for (index_t e = t; e < here * Depth; e += threads) to[e / Depth * step + e % Depth] = from[first * Depth + e];
  }
  template <class Block>
  S2RM_HD void bring_weights(Block const& block) const {
    memory const to(block);
    index_t const column = to.slice * columns, unit = to.slice * units;
    block.each([&](int t) {
      T const* const of[P] = {s.view_query, s.query, s.key_weight, s.value_weight};
      for (index_t p = 0; p < P; ++p) {
        bring<H>(t, of[p] + to.m * NC * H, column, columns, NC, h_row, to.projections + p * columns * h_row);
      }
      bring<NC>(t, s.out + to.m * H * NC, unit, units, H, c_row, to.out);
      for (index_t g = 0; g < G; ++g) {
        index_t const o = (to.m * G + g) * H;
        bring<NC>(t, s.w_ih + o * NC, unit, units, H, c_row, to.input + g * units * c_row);
        bring<H>(t, s.w_hh + o * H, unit, units, H, h_row, to.recurrent + g * units * h_row);
      }
    });
  }

  template <class Block>
  S2RM_HD void project(Block const& block, index_t step) const {
    memory const at(block);
    index_t const column = at.slice * columns, mine = base::left(NC, column, columns);
    bool const first = at.slice == 0;
    for (index_t b = 0; b < s.batch; b += lines) {
      index_t const r = step * s.batch + b;
      T const* const before = step == 0 ? s.carried : s.state_out + (step - 1) * s.batch * M * SW;
      auto const state = [&](index_t element) {
        bool const anew = s.start[step * s.batch + element] != 0;
        return anew ? s.initial + at.m * SW : before + (element * M + at.m) * SW;
      };
      base::template bring_rows<H>(block, s.batch, b, h_row, at.x, state);
      block.each([&](int t) {
        index_t const line = t / parts;
        T const* const h = at.x + line * h_row;
        T sum = T(0);
        for (index_t c = t % parts; c < H; c += parts) sum += h[c] * h[c];
        at.sum[t] = sum;
        if (!first || b + line >= s.batch) return;
        T* const to = s.state_in + ((r + line) * M + at.m) * SW;
        T const* const from = state(b + line);
        for (index_t c = t % parts; c < SW; c += parts) to[c] = from[c];
      });
      block.each([&](int t) {
        index_t const line = t / parts, row = (r + line) * M + at.m;
        T sum = T(0);
        for (index_t part = 0; part < parts; ++part) sum += at.sum[line * parts + part];
        T const f = T(1) / std::sqrt(sum / T(H) + T(1e-4));
        bool const keeps = first && b + line < s.batch;
        for (index_t c = t % parts; c < H; c += parts) {
          T const y = f * at.x[line * h_row + c];
          at.x[line * h_row + c] = y;
          if (keeps) s.read[row * H + c] = y;
        }
        if (keeps && t % parts == 0) s.read_factor[row] = f;
      });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, mine, [&](index_t line, index_t c) {
          T to[P][group] = {};
          base::template multiply<H, P>(at.projections + c * h_row, columns * h_row, at.x + line * h_row, h_row, to);
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) {
            T* const row = s.projected + ((r + line + i) * M + at.m) * P * NC + column + c;
            for (index_t p = 0; p < P; ++p) row[p * NC] = to[p][i];
          }
        });
      });
    }
  }

  template <class Block>
  S2RM_HD void attend(Block const& block, index_t step) const {
    memory const at(block);
    auto const projection = [&](index_t r, index_t m, index_t p) { return s.projected + ((r * M + m) * P + p) * NC; };
    attend_to(
        block, at, step, s.views, s.view_kept == nullptr ? nullptr : s.view_kept + step * s.view_step, s.u,
        [&](index_t r) { return projection(r, at.m, 0); }, [&](index_t r, index_t j) { return s.key.at(r, j); },
        [&](index_t r, index_t j) { return s.value.at(r, j); });
    attend_to(
        block, at, step, s.modules, s.module_kept == nullptr ? nullptr : s.module_kept + step * s.module_step, s.g,
        [&](index_t r) { return projection(r, at.m, 1); }, [&](index_t r, index_t j) { return projection(r, j, 2); },
        [&](index_t r, index_t j) { return projection(r, j, 3); });
  }
  /// Every `slices`-th (element, head) of the module: `lanes` threads each.
  template <class Block, class Query, class Key, class Value>
  S2RM_HD void attend_to(Block const& block, memory const& at, index_t step, ops::attention_pairs<T> const& g, T* kept,
                         T* y, Query const& query, Key const& key, Value const& value) const {
    constexpr T nothing = -std::numeric_limits<T>::infinity();
    auto const nth = [&](int t, index_t first) { return (first + t / lanes) * slices + at.slice; };
    for (index_t first = 0; first * slices + at.slice < s.batch * N; first += pairs) {
      block.each([&](int t) {
        index_t const e = nth(t, first), r = step * s.batch + e / N, n = e % N;
        if (e >= s.batch * N) return;
        T const* const q = query(r) + n * C;
        for (index_t j = t % lanes; j < g.sources; j += lanes) {
          T score = nothing;
          if (g.within(r, at.m, j)) {
            T const* const k = key(r, j) + n * C;
            T sum = T(0);
            for (index_t c = 0; c < C; ++c) sum += q[c] * s.scale * k[c];
            score = sum + g.log_weight[g.at(r, at.m, j)];
          }
          at.score[t / lanes * most_sources + j] = score;
        }
      });
      block.each([&](int t) {
        index_t const e = nth(t, first), b = e / N, r = step * s.batch + b, n = e % N;
        if (e >= s.batch * N) return;
        T const* const score = at.score + t / lanes * most_sources;
        T top = nothing, sum = T(0);
        for (index_t j = 0; j < g.sources; ++j) top = score[j] > top ? score[j] : top;
        for (index_t j = 0; j < g.sources; ++j) sum += score[j] == nothing ? T(0) : math::exp(score[j] - top);
        T const each = sum == T(0) ? T(0) : T(1) / sum;
        for (index_t c = t % lanes; c < C; c += lanes) {
          T all = T(0);
          for (index_t j = 0; j < g.sources; ++j) {
            T const w = score[j] == nothing ? T(0) : math::exp(score[j] - top);
            all += w != T(0) ? w * value(r, j)[n * C + c] : T(0);
          }
          y[(r * M + at.m) * NC + n * C + c] = all * each;
        }
        if (kept == nullptr || t % lanes != 0) return;
        kept[(b * M + at.m) * 2 * N + n] = top;
        kept[(b * M + at.m) * 2 * N + N + n] = each;
      });
    }
  }

  template <class Block>
  S2RM_HD void mix(Block const& block, index_t step) const {
    memory const at(block);
    index_t const unit = at.slice * units, mine = base::left(H, unit, units);
    for (index_t b = 0; b < s.batch; b += lines) {
      index_t const r = step * s.batch;
      base::template bring_rows<NC>(block, s.batch, b, c_row, at.wide,
                                    [&](index_t element) { return s.g + ((r + element) * M + at.m) * NC; });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, mine, [&](index_t line, index_t j) {
          T to[1][group];
          auto const row = [&](index_t i) { return (r + b + line + i) * M + at.m; };
          for (index_t i = 0; i < group; ++i) {
            to[0][i] = b + line + i < s.batch ? s.state_in[row(i) * SW + unit + j] : T(0);
          }
          base::template multiply<NC, 1>(at.out + j * c_row, 0, at.wide + line * c_row, c_row, to);
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) s.hbar[row(i) * H + unit + j] = to[0][i];
        });
      });
    }
  }

  template <class Block>
  S2RM_HD void update(Block const& block, index_t step) const {
    memory const at(block);
    index_t const unit = at.slice * units, mine = base::left(H, unit, units);
    for (index_t b = 0; b < s.batch; b += lines) {
      index_t const r = step * s.batch;
      base::template bring_rows<NC>(block, s.batch, b, c_row, at.wide,
                                    [&](index_t element) { return s.u + ((r + element) * M + at.m) * NC; });
      base::template bring_rows<H>(block, s.batch, b, h_row, at.x,
                                   [&](index_t element) { return s.hbar + ((r + element) * M + at.m) * H; });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, mine, [&](index_t line, index_t j) {
          T from_input[G][group], from_state[G][group];
          for (index_t g = 0; g < G; ++g) {
            index_t const o = (at.m * G + g) * H + unit + j;
            for (index_t i = 0; i < group; ++i) from_input[g][i] = s.b_ih[o], from_state[g][i] = s.b_hh[o];
          }
          base::template multiply<NC, G>(at.input + j * c_row, units * c_row, at.wide + line * c_row, c_row,
                                         from_input);
          base::template multiply<H, G>(at.recurrent + j * h_row, units * h_row, at.x + line * h_row, h_row,
                                        from_state);
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) {
            T a[static_cast<std::size_t>(G)], c[static_cast<std::size_t>(G)];
            for (index_t g = 0; g < G; ++g) a[g] = from_input[g][i], c[g] = from_state[g][i];
            gates.template finish<math::lanes<T, 1>>((r + b + line + i) * M + at.m, unit + j, a, c);
          }
        });
      });
    }
  }
};

}  // namespace s2rm::backend::detail
