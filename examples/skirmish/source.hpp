#pragma once
/// \file
/// Where the battles that models are trained and tested with come from: played as they are asked for, or recorded.

#include <memory>

#include "generate.hpp"

namespace skirmish {

/// Battles for training, validation and test have nothing in common.
enum class split : std::uint32_t { train = 1, validation = 2, test = 3 };

/// One battle: states begin .. begin + length - 1 of a recording.
struct episode {
  std::shared_ptr<recording const> of;
  index_t number = 0;  ///< of its source
  index_t begin = 0, length = 0;

  [[nodiscard]] index_t steps() const { return length - 1; }
};

/// Battles by number.
class source {
 public:
  /// Battles of a scenario. The same (scenario, share of random actions, seed, part, run, number) is the same battle to
  /// the bit; `run` is the seed of a training run, so that no two runs see one battle (0 where all share them).
  static source played(scenario const& of, int random_in_1000, std::uint64_t seed, split part, std::int64_t run = 0);

  /// Battles of a recording: of every ten one is for validation and one for test. Numbers go round.
  /// \throws s2rm::value_error where there are fewer than ten.
  static source recorded(std::shared_ptr<recording const> of, split part);

  [[nodiscard]] episode get(index_t number) const;
  /// How many there are; a source that plays has no end.
  [[nodiscard]] index_t count() const { return count_; }
  /// Seed of what else is random about these battles: where one looks, who is taken away.
  [[nodiscard]] std::uint64_t seed() const { return with_.seed; }

 private:
  scenario const* of_ = nullptr;
  generate_options with_;
  std::shared_ptr<recording const> recorded_;
  std::vector<index_t> begin_;  ///< of each recorded episode
  split part_ = split::train;
  index_t count_ = std::numeric_limits<std::uint32_t>::max();
};

}  // namespace skirmish
