#pragma once
/// \file
/// The forward recurrence in one cooperative kernel that runs all time steps (ops/recurrence.hpp). A module's weights
/// are cut into slices of columns; each block holds one slice of one module in shared memory, from the first step to
/// the last. A step is four phases. A barrier of the grid follows the first, a barrier of the module's blocks each of
/// the others:
///
///   project   y = norm(h) of the module, and the slice's columns of the four projections
///   attend    some (element, head) of the module: its views and its modules
///   mix       the slice's units of hbar = h + W_o g
///   update    the slice's units of the cell: both products and the gates
///
/// What a phase reads from other blocks lies in the saved activations, which the backward pass reads too; every number is written
/// by one thread, and every sum runs in one order.

#include <algorithm>

#include "s2rm/backend/thrust/kernels/attention.hpp"
#include "s2rm/backend/thrust/kernels/block_gemm.hpp"
#include "s2rm/backend/thrust/kernels/cooperative.hpp"
#include "s2rm/backend/thrust/kernels/recurrence_attention.hpp"
#include "s2rm/math/normalise.hpp"
#include "s2rm/math/simd.hpp"
#include "s2rm/ops/recurrence.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// How the columns of a module's weights are cut into slices, and what the kernels of both passes have in common.
template <class Sizes, class T>
struct recurrence_slices {
  static constexpr index_t M = Sizes::M, H = Sizes::H, SW = Sizes::SW, N = Sizes::N, C = Sizes::C, NC = Sizes::NC;
  static constexpr index_t P = 4;  ///< projections of the state
  static constexpr index_t fields = SW / H;

  /// All blocks are resident at once: one for each multiprocessor.
  static constexpr index_t max_blocks = target_device::multiprocessors;
  static constexpr index_t slices = M > max_blocks ? 1 : (max_blocks / M < H ? max_blocks / M : H);
  static constexpr index_t units = (H + slices - 1) / slices, columns = (NC + slices - 1) / slices;  ///< of a slice
  static constexpr index_t blocks = M * slices;
  static constexpr int threads = 512, half = threads / 2;
  static constexpr int h_row = pack_row<T>(H), c_row = pack_row<T>(NC);
  using pairs = recurrence_pairs<Sizes, T, threads>;
  static constexpr index_t max_sources = pairs::max_sources;
  /// Its softmax statistics are those of these kernels: steps that continue from it must run attention.hpp.
  using steps_attention = attention_kernels<N, C, true, T>;
  static constexpr bool may_fit = M <= max_blocks && steps_attention::shared_bytes <= max_shared_bytes;

  /// Where a block stands: its module, its slice, and the columns and units of that slice.
  struct position {
    index_t m, slice, column, unit;
    int columns_here, units_here;
    S2RM_HD explicit position(index_t block)
        : m(block / slices),
          slice(block % slices),
          column(slice * columns),
          unit(slice * units),
          columns_here(left(NC, column, columns)),
          units_here(left(H, unit, units)) {}
  };

  /// Of `all` columns those of a slice that begins at `first`.
  S2RM_HD static int left(index_t all, index_t first, index_t limit) {
    index_t const rest = all - first;
    return static_cast<int>(rest < 0 ? 0 : (rest < limit ? rest : limit));
  }
  /// f(b, lines) for every tile of rows: its first one, and how many it has.
  template <int Lines, class F>
  S2RM_HD static void each_tile(index_t batch, F const& f) {
    for (index_t b = 0; b < batch; b += Lines) f(b, left(batch, b, Lines));
  }
  /// f(line, item) for the first `here` of `Items` things of every line; the items of a line are neighbours.
  template <index_t Items, class F>
  S2RM_HD static void each_item(int t, int lines, int here, F const& f) {
    constexpr auto items = static_cast<int>(Items);
    for (int e = t; e < lines * items; e += threads) {
      if (e % items < here) f(e / items, e % items);
    }
  }

