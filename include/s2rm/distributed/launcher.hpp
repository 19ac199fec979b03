#pragma once
/// \file
/// What a launcher (mpirun, mpiexec, srun) says of the ranks it started, for programs with and without MPI. A program
/// that is one of several ranks and does not know it does the whole work, and writes the same files as the others.

#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "s2rm/train/communicator.hpp"

S2RM_NAMESPACE_BEGIN
namespace distributed {

/// How many ranks a launcher started, and the variable of the environment that says so.
struct launch {
  std::string_view variable;  ///< empty: no launcher
  int ranks = 1;
};

namespace detail {

/// The positive number that a variable of the environment holds; 0 where it holds none.
inline int environment_number(char const* name) {
  char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread is there
  std::string_view const text = value == nullptr ? "" : value;
  int number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

}  // namespace detail

/// Whether the user says that each process is a run of its own, with files of its own: S2RM_INDEPENDENT_RUNS=1.
inline bool independent_runs() { return detail::environment_number("S2RM_INDEPENDENT_RUNS") > 0; }

/// What the environment says. The launcher of an MPI library is asked before Slurm, within whose step it may run; of Slurm
/// only the step counts that srun started: SLURM_NTASKS, the size of the allocation, is set in the batch script and in an
/// interactive shell as well, where one process runs.
inline launch launch_of_environment() {
  constexpr std::array<char const*, 8> variables{
      "OMPI_COMM_WORLD_SIZE",  // Open MPI 4 and 5
      "PMI_SIZE",              // MPICH, Intel MPI, MS-MPI; srun --mpi=pmi2
      "MV2_COMM_WORLD_SIZE",   // MVAPICH2
      "MVP_COMM_WORLD_SIZE",   // MVAPICH 3 and 4
      "JSM_NAMESPACE_SIZE",    // jsrun
      "FLUX_JOB_SIZE",         // Flux
      "MPI_LOCALNRANKS",       // Hydra: those of this machine
      "SLURM_STEP_NUM_TASKS",  // srun
  };
  for (char const* const name : variables) {
    if (int const ranks = detail::environment_number(name); ranks > 0) return {name, ranks};
  }
  return {};
}

/// \throws rank_error where a launcher started several ranks, and this program is to be alone for the reason given, unless
/// runs are independent.
inline void require_alone(std::string const& why) {
  auto const found = launch_of_environment();
  if (found.ranks == 1 || independent_runs()) return;
  auto const ranks = std::to_string(found.ranks);
  throw_error<rank_error>("s2rm: expected one process, found " + ranks + " started together (" +
                          std::string(found.variable) + "=" + ranks +
                          "), of which each would do the whole work and write the same files: " + why + ". For " +
                          ranks + " independent runs, each with files of its own, set S2RM_INDEPENDENT_RUNS=1");
}

/// The same for a program that was built without MPI.
inline void require_alone() {
  require_alone(
      "this program was built without MPI; build it with MPI (-DS2RM_MPI=ON), or start it without the launcher");
}

}  // namespace distributed
S2RM_NAMESPACE_END
