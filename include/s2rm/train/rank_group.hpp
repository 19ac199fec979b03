#pragma once
/// \file
/// A trainer's side of its communicator: what it sums, when ranks are compared, and whose file it is. With
/// `communicator::none` nothing of it is left.

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/runtime/staging.hpp"
#include "s2rm/train/communicator.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/update.hpp"

namespace s2rm {

/// What a file format sees in place of a trainer that saves: its state with what all ranks carry.
template <class Trainer>
struct gathered_trainer {
  using net = typename Trainer::net;
  using scalar = typename Trainer::scalar;
  Trainer const& of;
  typename Trainer::training_state gathered;
  [[nodiscard]] auto state() const { return gathered; }
  [[nodiscard]] auto settings() const { return of.settings(); }
};

/// And in place of one that loads: what it is to become, before all ranks do.
template <class Trainer>
struct loaded_trainer {
  using net = typename Trainer::net;
  using scalar = typename Trainer::scalar;
  using optimiser_type = typename Trainer::optimiser_type;
  static constexpr index_t size = Trainer::size;
  Trainer const& of;
  typename Trainer::training_state loaded;
  [[nodiscard]] auto settings() const { return of.settings(); }
  [[nodiscard]] auto state() const { return loaded; }
  void restore(typename Trainer::training_state const& s) { loaded = s; }
  void assign(scalar const* weights) {
    std::size_t const moments = loaded.moments.size();
    loaded = {.weights = {weights, weights + Trainer::size},
              .average = {weights, weights + Trainer::size},
              .moments = std::vector<scalar>(moments)};
  }
};

template <class Backend, index_t M, class Communicator>
class team {
 public:
  static constexpr bool active = Communicator::active;
  /// Whether sums are made in the backend's memory, as a part of its work.
  static constexpr bool on_device = requires(Communicator const& c, Backend& be, float* x) { c.sum_on(be, 1, x); };
  /// Whether a window's work stops for the host in between, so that it cannot be recorded.
  static constexpr bool interrupts = active && !on_device && !ops::host_memory<Backend>;

  explicit team(Communicator c) : communicator_(std::move(c)) {}
  [[nodiscard]] Communicator const& communicator() const { return communicator_; }

  /// Before a step: ranks are at the same step and bring batches that fit together; now and then, their weights are the
  /// same. \throws rank_error that says which rank is not
  template <class Trainer, class Batch>
  void meet(Trainer const& learner, Batch const& b, index_t parts, index_t window) const {
    if constexpr (active) {
      index_t const part = parts > 0 ? b.batch / parts : 0;
      communicator_.agree(std::array{communicator::fact{"steps trained so far", learner.steps()},
                                     communicator::fact{"time steps of the batch", b.time},
                                     communicator::fact{"truncation.window", window},
                                     communicator::fact{"elements of a part of the batch", part}});
      index_t const every = communicator_.check_every();
      if (every > 0 && learner.steps() % every == 0) compare(learner);
    }
  }

  /// x (n) in backend memory: the sum over ranks.
  template <class T>
  void sum(Backend& be, index_t n, T* x) {
    if constexpr (!active) {
      return;
    } else if constexpr (on_device) {
      communicator_.sum_on(be, n, x);
    } else if constexpr (ops::host_memory<Backend>) {
      communicator_.sum(n, x);
    } else {
      auto const bytes = n * static_cast<index_t>(sizeof(T));
      host_.resize(be, bytes);
      auto* const numbers = reinterpret_cast<T*>(host_.data());
      be.copy_out(n, x, numbers);
      communicator_.sum(n, numbers);
      be.copy_in(n, numbers, x);
    }
  }
  /// A number on the host.
  [[nodiscard]] double sum_of(double x) const {
    if constexpr (active) communicator_.sum(1, &x);
    return x;
  }
  /// A window's figures, and in how many modules no view of any rank arrived. `summed`: all but the latter are there.
  void sum_figures(Backend& be, double* figures, std::uint8_t const* alive, index_t parts, bool summed = false) {
    if constexpr (!active) {
      be.reduce(M, report::module_dead{alive, M, parts}, figures + figure::dead);
    } else {
      constexpr index_t own = detail::summed_figures;
      if (joint_.size() == 0) joint_ = be.template allocate<double>(own + M);
      be.for_each(own + M, detail::join_figures{figures, alive, M, parts, joint_.data()});
      sum(be, own + M, joint_.data());
      if (!summed) be.for_each(own, detail::separate_figures{joint_.data(), figures});
      be.reduce(M, detail::alive_nowhere{joint_.data() + own}, figures + figure::dead);
    }
  }
  /// Numbers of all ranks, in their order.
  template <class T>
  [[nodiscard]] std::vector<T> gather(std::vector<T> const& numbers) const {
    if constexpr (active) return communicator_.gather(numbers);
    else return numbers;
  }

  template <class Format, class Trainer, class... More>
  void save(Trainer const& learner, std::filesystem::path const& path, More const&... more) const {
    if constexpr (active) {
      gathered_trainer<Trainer> const all{learner, learner.state()};
      communicator_.on_first("save", [&] { Format::save(all, path, more...); });
    } else {
      Format::save(learner, path, more...);
    }
  }
  template <class Format, class Trainer>
  void load(Trainer& learner, std::filesystem::path const& path) const {
    take(learner, "load", [&](auto& one) { Format::load(one, path); });
  }
  template <class Format, class Trainer>
  void resume(Trainer& learner, std::filesystem::path const& path) const {
    take(learner, "resume", [&](auto& one) { Format::resume(one, path); });
  }

 private:
  /// f(a trainer) on the first rank; all take what it became.
  template <class Trainer, class F>
  void take(Trainer& learner, char const* what, F const& f) const {
    if constexpr (active) {
      loaded_trainer<Trainer> one{learner, learner.state()};
      communicator_.on_first(what, [&] { f(one); });
      broadcast(one.loaded);
      learner.restore(one.loaded);
    } else {
      f(learner);
    }
  }
  template <class Trainer>
  void compare(Trainer const& learner) const {
    using T = typename Trainer::scalar;
    T const* weights = learner.parameters().values();
    std::vector<T> copied;
    if constexpr (!ops::host_memory<Backend>) {
      copied.resize(static_cast<std::size_t>(Trainer::size));
      learner.backend().copy_out(Trainer::size, weights, copied.data());
      weights = copied.data();
    }
    auto const print = communicator::fingerprint(weights, static_cast<std::size_t>(Trainer::size) * sizeof(T));
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

  Communicator communicator_;
  host_block<Backend, std::byte> host_;  ///< sums of a backend with memory of its own pass through here
  decltype(std::declval<Backend&>().template allocate<double>(index_t{})) joint_;
};

}  // namespace s2rm
