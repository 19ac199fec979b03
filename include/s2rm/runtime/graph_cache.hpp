#pragma once
/// \file
/// Work that is enqueued at every step, captured once and then launched as a graph, on backends that can (`capture`,
/// `launch` of ops/capabilities.hpp).

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "s2rm/ops/capabilities.hpp"

S2RM_NAMESPACE_BEGIN
namespace ops {

/// Backends that capture graphs.
template <class B> concept captures = capabilities<B>::graphs;

/// Whether copies in may be a part of a graph: a launch then reads the host's memory as it is at that time, at
/// addresses of the key. A backend that shares the host's memory has no such copies, and must not capture what reads
/// the caller's arrays.
template <class B>
inline constexpr bool captures_copies = !captures<B> || (!host_memory<B> && capabilities<B>::deferred_copy_in);

/// `cache(be, key, f)` does f's work. f enqueues the same work on the same memory whenever the key is the same, and
/// changes nothing on the host. On a backend that captures, f is called at the first use of a key and captured at the
/// second; the graph is launched then and from then on. On others f is called every time.
///
/// The key holds everything that f's work depends on: extents, and the addresses that f reads and writes.
template <class B, std::size_t Words>
class graph_cache {
 public:
  using key_type = std::array<std::int64_t, Words>;

  template <class F>
  void operator()(B& be, key_type const& key, F const& f) {
    if constexpr (!captures<B>) {
      f();
    } else {
      auto known = std::find_if(graphs_.begin(), graphs_.end(), [&](entry const& e) { return e.key == key; });
      if (known == graphs_.end()) {
        if (graphs_.size() == capacity) graphs_.erase(graphs_.begin());  // the least recently used one
        graphs_.push_back({key, {}, false});
        f();
        return;
      }
      std::rotate(known, known + 1, graphs_.end());
      entry& last = graphs_.back();
      if (!last.captured) {
        be.capture(last.graph, f);
        last.captured = true;
      }
      be.launch(last.graph);
    }
  }

  /// Graphs that are held at a time.
  static constexpr std::size_t capacity = 32;

 private:
  template <class Backend>
  struct graph_of {
    struct type {};
  };
  template <captures Backend>
  struct graph_of<Backend> {
    using type = typename Backend::graph;
  };
  struct entry {
    key_type key;
    typename graph_of<B>::type graph;
    bool captured;
  };
  std::vector<entry> graphs_;  ///< least recently used first
};

/// An address as a word of a key.
template <class T>
std::int64_t word_of(T const* p) {
  return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(p));
}

}  // namespace ops
S2RM_NAMESPACE_END