  /// Sums over rows by `sum_lanes` threads each.
  static constexpr int sum_lanes = 16;
  template <class F>
  S2RM_HD static void sum_lines(int t, int lines, T* sum, F const& term) {
    for (int e = t; e < lines * sum_lanes; e += threads) {
      T all = T(0);
      for (int k = e % sum_lanes; k < packs_of<T>(H); k += sum_lanes) all += term(e / sum_lanes, k);
      sum[e] = all;
    }
  }
  S2RM_HD static T line_sum(T const* sum, int line) {
    T all = T(0);
    for (int i = 0; i < sum_lanes; ++i) all += sum[line * sum_lanes + i];
    return all;
  }
  /// Both attentions of a step, as far as forward and backward pass share them.
  template <class Task, class Memory>
  S2RM_HD static pairs attentions(Task const& s, Memory const& at, index_t step) {
    using attention = typename pairs::attention;
    constexpr auto from_query = static_cast<int>(P * NC);
    index_t const r = step * s.batch;
    T const* const q = s.saved.projected + r * M * P * NC;
    return {attention(s.attention.views.pairs, r, q, s.attention.key.at(r), s.attention.value.at(r), from_query,
                      s.attention.key.stride, s.attention.key.group),
            attention(s.attention.modules.pairs, r, q + NC, q + 2 * NC, q + 3 * NC, from_query, M * P * NC, P * NC),
            static_cast<int>(s.batch),
            static_cast<int>(at.m),
            static_cast<int>(at.slice),
            static_cast<int>(slices),
            s.attention.scale};
  }
  /// Tiles of as many lines as there is room for; 8 where there is none.
  template <template <int> class Bytes>
  static constexpr int lines_that_fit() {
    return Bytes<32>::value <= max_shared_bytes ? 32 : (Bytes<16>::value <= max_shared_bytes ? 16 : 8);
  }
};

template <class Sizes, class Gates>
struct recurrence_kernel : recurrence_slices<Sizes, typename Gates::scalar> {
  using T = typename Gates::scalar;
  using base = recurrence_slices<Sizes, T>;
  using base::M, base::H, base::SW, base::N, base::NC, base::P, base::slices, base::units, base::columns;
  using base::threads, base::half, base::h_row, base::c_row, base::fields;
  static constexpr index_t G = Gates::count;

  static constexpr index_t weight_numbers = P * columns * h_row + units * c_row + G * units * (c_row + h_row);
  template <int Lines>
  struct products {
    using project = block_product<T, threads, Lines, P * columns, H>;
    using mix = block_product<T, threads, Lines, units, NC>;
    // By half of the threads each.
    using of_input = block_product<T, half, Lines, G * units, NC>;
    using of_state = block_product<T, half, Lines, G * units, H>;
    static constexpr index_t part_numbers = (std::max)(
        {project::numbers, mix::numbers, of_input::numbers + of_state::numbers, base::pairs::template numbers<1>});
  };
  template <int Lines>
  struct bytes {
    static constexpr std::size_t value =
        static_cast<std::size_t>(weight_numbers + 2 * G * units + Lines * (h_row + c_row + base::sum_lanes + 1) +
                                 products<Lines>::part_numbers) *
            sizeof(T) +
        10 * 16;
  };
  static constexpr int lines = base::template lines_that_fit<bytes>();
  static constexpr std::size_t shared_bytes = bytes<lines>::value;
  static constexpr bool fits = base::may_fit && shared_bytes <= max_shared_bytes;
  using product = products<lines>;

  ops::recurrence_task<T> s;
  Gates gates;

  /// A block's shared memory.
  struct memory : base::position {
    T *projections, *out, *input, *recurrent;  ///< weights: (P columns, H), (units, NC), (G units, NC), (G units, H)
    T* bias;                                   ///< (2, G units)
    T *x, *wide;                               ///< tiles of rows: (lines, H), (lines, NC)
    T *sum, *factor, *parts;                   ///< (lines, sum_lanes), (lines)
    template <class Block>
    S2RM_HD explicit memory(Block const& block) : base::position(block.index) {
      shared_layout cut{block.shared};
      projections = cut.template take<T>((P * columns + G * units) * h_row);
      recurrent = projections + P * columns * h_row;
      out = cut.template take<T>((1 + G) * units * c_row);
      input = out + units * c_row;
      bias = cut.template take<T>(2 * G * units);
      x = cut.template take<T>(lines * h_row);
      wide = cut.template take<T>(lines * c_row);
      sum = cut.template take<T>(lines * base::sum_lanes);
      factor = cut.template take<T>(lines);
      parts = cut.template take<T>(product::part_numbers);
    }
  };

