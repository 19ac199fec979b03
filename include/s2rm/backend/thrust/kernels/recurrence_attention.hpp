#pragma once
/// \file
/// Both attentions of a time step for recurrence.hpp and recurrence_backward.hpp. Reads of 16 bytes, all in flight at once.

#include <limits>
#include <type_traits>

#include "s2rm/backend/thrust/kernels/block_gemm.hpp"
#include "s2rm/math/scalar.hpp"
#include "s2rm/ops/recurrence.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Where the numbers of one of the two attentions of a step lie. Rows b are those of the step's batch, and every
/// address is of the step's row 0, so that what is added to it is a small number.
template <class Sizes, class T>
struct recurrence_attention {
  static constexpr int M = static_cast<int>(Sizes::M), N = static_cast<int>(Sizes::N), C = static_cast<int>(Sizes::C),
                       NC = static_cast<int>(Sizes::NC);
  int sources;
  T const* log_weight;
  std::uint8_t const* reach;
  std::uint8_t reached;
  int pair_row, target_step, source_step;         ///< of the two
  T const *q, *k, *v;                             ///< of item 0
  int q_step, k_row, k_step;                      ///< from module to module; from row to row, from source to source
  T* to_statistics = nullptr;                     ///< of the forward pass: softmax statistics, (B, M, 2 N), or null
  T* y = nullptr;                                 ///< (B, M, NC)
  T const* statistics = nullptr;                  ///< backward pass: softmax statistics that the forward pass saved
  T const* dout = nullptr;                        ///< (B, M, NC)
  T* pairs = nullptr;                             ///< (B, M, N, sources, 2): weight and dl
  T *dq = nullptr, *dk = nullptr, *dv = nullptr;  ///< where q, k and v have theirs
  int dk_row = 0, dk_step = 0;
  T* dlog = nullptr;
  int dlog_row = 0;
  bool adds = false;  ///< dlog is added to

  S2RM_HD recurrence_attention(ops::attention_pairs<T> const& g, index_t r, T const* query, T const* key,
                               T const* value, int query_step, index_t key_row, index_t key_step)
      : sources(static_cast<int>(g.sources)),
        log_weight(g.log_weight + r * g.row_step),
        reach(g.reach + r * g.row_step),
        reached(g.reached),
        pair_row(static_cast<int>(g.row_step)),
        target_step(static_cast<int>(g.target_step)),
        source_step(static_cast<int>(g.source_step)),
        q(query),
        k(key),
        v(value),
        q_step(query_step),
        k_row(static_cast<int>(key_row)),
        k_step(static_cast<int>(key_step)) {}

  /// The second or the first, number by number, so that all may stay in registers.
  S2RM_HD static recurrence_attention either(bool second, recurrence_attention const& a,
                                             recurrence_attention const& b) {
    auto one = a;
    auto const take = [second](auto& x, auto const& y) { x = second ? y : x; };
    take(one.sources, b.sources), take(one.log_weight, b.log_weight), take(one.reach, b.reach);
    take(one.reached, b.reached), take(one.pair_row, b.pair_row), take(one.target_step, b.target_step);
    take(one.source_step, b.source_step), take(one.q, b.q), take(one.k, b.k), take(one.v, b.v);
    take(one.q_step, b.q_step), take(one.k_row, b.k_row), take(one.k_step, b.k_step);
    take(one.to_statistics, b.to_statistics), take(one.y, b.y), take(one.statistics, b.statistics);
    take(one.dout, b.dout), take(one.pairs, b.pairs), take(one.dq, b.dq), take(one.dk, b.dk), take(one.dv, b.dv);
    take(one.dk_row, b.dk_row), take(one.dk_step, b.dk_step), take(one.dlog, b.dlog), take(one.dlog_row, b.dlog_row);
    take(one.adds, b.adds);
    return one;
  }
  [[nodiscard]] S2RM_HD int at(int b, int i, int j) const { return b * pair_row + i * target_step + j * source_step; }
  [[nodiscard]] S2RM_HD bool within(int at) const { return reach[at] == reached; }
  [[nodiscard]] S2RM_HD T const* query(int b, int i) const { return q + (b * M + i) * q_step; }
  [[nodiscard]] S2RM_HD T const* key(int b, int j) const { return k + (b * k_row + j * k_step); }
  [[nodiscard]] S2RM_HD T const* value(int b, int j) const { return v + (b * k_row + j * k_step); }
  [[nodiscard]] S2RM_HD T const* gradient(int b, int i) const { return dout + (b * M + i) * NC; }
  [[nodiscard]] S2RM_HD T* pair(int b, int i, int n, int j) const {
    return pairs + (((b * M + i) * N + n) * sources + j) * 2;
  }
};

