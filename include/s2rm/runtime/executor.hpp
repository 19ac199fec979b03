#pragma once
/// \file
/// The memory of one user of a model (a trainer, a stream, an evaluation): the tape, grown when a batch asks for more,
/// and the state that is carried from one piece of time to the next. Weights are never part of it. Batches lie in backend
/// memory (runtime/staging.hpp).

#include <array>
#include <utility>
#include <vector>

#include "s2rm/model/forward_backward.hpp"
#include "s2rm/runtime/graph_cache.hpp"

namespace s2rm {

/// Steps [first, first + count) of a batch: time is the slowest extent, so this is only pointers.
template <class Net, class T>
batch_view<T> slice_time(batch_view<T> b, index_t first, index_t count) {
  index_t const R = first * b.batch;
  auto const move = [](auto*& p, index_t n) {
    if (p != nullptr) p += n;
  };
  move(b.view, R * b.views * Net::view::size);
  move(b.place, R * b.views * Net::P);
  move(b.view_mask, R * b.views);
  move(b.query_place, R * b.queries * Net::P);
  move(b.target, R * b.queries * Net::target::size);
  move(b.target_mask, R * b.queries);
  move(b.reset, R);
  move(b.blind, R);
  b.time = count;
  return b;
}

/// Calls f(steps, their first row) for as many steps of a batch as are read out at a time.
template <class Net, class T, class F>
void each_read_out(batch_view<T> const& b, ops::chunk_rows const& chunks, F const& f) {
  index_t const steps = ops::chunk_rows::steps(chunks.read_out, b.time, b.batch);
  for (index_t t = 0; t < b.time; t += steps) f(slice_time<Net>(b, t, std::min(steps, b.time - t)), t * b.batch);
}

template <class Net, class Backend, class T>
class executor {
 public:
  using flow = forward_backward<Net, Backend, T>;
  using weights = typename flow::weights;

  struct sums_of {
    double loss = 0, count = 0;
  };

  /// `recompute`: steps whose activations are kept at a time; 0: all. Of the rest only the state between chunks is kept,
  /// and the backward pass runs each piece forward once more: a third more work, memory of one piece.
  explicit executor(Backend backend, index_t recompute = 0)
      : backend_(std::move(backend)), recompute_(recompute), lost_(backend_.template allocate<std::uint8_t>(1)) {
    backend_.fill(1, std::uint8_t{0}, lost_.data());
  }

  /// Room for these extents, at once. Allocates; nothing else does while batches fit.
  void reserve(extent const& e, bool with_backward) {
    if (fits(e) && (with_backward_ || !with_backward)) return;
    with_backward = with_backward || with_backward_;
    extent const all{std::max(e.time, room_.time), std::max(e.batch, room_.batch), std::max(e.views, room_.views),
                     std::max(e.queries, room_.queries), ops::chunks<Backend>};
    index_t const bytes = tape_bytes<Net, T>(all, with_backward);
    auto memory = backend_.template allocate<std::byte>(bytes);
    arena real{memory.data()};
    tape_ = tape<Net, T>::lay_out(real, all, with_backward);
    memory_ = std::move(memory);
    bytes_ = bytes;
    if (all.batch > room_.batch) carry_room(all.batch);
    room_ = all;
    with_backward_ = with_backward;
  }

  /// States and outputs of a batch, from the carried state where there is one. The tape holds them afterwards: those of
  /// the whole batch, or of its last piece where activations are recomputed.
  void forward(weights p, batch_view<T> const& b) {
    observe(p, b, false, [&](batch_view<T> const& part) { query(p, part); });
  }

  /// Outputs of a piece from the states that the tape holds.
  void query(weights p, batch_view<T> const& part) {
    each_read_out<Net>(part, tape_.chunks,
                       [&](batch_view<T> const& some, index_t first) { flow::query(backend_, p, tape_, some, first); });
  }

  /// Loss over the unmasked target elements of the batch just run forward, and their number.
  sums_of measure(batch_view<T> const& b) {
    sums_of sums;
    sums.loss = loss(b);
    flow::count(backend_, tape_, b);
    backend_.copy_out(1, tape_.sums + figure::count, &sums.count);
    return sums;
  }

  /// Unmasked target elements of a batch.
  double count(batch_view<T> const& b) {
    begin(b);
    double count = 0;
    backend_.copy_out(1, tape_.sums + figure::count, &count);
    return count;
  }
  /// The same, left in its figure. All memory that the batch asks for is there afterwards.
  void begin(batch_view<T> const& b) {
    make_room(b, true);
    flow::count(backend_, tape_, b);
  }

