#pragma once
/// \file
/// MPI_Init to MPI_Finalize: one `world` in a program's main.

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "s2rm/distributed/launcher.hpp"
#include "s2rm/train/communicator.hpp"

#if !S2RM_EXCEPTIONS
#error "s2rm: several ranks need exceptions: compile without -fno-exceptions (docs/errors.md)"
#endif

S2RM_NAMESPACE_BEGIN
namespace distributed {

/// Throws `rank_error` where an MPI function failed.
inline void require_mpi(int status, char const* what) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw rank_error(std::string("s2rm: MPI: ") + what + ": " + text);
}

/// Whether a launcher (mpirun, mpiexec, srun) started this program, which is then to be one of its ranks.
inline bool launched() {
  if (independent_runs()) return false;
  if (launch_of_environment().ranks > 1) return true;
  for (char const* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS"}) {
    if (std::getenv(name) != nullptr) return true;  // NOLINT(concurrency-mt-unsafe): before any thread is there
  }
  return false;
}

/// Initialises and finalises MPI. A program that no launcher started is rank 0 of 1, and MPI is never called. Where a
/// launcher started several and MPI knows of one alone, `rank_error` is thrown: each would train by itself. One
/// object, constructed first in main and destroyed last; its destructor waits for all ranks. Where it is destroyed by
/// an uncaught exception, or after `fail`, it aborts the other ranks: they would wait for this one.
class world {
 public:
  world() : exceptions_(std::uncaught_exceptions()), many_(launched()) {
    if (!many_) return;
    int provided = MPI_THREAD_SINGLE;
    require_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    if (size_ == 1) refuse_singleton();
    MPI_Comm same_machine = MPI_COMM_NULL;
    require_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &same_machine),
                "MPI_Comm_split_type");
    MPI_Comm_size(same_machine, &here_);
    MPI_Comm_free(&same_machine);
    require_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &end_), "MPI_Comm_dup");
  }
  ~world() {
    if (!many_) return;
    if (std::uncaught_exceptions() > exceptions_) {
      abort("an exception");
    } else {
      wait_for_all();
      MPI_Finalize();
    }
  }
  world(world const&) = delete;
  world& operator=(world const&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int here() const { return here_; }  ///< ranks on this machine
  [[nodiscard]] bool first() const { return rank_ == 0; }

  /// Ends all ranks, where there are several, with a message that names this one; returns where it is alone.
  void fail(std::string const& what) const {
    if (many_) abort(what.c_str());
  }

 private:
  /// The launcher's ranks do not find each other: it is that of another MPI library, or srun without PMI.
  static void refuse_singleton() {
    if (launch_of_environment().ranks == 1) return;
    MPI_Finalize();
    require_alone(
        "MPI finds this one alone. Start it with the mpirun of the MPI library that it was built with; under Slurm "
        "with srun "
        "--mpi=pmix or --mpi=pmi2 (srun --mpi=list names those there are)");
  }

  void abort(char const* what) const {
    std::fprintf(stderr, "s2rm: rank %d of %d gives up and ends all: %s\n", rank_, size_, what);
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }

  /// Returns when every rank is at its end. Where another rank aborts, this one must not be within MPI_Finalize: there
  /// Open MPI 4.1's mpirun fails to end the job, or crashes, four times of ten on a busy machine
  /// (`distributed.leaves`).
  void wait_for_all() {
    MPI_Request request = MPI_REQUEST_NULL;
    int done = 0;
    if (MPI_Ibarrier(end_, &request) != MPI_SUCCESS) return;
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    MPI_Comm_free(&end_);
  }

  int exceptions_;
  bool many_;
  MPI_Comm end_ = MPI_COMM_NULL;  ///< used by the destructor alone
  int rank_ = 0, size_ = 1, here_ = 1;
};

}  // namespace distributed
S2RM_NAMESPACE_END
