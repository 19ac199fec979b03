#pragma once
/// \file
/// THE list of primitives. Every layer of the library can be computed with these alone; a backend is a type that has them,
/// and may have more (docs/backend.md). All are deterministic: each number is computed by one worker in one fixed order,
/// whatever the number of threads. Of the naive loops and the CPU's `blocked` product the result for a row does not depend
/// on how many rows there are.
///
/// Shapes: w is (G, Out, In), x rows (n, G, In), y rows (n, G, Out). Arrays of one call may not overlap.
///
///   be.pack<G, Out, In>(canonical, packed, packed_transposed)
///                                            derives what its products read from a weight: G Out In numbers each
///   be.product(w, bias, n, x, y)             y  = W_g x + b_g   (bias (G, Out) or null)
///   be.product_add(w, n, x, y)               y += W_g x
///   be.product_transposed(w, n, dy, dx)      dx = W_g^T dy
///   be.product_transposed_add(w, n, dy, dx)  dx += W_g^T dy
///   be.outer_add<G, Out, In>(n, dy, x, dw)   dw_g += sum over rows of dy x^T
///   be.column_sum_add<G, Width>(n, dy, db)   db_g += sum over rows of dy
///   be.for_each(n, f)                        f(i) for every i < n, in any order, in parallel
///   be.for_rows<Width>(n, f)                 f(row, column) for every row < n and column < Width, likewise
///   be.reduce(n, f, out)                     *out = sum over i < n of f(i), f returns double; fixed order
///   be.allocate<T>(n)                        n numbers, aligned, contents undefined; released with the handle
///   be.copy_in(n, host, device), be.copy_out(n, device, host), be.copy(n, from, to)
///   be.fill(n, value, x)                     x_i = value
///   be.wait()                                returns when everything asked for is done
///
/// A backend may also have
///
///   be.products(p, q, ...)                   `product` of several `one_product`s that do not read each other's results
///
/// which `ops::side_by_side` calls where there is one: threads then meet once, not after each.
///
///   be.capture(graph, f), be.launch(graph)
///                                            remembers what f asks for, without doing it; does it (B::graph)
///
/// through `ops::repeated`: work that is asked for at every step then costs one call. While graph, `copy_in` takes
/// the numbers as they are then, and `copy_out` delivers with the `wait` that follows each `play`.
///
///   be.record_event(mark), be.wait(mark), be.completed(mark)
///                                            a point in what was asked for (B::event): returns when it is done; whether
///                                            it is
///   be.copy_in_later(n, host, device), be.copy_out_later(n, device, host)
///                                            copies that are done with the next mark, or `wait`; the others are done
///                                            when they return
///
/// through runtime/event.hpp, so that the host need not wait where it reads nothing. Recorded, `copy_in_later` reads the host's
/// memory whenever it is played. Streams need it of a backend that captures, and its memory to be its own.
///
/// `B::host_memory` says whether the host may read and write what the backend allocates, and the backend what the host
/// does; a backend without the word is one of these. Where it is false, functors and primitives are given nothing but
/// what `allocate` gave, and only copy_in and copy_out meet the host's memory.
///
/// `B::fixed_work` says that what is asked for may depend on extents alone, not on what masks say, though the host could
/// read them: a backend whose work is to be what a device's is. A backend without the word has none of it.
///
/// `B::chunks` says in how many rows at a time long work is best cut (`chunk_rows`); a backend without the word is given
/// the CPU's.
///
/// `B::packs` says whether the backend reads packed weights at all; behind a packed block it may read, and never use,
/// `packed_slack` numbers more.
///
/// Functors are named structs with an `S2RM_HD` call operator that hold plain pointers. One for `for_each` may have a
/// `kernel` beside it, for backends that have thousands of threads: made as `kernel{functor, n}`, it does the same for all n
/// indices in `blocks()` blocks of `threads` threads each, which share out what the call operator does for one index
/// (backend/thrust/kernels/block.hpp says what a block is).

#include <concepts>
#include <type_traits>

#include "s2rm/core/schema.hpp"
#include "s2rm/core/span.hpp"

