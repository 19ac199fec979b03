#include "ranks.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "interrupt.hpp"
#include "s2rm/distributed/launcher.hpp"

namespace examples::ranks {
namespace {

#ifdef S2RM_WITH_MPI
s2rm::distributed::world const& all() {
  static s2rm::distributed::world const one;
  return one;
}
#endif

}  // namespace

#ifdef S2RM_WITH_MPI
void begin() { static_cast<void>(all()); }
int rank() { return all().rank(); }
int size() { return all().size(); }
int here() { return all().here(); }
void fail(std::string const& what) { all().fail(what); }
team communicator() {
  static team const one{all()};
  return one;
}
bool any(bool so) { return communicator().any(so); }
#else
void begin() { s2rm::distributed::require_alone(); }
int rank() { return 0; }
int size() { return 1; }
int here() { return 1; }
void fail(std::string const& /*what*/) {}
team communicator() { return {}; }
bool any(bool so) { return so; }
#endif

int threads(int asked) {
  auto const cores = static_cast<int>(std::thread::hardware_concurrency());
  return asked > 0 ? asked : std::max(1, cores / here());
}

void leave(int status) {
  if (size() == 1) return;
  static_cast<void>(any(false));  // rank 0 may still be writing
  std::fflush(nullptr);
  std::_Exit(status);
}

int end(bool interrupted, std::string const& summary) {
  if (first()) std::fprintf(stderr, "%s\n", summary.c_str());
  auto const status = interrupted ? interrupt::exit_status : 0;
  if (interrupted) leave(status);
  return status;
}

void require_one(std::string const& command) {
  if (size() > 1) throw std::runtime_error{command + ": runs on one rank; train is what several can do together"};
}

}  // namespace examples::ranks
