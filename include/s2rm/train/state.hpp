#pragma once
/// \file
/// A training run between two steps: its options, and everything that a later trainer needs to continue exactly.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/train/communicator.hpp"

S2RM_NAMESPACE_BEGIN

/// Most numbers of a caller's place in the data (`trainer::cursor`).
inline constexpr index_t max_cursor = 4096;
[[deprecated("renamed: max_cursor")]] inline constexpr index_t most_cursor = max_cursor;

/// A number that the updates of a run depend on, and its name.
struct setting {
  std::string_view name;
  double value = 0;
};

/// Back-propagation through at most `window` steps at a time: a batch of T steps becomes ceil(T / window) updates, and
/// memory is that of one window. The state goes on from window to window (without gradient), unless `carry` is off.
struct truncation {
  index_t window = 0;  ///< 0: the whole batch at once
  bool carry = true;   ///< from window to window; off: every window starts from h_0
  /// From the last window of a batch to the first of the next: one long stream in pieces. A batch of another B starts
  /// anew, as does what follows a window that left the state not finite. `evaluate` and `differentiate` do not
  /// disturb it.
  bool carry_batches = false;
};

// The deprecated member is copied with the others.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// Options of a trainer that are not the optimiser's. How a batch is cut: docs/model.md.
struct training {
  s2rm::truncation truncation{};
  /// Steps of a segment, whose activations are resident at a time; 0: those of the whole window. Smaller segments take
  /// a third more work, for each but the last runs forward twice, and memory of one segment and of one state per segment: least at
  /// about sqrt(T).
  index_t recompute = 0;
  double average = 0.0;  ///< decay of the running average of the weights, e.g. 0.95; 0: none
  /// Equal ranges of a batch's elements whose gradients are computed one after the other and summed in the order of a
  /// binary tree: a power of two, at most 1024, that divides the batch; of a global batch where several ranks train
  /// together. The bits are then the same on 1 to `microbatches` ranks, and a step needs the memory of one micro-batch
  /// and of the tree's partial sums. 0: all elements at once. After `step`, `predictions()` and `states()` are those of
  /// the last micro-batch.
  index_t microbatches = 0;
  [[deprecated("renamed: microbatches")]] index_t parts = 0;  ///< read where `microbatches` is 0; until 0.2

  /// The options without deprecated ones.
  [[nodiscard]] training current() const {
    auto now = *this;
    if (now.microbatches == 0) now.microbatches = now.parts;
    now.parts = 0;
    return now;
  }

  /// \throws value_error naming the option that is out of its range.
  void(check)() const {
    require_value(math::is_finite(average) && average >= 0 && average < 1, {"training: average: expected [0, 1)"});
    require_value(recompute >= 0, {"training: recompute: expected >= 0 (0: recompute nothing)"});
    require_value(truncation.window >= 0, {"training: truncation.window: expected >= 0 (0: whole batch)"});
    require_value(microbatches >= 0 && microbatches <= communicator::tree_stack::max_leaves &&
                      (microbatches & (microbatches - 1)) == 0,
                  {"training: microbatches: expected 0 or a power of two up to 1024, found ", microbatches});
  }

  /// What `resume` compares. Not `recompute`, which changes the gradient by rounding alone: sums are taken in other chunks.
  [[nodiscard]] std::array<setting, 5> settings() const {
    return {{{"training.average", average},
             {"training.microbatches", static_cast<double>(microbatches)},
             {"truncation.window", static_cast<double>(truncation.window)},
             {"truncation.carry", truncation.carry ? 1.0 : 0.0},
             {"truncation.carry_batches", truncation.carry_batches ? 1.0 : 0.0}}};
  }
};
#pragma GCC diagnostic pop

/// The state of a trainer; train/training_file.hpp writes and reads it.
template <class T>
struct training_state {
  std::vector<T> weights, average, moments;
  index_t steps = 0, applied = 0, skipped = 0;
  std::vector<T> carried = {};            ///< (B, M, state) that the next batch goes on from; empty: it starts from h_0
  std::vector<std::int64_t> cursor = {};  ///< the caller's place in the data, at most `max_cursor` numbers

  /// \throws value_error unless weights and average hold `parameters` numbers each, the moments `of_moments`, and what
  /// is carried a multiple of `element`.
  void require_sizes(index_t parameters, index_t of_moments, index_t element) const {
    auto const demand = [](std::vector<T> const& found, bool met, char const* what, index_t expected) {
      require_value(met, {"trainer: state: ", what, expected, " numbers, found ", static_cast<index_t>(found.size())});
    };
    auto const count = [](std::vector<T> const& x) { return static_cast<index_t>(x.size()); };
    demand(weights, count(weights) == parameters, "weights: expected ", parameters);
    demand(average, count(average) == parameters, "average: expected ", parameters);
    demand(moments, count(moments) == of_moments, "moments: expected ", of_moments);
    demand(carried, count(carried) % element == 0, "carried: expected a multiple of ", element);
  }
};

namespace detail {

/// a, then b.
template <std::size_t A, std::size_t B>
constexpr std::array<setting, A + B> joined(std::array<setting, A> const& a, std::array<setting, B> const& b) {
  std::array<setting, A + B> all{};
  for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
  return all;
}

/// The settings of an optimiser; none of one that does not tell them.
template <class Optimiser>
constexpr auto settings_of(Optimiser const& o) {
  if constexpr (requires { o.settings(); }) return o.settings();
  else return std::array<setting, 0>{};
}

}  // namespace detail
S2RM_NAMESPACE_END
