#pragma once
// What reading a file costs: the bytes that `new` gives, counted by operators that replace the program's own (include this
// in one file of a program), and the time that the thread has of a core.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>

namespace s2rm::test {
namespace memory {

inline std::atomic<long> live{0}, peak{0};  ///< bytes that are allocated now, and the most there were
inline constexpr std::size_t front = 64;    ///< the size of a block stands in front of it

inline void* counted(std::size_t size) {
  auto const room = (size + 2 * front - 1) / front * front;
  auto* const block = static_cast<char*>(std::aligned_alloc(front, room));
  if (block == nullptr) throw std::bad_alloc();
  *reinterpret_cast<std::size_t*>(block) = size;
  auto const now = live += static_cast<long>(size);
  for (auto most = peak.load(); most < now && !peak.compare_exchange_weak(most, now);) {
  }
  return block + front;
}
inline void released(void* p) noexcept {
  if (p == nullptr) return;
  auto* const block = static_cast<char*>(p) - front;
  live -= static_cast<long>(*reinterpret_cast<std::size_t*>(block));
  std::free(block);
}

}  // namespace memory

/// Time that this thread has had of a core: what else the machine does is none of it.
inline double thread_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

/// Optimised code keeps the bar; sanitizers and unoptimised code are given fifty times as long.
constexpr double allowed_milliseconds(double bar) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
  return 50 * bar;
#else
  return bar;
#endif
}

struct cost {
  bool refused = true;        ///< every time
  long bytes = 0, kept = 0;   ///< at most at a time, and afterwards
  double milliseconds = 1e9;  ///< of the fastest
};

/// Calls `read` three times, once where the bar on time is wide; it is to throw an `Error`.
template <class Error, class Read>
cost cost_of_refusal(Read const& read) {
  cost all;
  int const attempts = allowed_milliseconds(1) > 1 ? 1 : 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto const before = memory::live.load();
    memory::peak = before;
    auto const begin = thread_milliseconds();
    bool refused = false;
    try {
      read();
    } catch (Error const&) {
      refused = true;
    }
    all.milliseconds = std::min(all.milliseconds, thread_milliseconds() - begin);
    all.bytes = std::max(all.bytes, memory::peak - before);
    all.kept = std::max(all.kept, memory::live - before);
    all.refused = all.refused && refused;
  }
  return all;
}

/// first + item(0) + item(1) + ... + last, of about `size` bytes.
template <class Item>
std::string many(std::string const& first, Item const& item, std::string const& last, std::size_t size) {
  std::string text = first;
  for (int i = 0; text.size() + last.size() + 200 < size; ++i) text += item(i);
  return text + last;
}

}  // namespace s2rm::test

void* operator new(std::size_t size) { return s2rm::test::memory::counted(size); }
void* operator new[](std::size_t size) { return s2rm::test::memory::counted(size); }
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return s2rm::test::memory::counted(size); }
void* operator new[](std::size_t size, std::nothrow_t const&) noexcept { return s2rm::test::memory::counted(size); }
void operator delete(void* p) noexcept { s2rm::test::memory::released(p); }
void operator delete[](void* p) noexcept { s2rm::test::memory::released(p); }
void operator delete(void* p, std::size_t) noexcept { s2rm::test::memory::released(p); }
void operator delete[](void* p, std::size_t) noexcept { s2rm::test::memory::released(p); }
void operator delete(void* p, std::nothrow_t const&) noexcept { s2rm::test::memory::released(p); }
void operator delete[](void* p, std::nothrow_t const&) noexcept { s2rm::test::memory::released(p); }
