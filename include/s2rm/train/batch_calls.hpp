#pragma once
/// \file
/// The calls of a trainer that take a batch, for every type of batch.

#include "s2rm/model/batch.hpp"
#include "s2rm/runtime/staging.hpp"
#include "s2rm/train/report.hpp"

S2RM_NAMESPACE_BEGIN

/// Base of `trainer` and `any_trainer`: their calls with a `batch_view`, for anything that `batch_traits` knows
/// (`owned_batch`; xtensor: `batch` of adapters/xtensor.hpp), extents checked first.
template <class Trainer, class Shape, class T>
class batch_calls {
 public:
  template <batch_like<Shape> Batch>
  step_report step(Batch const& b) {
    return self().step(batch_traits<Batch>::template view<Shape>(b));
  }
  template <batch_like<Shape> Batch>
  index_t step_async(Batch const& b) {
    return self().step_async(batch_traits<Batch>::template view<Shape>(b));
  }
  template <batch_like<Shape> Batch>
  double evaluate(Batch const& b) {
    return self().evaluate(batch_traits<Batch>::template view<Shape>(b));
  }
  template <batch_like<Shape> Batch>
  [[nodiscard]] resident_batch<T> upload(Batch const& b) {
    return self().upload(batch_traits<Batch>::template view<Shape>(b));
  }
  template <class Batch>
  [[nodiscard, deprecated("renamed: upload")]] resident_batch<T> keep(Batch const& b) {
    return self().upload(b);
  }

 private:
  batch_calls() = default;
  friend Trainer;
  Trainer& self() { return static_cast<Trainer&>(*this); }
};

S2RM_NAMESPACE_END
