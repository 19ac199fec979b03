#pragma once

#include <string>

#include "s2rm/train/communicator.hpp"
#ifdef S2RM_WITH_MPI
#include "s2rm/distributed.hpp"
#endif

namespace examples {

#ifdef S2RM_WITH_MPI
using team = s2rm::communicator::mpi;
#else
using team = s2rm::communicator::none;
#endif

/// The ranks of this program: one, unless mpirun started several and the program was built with MPI. Rank 0 writes files
/// and draws progress; the others train along.
namespace ranks {

/// Begins MPI where a launcher started the program: first thing in main. It ends with the program.
/// \throws s2rm::rank_error where the launcher's ranks do not know each other: the program was built without MPI, say.
void begin();
[[nodiscard]] int rank();
[[nodiscard]] int size();
[[nodiscard]] int here();  ///< on this machine
[[nodiscard]] inline bool first() { return rank() == 0; }
/// The slot of a trainer.
[[nodiscard]] team communicator();
/// Whether any rank says so. All ask in the same order.
[[nodiscard]] bool any(bool so);
/// Whether rank 0 says so.
[[nodiscard]] inline bool first_says(bool so) { return any(first() && so); }
/// f() on rank 0, and after it on the others: for files that the first to come makes.
template <class F>
auto first_before_others(F const& f) {
  if (!first()) static_cast<void>(any(false));
  auto made = f();
  if (first()) static_cast<void>(any(false));
  return made;
}
/// What --parts says of itself.
inline constexpr char const* about_parts =
    "sum the gradient over so many parts of a batch (1, 2, 4, ...): the same bits on 1 to so many ranks; 0: all at "
    "once";
/// Threads of this rank: as many as asked for, or its share of the machine's.
[[nodiscard]] int threads(int asked);
/// Throws std::runtime_error unless one rank is alone: for commands that are not for several.
void require_one(std::string const& command);
/// After an interruption, when everything is written: ends several ranks together and without MPI's farewell, which an mpirun
/// that is ending them does not answer. Returns where one rank is alone.
void leave(int status);
/// The end of a training, once its files are written: rank 0 says what came of it. Returns the exit status, or, of
/// several ranks that were interrupted, leaves with it.
[[nodiscard]] int end(bool interrupted, std::string const& summary);
/// After an error: ends the other ranks too, which would wait for this one.
void fail(std::string const& what);

}  // namespace ranks
}  // namespace examples
