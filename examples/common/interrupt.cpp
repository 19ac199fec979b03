#include "interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>

namespace examples {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");
std::atomic<bool> flag{false};
// SIGUSR1 is what mpirun passes on without ending the ranks itself, and what a batch system can be told to send.
constexpr std::array<int, 3> handled{SIGINT, SIGTERM, SIGUSR1};

extern "C" void on_signal(int number) {
  flag.store(true);
  std::signal(number, SIG_DFL);  // the second Ctrl-C must work even where the loop never asks
}

}  // namespace

interrupt::interrupt() {
  clear();
  for (int const number : handled) std::signal(number, on_signal);
}

interrupt::~interrupt() {
  for (int const number : handled) std::signal(number, SIG_DFL);
}

bool interrupt::requested() noexcept { return flag.load(); }

void interrupt::clear() noexcept { flag.store(false); }

}  // namespace examples
