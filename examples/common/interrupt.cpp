#include "interrupt.hpp"

#include <atomic>
#include <csignal>

namespace examples {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");
std::atomic<bool> flag{false};

extern "C" void on_signal(int number) {
  flag.store(true);
  std::signal(number, SIG_DFL);  // the second Ctrl-C must work even where the loop never asks
}

}  // namespace

interrupt::interrupt() {
  clear();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

interrupt::~interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupt::requested() noexcept { return flag.load(); }

void interrupt::clear() noexcept { flag.store(false); }

}  // namespace examples
