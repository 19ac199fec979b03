#pragma once
/// \file
/// Micro-batches: equal ranges of a batch's elements whose gradients are computed one after the other and summed in the
/// order of a binary tree (train/communicator.hpp): the same bits on any number of ranks, and the memory of one
/// micro-batch.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "s2rm/math/simd.hpp"
#include "s2rm/model/activations.hpp"
#include "s2rm/model/batch.hpp"
#include "s2rm/runtime/owned_batch.hpp"
#include "s2rm/runtime/transfer.hpp"
#include "s2rm/train/communicator.hpp"

S2RM_NAMESPACE_BEGIN

/// Elements of a batch in host memory as a batch of their own, copied where they are not all of it.
template <class Net, class T>
class element_cut {
 public:
  /// Valid until the next call.
  batch_view<T> operator()(batch_view<T> const& b, element_range of) {
    if (of.first == 0 && of.count == b.batch) return b;
    return copy_elements<typename Net::shape>(b, of.first, of.count, memory_);
  }

 private:
  owned_batch<T> memory_;
};

/// Unmasked target elements of a batch in host memory.
template <class Net, class T>
double count_targets(batch_view<T> const& b) {
  index_t const n = b.time * b.batch * b.queries;
  index_t const unmasked =
      b.target_mask == nullptr ? n : n - std::count(b.target_mask, b.target_mask + n, std::uint8_t{0});
  return static_cast<double>(unmasked * Net::target::size);
}

namespace detail {
/// *to += *from, n of them.
template <class T>
struct add_numbers {
  using scalar = T;
  T const* from;
  T* to;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    L::store(to + i, L::load(to + i) + L::load(from + i));
  }
};
}  // namespace detail

/// Gradients and sums of this rank's micro-batches, and their totals over all ranks.
template <class Net, class Backend, class T>
class microbatch_sums {
 public:
  static constexpr index_t size = Net::parameter_count;

  /// Which of all `microbatches` are this rank's. Allocates where that changes.
  void reserve(Backend& be, index_t microbatches, element_range mine) {
    if (sums_.size() == static_cast<std::size_t>(microbatches) && mine_ == mine) return;
    mine_ = mine;
    sums_.resize(static_cast<std::size_t>(microbatches));
    joint_.resize(sums_.size() * joint_sums::numbers);
    // As many gradients as are ever partial sums at the same time.
    communicator::tree_stack trial;
    index_t partial = 1;
    for (index_t i = 0; i < mine.count; ++i) {
      partial = (std::max)(partial, trial.depth + 1);
      trial.push({mine.first + i, 1}, [](index_t) {});
    }
    nodes_ = be.template allocate<T>(partial * size);
  }

  [[nodiscard]] element_range mine() const { return mine_; }

  /// pass(elements of this rank's batch, gradient) for each micro-batch, in order: `pass` adds the micro-batch's
  /// gradient there and returns its sums. The gradient's total over all ranks is in `gradient` afterwards, and that of
  /// the sums is returned.
  template <class Communicator, class Pass>
  joint_sums run(Backend& be, Communicator const& ranks, index_t elements, T* gradient, Pass const& pass) {
    index_t const each = elements / mine_.count;
    std::fill(sums_.begin(), sums_.end(), joint_sums{});
    communicator::tree_stack partial;
    for (index_t i = 0; i < mine_.count; ++i) {
      T* const node = nodes_.data() + partial.depth * size;
      be.fill(size, T(0), node);
      sums_[static_cast<std::size_t>(mine_.first + i)] = pass(element_range{i * each, each}, node);
      partial.push({mine_.first + i, 1}, [&](index_t at) {
        be.for_each(size, detail::add_numbers<T>{nodes_.data() + (at + 1) * size, nodes_.data() + at * size});
      });
    }
    if constexpr (Communicator::active) {
      sum_over(ranks);
      auto const all = static_cast<index_t>(sums_.size());
      tree_sum_(be, partial.depth * size, nodes_.data(), size, gradient,
                [&](T* nodes, T* to) { ranks.tree_sum(all, size, nodes, to); });
    } else {
      be.copy(size, nodes_.data(), gradient);
    }
    joint_sums total;
    for (joint_sums const& one : sums_) {
      total.loss += one.loss, total.reached += one.reached, total.present += one.present;
      total.unreached += one.unreached;
    }
    return total;
  }

 private:
  /// The sums of every rank's micro-batches. Those of other ranks are zeros here, so that a sum over ranks is exact,
  /// and the total over micro-batches is made in their order.
  template <class Communicator>
  void sum_over(Communicator const& ranks) {
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i].store(joint_.data() + i * joint_sums::numbers);
    ranks.sum(static_cast<index_t>(joint_.size()), joint_.data());
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = joint_sums::load(joint_.data() + i * joint_sums::numbers);
  }

  element_range mine_{};
  std::vector<joint_sums> sums_;
  std::vector<double> joint_;
  host_function<Backend, T> tree_sum_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) nodes_;  ///< gradients of the tree's open nodes
};

S2RM_NAMESPACE_END