  template <class Grid>
  S2RM_HD void operator()(Grid const& grid) const {
    grid.alone([this](auto const& block) { this->load_weights(block); });
    for (index_t t = 0; t < s.time; ++t) {
      grid.each([this, t](auto const& block) { this->project(block, t); });
      grid.teams(slices, [this, t](auto const& team) {
        team.each([this, t](auto const& block) { this->attend(block, t); });
        team.each([this, t](auto const& block) { this->mix(block, t); });
        team.each([this, t](auto const& block) { this->update(block, t); });
      });
    }
  }

 private:
  /// The slice's rows of every weight, those of a depth together. A slice that has fewer than `columns` or `units`
  /// repeats its last one.
  template <class Block>
  S2RM_HD void load_weights(Block const& block) const {
    memory const to(block);
    if (to.columns_here == 0 && to.units_here == 0) return;
    constexpr auto wide = static_cast<int>(columns), high = static_cast<int>(units), of_p = static_cast<int>(P) * wide;
    auto const column = [&](int c) {
      return to.m * NC + (to.columns_here > 0 ? to.column + least(c, to.columns_here) : 0);
    };
    auto const unit = [&](int u) { return to.units_here > 0 ? to.unit + least(u, to.units_here) : 0; };
    block.each([&](int t) {
      load_rows<H, threads>(t, of_p + static_cast<int>(G) * high, to.projections, [&](int row) {
        if (row >= of_p) {
          int const g = (row - of_p) / high;
          return s.weights.w_hh + ((to.m * G + g) * H + unit((row - of_p) % high)) * H;
        }
        int const p = row / wide;
        T const* const first = p < 2 ? s.weights.view_query : s.weights.key;
        T const* const second = p < 2 ? s.weights.query : s.weights.value;
        return (p % 2 == 0 ? first : second) + column(row % wide) * H;
      });
      load_rows<NC, threads>(t, high + static_cast<int>(G) * high, to.out, [&](int row) {
        if (row < high) return s.weights.out + (to.m * H + unit(row)) * NC;
        int const g = (row - high) / high;
        return s.weights.w_ih + ((to.m * G + g) * H + unit((row - high) % high)) * NC;
      });
      for (int e = t; e < static_cast<int>(G) * high; e += threads) {
        index_t const o = (to.m * G + e / high) * H + unit(e % high);
        to.bias[e] = s.weights.b_ih[o];
        to.bias[static_cast<int>(G) * high + e] = s.weights.b_hh[o];
      }
    });
  }
  S2RM_HD static index_t least(int i, int count) { return i < count ? i : count - 1; }

