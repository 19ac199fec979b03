#pragma once
/// \file
/// The recurrence backwards in one cooperative kernel (ops/recurrence.hpp), the mirror of recurrence.hpp: every block holds the
/// columns of a slice of one module's weights. A step is six phases, after each of which all blocks wait for all:
///
///   undo      the cell's deltas, then the slice's columns of du = W_ih^T da and of what hbar and the old state get
///   mixed     the slice's columns of dg = W_o^T dhbar
///   targets   some (element, head) of the module: dq over its views and over modules, and what dl is made of
///   sources   some (element, view) and (element, module): dk, dv and dlog Z over all modules that read them
///   spread    the slice's units of dy = W^T of the four projections
///   finish    the norm; where a step starts anew, the initial state's gradient; on to the step before

#include "s2rm/backend/thrust/recurrence.hpp"
#include "s2rm/backend/thrust/recurrence_attention.hpp"

namespace s2rm::backend::detail {

template <class Sizes, class Gates>
struct recurrence_backward_kernel : recurrence_slices<Sizes, typename Gates::scalar, 16> {
  using T = typename Gates::scalar;
  using base = recurrence_slices<Sizes, T, 16>;
  using base::M, base::H, base::SW, base::N, base::C, base::NC, base::P, base::slices, base::units, base::columns;
  using base::blocks, base::threads, base::group, base::lines, base::lanes, base::pairs, base::parts,
      base::most_sources;
  static constexpr index_t D = Gates::count * H;
  static constexpr index_t h_row = base::padded(H), d_row = base::padded(D), p_row = base::padded(P * NC);
  static constexpr index_t most_tile = lines * (2 * d_row > p_row ? 2 * d_row : p_row);
  static constexpr index_t most_pairs = M * N > most_sources ? M* N : most_sources;

  static constexpr index_t weight_numbers = columns * d_row + units * d_row + columns * h_row + units * p_row;
  static constexpr std::size_t shared_bytes =
      static_cast<std::size_t>(weight_numbers + most_tile + threads + 2 * pairs * most_pairs) * sizeof(T) + 8 * 16;
  static constexpr bool fits = base::may_fit && shared_bytes <= most_shared_bytes;

  ops::recurrence_backward_task<T> s;
  Gates gates;

  /// A block's shared memory.
  struct memory {
    T *input, *recurrent, *out, *projections;  ///< weights: (columns, G H), (units, G H), (columns, H), (units, 4 NC)
    T *tile, *sum, *w, *slope;
    index_t m, column, columns_here, unit, units_here;
    template <class Block>
    S2RM_HD explicit memory(Block const& block) : m(block.index / slices) {
      index_t const slice = block.index % slices;
      column = slice * columns;
      columns_here = base::left(NC, column, columns);
      unit = slice * units;
      units_here = base::left(H, unit, units);
      shared_layout cut{block.shared};
      input = cut.template take<T>(columns * d_row);
      recurrent = cut.template take<T>(units * d_row);
      out = cut.template take<T>(columns * h_row);
      projections = cut.template take<T>(units * p_row);
      tile = cut.template take<T>(most_tile);
      sum = cut.template take<T>(threads);
      w = cut.template take<T>(pairs * most_pairs);
      slope = cut.template take<T>(pairs * most_pairs);
    }
  };

  template <class Grid>
  S2RM_HD void operator()(Grid const& grid) const {
    grid.each([this](auto const& block) {
      this->bring_weights(block);
      this->take(block, s.first + s.count - 1);
    });
    for (index_t t = s.first + s.count - 1; t >= s.first; --t) {
      grid.each([this, t](auto const& block) { this->undo(block, t); });
      grid.each([this, t](auto const& block) { this->mixed(block, t); });
      grid.each([this, t](auto const& block) { this->targets(block, t); });
      grid.each([this, t](auto const& block) { this->sources(block, t); });
      grid.each([this, t](auto const& block) { this->spread(block, t); });
      grid.each([this, t](auto const& block) { this->finish(block, t); });
    }
  }

