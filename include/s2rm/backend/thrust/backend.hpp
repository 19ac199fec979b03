#pragma once
/// \file
/// The primitives of ops/ops.hpp on Thrust's device systems: CUDA where a CUDA compiler reads this, the host otherwise.
/// Thrust's is the name, the idea of one source for several systems, and the loops of the host systems
/// (runtime/system.hpp). On a GPU the loops, the sums and all kernels are our own, because sums need a fixed order and
/// a step must be captured in a CUDA graph without allocating, and products are cuBLAS's.

#include <array>
#include <memory>
#include <type_traits>
#include <utility>

#include "s2rm/backend/thrust/kernels/attention.hpp"
#include "s2rm/backend/thrust/kernels/bf16_gemv.hpp"
#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/backend/thrust/kernels/host_gemm.hpp"
#include "s2rm/backend/thrust/kernels/place_encoder.hpp"
#include "s2rm/backend/thrust/kernels/recurrence_backward.hpp"
#include "s2rm/backend/thrust/kernels/rms_norm.hpp"
#include "s2rm/backend/thrust/kernels/skinny_gemm.hpp"
#include "s2rm/backend/thrust/kernels/weight_gradient.hpp"
#include "s2rm/backend/thrust/memory.hpp"
#include "s2rm/backend/thrust/system.hpp"
#if S2RM_CUDA
#include "s2rm/backend/thrust/cuda/cuda.hpp"
#endif
#include "s2rm/math/simd.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend {

/// A backend on one of Thrust's systems. Copies share one context (on a GPU: device, stream, library handle, scratch);
/// the last one ends it. One context serves one caller at a time.
template <class System>
struct thrust_on {
  int device = 0;  ///< number of the GPU; without meaning on the host
  backend::precision precision = backend::precision::full;
  bool fused =
      true;  ///< fused kernels for whole layers; off: the layers' own code, which the kernels are tested against
  bool persistent =
      true;  ///< where `fused`: the recurrence as one kernel per pass, where it fits (kernels/recurrence.hpp)
  std::shared_ptr<typename System::context> context = detail::make_context<System>(device);

  template <class T>
  using buffer = detail::device_buffer<System, T>;

  static constexpr bool packs = false;  ///< products read the canonical weights
  static constexpr bool host_memory = System::host_memory;
  static constexpr ops::chunk_rows chunks = detail::chunks_of<System>;
  static constexpr bool static_launch = true;  ///< captured once, launched for other masks; the same on host systems
  using graph = typename detail::graph_of<System>::type;
  using event = typename detail::event_of<System>::type;

  template <index_t G, index_t Out, index_t In, class T>
  void pack(T const*, T*, T*) const {}

  /// Weights rounded to bf16, in the order of the canonical ones.
  template <index_t G, index_t Out, index_t In>
  void pack_half(float const* canonical, bf16* half) const {
    for_each(G * Out * In, detail::round_weights{canonical, half});
  }

  /// The packed weights as products take them.
  static half_weights half_view(bf16 const* half) { return {half, nullptr}; }