  template <class Block>
  S2RM_HD void project(Block const& block, index_t step) const {
    memory const at(block);
    T const* const before = step == 0 ? s.states.carried : s.states.out + (step - 1) * s.batch * M * SW;
    base::template each_tile<lines>(s.batch, [&](index_t b, int here) {
      index_t const r = step * s.batch + b;
      auto const state = [&](int line) {
        bool const anew = s.states.start[r + line] != 0;
        return anew ? s.states.initial + at.m * SW : before + ((b + line) * M + at.m) * SW;
      };
      block.each([&](int t) { load_rows<H, threads>(t, here, at.x, state); });
      block.each([&](int t) {
        base::sum_lines(t, here, at.sum, [&](int line, int k) {
          auto const h = load_shared(at.x + line * h_row, k);
          return dot(h, h, T(0));
        });
        // The slice's part of the state before the step.
        base::template each_item<units>(t, here, at.units_here, [&](int line, int unit) {
          index_t const j = at.unit + unit;
          T* const to = s.states.in + ((r + line) * M + at.m) * SW;
          to[j] = at.x[line * h_row + j];
          for (index_t field = 1; field < fields; ++field) to[field * H + j] = state(line)[field * H + j];
        });
      });
      typename product::project const sums(at.parts, here);
      block.each([&](int t) {
        sums.multiply(t, at.projections, static_cast<int>(P * columns), at.x);
        for (int line = t; line < here; line += threads) {
          T const f = math::rms_factor(base::line_sum(at.sum, line), H);
          at.factor[line] = f;
          if (at.slice == 0) s.saved.read_factor[(r + line) * M + at.m] = f;
        }
      });
      block.each([&](int t) {
        constexpr auto width = static_cast<int>(columns), all = static_cast<int>(P) * width;
        base::template each_item<all>(t, here, all, [&](int line, int item) {
          int const p = item / width, c = item % width;
          if (c >= at.columns_here) return;
          T const of_h = sums.sum(line, item);
          s.saved.projected[(((r + line) * M + at.m) * P + p) * NC + at.column + c] = of_h * at.factor[line];
        });
        base::template each_item<units>(t, here, at.units_here, [&](int line, int j) {
          s.saved.read[((r + line) * M + at.m) * H + at.unit + j] = at.x[line * h_row + at.unit + j] * at.factor[line];
        });
      });
    });
  }
  template <class Block>
  S2RM_HD void attend(Block const& block, index_t step) const {
    memory const at(block);
    auto pairs = base::attentions(s, at, step);
    pairs.views.to_statistics = s.attention.views.of_step(step);
    pairs.views.y = s.saved.u + step * s.batch * M * NC;
    pairs.modules.to_statistics = s.attention.modules.of_step(step);
    pairs.modules.y = s.saved.g + step * s.batch * M * NC;
    pairs.attend(block, at.parts);
  }

  template <class Block>
  S2RM_HD void mix(Block const& block, index_t step) const {
    memory const at(block);
    base::template each_tile<lines>(s.batch, [&](index_t b, int here) {
      index_t const r = step * s.batch + b;
      auto const row = [&](int line) { return (r + line) * M + at.m; };
      block.each([&](int t) {
        load_rows<NC, threads>(t, here, at.wide, [&](int line) { return s.saved.g + row(line) * NC; });
      });
      typename product::mix const sums(at.parts, here);
      block.each([&](int t) { sums.multiply(t, at.out, at.units_here, at.wide); });
      block.each([&](int t) {
        base::template each_item<units>(t, here, at.units_here, [&](int line, int j) {
          index_t const unit = at.unit + j;
          s.saved.hbar[row(line) * H + unit] = s.states.in[row(line) * SW + unit] + sums.sum(line, j);
        });
      });
    });
  }

  template <class Block>
  S2RM_HD void update(Block const& block, index_t step) const {
    memory const at(block);
    base::template each_tile<lines>(s.batch, [&](index_t b, int here) {
      index_t const r = step * s.batch + b;
      auto const row = [&](int line) { return (r + line) * M + at.m; };
      block.each([&](int t) {
        load_both<NC, H, threads>(
            t, here, at.wide, [&](int line) { return s.saved.u + row(line) * NC; }, at.x,
            [&](int line) { return s.saved.hbar + row(line) * H; });
      });
      typename product::of_input const of_input(at.parts, here);
      typename product::of_state const of_state(at.parts + product::of_input::numbers, here);
      block.each([&](int t) {
        if (t < half) {
          of_input.multiply(t, at.input, static_cast<int>(G * units), at.wide);
        } else {
          of_state.multiply(t - half, at.recurrent, static_cast<int>(G * units), at.x);
        }
      });
      block.each([&](int t) {
        base::template each_item<units>(t, here, at.units_here, [&](int line, int j) {
          T a[static_cast<std::size_t>(G)], c[static_cast<std::size_t>(G)];
          for (index_t g = 0; g < G; ++g) {
            int const item = static_cast<int>(g * units) + j;
            a[g] = at.bias[item] + of_input.sum(line, item);
            c[g] = at.bias[G * units + item] + of_state.sum(line, item);
          }
          gates.template finish<math::lanes<T, 1>>(row(line), at.unit + j, a, c);
        });
      });
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