namespace s2rm {

/// Arguments of primitives that take part in no template deduction: any `rows<T>` may be read.
template <class T>
using in_rows = std::type_identity_t<rows<T const>>;
template <class T>
using out_rows = std::type_identity_t<rows<T>>;
template <class T>
using in_vector = std::type_identity_t<T const*>;

/// The arguments of one `product`.
template <class T, index_t G, index_t Out, index_t In>
struct one_product {
  weight<T, G, Out, In> w;
  T const* bias;
  index_t n;
  rows<T const> x;
  rows<T> y;
};
template <class T, index_t G, index_t Out, index_t In>
one_product<T, G, Out, In> product_of(weight<T, G, Out, In> w, in_vector<T> bias, index_t n, in_rows<T> x,
                                      out_rows<T> y) {
  return {w, bias, n, x, y};
}

namespace ops {
/// Rows (t, b) of a sequence that are worked on at a time, in whole steps: enough for products to run at full speed, few
/// enough for what is between them to stay in cache.
struct chunk_rows {
  index_t encode =
      160;  ///< that encoders take, and whose deltas wait until a weight's gradient is one product over them
  index_t read_out = 128;  ///< that are read out, forward and at once back
  friend constexpr bool operator==(chunk_rows const&, chunk_rows const&) = default;

  /// Steps that so many rows are: at least one.
  static constexpr index_t steps(index_t rows, index_t time, index_t batch) {
    index_t const whole = rows / (batch > 1 ? batch : 1), most = whole < time ? whole : time;
    return most > 1 ? most : 1;
  }
  /// Room for them, whatever part of the extents a batch has.
  static constexpr index_t most(index_t rows, index_t time, index_t batch) {
    index_t const needed = rows > batch ? rows : batch;
    return time * batch < needed ? time * batch : needed;
  }
};
/// What a backend wants.
template <class B>
inline constexpr chunk_rows chunks = [] {
  if constexpr (requires { B::chunks; }) {
    return chunk_rows(B::chunks);
  } else {
    return chunk_rows{};
  }
}();

/// Whether host and backend may use each other's memory (see above).
template <class B>
inline constexpr bool host_memory = [] {
  if constexpr (requires { B::host_memory; }) {
    return static_cast<bool>(B::host_memory);
  } else {
    return true;
  }
}();
/// Whether what is asked for may depend on what masks say.
template <class B>
inline constexpr bool reads_masks = [] {
  if constexpr (requires { B::fixed_work; }) {
    return host_memory<B> && !B::fixed_work;
  } else {
    return host_memory<B>;
  }
}();
}  // namespace ops

/// Numbers that must be readable behind a block of packed weights.
inline constexpr index_t packed_slack = 64;

namespace ops::detail {
struct null_functor {
  S2RM_HD void operator()(index_t) const {}
  S2RM_HD void operator()(index_t, index_t) const {}
};
struct null_value {
  S2RM_HD double operator()(index_t) const { return 0; }
};
}  // namespace ops::detail

/// What a backend must have (see the list above).
template <class B, class T = float>
concept backend_policy =
    requires(B& be, weight<T, 2, 3, 4> w, T const* in, T* out, double* sum, index_t n, rows<T const> x, rows<T> y) {
      { B::packs } -> std::convertible_to<bool>;
      be.template pack<2, 3, 4>(in, out, out);
      be.product(w, in, n, x, y);
      be.product_add(w, n, x, y);
      be.product_transposed(w, n, x, y);
      be.product_transposed_add(w, n, x, y);
      be.template outer_add<2, 3, 4>(n, x, x, out);
      be.template column_sum_add<2, 3>(n, x, out);
      be.for_each(n, ops::detail::null_functor{});
      be.template for_rows<3>(n, ops::detail::null_functor{});
      be.reduce(n, ops::detail::null_value{}, sum);
      be.template allocate<T>(n);
      be.copy_in(n, in, out);
      be.copy_out(n, in, out);
      be.copy(n, in, out);
      be.fill(n, T(0), out);
      be.wait();
    };

}  // namespace s2rm