  /// Forward and back: returns the summed loss and adds the gradient of `scale` times it to dp. Outputs and states stay
  /// readable as after `forward`; `observed(piece)` is called while the tape holds a piece's views and states.
  template <class F>
  double differentiate(weights p, batch_view<T> const& b, likelihood::loss_scale<T> scale,
                       gradients_of<T, typename Net::params> dp, F const& observed) {
    accumulate(p, b, scale, dp, observed);
    double total = 0;
    backend_.copy_out(1, tape_.sums + figure::loss, &total);
    return total;
  }
  /// The same, the loss left in its figure.
  template <class F>
  void accumulate(weights p, batch_view<T> const& b, likelihood::loss_scale<T> scale,
                  gradients_of<T, typename Net::params> dp, F const& observed) {
    observe(p, b, true, observed);
    backend_.fill(1, 0.0, tape_.sums + figure::loss);
    index_t const last = chunks_of(b) - 1;
    for (index_t k = last; k >= 0; --k) {
      auto const part = k == last ? flow::kept(piece(b, k)) : observe_chunk(p, b, k);
      flow::begin_backward(backend_, tape_);
      each_read_out<Net>(part, tape_.chunks, [&](batch_view<T> const& some, index_t first) {
        flow::query(backend_, p, tape_, some, first);
        flow::query_backward(backend_, p, tape_, some, first, scale, dp);
      });
      flow::measure(backend_, tape_, part);
      backend_.for_each(1, figure::add{tape_.sums + figure::chunk_loss, tape_.sums + figure::loss});
      flow::backward(backend_, p, tape_, part, state_before(b, k), k != last, dp);
    }
  }
  /// One over the count that `begin` left.
  [[nodiscard]] likelihood::loss_scale<T> mean_scale() const {
    return likelihood::loss_scale<T>::over(tape_.sums + figure::count);
  }
  /// Extents and addresses that work on a batch depends on, once `begin` or a pass has made room for it.
  static constexpr std::size_t key_words = 21;
  [[nodiscard]] std::array<std::int64_t, key_words> key(batch_view<T> const& b) const {
    return {b.time,
            b.batch,
            b.views,
            b.queries,
            ops::word_of(b.view),
            ops::word_of(b.place),
            ops::word_of(b.view_mask),
            ops::word_of(b.query_place),
            ops::word_of(b.target),
            ops::word_of(b.target_mask),
            ops::word_of(b.reset),
            ops::word_of(b.blind),
            ops::word_of(memory_.data()),
            room_.time,
            room_.batch,
            room_.views,
            room_.queries,
            ops::word_of(carried(b)),
            ops::word_of(carried_.data()),
            ops::word_of(between_.data()),
            with_backward_ ? 1 : 0};
  }
  /// Room for a batch and its chunks. Allocates; nothing else does while batches fit.
  void make_room(batch_view<T> const& b, bool with_backward) {
    reserve({chunk_steps(b), b.batch, b.views, b.queries}, with_backward);
    index_t const chunks = chunks_of(b), state = b.batch * Net::M * Net::state_size;
    if (chunks > 1 && between_.size() < (chunks + 1) * state) {
      between_ = backend_.template allocate<T>((chunks + 1) * state);
    }
  }

  /// Keeps the last state for the next pass, which takes it after `carry_on`. It may be recorded.
  void keep_state(batch_view<T> const& b) {
    if (b.time == 0 || b.batch == 0) return;
    index_t const chunks = chunks_of(b), state = b.batch * Net::M * Net::state_size;
    T const* const last = chunks > 1 ? between_.data() + chunks * state : flow::last_state(tape_, b);
    backend_.copy(state, last, carried_.data() + first_ * Net::M * Net::state_size);
  }
  /// The next pass goes on from what `keep_state` kept: of a batch, or of all parts of it.
  void carry_on(batch_view<T> const& b) {
    if (b.time > 0 && b.batch > 0) carried_elements_ = all_of(b);
  }
  /// The next pass starts from h_0.
  void forget_state() { carried_elements_ = 0; }
  /// From now on batches are elements [first, first + B) of `all`, in this order part after part: a state is kept for all
  /// of them, and each part goes on from its own. `all` of 0: a batch is all there is. Allocates where `all` grows.
  void take_part(index_t first, index_t all) {
    if (all > 0) carry_room(all);
    first_ = first;
    all_ = all;
  }

