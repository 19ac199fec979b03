#pragma once
/// \file
/// `communicator::mpi`: ranks of an MPI program train together.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "s2rm/distributed/waiting.hpp"
#include "s2rm/distributed/world.hpp"
#include "s2rm/math/finite.hpp"
#include "s2rm/train/communicator.hpp"

S2RM_NAMESPACE_BEGIN
namespace communicator {

struct mpi_options {
  double timeout = 600;  ///< seconds that a rank waits for the others before it gives up and names them; 0: for ever
  index_t check_every = 100;  ///< steps between two comparisons of the ranks' weights, the first before any; 0: never
};

/// All ranks of a `world`, which must outlive it; rank 0 of 1 where the world is alone. Copies share one communicator.
/// Every function that speaks to other ranks is called by all of them, in the same order.
class mpi {
 public:
  static constexpr bool active = true;

  mpi() = default;
  explicit mpi(distributed::world const& all, mpi_options const& options = {})
      : rank_(all.rank()), size_(all.size()), options_(options) {
    require_value(math::is_finite(options.timeout) && options.timeout >= 0,
                  "communicator::mpi: timeout: expected a finite number >= 0 (0: for ever)");
    require_value(options.check_every >= 0, "communicator::mpi: check_every: expected >= 0 (0: never)");
    if (size_ > 1) link_ = std::make_shared<link>(options.timeout);
  }

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] index_t check_every() const { return size_ > 1 ? options_.check_every : 0; }

  /// x (n): the sum over ranks, on each. One all-reduce; its order is MPI's.
  template <class T>
  void sum(index_t n, T* x) const {
    if (size_ == 1) return;
    if (n <= few) return sum_few(x, static_cast<int>(n), type<T>(), MPI_SUM, "sum");
    here("sum");
    for (index_t i = 0; i < n; i += max_count) {
      auto const count = static_cast<int>((std::min)(max_count, n - i));
      require_success(MPI_Allreduce(MPI_IN_PLACE, x + i, count, type<T>(), MPI_SUM, link_->all), "MPI_Allreduce");
    }
  }

  /// `nodes` (covering this rank's parts, n), see `tree_stack`, to their sum over all parts in the tree's order. Each
  /// rank adds up one slice of the numbers: what crosses the network is what an all-reduce moves where ranks hold one
  /// node each, as on 1, 2, 4, ... ranks. `to` may be `nodes`.
  template <class T>
  void tree_sum(index_t parts, index_t n, T const* nodes, T* to) const {
    if (size_ == 1) {
      if (to != nodes) std::copy_n(nodes, n, to);
      return;
    }
    auto const slice = [&](int rank) { return share_evenly(n, rank, size_); };
    auto const nodes_of = [&](int rank) { return tree_stack::covering(share_evenly(parts, rank, size_)); };
    auto const own = slice(rank_);
    index_t const depth = nodes_of(rank_).depth;
    auto& [send, send_at, take, take_at] = link_->counts;
    for (auto* const each : {&send, &send_at, &take, &take_at}) each->resize(static_cast<std::size_t>(size_));
    index_t out = 0, in = 0;
    for (int other = 0; other < size_; ++other) {
      auto const i = static_cast<std::size_t>(other);
      send_at[i] = count_of(out), take_at[i] = count_of(in);
      send[i] = count_of(depth * slice(other).count), take[i] = count_of(nodes_of(other).depth * own.count);
      out += send[i], in += take[i];
    }
    auto* const from = buffer<T>(link_->out, out);
    auto* const found = buffer<T>(link_->in, in);
    T* next = from;
    for (int other = 0; other < size_; ++other) {
      for (index_t node = 0; node < depth; ++node) {
        next = std::copy_n(nodes + node * n + slice(other).first, slice(other).count, next);
      }
    }
    here("tree_sum");
    require_success(MPI_Alltoallv(from, send.data(), send_at.data(), type<T>(), found, take.data(), take_at.data(),
                                  type<T>(), link_->all),
                    "MPI_Alltoallv");
    // Nodes that wait for their siblings move to the front of what arrived.
    tree_stack waiting;
    T const* arrived = found;
    for (int other = 0; other < size_; ++other) {
      auto const theirs = nodes_of(other);
      for (index_t node = 0; node < theirs.depth; ++node, arrived += own.count) {
        T* const place = found + waiting.depth * own.count;
        if (own.count > 0) std::memmove(place, arrived, static_cast<std::size_t>(own.count) * sizeof(T));
        waiting.push(theirs.nodes[static_cast<std::size_t>(node)], [&](index_t at) {
          T* const left = found + at * own.count;
          for (index_t i = 0; i < own.count; ++i) left[i] += left[own.count + i];
        });
      }
    }
    for (int other = 0; other < size_; ++other) {
      auto const i = static_cast<std::size_t>(other);
      take[i] = count_of(slice(other).count), take_at[i] = count_of(slice(other).first);
    }
    require_success(MPI_Allgatherv(found, take[static_cast<std::size_t>(rank_)], type<T>(), to, take.data(),
                                   take_at.data(), type<T>(), link_->all),
                    "MPI_Allgatherv");
  }

