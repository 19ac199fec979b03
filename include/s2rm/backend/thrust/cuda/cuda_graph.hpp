#pragma once
/// \file
/// CUDA graph capture: the work that is enqueued on a stream, captured once and launched as one graph. When a graph is
/// captured, and when a captured one is launched, is decided in runtime/graph_cache.hpp. For nvcc.

#include <utility>

#include "s2rm/backend/thrust/cuda/cuda_launch.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// An executable graph; none at first.
class cuda_graph {
 public:
  cuda_graph() = default;
  cuda_graph(cuda_graph&& from) noexcept { swap(from); }
  cuda_graph& operator=(cuda_graph&& from) noexcept {
    cuda_graph moved(std::move(from));
    swap(moved);
    return *this;
  }
  cuda_graph(cuda_graph const&) = delete;
  cuda_graph& operator=(cuda_graph const&) = delete;
  ~cuda_graph() {
    if (graph_ != nullptr) static_cast<void>(cudaGraphExecDestroy(graph_));
  }

  /// Captures what f enqueues on the stream, without running it. Where f throws, the capture ends and this stays as it
  /// was.
  template <class F>
  void capture(cudaStream_t stream, F const& f) {
    cudaGraph_t captured = nullptr;
    expect(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    try {
      f();
    } catch (...) {
      if (cudaStreamEndCapture(stream, &captured) != cudaSuccess) forget_failure();
      if (captured != nullptr) static_cast<void>(cudaGraphDestroy(captured));
      throw;
    }
    expect(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
    cuda_graph fresh;
    cudaError_t const made = cudaGraphInstantiate(&fresh.graph_, captured, 0);
    static_cast<void>(cudaGraphDestroy(captured));
    expect(made, "cudaGraphInstantiate");
    swap(fresh);
  }
  void launch(cudaStream_t stream) const { expect(cudaGraphLaunch(graph_, stream), "cudaGraphLaunch"); }

 private:
  void swap(cuda_graph& other) noexcept { std::swap(graph_, other.graph_); }
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
