#pragma once
/// \file
/// Work that is asked for at every step, remembered by backends that can (`record`, `play` of ops.hpp).

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "s2rm/ops/ops.hpp"

namespace s2rm::ops {

namespace detail {
struct null_work {
  void operator()() const {}
};
}  // namespace detail

/// Backends that can.
template <class B>
concept captures = requires(B& be, typename B::graph& r, detail::null_work f) {
  be.capture(r, f);
  be.launch(r);
};

/// Whether copies in may be a part of recorded work: it then reads the host's memory when it is played, at addresses of the
/// key. A backend that shares the host's memory has no such copies, and must not record what reads the caller's arrays.
template <class B>
inline constexpr bool captures_copies =
    !captures<B> ||
    (!host_memory<B> && requires(B& be, float const* from, float* to) { be.copy_in_later(1, from, to); });

/// `repeated(be, key, f)` does f's work. f asks for the same work on the same memory whenever the key is the same, and
/// changes nothing on the host: a backend that captures is asked once as f is, once more to remember it, and plays it from
/// then on. Others are asked every time.
///
/// The key says everything that f's work depends on: extents, and the addresses it was given.
template <class B, std::size_t Words>
class graph_cache {
 public:
  using key_type = std::array<std::int64_t, Words>;

  template <class F>
  void operator()(B& be, key_type const& key, F const& f) {
    if constexpr (!captures<B>) {
      f();
    } else {
      auto known = std::find_if(kept_.begin(), kept_.end(), [&](entry const& e) { return e.key == key; });
      if (known == kept_.end()) {
        // What was needed longest ago makes room.
        if (kept_.size() == most) kept_.erase(kept_.begin());
        kept_.push_back({key, {}, false});
        f();
        return;
      }
      std::rotate(known, known + 1, kept_.end());
      entry& last = kept_.back();
      if (!last.ready) {
        be.capture(last.graph, f);
        last.ready = true;
      }
      be.launch(last.graph);
    }
  }

  /// Recordings that are kept at a time.
  static constexpr std::size_t most = 32;

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
    bool ready;
  };
  std::vector<entry> kept_;
};

/// An address as a word of a key.
template <class T>
std::int64_t word_of(T const* p) {
  return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(p));
}

}  // namespace s2rm::ops