/// The (element, head)s of a slice of a module, `lanes` threads each, and the pairs that they are of with all sources.
template <class Sizes, class T, int Threads>
struct recurrence_pairs {
  using attention = recurrence_attention<Sizes, T>;
  static constexpr int M = attention::M, N = attention::N, C = attention::C, NC = attention::NC;
  static constexpr index_t max_sources = M > 64 ? M : 64;
  static constexpr int lanes = 32, max_items = Threads / lanes;
  /// A score is found by so many threads, of as many sources at a time as there are.
  static constexpr int head_packs = packs_of<T>(C), depth = head_packs < 8 ? head_packs : 8, abreast = lanes / depth;
  static constexpr int max_pairs = max_sources * 2 > 320 ? static_cast<int>(max_sources) * 2
                                                         : 320;  ///< pairs at a time
  /// Numbers of shared memory: of a pair `Width` for each thread of its score, and one.
  template <int Width>
  static constexpr index_t numbers = static_cast<index_t>(max_pairs) * (Width * depth + 1);
  /// Of an item and attention: its softmax statistics, the slope of its source of largest weight, and the mean slope.
  static constexpr index_t mean_numbers = 8 * max_items;
  static constexpr T nothing = -std::numeric_limits<T>::infinity();

  attention views, modules;
  int batch, m, slice, slices;
  T scale;

  /// Sources of both, views first.
  [[nodiscard]] S2RM_HD int sources() const { return views.sources + M; }
  [[nodiscard]] S2RM_HD int items() const { return (batch * N - slice + slices - 1) / slices; }
  [[nodiscard]] S2RM_HD attention half(bool of_modules) const { return attention::either(of_modules, views, modules); }
  /// f(item, b, n, lane) for the items from `first` on that thread t shares; the item counted from there.
  template <class F>
  S2RM_HD void each_item(int t, int first, int here, F const& f) const {
    int const nth = t / lanes, e = (first + nth) * slices + slice;
    if (nth < here) f(nth, e / N, e % N, t % lanes);
  }
  /// f(first, here) for items that are dealt with at a time.
  template <class F>
  S2RM_HD void each_group(F const& f) const {
    int const fit = max_pairs / sources(), some = fit < max_items ? fit : max_items, all = items();
    for (int first = 0; first < all; first += some) f(first, all - first < some ? all - first : some);
  }
  /// Pack k of head n of a row.
  [[nodiscard]] S2RM_HD static pack<T> head(T const* row, int n, int k) { return load_pack<C>(row + n * C, k); }
  S2RM_HD static void store_head(T* row, int n, int k, pack<T> const& x, T by) {
    for (int i = 0; i < pack<T>::size; ++i) {
      if (k * pack<T>::size + i < C) row[n * C + k * pack<T>::size + i] = x.at[i] * by;
    }
  }
  /// use(j, load(j)) for j = first, first + step, ... below count, in order; `Flight` loads are in flight at a time.
  template <int Flight, class Load, class Use>
  S2RM_HD static void each_source(int first, int step, int count, Load const& load, Use const& use) {
    for (int j = first; j < count; j += Flight * step) {
      decltype(load(0)) in_flight[Flight];
      // Beyond the last one is loaded once more, and not used.
      for (int i = 0; i < Flight; ++i) in_flight[i] = load(j + i * step < count ? j + i * step : j);
      for (int i = 0; i < Flight; ++i) {
        if (j + i * step < count) use(j + i * step, in_flight[i]);
      }
    }
  }

