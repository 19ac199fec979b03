#pragma once
/// \file
/// A fake device: a system of `backend::thrust_on` whose memory the host cannot touch. Its pages are inaccessible except while
/// work runs; a functor that holds an address of the host is refused before it runs; a graph holds every argument as it was
/// at capture. It is as late as a device may be: no work is done before the host waits, and copies from and to memory of
/// `allocate_host` read and write it then.

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/thrust.hpp"

namespace s2rm::test {

struct separate_memory {
  static constexpr bool host_memory = false;
  static constexpr ops::chunk_rows chunks{.encode = 7, .read_out = 5};  // several to a batch
  static constexpr std::size_t room = std::size_t{1} << 30, page = 4096;

  struct graph {
    std::vector<std::function<void()>> work;
  };

  struct context {
    static constexpr index_t sum_blocks = 64;
    static constexpr std::size_t scratch_bytes = std::size_t{1} << 20;
    std::byte* base;
    std::size_t used = 0;
    double* partial;
    void* scratch;
    index_t allocations = 0, launched = 0, asked = 0, copied_in = 0;  // the last: by copy_in_later
    index_t waits = 0, held = 0;   ///< how often the host blocked: for all work; for an event that was not completed
    index_t queued = 0, done = 0;  ///< pieces of work since the beginning
    graph* to = nullptr;
    std::vector<std::function<void()>> queue;
    std::vector<std::pair<std::byte const*, std::size_t>> pinned;
    backend::detail::thread_order order = backend::detail::thread_order::ascending;
    std::size_t room_of_blocks = backend::detail::max_shared_bytes;  ///< what `shared_room` says

    context()
        : base(static_cast<std::byte*>(
              ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
      if (static_cast<void*>(base) == MAP_FAILED) throw std::runtime_error("separate memory: mmap");
      partial = static_cast<double*>(take(sum_blocks * sizeof(double)));
      scratch = take(scratch_bytes);
    }
    context(context const&) = delete;
    context& operator=(context const&) = delete;
    ~context() { ::munmap(base, room); }

    void* take(std::size_t bytes) {
      std::size_t const at = (used + 63) / 64 * 64;
      used = at + bytes;
      if (used > room) throw std::bad_alloc();
      return base + at;
    }
    [[nodiscard]] std::size_t shared_room() const { return room_of_blocks; }
    template <class Kernel>
    void expect_room() const {
      if (Kernel::shared_bytes > room_of_blocks) throw std::logic_error("separate memory: a block lacks shared memory");
    }
    [[nodiscard]] bool holds(void const* p) const {
      auto const* const b = static_cast<std::byte const*>(p);
      return b >= base && b < base + room;
    }
    void open(bool yes) const {
      std::size_t const bytes = (used + page - 1) / page * page;
      if (::mprotect(base, bytes, yes ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) throw std::runtime_error("mprotect");
    }
    /// Done when the host waits; captured, when the graph is launched and the host waits for that.
    template <class F>
    void work(F const& f) {
      ++asked;
      if (to != nullptr) {
        to->work.emplace_back(f);
      } else {
        enqueue(f);
      }
    }
    template <class F>
    void enqueue(F const& f) {
      ++queued;
      queue.emplace_back(f);
    }
    void finish() { finish(queued); }
    /// Does the first `last` pieces of work.
    void finish(index_t last) {
      if (last <= done) return;
      auto const end = queue.begin() + (last - done);
      open(true);
      std::for_each(queue.begin(), end, [](auto const& f) { f(); });
      open(false);
      queue.erase(queue.begin(), end);
      done = last;
    }
    /// Whether the host gave memory that copies look at when they are done.
    [[nodiscard]] bool is_pinned(void const* p) const {
      auto const* const b = static_cast<std::byte const*>(p);
      return std::any_of(pinned.begin(), pinned.end(),
                         [b](auto const& range) { return b >= range.first && b < range.first + range.second; });
    }
    void expect_own(void const* p, char const* what) const {
      if (!holds(p))
        throw std::logic_error(std::string("separate memory: ") + what + " is not an address of the device");
    }
    void expect_host(void const* p, char const* what) const {
      if (holds(p)) throw std::logic_error(std::string("separate memory: ") + what + " is an address of the device");
    }
    /// Refuses functors that hold addresses of the host's memory.
    template <class F>
    void look_through([[maybe_unused]] F f) const {
      static_assert(std::is_trivially_copyable_v<F>, "what a device runs is copied byte by byte");
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
      __builtin_clear_padding(&f);
      for (std::size_t at = 0; at + sizeof(std::uint64_t) <= sizeof f; at += alignof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, reinterpret_cast<std::byte const*>(&f) + at, sizeof word);
        if (word < (std::uint64_t{1} << 32) || word >= (std::uint64_t{1} << 47)) continue;
        void* const p = reinterpret_cast<void*>(word / page * page);
        if (holds(p)) continue;
        if (::msync(p, 1, MS_ASYNC) == 0 || errno != ENOMEM) {
          throw std::logic_error("separate memory: a functor holds an address of the host");
        }
      }
#endif
#endif
    }
  };

