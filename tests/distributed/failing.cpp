// A program one of whose ranks fails: `failing <how>`. tests/distributed/failing.cmake says how the others must end.
#include <csignal>
#include <cstdio>
#include <cstring>

#include "s2rm/distributed.hpp"

namespace {

int run(s2rm::distributed::world const& all, char const* how) {
  try {
    // Ranks that are well are waited for, however slow the machine; those that fail are missed after seconds.
    s2rm::communicator::mpi const team{all, {.timeout = std::strcmp(how, "well") == 0 ? 60.0 : 4.0}};
    for (int step = 0; step < 3; ++step) {
      if (step == 2 && all.rank() == 1) {
        if (std::strcmp(how, "killed") == 0) std::raise(SIGKILL);
        if (std::strcmp(how, "stopped") == 0) std::raise(SIGSTOP);
        if (std::strcmp(how, "throws") == 0) throw s2rm::value_error("a reason of its own");
        if (std::strcmp(how, "leaves") == 0) return 0;
      }
      double one = 1;
      team.sum(1, &one);
      if (one != all.size()) return 3;
    }
    if (all.first()) std::printf("all %d ranks are through\n", all.size());
  } catch (std::exception const& e) {
    all.fail(e.what());
    return 4;
  }
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    s2rm::distributed::world const all;
    return run(all, argc > 1 ? argv[1] : "");
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 4;
  }
}