  /// \throws rank_error naming the first fact that some rank has otherwise than rank 0, and those ranks
  template <std::size_t N>
  void agree(std::array<fact, N> const& facts) const {
    if (size_ == 1) return;
    std::array<std::int64_t, 2 * N> ends{};  // greatest and, negated, least
    for (std::size_t i = 0; i < N; ++i) ends[2 * i] = facts[i].value, ends[2 * i + 1] = ~facts[i].value;
    sum_few(ends.data(), static_cast<int>(ends.size()), MPI_INT64_T, MPI_MAX, "agree");
    for (std::size_t i = 0; i < N; ++i) {
      if (ends[2 * i] != ~ends[2 * i + 1]) refuse(facts[i]);
    }
  }

  /// Logical or over ranks: a loop that one rank leaves is left by all.
  [[nodiscard]] bool any(bool here_so) const {
    double so = here_so ? 1 : 0;
    sum(1, &so);
    return so > 0;
  }

  template <class T>
  [[nodiscard]] std::vector<T> gather(std::vector<T> const& numbers) const {
    if (size_ == 1) return numbers;
    std::vector<int> counts(static_cast<std::size_t>(size_)), at(counts);
    int const own = count_of(static_cast<index_t>(numbers.size()));
    here("gather");
    require_success(MPI_Allgather(&own, 1, MPI_INT, counts.data(), 1, MPI_INT, link_->all), "MPI_Allgather");
    index_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) at[i] = count_of(total), total += counts[i];
    std::vector<T> all(static_cast<std::size_t>(total));
    require_success(
        MPI_Allgatherv(numbers.data(), own, type<T>(), all.data(), counts.data(), at.data(), type<T>(), link_->all),
        "MPI_Allgatherv");
    return all;
  }

  void broadcast(void* bytes, std::size_t n) const {
    if (size_ == 1) return;
    here("broadcast");
    auto* const from = static_cast<std::byte*>(bytes);
    auto const total = static_cast<index_t>(n);
    for (index_t i = 0; i < total; i += max_count) {
      require_success(MPI_Bcast(from + i, static_cast<int>((std::min)(max_count, total - i)), MPI_BYTE, 0, link_->all),
                      "MPI_Bcast");
    }
  }

  /// Rank 0 calls f; the others wait. Where f throws, all ranks do.
  template <class F>
  void on_first(char const* what, F const& f) const {
    if (size_ == 1) return f();
    std::string text;
    std::exception_ptr thrown;
    if (rank_ == 0) {
      try {
        f();
      } catch (std::exception const& e) {
        thrown = std::current_exception();
        text = std::string(e.what()).empty() ? "?" : e.what();
      }
    }
    auto length = static_cast<std::int64_t>(text.size());
    broadcast(&length, sizeof length);
    text.resize(static_cast<std::size_t>(length));
    broadcast(text.data(), text.size());
    if (thrown != nullptr) std::rethrow_exception(thrown);
    if (length > 0) throw error(std::string("s2rm: ") + what + ": rank 0: " + text);
  }

 private:
  /// Numbers of one message: MPI counts in int.
  static constexpr index_t max_count = index_t{1} << 28;
  static constexpr index_t few = 1024;

  struct link {
    explicit link(double timeout) {
      distributed::require_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &all), "MPI_Comm_dup");
      MPI_Comm_set_errhandler(all, MPI_ERRORS_RETURN);
      meet = std::make_unique<distributed::meeting>(all, timeout);
    }
    ~link() {
      meet.reset();
      if (std::uncaught_exceptions() == 0) MPI_Comm_free(&all);
    }
    link(link const&) = delete;
    link& operator=(link const&) = delete;
    MPI_Comm all = MPI_COMM_NULL;
    std::unique_ptr<distributed::meeting> meet;
    // Buffers of `tree_sum`, which runs in every step: allocated once.
    std::vector<std::byte> out, in;
    std::array<std::vector<int>, 4> counts;
  };

  template <class T>
  static MPI_Datatype type() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    return std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
  }
  template <class T>
  static T* buffer(std::vector<std::byte>& bytes, index_t n) {
    bytes.resize((std::max)(bytes.size(), static_cast<std::size_t>(n) * sizeof(T)));
    return reinterpret_cast<T*>(bytes.data());
  }
  static int count_of(index_t n) {
    require_value(n <= (std::numeric_limits<int>::max)(), "communicator::mpi: more numbers than one message can have");
    return static_cast<int>(n);
  }
  static void require_success(int status, char const* what) { distributed::require_mpi(status, what); }
  /// One exchange, which is a barrier too. For many numbers a blocking all-reduce is faster.
  void sum_few(void* x, int n, MPI_Datatype type, MPI_Op how, char const* what) const {
    MPI_Request request = MPI_REQUEST_NULL;
    require_success(MPI_Iallreduce(MPI_IN_PLACE, x, n, type, how, link_->all, &request), "MPI_Iallreduce");
    link_->meet->wait(request, what);
  }
  void here(char const* what) const { link_->meet->all_here(link_->all, what); }

  [[noreturn]] void refuse(fact const& one) const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(size_));
    require_success(MPI_Allgather(&one.value, 1, MPI_INT64_T, all.data(), 1, MPI_INT64_T, link_->all), "MPI_Allgather");
    std::string others;
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i] == all[0]) continue;
      others +=
          (others.empty() ? "" : ", ") + std::string("rank ") + std::to_string(i) + " has " + std::to_string(all[i]);
    }
    throw rank_error(std::string("s2rm: ranks differ: ") + one.name + ": expected rank 0's " + std::to_string(all[0]) +
                     ", " + others);
  }

  int rank_ = 0, size_ = 1;
  mpi_options options_{};
  std::shared_ptr<link> link_;
};

static_assert(policy<mpi>);

}  // namespace communicator
S2RM_NAMESPACE_END
