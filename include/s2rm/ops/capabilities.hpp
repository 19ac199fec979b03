#pragma once
/// \file
/// THE table of optional capabilities: what a backend may offer beside the primitives of ops.hpp, what holds where it
/// does not, and who asks. Code above a backend asks this table alone, never for a member of a backend. A backend has a
/// capability by having the member named here; a new capability is one entry here and one line of docs/backend.md.
///
/// Members that return bool do the whole work and return true, or do nothing and return false; the caller then uses the
/// primitives. A forward pass and its backward pass are one capability: the one reads what the other saved.

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "s2rm/ops/attention.hpp"
#include "s2rm/ops/ops.hpp"
#include "s2rm/ops/recurrence.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// Rows (t, b) of a sequence that are worked on at a time, in whole time steps: enough for matrix products to run at
/// full speed, few enough for what lies between them to stay in cache.
struct chunk_rows {
  index_t encode = 160;    ///< per encoder chunk and per batched weight-gradient product
  index_t read_out = 128;  ///< per read-out chunk, forward and at once backward
  friend constexpr bool operator==(chunk_rows const&, chunk_rows const&) = default;

  /// Whole time steps in a chunk of `rows`; at least 1.
  static constexpr index_t steps(index_t rows, index_t time, index_t batch) {
    index_t const whole = rows / (batch > 1 ? batch : 1), fit = whole < time ? whole : time;
    return fit > 1 ? fit : 1;
  }
  /// Rows to allocate for a chunk, for any batch up to these extents.
  static constexpr index_t max_rows(index_t rows, index_t time, index_t batch) {
    index_t const needed = rows > batch ? rows : batch;
    return time * batch < needed ? time * batch : needed;
  }
};

namespace detail {
/// A task that no backend has a kernel for: with it the table asks whether a backend takes tasks at all.
struct null_task {};
/// Gates of no cell, with which the table asks for the fused recurrence.
struct null_gates {
  static constexpr index_t count = 1;
};
/// Concepts, for clang before 16 refuses a missing B::event in a requires-expression that stands elsewhere.
template <class B>
concept records_events = requires(B& be, B const& same, typename B::event& e) {
  be.record_event(e);
  same.wait(e);
  { same.completed(e) } -> std::convertible_to<bool>;
};
template <class B>
concept captures_graphs = requires(B& be, typename B::graph& g, void (*f)()) {
  be.capture(g, f);
  be.launch(g);
};

}  // namespace detail

/// Capabilities of backend B for numbers of type T. Calls are probed with one small shape: a capability is offered for
/// every shape, and refused at run time where it does not apply.
template <class B, class T = float>
struct capabilities {
 private:
  using w = weight<T, 2, 3, 4>;
  using flat = weight<T, 1, 3, 4>;
  using in = rows<T const>;
  using out = rows<T>;
  using sizes = recurrence_sizes<2, 3, 3, 1, 2>;

 public:
  // ---- constants
  // -----------------------------------------------------------------------------------------------------

  /// B::host_memory. Host and backend read and write each other's memory. Default true. Where false, functors and
  /// primitives are given memory of `allocate` alone, and only copies meet the host's. Used by runtime/, train/,
  /// stream/.
  static constexpr bool host_memory = [] {
    if constexpr (requires { B::host_memory; }) return static_cast<bool>(B::host_memory);
    return true;
  }();

  /// B::static_launch. Launch configuration depends on shapes only, so that a step can be captured in a CUDA graph.
  /// Default false: the host may read masks to launch less. Used by model/ (compaction of views).
  static constexpr bool static_launch = [] {
    if constexpr (requires { B::static_launch; }) return static_cast<bool>(B::static_launch);
    return false;
  }();

  /// B::chunks. Rows per chunk of long work. Default: what fits a CPU's cache. Used by model/, dynamics/, runtime/.
  static constexpr chunk_rows chunks = [] {
    if constexpr (requires { B::chunks; }) return chunk_rows(B::chunks);
    return chunk_rows{};
  }();

  // ---- fused work; default: the primitives
  // ---------------------------------------------------------------------------

  /// be.products(p, q, ...): `product` of several `one_product`s that do not read each other's results, as one parallel
  /// region or kernel. Used by ops/generic.hpp (`side_by_side`).
  static constexpr bool grouped_products = requires(B& be, one_product<T, 2, 3, 4> const& p) { be.products(p, p); };

  /// be.product_gelu(w, bias, n, x, a, z): a product followed by GELU. Used by ops/product_gelu.hpp.
  static constexpr bool product_gelu =
      requires(B& be, flat m, T const* b, index_t n, in x, T* a) { be.product_gelu(m, b, n, x, a, a); };

  /// be.weight_gradients<G, Out, In>(n, dy, x, dw, db): gradients of a weight and its bias in one pass over the rows.
  /// Used by ops/generic.hpp.
  static constexpr bool weight_gradients =
      requires(B& be, index_t n, in x, T* y) { be.template weight_gradients<2, 3, 4>(n, x, x, y, y); };

  /// be.kernel_attention<N, C, Dot>(...), be.kernel_attention_backward<N, C, Dot>(...): attention in log space with an
  /// exact cut (ops/attention.hpp). Used by attention/kernel_dot.hpp.
  static constexpr bool attention =
      requires(B& be, attention_pairs<T> const& g, in x, out y, T const* saved, T* to, index_t step, T scale) {
        be.template kernel_attention<2, 3, true>(g, x, x, x, y, to, scale);
        be.template kernel_attention_backward<2, 3, true>(g, x, x, x, x, saved, y, y, y, to, step, to, scale);
      };