  static void* allocate(context& c, std::size_t bytes) {
    if (c.to != nullptr) throw std::logic_error("separate memory: allocation while capturing");
    ++c.allocations;
    void* const p = c.take(bytes);
    c.work([p, bytes] { std::memset(p, 0xFF, bytes); });  // every number NaN
    return p;
  }
  static void release(context&, void*) {}
  static void copy(context& c, std::size_t bytes, void const* from, void* to) {
    c.expect_own(from, "source of a copy");
    c.expect_own(to, "target of a copy");
    c.work([=] { std::memcpy(to, from, bytes); });
  }
  static void copy_in(context& c, std::size_t bytes, void const* from, void* to) {
    c.expect_host(from, "source of copy_in");
    c.expect_own(to, "target of copy_in");
    std::vector<std::byte> const now(static_cast<std::byte const*>(from), static_cast<std::byte const*>(from) + bytes);
    c.work([now, to] { std::memcpy(to, now.data(), now.size()); });
    if (c.to == nullptr) wait(c);
  }
  static void copy_in_later(context& c, std::size_t bytes, void const* from, void* to) {
    if (!c.is_pinned(from)) throw std::logic_error("separate memory: copy_in_later from memory that is not pinned");
    c.expect_own(to, "target of copy_in_later");
    ++c.copied_in;
    c.work([=] { std::memcpy(to, from, bytes); });
  }
  static void copy_out(context& c, std::size_t bytes, void const* from, void* to) {
    c.expect_own(from, "source of copy_out");
    c.expect_host(to, "target of copy_out");
    c.work([=] { std::memcpy(to, from, bytes); });
    if (c.to == nullptr) wait(c);
  }
  static void copy_out_later(context& c, std::size_t bytes, void const* from, void* to) {
    c.expect_own(from, "source of copy_out_later");
    if (!c.is_pinned(to)) throw std::logic_error("separate memory: copy_out_later to memory that is not pinned");
    c.work([=] { std::memcpy(to, from, bytes); });
  }
  static void wait(context& c) {
    if (c.to != nullptr) throw std::logic_error("separate memory: wait while capturing");
    ++c.waits;
    c.finish();
  }
  using event = index_t;
  static void record_event(context& c, event& m) {
    if (c.to != nullptr) throw std::logic_error("separate memory: event while capturing");
    m = c.queued;
  }
  static void wait(context& c, event const& m) {
    if (!completed(c, m)) ++c.held;
    c.finish(m);
  }
  static bool completed(context& c, event const& m) { return m <= c.done; }
  static void* allocate_host(context& c, std::size_t bytes) {
    auto* const p = static_cast<std::byte*>(::operator new(bytes));
    c.pinned.emplace_back(p, bytes);
    return p;
  }
  static void release_host(context& c, void* p) {
    c.finish();
    std::erase_if(c.pinned, [p](auto const& range) { return range.first == p; });
    ::operator delete(p);
  }

  template <class F>
  static void each(context& c, index_t n, F const& f) {
    c.look_through(f);
    c.work([n, f] {
      for (index_t i = 0; i < n; ++i) f(i);
    });
  }
  template <class Kernel>
  static void blocks(context& c, index_t count, Kernel const& k) {
    c.look_through(k);
    c.template expect_room<Kernel>();
    c.work([count, k, order = c.order] {
      alignas(64) std::byte shared[Kernel::shared_bytes];
      for (index_t i = 0; i < count; ++i) {
        std::memset(shared, 0xFF, sizeof shared);
        k(backend::detail::host_block<Kernel::threads>{i, shared, order});
      }
    });
  }

  template <class Kernel>
  static index_t resident(context&) {
    return 132;
  }
  template <class Kernel>
  static void grid(context& c, index_t count, Kernel const& k) {
    c.look_through(k);
    c.template expect_room<Kernel>();
    c.work([count, k, order = c.order] {
      backend::detail::grid_memory shared;
      backend::detail::run_on_host_grid(k, count, shared, order, [](index_t n, auto const& f) {
        for (index_t i = 0; i < n; ++i) f(i);
      });
    });
  }

  template <class F>
  static void capture(context& c, graph& r, F const& f) {
    c.to = &r;
    f();
    c.to = nullptr;
  }
  static void launch(context& c, graph& r) {
    ++c.launched;
    for (auto const& one : r.work) c.enqueue(one);
  }
};

/// The backend that the host cannot look into.
using separate = backend::thrust_on<separate_memory>;

}  // namespace s2rm::test
