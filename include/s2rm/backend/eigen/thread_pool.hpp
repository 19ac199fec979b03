#pragma once
/// \file
/// A fixed set of workers. Work is cut into tasks whose number does not depend on the number of workers, and each
/// task is done by one worker: the result is the same to the last bit for any number of threads.
///
/// A step of a model starts hundreds of parallel regions of a few microseconds each. So workers spin for a while before
/// they sleep, nothing is locked, and every worker begins with its own share of the tasks (the same modules each time,
/// whose weights are in its cache) before it steals from others. A worker that is descheduled delays nobody: the others
/// run its share.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "s2rm/backend/eigen/memory.hpp"
#include "s2rm/core/config.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Tells the core that this is a spin loop.
inline void pause_thread() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
  __asm__ __volatile__("yield");
#endif
}

/// Spins until `done()` holds, then yields to other threads for a while; false where it still does not hold.
template <class Done>
inline bool look_for(Done const& done) {
  constexpr int looks = 4000, yields = 50;
  for (int i = 0; i < looks; ++i) {
    if (done()) return true;
    pause_thread();
  }
  for (int i = 0; i < yields; ++i) {
    if (done()) return true;
    std::this_thread::yield();
  }
  return done();
}

/// Runs `task(i)` or `task(i, worker)` for i < count on the calling thread (worker 0) and `threads - 1` workers. With
/// one thread none is spawned. One caller at a time.
class pool {
 public:
  /// \throws std::system_error where no more threads can be created; those created before have ended then.
  pool(int threads, std::size_t scratch_bytes)
      : shares_(std::make_unique<share[]>(static_cast<std::size_t>(threads))),
        scratch_(static_cast<index_t>(scratch_bytes) * threads),
        scratch_bytes_(static_cast<index_t>(scratch_bytes)),
        count_(threads) {
    workers_.reserve(static_cast<std::size_t>(threads - 1));
    ender unless_complete{this};
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
    unless_complete.of = nullptr;
  }
  ~pool() { end(); }
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;

  /// Memory of one worker for the time of a task, 64-byte aligned.
  [[nodiscard]] std::byte* scratch(int worker) { return scratch_.data() + worker * scratch_bytes_; }

  /// The tasks 0 .. count - 1: in parallel, or on the calling thread alone. Both go through one function, so that a task
  /// is compiled once and a call of `run` is a few instructions.
  template <class Task>
  void run(index_t count, Task const& task, bool parallel = true) {
    start(count, call<Task>, &task, parallel);
  }

 private:
  /// The tasks a worker begins with; others take from its front when they have none left.
  struct alignas(64) share {
    std::atomic<index_t> next{0};
    index_t end = 0;
  };

  /// Ends the workers of a pool whose constructor does not come to its end.
  struct ender {  // NOLINT(cppcoreguidelines-special-member-functions): an aggregate, never copied
    pool* of;
    ~ender() {
      if (of != nullptr) of->end();
    }
  };

  template <class Task>
  [[gnu::noinline]] static void call(void const* context, index_t i, int worker) {
    Task const& task = *static_cast<Task const*>(context);
    if constexpr (std::is_invocable_v<Task const&, index_t, int>) {
      task(i, worker);
    } else {
      task(i);
    }
  }

  [[gnu::noinline]] void start(index_t count, void (*one)(void const*, index_t, int), void const* context,
                               bool parallel) {
    if (!parallel || workers_.empty() || count < 2) {
      for (index_t i = 0; i < count; ++i) one(context, i, 0);
      return;
    }
    call_ = one;
    context_ = context;
    for (int w = 0; w < count_; ++w) {
      shares_[static_cast<std::size_t>(w)].next.store(count * w / count_, std::memory_order_relaxed);
      shares_[static_cast<std::size_t>(w)].end = count * (w + 1) / count_;
    }
    state_.store(open, std::memory_order_release);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    take(0);
    // All tasks are taken. Late workers find the round closed; workers inside are waited for.
    state_.fetch_and(~open, std::memory_order_acq_rel);
    while (!look_for([this] { return state_.load(std::memory_order_acquire) == 0; })) {
    }
  }

  void take(int worker) {
    for (int offset = 0; offset < count_; ++offset) {
      share& from = shares_[static_cast<std::size_t>((worker + offset) % count_)];
      while (from.next.load(std::memory_order_relaxed) < from.end) {
        index_t const i = from.next.fetch_add(1, std::memory_order_relaxed);
        if (i < from.end) call_(context_, i, worker);
      }
    }
  }

  void end() {
    stop_.store(true, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  void work(int worker) {
    std::uint32_t seen = 0;
    while (true) {
      auto const announced = [&] { return round_.load(std::memory_order_acquire) != seen; };
      while (!look_for(announced)) round_.wait(seen, std::memory_order_acquire);
      seen = round_.load(std::memory_order_acquire);
      if (stop_.load(std::memory_order_relaxed)) return;
      std::uint32_t now = state_.load(std::memory_order_acquire);
      while ((now & open) != 0) {
        if (!state_.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) continue;
        take(worker);
        state_.fetch_sub(1, std::memory_order_release);
        break;
      }
    }
  }

  static constexpr std::uint32_t open = std::uint32_t{1} << 31;

  std::vector<std::thread> workers_;
  std::unique_ptr<share[]> shares_;
  buffer<std::byte> scratch_;
  index_t scratch_bytes_;
  int count_;
  void (*call_)(void const*, index_t, int) = nullptr;
  void const* context_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> round_{0};
  alignas(64) std::atomic<std::uint32_t> state_{0};  ///< `open` while a round takes workers in; how many are inside
  std::atomic<bool> stop_{false};
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
