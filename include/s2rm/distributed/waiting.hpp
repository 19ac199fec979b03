#pragma once
/// \file
/// Barriers with a timeout that name the ranks that do not arrive.

#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "s2rm/distributed/world.hpp"

S2RM_NAMESPACE_BEGIN
namespace distributed {

/// Barrier of all ranks of a communicator. While a rank waits it answers the pings of others; after its timeout it
/// pings all, and names those that do not answer: they have died, are stopped, or still compute.
class meeting {
 public:
  using clock = std::chrono::steady_clock;

  /// `all` is not owned; pings and answers have a communicator of their own. `timeout` <= 0: no limit.
  meeting(MPI_Comm all, double timeout) : timeout_(timeout) {
    require_mpi(MPI_Comm_dup(all, &talk_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(talk_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(talk_, &rank_);
    MPI_Comm_size(talk_, &size_);
  }
  ~meeting() {
    // While an exception propagates, others may wait in the middle of a message: no collective is called any more.
    if (std::uncaught_exceptions() == 0) MPI_Comm_free(&talk_);
  }
  meeting(meeting const&) = delete;
  meeting& operator=(meeting const&) = delete;

  /// Returns when all ranks have arrived: called before a blocking collective, which then does not wait.
  void all_here(MPI_Comm all, char const* what) {
    MPI_Request request = MPI_REQUEST_NULL;
    require_mpi(MPI_Ibarrier(all, &request), what);
    wait(request, what);
  }
  /// Returns when a non-blocking collective is complete. \throws rank_error after `timeout` seconds
  void wait(MPI_Request request, char const* what) {
    ++number_;
    auto const begin = clock::now();
    auto listened = begin;
    for (index_t turn = 0;; ++turn) {
      int done = 0;
      require_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
      if (done != 0) return;
      if (turn < short_wait) continue;
      // The ranks waited for may need this core. A sleeping thread is scheduled again before those that compute.
      auto const now = clock::now();
      if (now - begin < std::chrono::milliseconds(1)) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
      if (now - listened < std::chrono::milliseconds(10)) continue;
      listened = now;
      listen(nullptr);
      if (timeout_ > 0 && now - begin > std::chrono::duration<double>(timeout_)) give_up(what);
    }
  }

 private:
  static constexpr index_t short_wait = 1000;
  static constexpr int question = 1, answer = 2;

  /// Answers pings; notes in `there` who answered.
  void listen(std::vector<bool>* there) {
    for (;;) {
      int any = 0;
      MPI_Status from{};
      if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, talk_, &any, &from) != MPI_SUCCESS || any == 0) return;
      std::int64_t number = 0;
      MPI_Recv(&number, 1, MPI_INT64_T, from.MPI_SOURCE, from.MPI_TAG, talk_, MPI_STATUS_IGNORE);
      if (from.MPI_TAG == question) {
        send(from.MPI_SOURCE, answer);
      } else if (there != nullptr) {
        (*there)[static_cast<std::size_t>(from.MPI_SOURCE)] = true;
      }
    }
  }
  void send(int to, int tag) {
    sent_.push_back(number_);
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(&sent_.back(), 1, MPI_INT64_T, to, tag, talk_, &request) == MPI_SUCCESS) MPI_Request_free(&request);
  }

  [[noreturn]] void give_up(char const* what) {
    std::vector<bool> there(static_cast<std::size_t>(size_), false);
    there[static_cast<std::size_t>(rank_)] = true;
    for (int other = 0; other < size_; ++other) {
      if (other != rank_) send(other, question);
    }
    // The others ping at about the same time and then wait for answers too.
    auto const until = clock::now() + std::chrono::seconds(2);
    while (clock::now() < until) {
      listen(&there);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::string missing;
    for (int other = 0; other < size_; ++other) {
      if (!there[static_cast<std::size_t>(other)]) missing += (missing.empty() ? "" : ", ") + std::to_string(other);
    }
    throw rank_error("s2rm: rank " + std::to_string(rank_) + " of " + std::to_string(size_) + ": " + what +
                     " (meeting " + std::to_string(number_) + "): waited " + std::to_string(timeout_) +
                     " s; no answer from rank " + (missing.empty() ? "(none: all answer now)" : missing) +
                     ": dead, stopped or still computing");
  }

  double timeout_;
  MPI_Comm talk_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  std::int64_t number_ = 0;
  std::list<std::int64_t> sent_;  ///< what MPI may still be sending; a handful, and only once something is wrong
};

}  // namespace distributed
S2RM_NAMESPACE_END
