#pragma once
/// \file
/// What a trainer does together with other ranks, through its communicator: sums over ranks, checks that ranks agree,
/// files that one rank reads and writes for all.

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/runtime/transfer.hpp"
#include "s2rm/train/communicator.hpp"
#include "s2rm/train/rank_sums.hpp"
#include "s2rm/train/report.hpp"

S2RM_NAMESPACE_BEGIN

/// One trainer's share in its group of ranks. Where it is not `active` (`communicator::none`) the trainer is alone: what it
/// calls nevertheless gives its own numbers back.
template <class Backend, index_t M, class Communicator>
class rank_group {
 public:
  static constexpr bool active = Communicator::active;
  /// Whether sums are made in the backend's memory, as a part of its work.
  static constexpr bool on_device = requires(Communicator const& c, Backend& be, float* x) { c.sum_on(be, 1, x); };
  /// Whether the host sums in the middle of a window's work, which therefore cannot be captured in a graph.
  static constexpr bool interrupts = active && !on_device;

  explicit rank_group(Communicator c) : communicator_(std::move(c)) {}
  [[nodiscard]] Communicator const& communicator() const { return communicator_; }

  /// Before a step: checks that ranks are at the same step and have batches that fit together, and, every `check_every`
  /// steps, that their weights are the same. \throws rank_error naming the rank that differs
  template <class Trainer, class Batch>
  void check_agreement(Trainer const& learner, Batch const& b, index_t microbatches, index_t window) const {
    communicator_.agree(std::array{
        communicator::fact{"steps trained so far", learner.steps()},
        communicator::fact{"time steps of the batch", b.time}, communicator::fact{"truncation.window", window},
        communicator::fact{"elements of a micro-batch", microbatches > 0 ? b.batch / microbatches : 0}});
    index_t const every = communicator_.check_every();
    if (every > 0 && learner.steps() % every == 0) compare_weights(learner);
  }

  /// x (n) in backend memory: the sum over ranks.
  template <class T>
  void sum(Backend& be, index_t n, T* x) {
    if constexpr (on_device) {
      communicator_.sum_on(be, n, x);
    } else {
      host_sum<T>()(be, n, x, [&](T* numbers) { communicator_.sum(n, numbers); });
    }
  }
  /// The sum of a number that the host has.
  [[nodiscard]] double sum_of(double x) const {
    if constexpr (active) communicator_.sum(1, &x);
    return x;
  }
  /// Sums of a window over ranks, and the number of modules that no view of any rank reaches. `summed`: all but the
  /// latter are totals already.
  void sum_window(Backend& be, pass_sums* sums, std::uint8_t const* alive, index_t parts, bool summed = false) {
    if constexpr (!active) {
      be.reduce(M, report::module_dead{alive, M, parts}, &sums->dead);
    } else {
      constexpr index_t own = joint_sums::numbers;
      if (joint_.size() == 0) joint_ = be.template allocate<double>(own + M);
      be.for_each(1 + M, detail::join_sums{sums, alive, M, parts, joint_.data()});
      sum(be, own + M, joint_.data());
      if (!summed) be.for_each(1, detail::separate_sums{joint_.data(), sums});
      be.reduce(M, detail::alive_nowhere{joint_.data() + own}, &sums->dead);
    }
  }
  /// Numbers of all ranks, in their order.
  template <class T>
  [[nodiscard]] std::vector<T> gather(std::vector<T> const& numbers) const {
    if constexpr (active) return communicator_.gather(numbers);
    else return numbers;
  }

  /// Calls f on the first rank alone; all throw where it throws.
  template <class F>
  void on_first(char const* what, F const& f) const {
    if constexpr (active) communicator_.on_first(what, f);
    else f();
  }
  /// The training state that f returns on the first rank, on every rank.
  template <class F>
  [[nodiscard]] auto from_first(char const* what, F const& f) const {
    decltype(f()) state;
    on_first(what, [&] { state = f(); });
    if constexpr (active) broadcast(state);
    return state;
  }

 private:
  template <class Trainer>
  void compare_weights(Trainer const& learner) const {
    using T = typename Trainer::scalar;
    auto const print = on_host(learner.backend(), Trainer::size, learner.parameters().values(), [](T const* weights) {
      return communicator::fingerprint(weights, static_cast<std::size_t>(Trainer::size) * sizeof(T));
    });
    communicator_.agree(std::array{communicator::fact{
        "fingerprint of the weights (were all trainers made alike, and do all machines have the same processor?)",
        static_cast<std::int64_t>(print)}});
  }
  template <class State>
  void broadcast(State& s) const {
    auto const all = [this](auto& numbers) {
      auto count = static_cast<std::int64_t>(numbers.size());
      communicator_.broadcast(&count, sizeof count);
      numbers.resize(static_cast<std::size_t>(count));
      communicator_.broadcast(numbers.data(), numbers.size() * sizeof numbers[0]);
    };
    all(s.weights), all(s.average), all(s.moments), all(s.carried), all(s.cursor);
    index_t counters[] = {s.steps, s.applied, s.skipped};
    communicator_.broadcast(counters, sizeof counters);
    s.steps = counters[0], s.applied = counters[1], s.skipped = counters[2];
  }

  template <class T>
  auto& host_sum() {
    if constexpr (std::is_same_v<T, double>) return sum_doubles_;
    else return sum_floats_;
  }

  Communicator communicator_;
  host_function<Backend, double> sum_doubles_;
  host_function<Backend, float> sum_floats_;
  decltype(std::declval<Backend&>().template allocate<double>(index_t{})) joint_;
};

S2RM_NAMESPACE_END
