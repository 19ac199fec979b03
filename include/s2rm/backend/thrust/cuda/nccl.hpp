#pragma once
/// \file
/// `communicator::nccl`: GPUs that train together, one for each rank. Gradients are summed in device memory by NCCL, on
/// the backend's stream, so that a whole training step is still one captured graph.
///
/// Compiled in the tests, but has run on no GPU yet. Include it beside s2rm/thrust.hpp and s2rm/distributed.hpp, in a
/// .cu file; link s2rm::nccl.

#include <cuda_runtime.h>
#include <nccl.h>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "s2rm/backend/thrust/cuda/cuda.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {
inline void expect(ncclResult_t r, char const* what) {
  if (r != ncclSuccess) throw device_error(std::string("s2rm: NCCL: ") + what + ": " + ncclGetErrorString(r));
}
}  // namespace backend::detail
S2RM_NAMESPACE_END

S2RM_NAMESPACE_BEGIN
namespace communicator {

/// \tparam Host  communicator on the host: agreement, files, sums in parts (`communicator::mpi`)
///
/// Constructed by all ranks together. The host waits for the other ranks before every step, at most for its timeout; an
/// all-reduce that has begun has no timeout and hangs where a rank dies in it, until mpirun ends the job.
template <class Host>
class nccl {
 public:
  static constexpr bool active = true;

  nccl(Host host, int device) : host_(std::move(host)) {
    if (host_.size() == 1) return;
    backend::detail::expect(cudaSetDevice(device), "cudaSetDevice");
    ncclUniqueId id{};
    host_.on_first("NCCL", [&id] { backend::detail::expect(ncclGetUniqueId(&id), "ncclGetUniqueId"); });
    host_.broadcast(&id, sizeof id);
    ncclComm_t all = nullptr;
    backend::detail::expect(ncclCommInitRank(&all, host_.size(), id, host_.rank()), "ncclCommInitRank");
    all_ = {all, [](ncclComm_t c) { ncclCommDestroy(c); }};
  }

  [[nodiscard]] int rank() const { return host_.rank(); }
  [[nodiscard]] int size() const { return host_.size(); }
  [[nodiscard]] index_t check_every() const { return host_.check_every(); }
  [[nodiscard]] Host const& host() const { return host_; }

  /// All-reduces x (n) in device memory: enqueued on the backend's stream; the host does not wait.
  template <class Backend, class T>
  void sum_on(Backend& be, index_t n, T* x) const {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    if (all_ == nullptr) return;
    auto const type = std::is_same_v<T, float> ? ncclFloat32 : ncclFloat64;
    backend::detail::expect(
        ncclAllReduce(x, x, static_cast<std::size_t>(n), type, ncclSum, all_.get(), be.context->use()),
        "ncclAllReduce");
  }

  template <class T>
  void sum(index_t n, T* x) const {
    host_.sum(n, x);
  }
  template <class T>
  void tree_sum(index_t parts, index_t n, T const* nodes, T* to) const {
    host_.tree_sum(parts, n, nodes, to);
  }
  template <class Facts>
  void agree(Facts const& facts) const {
    host_.agree(facts);
  }
  template <class T>
  [[nodiscard]] std::vector<T> gather(std::vector<T> const& numbers) const {
    return host_.gather(numbers);
  }
  void broadcast(void* bytes, std::size_t n) const { host_.broadcast(bytes, n); }
  template <class F>
  void on_first(char const* what, F const& f) const {
    host_.on_first(what, f);
  }

 private:
  Host host_;
  std::shared_ptr<std::remove_pointer_t<ncclComm_t>> all_;
};

}  // namespace communicator
S2RM_NAMESPACE_END