  /// be.rms_rows<M, H>(n, h, y, factor), be.rms_rows_backward<M, H>(n, y, dy, factor, dh): RMS normalisation of rows.
  /// Used by layer/rms_norm.hpp.
  static constexpr bool rms_rows = requires(B& be, index_t n, in x, out y, T* factor, T const* saved) {
    be.template rms_rows<2, 3>(n, x, y, factor);
    be.template rms_rows_backward<2, 3>(n, x, x, saved, y);
  };

  /// be.encode_places<P, F, Hidden, S>(w0, b0, w1, b1, n, x, s, gamma, a, z, y): the place encoder's forward pass. Used
  /// by layer/place_encoder.hpp.
  static constexpr bool place_encoder = requires(B& be, T const* x, index_t n, out s, T* to) {
    be.template encode_places<1, 2, 3, 4>(x, x, x, x, n, x, s, to, to, to, to);
  };

  /// be.recurrence<Sizes>(task, gates), be.recurrence_backward<Sizes>(task, gates): all time steps of the recurrence
  /// (ops/recurrence.hpp). Used by dynamics/fused_recurrence.hpp.
  static constexpr bool recurrence = requires(
      B& be, recurrence_task<T> const& task, recurrence_backward_task<T> const& back, detail::null_gates const& gates) {
    be.template recurrence<sizes>(task, gates);
    be.template recurrence_backward<sizes>(back, gates);
  };

  /// be.run_fused(task): a whole task, described by a struct of pointers and extents, in one kernel; false where there
  /// is none for its type. Used through `run_fused` below by attention/neighbours.hpp and train/report.hpp.
  static constexpr bool fused_tasks = requires(B& be, detail::null_task const& task) {
    { be.run_fused(task) } -> std::convertible_to<bool>;
  };

  /// be.prefers_fused_loops(): one loop that computes an intermediate again is faster than two loops with the
  /// intermediate in memory (each loop is a kernel launch). Default false. Used by attention/pairs.hpp.
  static constexpr bool fused_loops = requires(B& be) {
    { be.prefers_fused_loops() } -> std::convertible_to<bool>;
  };

  // ---- memory and order
  // ----------------------------------------------------------------------------------------------

  /// be.pack_half<G, Out, In>(canonical, half), B::half_view(half): products read weights stored in bf16. Default:
  /// `bf16_weights` does not compile (S303). Used by model/weight_storage.hpp.
  static constexpr bool bf16_weights = requires(B& be, float const* x, bf16* y) {
    be.template pack_half<2, 3, 4>(x, y);
    { B::half_view(y) } -> std::same_as<half_weights>;
  };

  /// be.memory_owner(): what the backend's memory belongs to; arrays may be used by backends with the same owner.
  /// Default null: all backends of the type share one memory. Used through `memory_owner` below by runtime/staging.hpp.
  static constexpr bool owned_memory = requires(B& be) {
    { be.memory_owner() } -> std::convertible_to<void const*>;
  };

  /// be.allocate_host<T>(n): page-locked host memory, from and to which copies need no intermediate. Default: ordinary
  /// memory. Used by runtime/transfer.hpp.
  static constexpr bool pinned_memory = requires(B& be, index_t n) { be.template allocate_host<T>(n); };

  /// be.copy_in_later(n, host, device): a copy that is done with the next event or `wait`, not at return; captured, it
  /// reads the host's memory at every launch. Default: `copy_in`. Used by runtime/transfer.hpp.
  static constexpr bool deferred_copy_in = requires(B& be, T const* from, T* to) { be.copy_in_later(1, from, to); };

  /// be.copy_out_later(n, device, host): likewise. Default: `copy_out`. Used by runtime/transfer.hpp.
  static constexpr bool deferred_copy_out = requires(B& be, T const* from, T* to) { be.copy_out_later(1, from, to); };

  /// B::event; be.record_event(e), be.wait(e), be.completed(e): record, wait for, and query a point in the order of the
  /// enqueued work. Default: every call has finished its work when it returns. Used by runtime/transfer.hpp.
  static constexpr bool events = detail::records_events<B>;

  /// B::graph; be.capture(graph, f), be.launch(graph): captures the work that f enqueues, without running it, and runs
  /// it. While capturing, `copy_in` takes the numbers as they are then, and `copy_out` delivers with the `wait` after
  /// each launch. Default: f is called every time. Used by runtime/graph_cache.hpp.
  static constexpr bool graphs = detail::captures_graphs<B>;
};

// Shorthands.
template <class B>
inline constexpr bool host_memory = capabilities<B>::host_memory;
template <class B>
inline constexpr chunk_rows chunks = capabilities<B>::chunks;
/// Whether the host may read masks to choose how much work is launched.
template <class B>
inline constexpr bool reads_masks = capabilities<B>::host_memory && !capabilities<B>::static_launch;

template <class B, class Task>
[[nodiscard]] bool run_fused(B& be, Task const& task) {
  if constexpr (capabilities<B>::fused_tasks) {
    return be.run_fused(task);
  } else {
    return false;
  }
}
template <class B>
[[nodiscard]] void const* memory_owner(B& be) {
  if constexpr (capabilities<B>::owned_memory) {
    return be.memory_owner();
  } else {
    return nullptr;
  }
}

}  // namespace ops
S2RM_NAMESPACE_END
