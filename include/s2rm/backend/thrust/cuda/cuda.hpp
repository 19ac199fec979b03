#pragma once
/// \file
/// The CUDA system of `backend::thrust`: kernels on one stream, cuBLAS for products of many rows, CUDA graphs for
/// repeated work. Every call enqueues its work on the stream of the context and returns at once, but for `copy_in`,
/// `copy_out`, releases and waits. There is no global state, nothing but `allocate` allocates, and no kernel adds to
/// floating-point numbers atomically: the same device, binary and input give the same bits.

#include <cstddef>
#include <type_traits>
#include <utility>

#include "s2rm/backend/thrust/cuda/cuda_graph.hpp"
#include "s2rm/backend/thrust/cuda/cuda_launch.hpp"
#include "s2rm/backend/thrust/kernels/skinny_gemm.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::system {

struct cuda {
  static constexpr bool host_memory = false;

  /// One device and one stream on it, with cuBLAS and its workspace, and room for partial sums.
  class context {
   public:
    static constexpr index_t sum_blocks = 1024;
    static constexpr std::size_t scratch_bytes = std::size_t{8} << 20;
    double* partial = nullptr;
    void* scratch = nullptr;  ///< partial sums of kernels/weight_gradient.hpp
    index_t allocations = 0;  ///< calls of cudaMalloc for buffers

