#pragma once
/// \file
/// A batch in equal parts of its elements, whose gradients are summed in the order of a tree (train/communicator.hpp):
/// the same bits on any number of ranks, and the memory of one part at a time.

#include <string>
#include <utility>
#include <vector>

#include "s2rm/model/batch.hpp"
#include "s2rm/ops/ops.hpp"
#include "s2rm/train/communicator.hpp"
#include "s2rm/train/update.hpp"

namespace s2rm {

/// Elements of a batch as a batch of their own, copied. Memory is kept for the next.
template <class Net, class T>
class element_cut {
 public:
  batch_view<T> operator()(batch_view<T> b, element_range of) {
    if (of.first == 0 && of.count == b.batch) return b;
    take(b, of, b.view, b.views * Net::view::size, view_);
    take(b, of, b.place, b.views * Net::P, place_);
    take(b, of, b.view_mask, b.views, view_mask_);
    take(b, of, b.query_place, b.queries * Net::P, query_place_);
    take(b, of, b.target, b.queries * Net::target::size, target_);
    take(b, of, b.target_mask, b.queries, target_mask_);
    take(b, of, b.reset, 1, reset_);
    take(b, of, b.blind, 1, blind_);
    b.batch = of.count;
    return b;
  }

 private:
  template <class U>
  static void take(batch_view<T> const& b, element_range of, U const*& from, index_t width, std::vector<U>& to) {
    if (from == nullptr) return;
    to.resize(static_cast<std::size_t>(b.time * of.count * width));
    for (index_t t = 0; t < b.time; ++t) {
      std::copy_n(from + (t * b.batch + of.first) * width, of.count * width, to.begin() + t * of.count * width);
    }
    from = to.data();
  }
  std::vector<T> view_, place_, query_place_, target_;
  std::vector<std::uint8_t> view_mask_, target_mask_, reset_, blind_;
};

/// Unmasked target elements of a batch in host memory.
template <class Net, class T>
double count_targets(batch_view<T> const& b) {
  index_t const n = b.time * b.batch * b.queries;
  index_t const asked =
      b.target_mask == nullptr ? n : n - std::count(b.target_mask, b.target_mask + n, std::uint8_t{0});
  return static_cast<double>(asked * Net::target::size);
}

/// Gradients and figures of this rank's parts, and their sum over all ranks.
template <class Net, class Backend, class T>
class microbatch_sums {
 public:
  static constexpr index_t size = Net::parameter_count;
  /// Figures that are summed over parts (figure::loss, reached, present, unreached).
  using row = std::array<double, detail::summed_figures>;

  /// Which of `parts` are this rank's. Allocates where that changes.
  void reserve(Backend& be, index_t parts, element_range mine) {
    if (rows_.size() == static_cast<std::size_t>(parts) && mine_ == mine) return;
    mine_ = mine;
    rows_.resize(static_cast<std::size_t>(parts));
    // As many gradients as ever wait for their neighbours.
    communicator::tree_stack trial;
    index_t most = 1;
    for (index_t i = 0; i < mine.count; ++i) {
      most = std::max(most, trial.depth + 1);
      trial.push({mine.first + i, 1}, [](index_t) {});
    }
    nodes_ = be.template allocate<T>(most * size);
  }

  [[nodiscard]] element_range mine() const { return mine_; }

  /// A part's row out of the figures that its pass left.
  static void take(Backend& be, double const* figures, row& to) {
    double found[figure::all] = {};
    be.copy_out(figure::all, figures, found);
    for (std::size_t f = 0; f < to.size(); ++f) to[f] = found[detail::summed_figure(static_cast<index_t>(f))];
  }
  /// The figures of the whole from its row.
  static void give(Backend& be, row const& from, double count, double* figures) {
    double found[figure::all] = {};
    found[figure::count] = count;
    for (std::size_t f = 0; f < from.size(); ++f) found[detail::summed_figure(static_cast<index_t>(f))] = from[f];
    be.copy_in(figure::all, found, figures);
  }

  /// pass(elements of this rank's batch, gradient, row) for each part, in order: `pass` leaves the part's gradient and
  /// figures there. The gradient's sum over all ranks is in `gradient` afterwards, and the figures' are returned.
  template <class Team, class Pass>
  row run(Backend& be, Team const& team, index_t elements, T* gradient, Pass const& pass) {
    index_t const each = elements / mine_.count;
    std::fill(rows_.begin(), rows_.end(), row{});
    communicator::tree_stack waiting;
    for (index_t i = 0; i < mine_.count; ++i) {
      T* const part = nodes_.data() + waiting.depth * size;
      be.fill(size, T(0), part);
      pass(element_range{i * each, each}, part, rows_[static_cast<std::size_t>(mine_.first + i)]);
      waiting.push({mine_.first + i, 1}, [&](index_t at) {
        be.for_each(size, detail::add_numbers<T>{nodes_.data() + (at + 1) * size, nodes_.data() + at * size});
      });
    }
    row total{};
    auto const parts = static_cast<index_t>(rows_.size());
    // A row of zeros stands for a part of another rank: sums over ranks are exact, those over parts are made in order.
    if constexpr (Team::active) team.sum(parts * static_cast<index_t>(row{}.size()), rows_.front().data());
    for (row const& one : rows_) {
      for (std::size_t f = 0; f < total.size(); ++f) total[f] += one[f];
    }
    if constexpr (Team::active) {
      if constexpr (ops::host_memory<Backend>) {
        team.tree_sum(parts, size, nodes_.data(), gradient);
      } else {
        host_.resize(static_cast<std::size_t>(waiting.depth * size));
        be.copy_out(waiting.depth * size, nodes_.data(), host_.data());
        team.tree_sum(parts, size, host_.data(), host_.data());
        be.copy_in(size, host_.data(), gradient);
      }
    } else {
      be.copy(size, nodes_.data(), gradient);
    }
    return total;
  }

 private:
  element_range mine_{};
  std::vector<row> rows_;
  std::vector<T> host_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) nodes_;
};

}  // namespace s2rm