  /// The state kept for the next pass, (B, M, state), in backend memory.
  [[nodiscard]] T const* kept() const { return carried_.data(); }
  /// Whether the next pass starts from h_0 all the same: one flag, in backend memory.
  [[nodiscard]] std::uint8_t* lost() { return lost_.data(); }
  /// The state kept on the host; empty where the next pass starts from h_0.
  [[nodiscard]] std::vector<T> kept_state() const {
    std::uint8_t lost = 0;
    backend_.copy_out(1, lost_.data(), &lost);
    std::vector<T> numbers(lost != 0 ? 0 : static_cast<std::size_t>(carried_elements_ * Net::M * Net::state_size));
    backend_.copy_out(static_cast<index_t>(numbers.size()), carried_.data(), numbers.data());
    return numbers;
  }
  /// The next pass goes on from this state, whole elements of (M, state) numbers.
  void keep_state(std::vector<T> const& numbers) {
    auto const count = static_cast<index_t>(numbers.size());
    carried_elements_ = 0;
    carry_room(count / (Net::M * Net::state_size));
    backend_.copy_in(count, numbers.data(), carried_.data());
    carried_elements_ = count / (Net::M * Net::state_size);
    backend_.fill(1, std::uint8_t{0}, lost_.data());
  }

  [[nodiscard]] T const* outputs() const { return tape_.output; }
  [[nodiscard]] T const* states() const { return tape_.dynamics.state_out; }
  [[nodiscard]] double* sums() { return tape_.sums; }
  [[nodiscard]] tape<Net, T> const& memory() const { return tape_; }
  [[nodiscard]] index_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] bool fits(extent const& e) const {
    return e.time <= room_.time && e.batch <= room_.batch && e.views <= room_.views && e.queries <= room_.queries &&
           bytes_ > 0;
  }
  /// A state for other elements than the batch has is no state of this batch.
  [[nodiscard]] T const* carried(batch_view<T> const& b) const {
    bool const known = carried_elements_ == all_of(b) && b.batch > 0;
    return known ? carried_.data() + first_ * Net::M * Net::state_size : nullptr;
  }
  [[nodiscard]] index_t all_of(batch_view<T> const& b) const { return all_ > 0 ? all_ : b.batch; }
  /// Room for the state of this many elements; what is kept stays.
  void carry_room(index_t elements) {
    constexpr index_t state = Net::M * Net::state_size;
    if (carried_.size() >= elements * state) return;
    auto carried = backend_.template allocate<T>(elements * state);
    if (carried_elements_ > 0) backend_.copy(carried_elements_ * state, carried_.data(), carried.data());
    carried_ = std::move(carried);
  }

  [[nodiscard]] index_t chunk_steps(batch_view<T> const& b) const {
    return recompute_ > 0 ? std::min(recompute_, b.time) : b.time;
  }
  [[nodiscard]] index_t chunks_of(batch_view<T> const& b) const {
    index_t const steps = chunk_steps(b);
    return steps > 0 ? (b.time + steps - 1) / steps : 1;
  }
  [[nodiscard]] batch_view<T> piece(batch_view<T> const& b, index_t k) const {
    index_t const steps = chunk_steps(b);
    return slice_time<Net>(b, k * steps, std::min(steps, b.time - k * steps));
  }
  /// What piece k goes on from.
  [[nodiscard]] T const* state_before(batch_view<T> const& b, index_t k) const {
    return k == 0 ? carried(b) : between_.data() + k * b.batch * Net::M * Net::state_size;
  }
  /// Summed loss of the outputs that the tape holds.
  double loss(batch_view<T> const& part) {
    flow::measure(backend_, tape_, part);
    double sum = 0;
    backend_.copy_out(1, tape_.sums + figure::chunk_loss, &sum);
    return sum;
  }
  batch_view<T> observe_chunk(weights p, batch_view<T> const& b, index_t k) {
    return flow::observe(backend_, p, tape_, piece(b, k), state_before(b, k), k == 0 ? lost_.data() : nullptr);
  }
  /// All chunks up to their states, from first to last.
  template <class F>
  void observe(weights p, batch_view<T> const& b, bool with_backward, F const& observed) {
    make_room(b, with_backward);
    index_t const chunks = chunks_of(b), state = b.batch * Net::M * Net::state_size;
    flow::derive(backend_, p, tape_);
    for (index_t k = 0; k < chunks; ++k) {
      auto const part = observe_chunk(p, b, k);
      observed(part);
      if (chunks > 1) backend_.copy(state, flow::last_state(tape_, part), between_.data() + (k + 1) * state);
    }
  }
  Backend backend_;
  index_t recompute_ = 0;
  extent room_{};
  bool with_backward_ = false;
  index_t bytes_ = 0;
  tape<Net, T> tape_{};
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) carried_;
  index_t carried_elements_ = 0;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) lost_;
  index_t first_ = 0, all_ = 0;                                                 ///< see `take_part`
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) between_;  ///< (chunks + 1, B, M, state)
};

}  // namespace s2rm
