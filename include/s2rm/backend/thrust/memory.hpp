#pragma once
/// \file
/// Memory on a device system, and the loops' functors.

#include <memory>
#include <type_traits>
#include <utility>

#include "s2rm/math/simd.hpp"
#include "s2rm/ops/ops.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

template <class System>
std::shared_ptr<typename System::context> make_context(int device) {
  if constexpr (std::is_default_constructible_v<typename System::context>) {
    static_cast<void>(device);
    return std::make_shared<typename System::context>();
  } else {
    return std::make_shared<typename System::context>(device);
  }
}

/// On a device chunks need not fit a cache: they are as long as memory allows.
inline constexpr ops::chunk_rows device_chunks{.encode = 4096, .read_out = 4096};
template <class System>
inline constexpr ops::chunk_rows chunks_of = [] {
  if constexpr (requires { System::chunks; }) {
    return ops::chunk_rows(System::chunks);
  } else {
    return device_chunks;
  }
}();

/// The graph of a system that captures work; an empty type elsewhere.
template <class System>
struct graph_of {
  struct type {};
};
template <class System> concept system_captures = requires { typename System::graph; };
template <system_captures System>
struct graph_of<System> {
  using type = typename System::graph;
};

/// The event of a system whose calls return before their work is done; an empty type elsewhere.
template <class System>
struct event_of {
  struct type {};
};
template <class System> concept system_events = requires { typename System::event; };
template <system_events System>
struct event_of<System> {
  using type = typename System::event;
};

/// `n` numbers of a system's memory, or of the host's for its copies; released with the handle; the context lives as
/// long.
template <class System, class T, bool OnHost>
class system_buffer {
 public:
  system_buffer() = default;
  system_buffer(std::shared_ptr<typename System::context> context, index_t n)
      : context_(std::move(context)), size_(n > 0 ? n : 0) {
    if (size_ > 0) {
      auto const bytes = static_cast<std::size_t>(size_) * sizeof(T);
      if constexpr (OnHost) {
        data_ = static_cast<T*>(System::allocate_host(*context_, bytes));
      } else {
        data_ = static_cast<T*>(System::allocate(*context_, bytes));
      }
    }
  }
  system_buffer(system_buffer&& from) noexcept { swap(from); }
  system_buffer& operator=(system_buffer&& from) noexcept {
    system_buffer moved(std::move(from));
    swap(moved);
    return *this;
  }
  system_buffer(system_buffer const&) = delete;
  system_buffer& operator=(system_buffer const&) = delete;
  ~system_buffer() {
    if (data_ == nullptr) return;
    if constexpr (OnHost) {
      System::release_host(*context_, data_);
    } else {
      System::release(*context_, data_);
    }
  }
  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] T const* data() const { return data_; }
  [[nodiscard]] index_t size() const { return size_; }

 private:
  void swap(system_buffer& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  std::shared_ptr<typename System::context> context_;
  T* data_ = nullptr;
  index_t size_ = 0;
};

template <class System, class T>
using device_buffer = system_buffer<System, T, false>;
template <class System, class T>
using host_buffer = system_buffer<System, T, true>;

/// f of one index, on single lanes. A system that calls one functor for many indices prepares it (`prepared`) once for
/// all.
template <class F>
struct one_index {
  F f;
  S2RM_HD void operator()(index_t i) const {
    if constexpr (math::prepares<F>) {
      with(f.prepared(), i);
    } else {
      with(f, i);
    }
  }
  /// f, or what its `prepared` gave, of index i.
  template <class G>
  S2RM_HD static void with(G const& g, index_t i) {
    if constexpr (math::laned_each<G>) {
      g.template lanes<math::lanes<typename G::scalar, 1>>(i);
    } else {
      g(i);
    }
  }
};

/// f of one row and column.
template <class F, index_t Width>
struct one_place {
  F f;
  S2RM_HD void operator()(index_t i) const { at(i / Width, i % Width); }
  S2RM_HD void at(index_t row, index_t column) const {
    if constexpr (math::laned_rows<F>) {
      f.template lanes<math::lanes<typename F::scalar, 1>>(row, column);
    } else {
      f(row, column);
    }
  }
};

template <class T>
struct fill_one {
  T value;
  T* x;
  S2RM_HD void operator()(index_t i) const { x[i] = value; }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
