#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "s2rm/core/random.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/runtime/owned_batch.hpp"
#include "series.hpp"

/// Windows that some steps are removed from, at all stations at once: what is left is the sequence.
namespace sensors {

/// What the queries of a kept step ask for.
enum class asked_step {
  following,  ///< the next step of the series, whether kept or not
  kept        ///< the next kept step
};

/// Which steps of windows are kept, as offsets from the first, which always is.
struct kept_steps {
  index_t steps = 0, windows = 0;
  std::vector<index_t> at;  ///< (steps + 1, windows), rising; the last of a window is only asked for

  [[nodiscard]] index_t now(index_t t, index_t w) const { return at[static_cast<std::size_t>(t * windows + w)]; }
  [[nodiscard]] index_t then(index_t t, index_t w, asked_step what) const {
    return what == asked_step::following ? now(t, w) + 1 : now(t + 1, w);
  }
  /// Steps since the kept one before; 1 for the first.
  [[nodiscard]] index_t elapsed(index_t t, index_t w) const { return t == 0 ? 1 : now(t, w) - now(t - 1, w); }
  /// Steps of the series from the first to the last of the longest window, both among them.
  [[nodiscard]] index_t span() const { return at.empty() ? 0 : 1 + *std::max_element(at.begin(), at.end()); }
};

/// Of a window of `size` steps every one but the first is removed with probability `share`.
inline kept_steps thin(index_t size, double share, s2rm::random numbers) {
  kept_steps kept{0, 1, {}};
  for (index_t t = 0; t < size; ++t) {
    if (t == 0 || numbers.uniform(0, static_cast<std::uint64_t>(t)) >= share) kept.at.push_back(t);
  }
  kept.steps = std::ssize(kept.at) - 1;
  return kept;
}

/// Windows of `steps` kept steps and one more that is asked for, each thinned by a share drawn between 0 and `most`, addressed by the
/// training step. None spans more than `size` steps (at least steps + 1): where the rest would not fit, nothing more is removed.
inline kept_steps draw_kept(index_t steps, index_t windows, double most, index_t size, s2rm::random numbers,
                            index_t number) {
  kept_steps kept{steps, windows, std::vector<index_t>(static_cast<std::size_t>((steps + 1) * windows))};
  auto const step = static_cast<std::uint32_t>(number);
  for (index_t w = 0; w < windows; ++w) {
    auto const share = numbers.uniform(step, static_cast<std::uint64_t>(w), 0, most);
    auto const own = static_cast<std::uint64_t>(w + 1) << 32U;
    index_t day = 0;
    for (index_t k = 1; k <= steps; ++k) {
      ++day;
      while (day + steps - k + 1 < size && numbers.uniform(step, own + static_cast<std::uint64_t>(day)) < share) ++day;
      kept.at[static_cast<std::size_t>(k * windows + w)] = day;
    }
  }
  return kept;
}

/// The kept steps of windows that were cut whole, with targets one step ahead (at least span() - 1 steps). A kept step's queries and
/// targets are those for the step that it asks for. With `timed` the batch says how long ago the kept step before was, and
/// how far ahead each query asks, in steps; else nothing.
template <class Shape>
s2rm::batch_view<float> keep(s2rm::batch_view<float> const& whole, kept_steps const& kept, asked_step what, bool timed,
                             s2rm::owned_batch<float>& to) {
  to.time = kept.steps, to.batch = whole.batch, to.views = whole.views, to.queries = whole.queries;
  s2rm::for_each_array<Shape>(
      [&](auto array, auto const* from, auto& copy) {
        copy.clear();
        if (from == nullptr) return;
        bool const asks = array.slots_are == s2rm::per::query || array.slots_are == s2rm::per::target;
        auto const row = array.row(whole);
        copy.reserve(static_cast<std::size_t>(array.size(to)));
        for (index_t t = 0; t < kept.steps; ++t) {
          for (index_t w = 0; w < whole.batch; ++w) {
            auto const source = asks ? kept.then(t, w, what) - 1 : kept.now(t, w);
            auto const* const begin = from + (source * whole.batch + w) * row;
            copy.insert(copy.end(), begin, begin + row);
          }
        }
      },
      whole, to);
  to.elapsed.clear(), to.query_lead.clear();
  for (index_t t = 0; timed && t < kept.steps; ++t) {
    for (index_t w = 0; w < whole.batch; ++w) {
      to.elapsed.push_back(static_cast<float>(kept.elapsed(t, w)));
      auto const lead = static_cast<float>(kept.then(t, w, what) - kept.now(t, w));
      to.query_lead.insert(to.query_lead.end(), static_cast<std::size_t>(whole.queries), lead);
    }
  }
  return to.look();
}

}  // namespace sensors