  template <class T, index_t G, index_t Out, index_t In>
  void product(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, out_rows<T> y) const {
    multiply(task_of(w, bias, n, x, y, false), w.half.numbers);
  }
  /// In one kernel where all have few rows (kernels/skinny_gemm.hpp). On the host one by one: there a row's bits are
  /// those of a product. The parameter is any type: nvcc 13.0 does not deduce the sizes of several `one_product`s
  /// everywhere.
  template <class... Products>
  void products(Products const&... one) const {
    bool const apart = host_memory || !fused || sizeof...(one) == 1 || ((one.w.half.numbers != nullptr) || ...);
    std::array const tasks{task_of(one.w, one.bias, one.n, one.x, one.y, false)...};
    if (apart || !detail::with_few_rows(tasks, [this](auto const& k) { return this->own_kernel(k); })) {
      (product(one.w, one.bias, one.n, one.x, one.y), ...);
    }
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_add(weight<T, G, Out, In> w, index_t n, in_rows<T> x, out_rows<T> y) const {
    multiply(task_of(w, static_cast<T const*>(nullptr), n, x, y, true), w.half.numbers);
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    multiply<T>({n, G, In, Out, dy.data, dy.stride, dy.group, 1, w.canonical, Out * In, In, 1, dx.data, dx.stride,
                 dx.group, nullptr, false});
  }
  template <class T, index_t G, index_t Out, index_t In>
  void product_transposed_add(weight<T, G, Out, In> w, index_t n, in_rows<T> dy, out_rows<T> dx) const {
    multiply<T>({n, G, In, Out, dy.data, dy.stride, dy.group, 1, w.canonical, Out * In, In, 1, dx.data, dx.stride,
                 dx.group, nullptr, true});
  }
  /// A product followed by GELU (ops/product_gelu.hpp): one kernel for few rows, else one pass for bias and GELU.
  template <class T, index_t Out, index_t In>
  bool product_gelu(weight<T, 1, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x, std::type_identity_t<T*> a,
                    std::type_identity_t<T*> z) const {
    if (!fused || w.half.numbers != nullptr) return false;
    detail::product_task<T> task{n,        1, Out, In, x.data, x.stride, x.group, 1,    w.canonical,
                                 Out * In, 1, In,  a,  Out,    0,        bias,    false};
    if (by_few_rows(task, z)) return true;
    task.bias = nullptr;
    multiply(task);
    for_rows<Out>(n, detail::bias_gelu_rows<T, Out>{bias, a, z});
    return true;
  }
  template <index_t G, index_t Out, index_t In, class T>
  void outer_add(index_t n, in_rows<T> dy, in_rows<T> x, T* dw) const {
    if (add_outer<T>(G, Out, In, n, dy, x, dw, nullptr)) return;
    // The rows of dw are the rows of the product: column o of dy by all columns of x.
    multiply<T>({Out, G, In, n, dy.data, 1, dy.group, dy.stride, x.data, x.group, x.stride, 1, dw, In, Out * In,
                 nullptr, true});
  }
  template <index_t G, index_t Width, class T>
  void column_sum_add(index_t n, in_rows<T> dy, T* db) const {
    detail::add_column_sums<System, T>(*this, G, Width, n, dy, db);
  }
  /// Both at once (ops/generic.hpp).
  template <index_t G, index_t Out, index_t In, class T>
  bool weight_gradients(index_t n, in_rows<T> dy, in_rows<T> x, T* dw, T* db) const {
    return add_outer<T>(G, Out, In, n, dy, x, dw, db);
  }

  template <class F>
  void for_each(index_t n, F const& f) const {
    if (n <= 0) return;
    if constexpr (detail::has_block_kernel<F>) {
      if (own_kernel(detail::block_kernel<F>{f, n})) return;
    }
    System::each(*context, n, detail::one_index<F>{f});
  }
  template <index_t Width, class F>
  void for_rows(index_t n, F const& f) const {
    if (n > 0 && Width > 0) System::each(*context, n * Width, detail::one_place<F, Width>{f});
  }
  /// Launches a kernel of cooperating threads (kernels/block.hpp).
  template <class Kernel>
  void blocks(index_t count, Kernel const& k) const {
    if (count > 0) System::blocks(*context, count, k);
  }

  /// Launches a kernel that replaces loops, unless `fused` is off or the device lacks shared memory; whether it did.
  template <class Kernel>
  bool own_kernel(Kernel const& k) const {
    bool const here = fused && has_room<Kernel>();
    if (here) blocks(k.blocks(), k);
    return here;
  }

  /// A whole task by the block kernel for its type, where there is one and it applies.
  template <class Task>
  bool run_fused(Task const& task) const {
    if constexpr (detail::has_block_kernel<Task>) {
      detail::block_kernel<Task> const k{task};
      return k.applies() && own_kernel(k);
    } else {
      return false;
    }
  }
  /// With kernels of its own a launch costs more than computing a cosine again.
  [[nodiscard]] bool prefers_fused_loops() const { return fused; }
  /// Copies of a backend share their context, and with it their memory.
  [[nodiscard]] void const* memory_owner() const { return context.get(); }

  template <class F>
  void reduce(index_t n, F const& f, double* out) const {
    detail::sum_terms<System>(*this, n, f, out);
  }

  /// Attention in fused kernels (kernels/attention.hpp).
  template <index_t N, index_t C, bool Dot, class T>
  bool kernel_attention(ops::attention_pairs<T> const& g, in_rows<T> q, in_rows<T> k, in_rows<T> v, out_rows<T> y,
                        std::type_identity_t<T*> saved, std::type_identity_t<T> scale) const {
    using kernels = detail::attention_kernels<N, C, Dot, T>;
    if constexpr (kernels::shared_bytes <= detail::max_shared_bytes) {
      if (!fused || !has_room<kernels>()) return false;
      kernels{g, q, k, v, scale}.attend(*this, y, saved);
      return true;
    } else {
      return false;
    }
  }
  template <index_t N, index_t C, bool Dot, class T>
  bool kernel_attention_backward(ops::attention_pairs<T> const& g, in_rows<T> q, in_rows<T> k, in_rows<T> v,
                                 in_rows<T> dy, in_vector<T> saved, out_rows<T> dq, out_rows<T> dk, out_rows<T> dv,
                                 std::type_identity_t<T*> dlog, index_t dlog_row, std::type_identity_t<T*> scratch,
                                 std::type_identity_t<T> scale) const {
    using kernels = detail::attention_kernels<N, C, Dot, T>;
    if constexpr (kernels::shared_bytes <= detail::max_shared_bytes) {
      if (!fused || !has_room<kernels>()) return false;
      kernels{g, q, k, v, scale}.backward_pass(*this, dy, saved, dq, dk, dv, dlog, dlog_row, scratch);
      return true;
    } else {
      return false;
    }
  }

  /// The place encoder in one kernel (kernels/place_encoder.hpp).
  template <index_t P, index_t F, index_t Hidden, index_t S, class T>
  bool encode_places(in_vector<T> w0, in_vector<T> b0, in_vector<T> w1, in_vector<T> b1, index_t n, T const* x,
                     out_rows<T> s, T* gamma, T* a, T* z, T* y) const {
    using kernel = detail::encode_places<P, F, Hidden, S, T>;
    if constexpr (kernel::shared_bytes <= detail::max_shared_bytes) {
      return own_kernel(kernel{w0, b0, w1, b1, n, x, s, gamma, a, z, y});
    } else {
      return false;
    }
  }

  /// RMS normalisation with several threads a row (kernels/rms_norm.hpp).
  template <index_t M, index_t H, class T>
  bool rms_rows(index_t n, rows<T const> h, rows<T> y, T* factor) const {
    using kernel = detail::rms_rows_kernel<M, H, T>;
    if (fused) blocks(kernel::blocks(n), kernel{{}, n, h, y, factor});
    return fused;
  }
  template <index_t M, index_t H, class T>
  bool rms_rows_backward(index_t n, rows<T const> y, rows<T const> dy, T const* factor, rows<T> dh) const {
    using kernel = detail::rms_rows_backward_kernel<M, H, T>;
    if (fused) blocks(kernel::blocks(n), kernel{{}, n, y, dy, factor, dh});
    return fused;
  }

  /// The recurrence in one kernel per pass (kernels/recurrence.hpp), in full precision, for batches so small that a
  /// step is bound by its barriers.
  static constexpr index_t recurrence_rows = 64;
  template <class Sizes, class T, class Gates>
  bool recurrence(ops::recurrence_task<T> const& task, Gates const& gates) const {
    return walk<detail::recurrence_kernel<Sizes, Gates>>(task, task, task.time, gates);
  }
  template <class Sizes, class T, class Gates>
  bool recurrence_backward(ops::recurrence_backward_task<T> const& task, Gates const& gates) const {
    return walk<detail::recurrence_backward_kernel<Sizes, Gates>>(task, task.forward, task.count, gates);
  }

  template <class T>
  [[nodiscard]] buffer<T> allocate(index_t n) const {
    return buffer<T>(context, n);
  }
  template <class T>
  void copy_in(index_t n, T const* host, T* device) const {
    if (n > 0) System::copy_in(*context, static_cast<std::size_t>(n) * sizeof(T), host, device);
  }
  template <class T>
  void copy_out(index_t n, T const* device, T* host) const {
    if (n > 0) System::copy_out(*context, static_cast<std::size_t>(n) * sizeof(T), device, host);
  }
  template <class T>
  void copy(index_t n, T const* from, T* to) const {
    if (n > 0) System::copy(*context, static_cast<std::size_t>(n) * sizeof(T), from, to);
  }
  template <class T>
  void fill(index_t n, std::type_identity_t<T> value, T* x) const {
    for_each(n, detail::fill_one<T>{value, x});
  }
  void wait() const { System::wait(*context); }

  void record_event(event& m) const
    requires detail::system_events<System>
  {
    System::record_event(*context, m);
  }
  void wait(event const& m) const
    requires detail::system_events<System>
  {
    System::wait(*context, m);
  }
  [[nodiscard]] bool completed(event const& m) const
    requires detail::system_events<System>
  {
    return System::completed(*context, m);
  }
  template <class T>
    requires requires { &System::copy_in_later; }
  void copy_in_later(index_t n, T const* host, T* device) const {
    if (n > 0) System::copy_in_later(*context, static_cast<std::size_t>(n) * sizeof(T), host, device);
  }
  template <class T>
    requires requires { &System::copy_out_later; }
  void copy_out_later(index_t n, T const* device, T* host) const {
    if (n > 0) System::copy_out_later(*context, static_cast<std::size_t>(n) * sizeof(T), device, host);
  }

  /// Captures the work that f enqueues: none of it runs yet, and f must not allocate.
  template <class F>
    requires detail::system_captures<System>
  void capture(graph& r, F const& f) const {
    System::capture(*context, r, f);
  }
  void launch(graph& r) const
    requires detail::system_captures<System>
  {
    System::launch(*context, r);
  }
  /// Page-locked host memory: copies from and to the device need no intermediate buffer.
  template <class T>
    requires requires { &System::allocate_host; }
  [[nodiscard]] detail::host_buffer<System, T> allocate_host(index_t n) const {
    return detail::host_buffer<System, T>(context, n);
  }

 private:
  /// Whether the device has the shared memory that a block of these kernels needs.
  template <class Kernels>
  [[nodiscard]] bool has_room() const {
    if constexpr (requires { context->shared_room(); }) {
      return Kernels::shared_bytes <= context->shared_room();
    } else {
      return true;
    }
  }
  /// dw and, unless null, db by a kernel of our own, which multiplies in full precision.
  template <class T>
  bool add_outer(index_t groups, index_t out, index_t in, index_t n, in_rows<T> dy, in_rows<T> x, T* dw, T* db) const {
    return fused && precision == backend::precision::full && has_room<detail::weight_gradient<T>>() &&
           detail::add_weight_gradients<System, T>(*this, groups, out, in, n, dy, x, dw, db);
  }
  template <class Kernel, class Task, class T, class Gates>
  bool walk(Task const& task, ops::recurrence_task<T> const& forward, index_t steps, Gates const& gates) const {
    if constexpr (!Kernel::fits) {
      return false;
    } else {
      if (!fused || !persistent || precision != backend::precision::full || forward.batch > recurrence_rows ||
          forward.attention.views.pairs.sources > Kernel::max_sources || !has_room<Kernel>() ||
          !has_room<typename Kernel::steps_attention>() ||
          System::template resident<Kernel>(*context) < Kernel::blocks) {
        return false;
      }
      if (steps * forward.batch > 0) System::grid(*context, Kernel::blocks, Kernel{{}, task, gates});
      return true;
    }
  }
  template <class T, index_t G, index_t Out, index_t In>
  static detail::product_task<T> task_of(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x,
                                         out_rows<T> y, bool add) {
    return {n,        G, Out, In,     x.data,   x.stride, x.group, 1,  w.canonical,
            Out * In, 1, In,  y.data, y.stride, y.group,  bias,    add};
  }
  /// The first of these that applies computes a product:
  ///
  ///   way        when                                                  precision     file
  ///   bf16       the weight has a copy in bf16                         float sums    kernels/bf16_gemv.hpp
  ///   few rows   `fused`, and few rows; on a host any number of them   always full   kernels/skinny_gemm.hpp
  ///   library    the system has one (cuBLAS)                           `precision`   runtime/cuda.hpp
  ///   host       otherwise                                             `precision`   kernels/host_gemm.hpp
  template <class T>
  void multiply(detail::product_task<T> const& t, bf16 const* half = nullptr) const {
    if (t.rows == 0 || by_bf16(t, half) || by_few_rows(t)) return;
    if constexpr (has_library<T>) {
      System::multiply(*context, precision, t);
    } else {
      detail::multiply_on_host<System>(*context, precision, t);
    }
  }
  template <class T>
  static constexpr bool has_library = requires(typename System::context& c, detail::product_task<T> const& t) {
    System::multiply(c, backend::precision::full, t);
  };
  template <class T>
  bool by_bf16(detail::product_task<T> const& t, bf16 const* half) const {
    if constexpr (std::is_same_v<T, float>) {
      if (half != nullptr) {
        detail::half_product const k{t, half};
        blocks(k.blocks(), k);
        return true;
      }
    }
    return false;
  }
  /// Followed by GELU where `gelu` is not null. A host takes this kernel for any number of rows, in full precision
  /// only: a row then has the same bits among few and among many.
  template <class T>
  bool by_few_rows(detail::product_task<T> const& t, T* gelu = nullptr) const {
    constexpr bool device = has_library<T>;
    bool const suits =
        device ? detail::has_few_rows(t) : precision == backend::precision::full && detail::can_be_few_rows(t);
    if (!fused || !suits) return false;
    return detail::with_few_rows<device>(t, gelu, [this](auto const& kernel) { return this->own_kernel(kernel); });
  }
};

#if S2RM_CUDA
/// The GPU.
using thrust = thrust_on<system::cuda>;
#elif defined(_OPENMP)
/// Without a CUDA compiler: the host, by OpenMP.
using thrust = thrust_on<system::omp>;
#else
/// Without a CUDA compiler: the host.
using thrust = thrust_on<system::cpp>;
#endif

}  // namespace backend
S2RM_NAMESPACE_END