 private:
  /// Columns first .. of a weight of `depth` rows of `width`, each a row of shared memory.
  S2RM_HD static void bring_turned(int t, T const* from, index_t depth, index_t width, index_t first, index_t here,
                                   index_t step, T* to) {
    for (index_t e = t; e < here * depth; e += threads) {
      to[e % here * step + e / here] = from[e / here * width + first + e % here];
    }
  }
  template <class Block>
  S2RM_HD void bring_weights(Block const& block) const {
    memory const at(block);
    block.each([&](int t) {
      bring_turned(t, s.w_ih + at.m * D * NC, D, NC, at.column, at.columns_here, d_row, at.input);
      bring_turned(t, s.w_hh + at.m * D * H, D, H, at.unit, at.units_here, d_row, at.recurrent);
      bring_turned(t, s.out + at.m * H * NC, H, NC, at.column, at.columns_here, h_row, at.out);
      T const* const of[P] = {s.view_query, s.query, s.key_weight, s.value_weight};
      for (index_t p = 0; p < P; ++p) {
        bring_turned(t, of[p] + at.m * NC * H, NC, H, at.unit, at.units_here, p_row, at.projections + p * NC);
      }
    });
  }

  /// First row of what waits, of step t.
  [[nodiscard]] S2RM_HD index_t kept(index_t t) const { return t % s.kept_steps * s.batch; }

  /// What the read-out wants of step t, onto the slice's units of the gradient that travels.
  template <class Block>
  S2RM_HD void take(Block const& block, index_t step) const {
    memory const at(block);
    block.each([&](int t) {
      for (index_t e = t; e < s.batch * at.units_here; e += threads) {
        index_t const row = e / at.units_here * M + at.m, j = at.unit + e % at.units_here;
        s.state[row * SW + j] += s.dstate_out[(step * s.batch * M + row) * H + j];
      }
    });
  }