    /// \throws device_error where there is no such device.
    explicit context(int device) : device_(device) {
      // Where a later step fails, `end` releases what was made before it.
      try {
        detail::expect(cudaSetDevice(device), "cudaSetDevice");
        detail::expect(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
        cudaDeviceProp properties{};
        detail::expect(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
        processors_ = properties.multiProcessorCount;
        shared_room_ = properties.sharedMemPerBlockOptin;
        dependent_launches_ = detail::dependent_launches(10 * properties.major + properties.minor);
        each_blocks_ = properties.multiProcessorCount * (properties.maxThreadsPerMultiProcessor / detail::each_threads);
        detail::expect(cublasCreate(&handle_), "cublasCreate");
        detail::expect(cudaMalloc(&workspace_, workspace_bytes), "cudaMalloc of cuBLAS's workspace");
        // In this order: cublasSetStream resets the workspace.
        detail::expect(cublasSetStream(handle_, stream_), "cublasSetStream");
        detail::expect(cublasSetWorkspace(handle_, workspace_, workspace_bytes), "cublasSetWorkspace");
        detail::expect(cudaMalloc(reinterpret_cast<void**>(&partial), sum_blocks * sizeof(double)),
                       "cudaMalloc of partial sums");
        constexpr std::size_t counter_bytes = detail::grid_counters::numbers * sizeof(unsigned);
        detail::expect(cudaMalloc(reinterpret_cast<void**>(&counters_.of_all), counter_bytes),
                       "cudaMalloc of counters");
        detail::expect(cudaMemsetAsync(counters_.of_all, 0, counter_bytes, stream_), "cudaMemsetAsync of counters");
        detail::expect(cudaMalloc(&scratch, scratch_bytes), "cudaMalloc of partial sums");
      } catch (...) {
        end();
        throw;
      }
    }
    context(context const&) = delete;
    context& operator=(context const&) = delete;
    ~context() { end(); }

    /// Makes the device current for the calling thread; returns the stream.
    cudaStream_t use() const {
      detail::expect(cudaSetDevice(device_), "cudaSetDevice");
      return stream_;
    }
    [[nodiscard]] cublasHandle_t handle() const { return handle_; }
    [[nodiscard]] int device() const { return device_; }
    [[nodiscard]] index_t processors() const { return processors_; }
    /// Whether a kernel may be started before the one before it has ended (`await_preceding_kernels`).
    [[nodiscard]] bool dependent_launches() const { return dependent_launches_; }
    [[nodiscard]] detail::grid_counters counters() const { return counters_; }
    /// Bytes of shared memory that a block can have.
    [[nodiscard]] std::size_t shared_room() const { return shared_room_; }
    /// Blocks of a loop that fill the device once.
    [[nodiscard]] index_t each_blocks() const { return each_blocks_; }

    /// Waits for the stream; errors are ignored.
    void drain() const noexcept {
      if (stream_ != nullptr) static_cast<void>(cudaStreamSynchronize(stream_));
    }

    bool capturing = false;

   private:
    static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

    void end() noexcept {
      if (cudaSetDevice(device_) != cudaSuccess) return;
      drain();
      if (handle_ != nullptr) static_cast<void>(cublasDestroy(handle_));
      static_cast<void>(cudaFree(workspace_));
      static_cast<void>(cudaFree(partial));
      static_cast<void>(cudaFree(counters_.of_all));
      static_cast<void>(cudaFree(scratch));
      if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
    }

    int device_;
    cudaStream_t stream_ = nullptr;
    cublasHandle_t handle_ = nullptr;
    void* workspace_ = nullptr;
    detail::grid_counters counters_{nullptr};
    index_t each_blocks_ = 1, processors_ = 1;
    std::size_t shared_room_ = 0;
    bool dependent_launches_ = false;
  };

  /// Devices there are; 0 where the driver does not answer.
  static int count() {
    int n = 0;
    if (cudaGetDeviceCount(&n) == cudaSuccess) return n;
    detail::forget_failure();
    return 0;
  }

  static void* allocate(context& c, std::size_t bytes) {
    static_cast<void>(c.use());
    ++c.allocations;
    void* p = nullptr;
    detail::expect(cudaMalloc(&p, bytes), "cudaMalloc");
    return p;
  }
  static void release(context& c, void* p) noexcept {
    // Enqueued work may still use it, and cudaFree is not specified to wait for that.
    c.drain();
    if (cudaSetDevice(c.device()) == cudaSuccess) static_cast<void>(cudaFree(p));
  }
  static void* allocate_host(context& c, std::size_t bytes) {
    static_cast<void>(c.use());
    void* p = nullptr;
    detail::expect(cudaMallocHost(&p, bytes), "cudaMallocHost");
    return p;
  }
  static void release_host(context& c, void* p) noexcept {
    // Enqueued copies may still read or write it.
    c.drain();
    if (cudaSetDevice(c.device()) == cudaSuccess) static_cast<void>(cudaFreeHost(p));
  }

  static void copy(context& c, std::size_t bytes, void const* from, void* to) {
    detail::expect(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, c.use()),
                   "cudaMemcpyAsync, device to device");
  }
  static void copy_in(context& c, std::size_t bytes, void const* from, void* to) {
    if (c.capturing) {
      copy_arguments(c, bytes, static_cast<unsigned char const*>(from), static_cast<unsigned char*>(to));
      return;
    }
    copy_in_later(c, bytes, from, to);
    wait(c);
  }
  static void copy_in_later(context& c, std::size_t bytes, void const* from, void* to) {
    detail::expect(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, c.use()),
                   "cudaMemcpyAsync, host to device");
  }
  static void copy_out(context& c, std::size_t bytes, void const* from, void* to) {
    copy_out_later(c, bytes, from, to);
    if (!c.capturing) wait(c);
  }
  static void copy_out_later(context& c, std::size_t bytes, void const* from, void* to) {
    detail::expect(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, c.use()),
                   "cudaMemcpyAsync, device to host");
  }
  static void wait(context& c) { detail::expect(cudaStreamSynchronize(c.use()), "cudaStreamSynchronize"); }

  /// A CUDA event, created when it is first recorded.
  class event {
   public:
    event() = default;
    event(event&& from) noexcept : event_(std::exchange(from.event_, nullptr)) {}
    event& operator=(event&& from) noexcept {
      std::swap(event_, from.event_);
      return *this;
    }
    event(event const&) = delete;
    event& operator=(event const&) = delete;
    ~event() {
      if (event_ != nullptr) static_cast<void>(cudaEventDestroy(event_));
    }

   private:
    friend struct cuda;
    cudaEvent_t event_ = nullptr;
  };
  static void record_event(context& c, event& m) {
    cudaStream_t const stream = c.use();
    if (m.event_ == nullptr) {
      detail::expect(cudaEventCreateWithFlags(&m.event_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    }
    detail::expect(cudaEventRecord(m.event_, stream), "cudaEventRecord");
  }
  static void wait(context& c, event const& m) {
    static_cast<void>(c.use());
    detail::expect(cudaEventSynchronize(m.event_), "cudaEventSynchronize");
  }
  static bool completed(context& c, event const& m) {
    static_cast<void>(c.use());
    cudaError_t const found = cudaEventQuery(m.event_);
    if (found == cudaErrorNotReady) {
      detail::forget_failure();
      return false;
    }
    detail::expect(found, "cudaEventQuery");
    return true;
  }

  template <class F>
  static void each(context& c, index_t n, F const& f) {
    static_assert(std::is_trivially_copyable_v<F>, "a functor goes to the device byte by byte");
    index_t const wanted = (n + detail::each_threads - 1) / detail::each_threads;
    auto const blocks = static_cast<unsigned>(wanted < c.each_blocks() ? wanted : c.each_blocks());
    launch(c, blocks, detail::each_threads, 0, detail::run_each<F>, "cudaLaunchKernelEx of a loop", n, f);
  }
  template <class Kernel>
  static void blocks(context& c, index_t count, Kernel const& k) {
    static_assert(std::is_trivially_copyable_v<Kernel>, "a functor goes to the device byte by byte");
    static_cast<void>(c.use());
    allow_shared_memory<Kernel>(detail::run_blocks<Kernel>);
    launch(c, static_cast<unsigned>(count), Kernel::threads, Kernel::shared_bytes, detail::run_blocks<Kernel>,
           "cudaLaunchKernelEx", k);
  }

  template <class Kernel>
  static index_t resident(context& c) {
    static_cast<void>(c.use());
    allow_shared_memory<Kernel>(detail::run_grid<Kernel>);
    int each = 0;
    detail::expect(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, detail::run_grid<Kernel>, Kernel::threads,
                                                                 Kernel::shared_bytes),
                   "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
    return each * c.processors();
  }
  template <class Kernel>
  static void grid(context& c, index_t count, Kernel const& k) {
    static_assert(std::is_trivially_copyable_v<Kernel>, "a functor goes to the device byte by byte");
    cudaStream_t const stream = c.use();
    allow_shared_memory<Kernel>(detail::run_grid<Kernel>);
    Kernel copy = k;
    detail::grid_counters counters = c.counters();
    void* arguments[] = {&copy, &counters};
    detail::expect(cudaLaunchCooperativeKernel(detail::run_grid<Kernel>, dim3(static_cast<unsigned>(count)),
                                               dim3(Kernel::threads), arguments, Kernel::shared_bytes, stream),
                   "cudaLaunchCooperativeKernel");
  }

  /// One grouped product. cuBLAS is column-major: its matrices are ours transposed, so c^T = b^T a^T.
  template <class T>
  static void multiply(context& c, precision p, detail::product_task<T> const& t) {
    static_cast<void>(c.use());
    if (t.columns == 0 || t.groups == 0) return;
    bool const start = !t.accumulate && (t.bias != nullptr || t.depth == 0);
    if (start) {
      detail::spread_biases(t, c.each_blocks() * detail::each_threads,
                            [&c](index_t n, auto const& f) { each(c, n, f); });
    }
    if (t.depth == 0) return;
    // A step of 1 along the inner index means transposed.
    bool const b_transposed = t.b_k == 1 && t.b_column != 1, a_transposed = t.a_k != 1;
    index_t const b_step = b_transposed ? t.b_column : t.b_k, a_step = a_transposed ? t.a_k : t.a_row;
    index_t const b_least = b_transposed ? t.depth : t.columns, a_least = a_transposed ? t.rows : t.depth;
    T const one = 1, beta = start || t.accumulate ? T(1) : T(0);
    auto const least = [](index_t step, index_t width) { return step > width ? step : width; };
    detail::expect(
        cublasGemmStridedBatchedEx(
            c.handle(), b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N, a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
            size(t.columns), size(t.rows), size(t.depth), &one, t.b, detail::data_type<T>, size(least(b_step, b_least)),
            t.groups == 1 ? 0 : t.b_group, t.a, detail::data_type<T>, size(least(a_step, a_least)),
            t.groups == 1 ? 0 : t.a_group, &beta, t.c, detail::data_type<T>, size(least(t.c_row, t.columns)),
            t.groups == 1 ? 0 : t.c_group, size(t.groups), detail::compute_type<T>(p), CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
  }

  using graph = detail::cuda_graph;  ///< cuda_graph.hpp

  template <class F>
  static void capture(context& c, graph& r, F const& f) {
    r.capture(c.use(), [&] {
      capturing const now{c};
      f();
    });
  }
  static void launch(context& c, graph const& r) { r.launch(c.use()); }

 private:
  /// The context captures while this lives.
  struct capturing {
    context& c;
    explicit capturing(context& of) : c(of) { c.capturing = true; }
    ~capturing() { c.capturing = false; }
    capturing(capturing const&) = delete;
    capturing& operator=(capturing const&) = delete;
  };
  /// Launches a kernel that begins with `await_preceding_kernels`.
  template <class... Parameters, class... Arguments>
  static void launch(context& c, unsigned blocks, int threads, std::size_t shared, void (*kernel)(Parameters...),
                     char const* what, Arguments... arguments) {
    cudaLaunchAttribute overlaps{};
    overlaps.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlaps.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t how{};
    how.gridDim = dim3(blocks);
    how.blockDim = dim3(static_cast<unsigned>(threads));
    how.dynamicSmemBytes = shared;
    how.attrs = &overlaps;
    how.numAttrs = c.dependent_launches() ? 1 : 0;
    how.stream = c.use();
    detail::expect(cudaLaunchKernelEx(&how, kernel, arguments...), what);
  }
  /// More than 48 KiB of dynamic shared memory is an opt-in.
  template <class Kernel, class Function>
  static void allow_shared_memory([[maybe_unused]] Function* run) {
    if constexpr (Kernel::shared_bytes > 48 * 1024) {
      detail::expect(cudaFuncSetAttribute(run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(Kernel::shared_bytes)),
                     "cudaFuncSetAttribute, MaxDynamicSharedMemorySize");
    }
  }
  static void copy_arguments(context& c, std::size_t bytes, unsigned char const* from, unsigned char* to) {
    for (std::size_t at = 0; at < bytes; at += detail::argument_bytes::max) {
      std::size_t const rest = bytes - at;
      std::size_t const some = rest < detail::argument_bytes::max ? rest : detail::argument_bytes::max;
      detail::argument_bytes a{};
      for (std::size_t i = 0; i < some; ++i) a.from[i] = from[at + i];
      a.to = to + at;
      each(c, static_cast<index_t>(some), a);
    }
  }
  static int size(index_t n) {
    if (n > 0x7fffffff) throw device_error("s2rm: a product of more than 2^31 - 1 rows");
    return static_cast<int>(n);
  }
};

}  // namespace backend::system
S2RM_NAMESPACE_END
