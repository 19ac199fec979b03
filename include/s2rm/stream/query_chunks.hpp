#pragma once
/// \file
/// Any number of queries in chunks of as many as a stream has memory for.

#include <algorithm>
#include <vector>

#include "s2rm/model/batch.hpp"

S2RM_NAMESPACE_BEGIN
namespace detail {

template <class Net, class T>
class query_chunks {
 public:
  /// `most`: queries of a session in a chunk.
  query_chunks(index_t sessions, index_t most)
      : room_(static_cast<std::size_t>(sessions == 1 ? 0 : sessions * most * (Net::P + 1 + Net::K))) {}

  /// Queries first ... first + n - 1 of every element of `all` (1, B, Q). Those of one element lie together already; of
  /// several they are copied, and stay until the next call.
  batch_view<T> cut(batch_view<T> all, index_t first, index_t n) {
    index_t const sessions = all.batch, step = all.queries;
    T* to = room_.data();
    auto const one = [&](T const*& x, index_t width) {
      if (x == nullptr) return;
      T const* const from = x + first * width;
      x = sessions == 1 ? from : to;
      if (sessions == 1) return;
      for (index_t b = 0; b < sessions; ++b, to += n * width) std::copy_n(from + b * step * width, n * width, to);
    };
    one(all.query_place, Net::P);
    one(all.query_lead, 1);
    one(all.query_context, Net::K);
    all.queries = n;
    return all;
  }

 private:
  std::vector<T> room_;
};

}  // namespace detail
S2RM_NAMESPACE_END