  template <class Block>
  S2RM_HD void undo(Block const& block, index_t step) const {
    memory const at(block);
    using lane = math::lanes<T, 1>;
    Gates const here = gates.later(step * s.batch);
    T *const da = at.tile, *const db = at.tile + lines * d_row;
    index_t const k = kept(step);
    for (index_t b = 0; b < s.batch; b += lines) {
      block.each([&](int t) {
        for (index_t e = t; e < lines * H; e += threads) {
          index_t const line = e / H, j = e % H, to = line * d_row + j;
          if (b + line < s.batch) {
            here.template differentiate<lane>((b + line) * M + at.m, j, da + to, db + to, nullptr);
          } else {
            for (index_t g = 0; g < Gates::count; ++g) da[to + g * H] = db[to + g * H] = T(0);
          }
        }
        for (index_t e = t; e < lines * at.units_here; e += threads) {
          index_t const element = b + e / at.units_here, j = at.unit + e % at.units_here;
          if (element >= s.batch) continue;
          index_t const row = element * M + at.m, to = ((k + element) * M + at.m) * D + j;
          here.template differentiate<lane>(row, j, s.da + to, s.db + to, s.previous + row * SW + j);
        }
      });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, at.columns_here + at.units_here, [&](index_t line, index_t item) {
          T to[1][group] = {};
          index_t const j = item - at.columns_here;
          if (j < 0) {
            base::template multiply<D, 1>(at.input + item * d_row, 0, da + line * d_row, d_row, to);
          } else {
            T const* const d = Gates::one_delta ? da : db;
            base::template multiply<D, 1>(at.recurrent + j * d_row, 0, d + line * d_row, d_row, to);
          }
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) {
            index_t const element = b + line + i, row = element * M + at.m;
            if (j < 0) {
              s.du[row * NC + at.column + item] = to[0][i];
              continue;
            }
            T* const carried = s.previous + row * SW + at.unit + j;
            T const both = *carried + to[0][i];
            s.talk[((k + element) * M + at.m) * H + at.unit + j] = s.carries_hbar ? both : to[0][i];
            *carried = both;
          }
        });
      });
    }
  }

  template <class Block>
  S2RM_HD void mixed(Block const& block, index_t step) const {
    memory const at(block);
    index_t const k = kept(step);
    for (index_t b = 0; b < s.batch; b += lines) {
      base::template bring_rows<H>(block, s.batch, b, h_row, at.tile,
                                   [&](index_t element) { return s.talk + ((k + element) * M + at.m) * H; });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, at.columns_here, [&](index_t line, index_t c) {
          T to[1][group] = {};
          base::template multiply<H, 1>(at.out + c * h_row, 0, at.tile + line * h_row, h_row, to);
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) {
            s.dg[((b + line + i) * M + at.m) * NC + at.column + c] = to[0][i];
          }
        });
      });
    }
  }

  using attention = recurrence_attention<Sizes, T>;
  [[nodiscard]] S2RM_HD attention of_views(index_t step) const {
    index_t const r = step * s.batch, k = kept(step), A = s.views.sources;
    return {s.views,
            s.projected + r * M * P * NC,
            s.key.at(r),
            s.value.at(r),
            P * NC,
            s.key.stride,
            s.key.group,
            s.du,
            s.view_kept == nullptr ? nullptr : s.view_kept + step * s.view_step,
            s.view_slopes,
            s.d + k * M * P * NC,
            s.dkey + k * A * NC,
            s.dvalue + k * A * NC,
            P * NC,
            A * NC,
            NC,
            s.view_log + k * A * M,
            A * M,
            false,
            r};
  }
  [[nodiscard]] S2RM_HD attention of_modules(index_t step) const {
    index_t const r = step * s.batch, k = kept(step);
    T const* const q = s.projected + r * M * P * NC;
    T* const d = s.d + k * M * P * NC;
    return {s.modules,
            q + NC,
            q + 2 * NC,
            q + 3 * NC,
            P * NC,
            M * P * NC,
            P * NC,
            s.dg,
            s.module_kept == nullptr ? nullptr : s.module_kept + step * s.module_step,
            s.module_slopes,
            d + NC,
            d + 2 * NC,
            d + 3 * NC,
            P * NC,
            M * P * NC,
            P * NC,
            s.module_log,
            M * M,
            true,
            r};
  }

  template <class Block>
  S2RM_HD void targets(Block const& block, index_t step) const {
    memory const at(block);
    gather_targets(block, at, of_views(step));
    gather_targets(block, at, of_modules(step));
  }
  /// Every `slices`-th (element, head) of the module: `lanes` threads each.
  template <class Block>
  S2RM_HD void gather_targets(Block const& block, memory const& at, attention const& a) const {
    index_t const slice = block.index % slices;
    for (index_t first = 0; first * slices + slice < s.batch * N; first += pairs) {
      auto const nth = [&](int t) { return (first + t / lanes) * slices + slice; };
      block.each([&](int t) {
        index_t const e = nth(t), b = e / N, n = e % N;
        if (e >= s.batch * N) return;
        for (index_t j = t % lanes; j < a.g.sources; j += lanes) {
          T const weight = a.weight(b, at.m, j, n, s.scale);
          at.w[t / lanes * most_pairs + j] = weight;
          at.slope[t / lanes * most_pairs + j] =
              weight != T(0) ? attention::dot(a.gradient(b, at.m), a.value(b, j), n) : T(0);
        }
      });
      block.each([&](int t) {
        index_t const e = nth(t), b = e / N, n = e % N;
        if (e >= s.batch * N) return;
        T const *const w = at.w + t / lanes * most_pairs, *const slope = at.slope + t / lanes * most_pairs;
        // The heaviest source's slope is taken from all first, as in attention.hpp.
        T heaviest = T(-1), from = T(0), mean = T(0);
        for (index_t j = 0; j < a.g.sources; ++j) {
          if (w[j] > heaviest) heaviest = w[j], from = slope[j];
        }
        for (index_t j = 0; j < a.g.sources; ++j) mean += w[j] != T(0) ? w[j] * (slope[j] - from) : T(0);
        for (index_t c = n * C + t % lanes; c < (n + 1) * C; c += lanes) {
          T sum = T(0);
          for (index_t j = 0; j < a.g.sources; ++j) {
            T const dl = w[j] != T(0) ? w[j] * (slope[j] - from - mean) : T(0);
            sum += dl != T(0) ? dl * a.key(b, j)[c] : T(0);
          }
          a.dq[(b * M + at.m) * a.dq_step + c] = sum * s.scale;
        }
        if (t % lanes != 0) return;
        T* const kept = a.slopes + (b * M + at.m) * 2 * N + n;
        kept[0] = from;
        kept[N] = mean;
      });
    }
  }

  template <class Block>
  S2RM_HD void sources(Block const& block, index_t step) const {
    memory const at(block);
    gather_sources(block, at, of_views(step));
    gather_sources(block, at, of_modules(step));
  }
  /// Every `blocks`-th (element, source), all heads: `lanes` threads each.
  template <class Block>
  S2RM_HD void gather_sources(Block const& block, memory const& at, attention const& a) const {
    index_t const all = s.batch * a.g.sources, mine = block.index;
    for (index_t first = 0; first * blocks + mine < all; first += pairs) {
      auto const nth = [&](int t) { return (first + t / lanes) * blocks + mine; };
      block.each([&](int t) {
        index_t const e = nth(t);
        if (e >= all) return;
        index_t const b = e / a.g.sources, j = e % a.g.sources;
        for (index_t x = t % lanes; x < M * N; x += lanes) {
          index_t const i = x / N, n = x % N;
          T const weight = a.weight(b, i, j, n, s.scale);
          T const* const kept = a.slopes + (b * M + i) * 2 * N + n;
          T const slope = weight != T(0) ? attention::dot(a.gradient(b, i), a.value(b, j), n) : T(0);
          at.w[t / lanes * most_pairs + x] = weight;
          at.slope[t / lanes * most_pairs + x] = weight != T(0) ? weight * (slope - kept[0] - kept[N]) : T(0);
        }
      });
      block.each([&](int t) {
        index_t const e = nth(t);
        if (e >= all) return;
        index_t const b = e / a.g.sources, j = e % a.g.sources;
        T const *const w = at.w + t / lanes * most_pairs, *const dl = at.slope + t / lanes * most_pairs;
        for (index_t c = t % lanes; c < NC; c += lanes) {
          T key = T(0), value = T(0);
          for (index_t i = 0; i < M; ++i) {
            index_t const x = i * N + c / C;
            if (w[x] == T(0)) continue;
            value += w[x] * a.gradient(b, i)[c];
            key += dl[x] * (a.query(b, i)[c] * s.scale);
          }
          a.dk[b * a.dk_row + j * a.dk_step + c] = key;
          a.dv[b * a.dk_row + j * a.dk_step + c] = value;
        }
        for (index_t i = t % lanes; i < M; i += lanes) {
          T sum = T(0);
          for (index_t n = 0; n < N; ++n) sum += dl[i * N + n];
          T& to = a.dlog[b * a.dlog_row + i * a.g.target_step + j * a.g.source_step];
          to = a.adds ? to + sum : sum;
        }
      });
    }
  }

  template <class Block>
  S2RM_HD void spread(Block const& block, index_t step) const {
    memory const at(block);
    index_t const k = kept(step);
    for (index_t b = 0; b < s.batch; b += lines) {
      base::template bring_rows<P * NC>(block, s.batch, b, p_row, at.tile,
                                        [&](index_t element) { return s.d + ((k + element) * M + at.m) * P * NC; });
      block.each([&](int t) {
        base::each_item(t, s.batch, b, at.units_here, [&](index_t line, index_t j) {
          T to[1][group] = {};
          base::template multiply<P * NC, 1>(at.projections + j * p_row, 0, at.tile + line * p_row, p_row, to);
          for (index_t i = 0; i < group && b + line + i < s.batch; ++i) {
            s.dy[((b + line + i) * M + at.m) * H + at.unit + j] = to[0][i];
          }
        });
      });
    }
  }

  template <class Block>
  S2RM_HD void finish(Block const& block, index_t step) const {
    memory const at(block);
    for (index_t b = 0; b < s.batch; b += lines) {
      block.each([&](int t) {
        index_t const element = b + t / parts, row = element * M + at.m;
        T sum = T(0);
        if (element < s.batch) {
          T const *const y = s.read + (step * s.batch * M + row) * H, *const dy = s.dy + row * H;
          for (index_t c = t % parts; c < H; c += parts) sum += y[c] * dy[c];
        }
        at.sum[t] = sum;
      });
      block.each([&](int t) {
        for (index_t e = t; e < lines * at.units_here; e += threads) {
          index_t const line = e / at.units_here, element = b + line, j = at.unit + e % at.units_here;
          if (element >= s.batch) continue;
          T along = T(0);
          for (index_t part = 0; part < parts; ++part) along += at.sum[line * parts + part];
          index_t const row = element * M + at.m, r = step * s.batch * M + row;
          s.previous[row * SW + j] += s.read_factor[r] * (s.dy[row * H + j] - s.read[r * H + j] * (along / T(H)));
        }
      });
    }
    block.each([&](int t) {
      for (index_t e = t; e < at.units_here * (SW / H); e += threads) {
        index_t const j = at.unit + e % at.units_here, field = e / at.units_here;
        T sum = T(0);
        for (index_t b = 0; b < s.batch; ++b) {
          index_t const row = b * M + at.m;
          T const d = s.previous[row * SW + field * H + j];
          bool const anew = s.start[step * s.batch + b] != 0;
          sum += anew ? d : T(0);
          T const wanted = field == 0 && step > s.first ? s.dstate_out[((step - 1) * s.batch * M + row) * H + j] : T(0);
          s.state[row * SW + field * H + j] = (anew ? T(0) : d) + wanted;
        }
        if (s.dinitial != nullptr) s.dinitial[(field * M + at.m) * H + j] += sum;
      }
    });
  }
};

}  // namespace s2rm::backend::detail
