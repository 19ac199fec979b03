#pragma once
/// \file
/// A fixed set of workers. Work is cut into tasks whose number does not depend on the number of workers, and each
/// task is done by one worker: the result is the same to the last bit for any number of threads.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "s2rm/core/config.hpp"

namespace s2rm::backend::detail {

/// Runs `task(i)` for i < count on the calling thread and `threads - 1` workers. With one thread none is spawned.
class pool {
 public:
  explicit pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }
  ~pool() {
    {
      std::lock_guard const lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  template <class Task>
  void run(index_t count, Task const& task) {
    if (workers_.empty() || count < 2) {
      for (index_t i = 0; i < count; ++i) task(i);
      return;
    }
    {
      std::lock_guard const lock(mutex_);
      call_ = [](void const* context, index_t i) { (*static_cast<Task const*>(context))(i); };
      context_ = &task;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      running_ = static_cast<int>(workers_.size());
      ++round_;
      announced_.store(round_, std::memory_order_release);
    }
    wake_.notify_all();
    take();
    // Every worker reports once a round, so that none can still hold this round's context when it ends.
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void take() {
    for (index_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) call_(context_, i);
  }

  void work() {
    std::uint64_t seen = 0;
    while (true) {
      // A step asks for work many times in a row: look for a moment before going to sleep.
      for (int spin = 0; spin < 2000 && announced_.load(std::memory_order_acquire) == seen; ++spin) {
      }
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stop_ || round_ != seen; });
        if (stop_) return;
        seen = round_;
      }
      take();
      {
        std::lock_guard const lock(mutex_);
        if (--running_ == 0) done_.notify_one();
      }
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  void (*call_)(void const*, index_t) = nullptr;
  void const* context_ = nullptr;
  index_t count_ = 0;
  std::atomic<index_t> next_{0};
  std::atomic<std::uint64_t> announced_{0};
  std::uint64_t round_ = 0;
  int running_ = 0;
  bool stop_ = false;
};

}  // namespace s2rm::backend::detail
