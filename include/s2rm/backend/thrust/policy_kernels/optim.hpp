#pragma once
/// \file
/// Block kernel of the updates of train/optim.hpp: a thread has four parameters that are a block apart. All are read
/// before one is written, so that the reads are in flight together; what all parameters have in common is computed once
/// a block.

#include <cstddef>

#include "s2rm/backend/thrust/kernels/block.hpp"
#include "s2rm/train/optim.hpp"

S2RM_NAMESPACE_BEGIN
namespace backend::detail {

/// Updates whose prepared form reads and writes apart.
template <class Update> concept staged_update = requires { typename Update::ready::numbers; };

template <staged_update Update>
struct block_kernel<Update> {
  using ready = typename Update::ready;
  using T = typename ready::scalar;
  static constexpr int threads = 256, each = 4;
  static constexpr std::size_t shared_bytes = sizeof(ready);
  Update f;
  index_t n;
  [[nodiscard]] index_t blocks() const { return (n + threads * each - 1) / (threads * each); }
  template <class Block>
  S2RM_HD void operator()(Block const& block) const {
    auto* const common = reinterpret_cast<ready*>(block.shared);
    block.each([&](int t) {
      if (t == 0) *common = f.prepared();
    });
    block.each([&](int t) {
      ready const r = *common;
      if (!r.finite) return;
      index_t const first = block.index * threads * each + t;
      typename ready::numbers of[each];
      for (int k = 0; k < each; ++k) {
        if (first + k * threads < n) of[k] = r.template read<math::lanes<T, 1>>(first + k * threads);
      }
      for (int k = 0; k < each; ++k) {
        if (first + k * threads < n) r.template write<math::lanes<T, 1>>(first + k * threads, of[k]);
      }
    });
  }
};

}  // namespace backend::detail
S2RM_NAMESPACE_END
