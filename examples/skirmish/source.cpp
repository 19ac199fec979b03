#include "source.hpp"

#include <string>

#include "s2rm/core/errors.hpp"

namespace skirmish {
namespace {

constexpr index_t parts = 10;  ///< episodes 0 of ten: validation, 1: test, the others: training

index_t recorded_number(split part, index_t i) {
  if (part == split::validation) return i * parts;
  if (part == split::test) return i * parts + 1;
  return i / (parts - 2) * parts + 2 + i % (parts - 2);
}

}  // namespace

source source::played(scenario const& of, int random_in_1000, std::uint64_t seed, split part, std::int64_t run) {
  source made;
  made.of_ = &of;
  made.part_ = part;
  // One number for what tells battles apart; runs are numbered below 2^24.
  made.with_.seed = (seed << 32U) + (static_cast<std::uint64_t>(part) << 24U) + static_cast<std::uint64_t>(run);
  made.with_.random_in_1000 = random_in_1000;
  return made;
}

source source::recorded(std::shared_ptr<recording const> of, split part) {
  s2rm::require_value(of->episodes() >= parts, "a recording to train with: expected at least " + std::to_string(parts) +
                                                   " episodes, found " + std::to_string(of->episodes()));
  source made;
  made.part_ = part;
  made.with_.seed = static_cast<std::uint64_t>(part) << 24U;
  index_t begin = 0;
  for (auto const length : of->episode_length) {
    made.begin_.push_back(begin);
    begin += length;
  }
  made.count_ = 0;
  while (recorded_number(part, made.count_) < of->episodes()) ++made.count_;
  made.recorded_ = std::move(of);
  return made;
}

episode source::get(index_t number) const {
  if (recorded_ == nullptr) {
    auto made = std::make_shared<recording const>(play(*of_, with_, number));
    auto const length = made->states();
    return {std::move(made), number, 0, length};
  }
  auto const at = static_cast<std::size_t>(recorded_number(part_, number % count_));
  return {recorded_, number, begin_[at], recorded_->episode_length(at)};
}

}  // namespace skirmish