  /// y of both attentions, and their softmax statistics.
  template <class Block>
  S2RM_HD void attend(Block const& block, T* memory) const {
    constexpr int line = depth + 1;
    int const all = sources();
    each_group([&](int first, int here) {
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int b, int n, int lane) {
          if (lane < abreast * depth) score(memory + nth * all * line, views, b, n, lane);
          if (lane < abreast * depth) score(memory + (nth * all + views.sources) * line, modules, b, n, lane);
        });
      });
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int, int, int lane) {
          for (int j = lane; j < all; j += lanes) {
            T* const at = memory + (nth * all + j) * line;
            T sum = at[0];
            for (int i = 1; i < depth; ++i) sum += at[i];
            at[0] = sum;
          }
        });
      });
      auto const top_of = [&](T const* of, int count) {
        T top = nothing;
        for (int j = 0; j < count; ++j) top = of[j * line] > top ? of[j * line] : top;
        return top;
      };
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int, int, int lane) {
          for (int j = lane; j < all; j += lanes) {
            bool const of_module = j >= views.sources;
            T* const of = memory + nth * all * line;
            T const one = of[j * line];
            of[j * line + depth] = one == nothing ? T(0)
                                                  : math::exp(one - top_of(of + (of_module ? views.sources * line : 0),
                                                                           of_module ? M : views.sources));
          }
        });
      });
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int b, int n, int lane) {
          for (int e = lane; e < 2 * head_packs; e += lanes) {
            int const k = e % head_packs;
            bool const of_modules = e >= head_packs;
            auto const a = half(of_modules);
            T const* const of = memory + (nth * all + (of_modules ? views.sources : 0)) * line;
            pack<T> out{};
            T sum = T(0);
            each_source<5>(
                0, 1, a.sources, [&](int j) { return head(a.value(b, j), n, k); },
                [&](int j, pack<T> const& value) {
                  T const w = of[j * line + depth];
                  sum += w;
                  for (int i = 0; i < pack<T>::size; ++i) out.at[i] += w != T(0) ? w * value.at[i] : T(0);
                });
            T const each = sum == T(0) ? T(0) : T(1) / sum;
            store_head(a.y + (b * M + m) * NC, n, k, out, each);
            if (a.to_statistics == nullptr || k != 0) continue;
            T* const statistics = a.to_statistics + (b * M + m) * 2 * N + n;
            statistics[0] = top_of(of, a.sources);
            statistics[N] = each;
          }
        });
      });
    });
  }

  /// Backward, by targets: the weights recomputed, dl and dq.
  template <class Block>
  S2RM_HD void gather_targets(Block const& block, T* memory, T* means) const {
    constexpr int line = 2 * depth + 1;
    int const all = sources();
    each_group([&](int first, int here) {
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int b, int n, int lane) {
          T* const of = memory + nth * all * line;
          if (lane < abreast * depth) {
            score_again(of, views, b, n, lane);
            score_again(of + views.sources * line, modules, b, n, lane);
          }
          if (lane < 2) {
            auto const a = half(lane == 1);
            // A single source has weight 1 and no saved statistics.
            T const* const statistics = a.statistics == nullptr ? nullptr : a.statistics + (b * M + m) * 2 * N + n;
            means[nth * 8 + lane * 4] = statistics == nullptr ? T(0) : statistics[0];
            means[nth * 8 + lane * 4 + 1] = statistics == nullptr ? T(-1) : statistics[N];
          }
        });
      });
      // A pair's first two numbers are its weight and its slope from here on.
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int, int, int lane) {
          for (int j = lane; j < all; j += lanes) {
            T const* const statistics = means + nth * 8 + (j >= views.sources ? 4 : 0);
            T* const at = memory + (nth * all + j) * line;
            T sum = at[0], slope = at[depth], weight = T(0);
            for (int i = 1; i < depth; ++i) sum += at[i], slope += at[depth + i];
            if (sum != nothing) weight = statistics[1] < T(0) ? T(1) : math::exp(sum - statistics[0]) * statistics[1];
            at[0] = weight;
            at[1] = weight != T(0) ? slope : T(0);
          }
        });
      });
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int, int, int lane) {
          if (lane >= 2) return;
          T const* const at = memory + (nth * all + (lane == 1 ? views.sources : 0)) * line;
          int const count = lane == 1 ? M : views.sources;
          // The slope of the source of largest weight is subtracted first, as in attention.hpp.
          T heaviest = T(-1), from = T(0), mean = T(0);
          for (int j = 0; j < count; ++j) {
            if (at[j * line] > heaviest) heaviest = at[j * line], from = at[j * line + 1];
          }
          for (int j = 0; j < count; ++j) mean += at[j * line] * (at[j * line + 1] - from);
          means[nth * 8 + lane * 4 + 2] = from;
          means[nth * 8 + lane * 4 + 3] = mean;
        });
      });
      block.each([&](int t) {
        each_item(t, first, here, [&](int nth, int b, int n, int lane) {
          for (int e = lane; e < 2 * head_packs; e += lanes) {
            int const k = e % head_packs;
            bool const of_modules = e >= head_packs;
            auto const a = half(of_modules);
            T const* const at = memory + (nth * all + (of_modules ? views.sources : 0)) * line;
            T const* const mean = means + nth * 8 + (of_modules ? 4 : 0) + 2;
            pack<T> sum{};
            each_source<5>(
                0, 1, a.sources, [&](int j) { return head(a.key(b, j), n, k); },
                [&](int j, pack<T> const& key) {
                  T const dl = at[j * line] * (at[j * line + 1] - mean[0] - mean[1]);
                  for (int i = 0; i < pack<T>::size; ++i) sum.at[i] += dl != T(0) ? dl * key.at[i] : T(0);
                });
            store_head(a.dq + (b * M + m) * a.q_step, n, k, sum, scale);
          }
          for (int j = lanes - 1 - lane; j < all; j += lanes) {
            bool const of_modules = j >= views.sources;
            T const* const at = memory + (nth * all + j) * line;
            T const* const mean = means + nth * 8 + (of_modules ? 4 : 0) + 2;
            T* const to = half(of_modules).pair(b, m, n, j - (of_modules ? views.sources : 0));
            to[0] = at[0];
            to[1] = at[0] * (at[1] - mean[0] - mean[1]);
          }
        });
      });
    });
  }

  /// Backward, by sources: dk, dv and dlog Z of this block's share of all sources.
  template <class Block>
  S2RM_HD void gather_sources(Block const& block, int blocks) const {
    // What one head has, at once.
    constexpr int size = pack<T>::size, width = C % size == 0 ? size : 1, places = NC / width;
    using piece = std::conditional_t<width == 1, T, pack<T>>;
    int const all = sources(), count = batch * all, here = static_cast<int>(block.index);
    auto const load = [](T const* row, int place) -> piece {
      if constexpr (width == 1) {
        return row[place];
      } else {
        return load_pack<NC>(row, place);
      }
    };
    auto const add = [](piece& sum, T by, piece const& x) {
      if constexpr (width == 1) {
        sum += by * x;
      } else {
        for (int i = 0; i < width; ++i) sum.at[i] += by * x.at[i];
      }
    };
    auto const store = [](T* row, int place, piece const& x) {
      if constexpr (width == 1) {
        row[place] = x;
      } else {
        for (int i = 0; i < width; ++i) row[place * width + i] = x.at[i];
      }
    };
    block.each([&](int t) {
      // Neighbouring threads have neighbouring numbers, and all blocks some of them.
      constexpr int run = 32;
      for (int e = (t / run * blocks + here) * run + t % run; e < count * places; e += blocks * Threads) {
        int const place = e % places, which = e / places, b = which / all, source = which - b * all;
        auto const a = half(source >= views.sources);
        int const j = source - (source >= views.sources ? views.sources : 0), n = place * width / C;
        piece key{}, value{};
        for (int i = 0; i < M; ++i) {
          T const* const pair = a.pair(b, i, n, j);
          // Both are 0 out of reach; queries and incoming gradients of modules are finite.
          add(value, pair[0], load(a.gradient(b, i), place));
          add(key, pair[1] * scale, load(a.query(b, i), place));
        }
        store(a.dk + b * a.dk_row + j * a.dk_step, place, key);
        store(a.dv + b * a.dk_row + j * a.dk_step, place, value);
      }
      // By the threads with the least work.
      for (int e = (Threads - 1 - t) * blocks + here; e < count * M; e += blocks * Threads) {
        int const i = e % M, which = e / M, b = which / all, source = which - b * all;
        auto const a = half(source >= views.sources);
        int const j = source - (source >= views.sources ? views.sources : 0);
        T sum = T(0);
        for (int n = 0; n < N; ++n) sum += a.pair(b, i, n, j)[1];
        T& to = a.dlog[b * a.dlog_row + i * a.target_step + j * a.source_step];
        to = a.adds ? to + sum : sum;
      }
    });
  }

 private:
  /// A source's contribution to a score.
  struct source {
    pack<T> key, value;
    T log_weight;
    bool within;
  };
  /// Thread `lane`'s part of the scores of an item: of every `abreast`-th source, its packs of the head.
  S2RM_HD void score(T* of, attention const& a, int b, int n, int lane) const {
    constexpr int line = depth + 1;
    int const part = lane % depth;
    T const* const from = a.query(b, m);
    pack<T> const query = head(from, n, part);
    each_source<3>(
        lane / depth, abreast, a.sources,
        [&](int j) {
          int const at = a.at(b, m, j);
          return source{head(a.key(b, j), n, part), {}, part == 0 ? a.log_weight[at] : T(0), a.within(at)};
        },
        [&](int j, source const& x) {
          T sum = dot(query, x.key, T(0)) * scale + x.log_weight;
          for (int k = part + depth; k < head_packs; k += depth) {
            sum += dot(head(from, n, k), head(a.key(b, j), n, k), T(0)) * scale;
          }
          // Out of reach a key may be anything.
          of[j * line + part] = x.within ? sum : nothing;
        });
  }
  /// The same, and of the slopes dout . v.
  S2RM_HD void score_again(T* of, attention const& a, int b, int n, int lane) const {
    constexpr int line = 2 * depth + 1;
    int const part = lane % depth;
    T const *const from = a.query(b, m), *const dout = a.gradient(b, m);
    pack<T> const query = head(from, n, part), wanted = head(dout, n, part);
    each_source<3>(
        lane / depth, abreast, a.sources,
        [&](int j) {
          int const at = a.at(b, m, j);
          return source{head(a.key(b, j), n, part), head(a.value(b, j), n, part), part == 0 ? a.log_weight[at] : T(0),
                        a.within(at)};
        },
        [&](int j, source const& x) {
          T sum = dot(query, x.key, T(0)) * scale + x.log_weight;
          T slope = dot(wanted, x.value, T(0));
          for (int k = part + depth; k < head_packs; k += depth) {
            sum += dot(head(from, n, k), head(a.key(b, j), n, k), T(0)) * scale;
            slope = dot(head(dout, n, k), head(a.value(b, j), n, k), slope);
          }
          of[j * line + part] = x.within ? sum : nothing;
          of[j * line + depth + part] = slope;
        });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
