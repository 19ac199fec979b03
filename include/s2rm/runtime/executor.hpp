#pragma once
/// \file
/// Runs a model over batches for one user of it (a trainer, an evaluation): owns the activations, grown when a larger batch
/// comes, and the state that is carried from one pass to the next. Weights are never part of it. Batches lie in backend
/// memory (runtime/staging.hpp).
///
/// How a batch is cut, each level within the one before (docs/model.md):
///
///   truncation window   steps between two updates (train/trainer.hpp)
///   micro-batch         elements of a window whose gradient is computed at a time (train/microbatch.hpp)
///   segment             steps of a pass whose activations are resident at a time (`recompute`)
///   chunk               steps that the encoder, or the read-out, works on at a time (`ops::chunk_rows`)

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "s2rm/model/forward_backward.hpp"
#include "s2rm/runtime/graph_cache.hpp"

S2RM_NAMESPACE_BEGIN

/// Calls f(chunk, its first row) for every chunk of the read-out.
template <class Net, class T, class F>
void each_read_out(batch_view<T> const& b, ops::chunk_rows const& chunks, F const& f) {
  index_t const steps = ops::chunk_rows::steps(chunks.read_out, b.time, b.batch);
  for (index_t t = 0; t < b.time; t += steps) f(slice_time<Net>(b, t, (std::min)(steps, b.time - t)), t * b.batch);
}

template <class Net, class Backend, class T>
class executor {
 public:
  using flow = forward_backward<Net, Backend, T>;
  using weights = typename flow::weights;

  /// A sum over target elements, and their number.
  struct measured {
    double loss = 0, count = 0;
  };

  /// `recompute`: steps of a segment; 0: a pass is one segment. Of more than one segment, the states between them are
  /// resident and the activations of one; the backward pass runs each segment but the last forward once more: a third
  /// more work.
  explicit executor(Backend backend, index_t recompute = 0)
      : backend_(std::move(backend)), recompute_(recompute), carry_lost_(backend_.template allocate<std::uint8_t>(1)) {
    backend_.fill(1, std::uint8_t{0}, carry_lost_.data());
  }

  /// Memory for these extents. Allocates; nothing else does while batches fit.
  void reserve(extent const& e, bool with_backward) {
    if (fits(e) && (with_backward_ || !with_backward)) return;
    with_backward = with_backward || with_backward_;
    extent const all{(std::max)(e.time, room_.time), (std::max)(e.batch, room_.batch), (std::max)(e.views, room_.views),
                     (std::max)(e.queries, room_.queries), ops::chunks<Backend>};
    index_t const bytes = activation_bytes<Net, T>(all, with_backward);
    auto memory = backend_.template allocate<std::byte>(bytes);
    arena real{memory.data()};
    activations_ = activations<Net, T>::lay_out(real, all, with_backward);
    memory_ = std::move(memory);
    bytes_ = bytes;
    if (all.batch > room_.batch) reserve_carry(all.batch);
    room_ = all;
    with_backward_ = with_backward;
  }

  /// Calls f, which enqueues work on this batch with these functions: the same work whenever extents and addresses are
  /// the same. On a backend that captures graphs it is launched as one (runtime/graph_cache.hpp).
  template <class F>
  void launch(batch_view<T> const& b, F const& f) {
    make_room(b, true);
    graphs_(backend_, key(b), f);
  }

  /// States and outputs of a batch, from the carried state where there is one. The activations hold them afterwards: those of
  /// the whole batch, or of its last segment.
  void forward(weights p, batch_view<T> const& b) {
    observe(p, b, false, [&](batch_view<T> const& segment) { query(p, segment); });
  }

  /// Outputs of a segment from the states that the activations hold.
  void query(weights p, batch_view<T> const& segment) {
    each_read_out<Net>(segment, activations_.chunks, [&](batch_view<T> const& chunk, index_t first) {
      flow::query(backend_, p, activations_, chunk, first);
    });
  }

  /// Loss over the unmasked target elements of the batch just run forward, and their number. Blocks.
  measured measure(batch_view<T> const& b) {
    flow::measure(backend_, activations_, b);
    flow::count(backend_, activations_, b);
    auto const found = read_sums();
    return {found.segment_loss, found.count};
  }

  /// Unmasked target elements of a batch. Blocks.
  double count(batch_view<T> const& b) {
    begin(b);
    return read_sums().count;
  }
  /// The same, left in `sums().count`. All memory for the batch is allocated afterwards.
  void begin(batch_view<T> const& b) {
    make_room(b, true);
    flow::count(backend_, activations_, b);
  }

  /// Forward and backward pass: returns the summed loss and adds the gradient of `scale` times it to dp. Outputs and
  /// states are readable afterwards as after `forward`; `observed(segment)` is called while the activations hold a segment's
  /// views and states. Blocks.
  template <class F>
  double differentiate(weights p, batch_view<T> const& b, likelihood::loss_scale<T> scale,
                       gradients_of<T, typename Net::params> dp, F const& observed) {
    accumulate(p, b, scale, dp, observed);
    return read_sums().loss;
  }
  /// The same, the loss left in `sums().loss`.
  template <class F>
  void accumulate(weights p, batch_view<T> const& b, likelihood::loss_scale<T> scale,
                  gradients_of<T, typename Net::params> dp, F const& observed) {
    observe(p, b, true, observed);
    backend_.fill(1, 0.0, &activations_.sums->loss);
    index_t const last = segment_count(b) - 1;
    for (index_t k = last; k >= 0; --k) {
      auto const part = k == last ? flow::compacted(segment(b, k)) : observe_segment(p, b, k);
      flow::begin_backward(backend_, activations_);
      each_read_out<Net>(part, activations_.chunks, [&](batch_view<T> const& chunk, index_t first) {
        flow::query(backend_, p, activations_, chunk, first);
        flow::query_backward(backend_, p, activations_, chunk, first, scale, dp);
      });
      flow::measure(backend_, activations_, part);
      backend_.for_each(1, add_number{&activations_.sums->segment_loss, &activations_.sums->loss});
      flow::backward(backend_, p, activations_, part, state_before(b, k), k != last, dp);
    }
  }
  /// One over the count that `begin` left.
  [[nodiscard]] likelihood::loss_scale<T> mean_scale() const {
    return likelihood::loss_scale<T>::over(&activations_.sums->count);
  }

  /// Stores the last state for the next pass, which goes on from it after `carry_on`. May be captured.
  void store_carry(batch_view<T> const& b) {
    if (b.time == 0 || b.batch == 0) return;
    index_t const segments = segment_count(b), state = b.batch * element_state;
    T const* const last = segments > 1 ? segment_states_.data() + segments * state : flow::last_state(activations_, b);
    backend_.copy(state, last, carried_.data() + first_ * element_state);
  }
  /// The next pass goes on from what `store_carry` stored: for a batch, or for all its micro-batches.
  void carry_on(batch_view<T> const& b) {
    if (b.time > 0 && b.batch > 0) carried_elements_ = elements_of(b);
  }
  /// The next pass starts from h_0.
  void drop_carry() { carried_elements_ = 0; }
  /// From now on batches are elements [first, first + B) of `all`: the carried state has room for all, and each
  /// micro-batch goes on from its own elements'. `all` of 0: a batch is all there is. Allocates where `all` grows.
  void select_elements(index_t first, index_t all) {
    if (all > 0) reserve_carry(all);
    first_ = first;
    all_ = all;
  }

  /// The carried state, (B, M, state), in backend memory.
  [[nodiscard]] T const* carried_state() const { return carried_.data(); }
  /// One flag in backend memory: not 0 makes the next pass start from h_0 although a state is carried.
  [[nodiscard]] std::uint8_t* carry_lost() { return carry_lost_.data(); }
  /// The carried state on the host; empty where the next pass starts from h_0. Blocks.
  [[nodiscard]] std::vector<T> copy_carry() const {
    std::uint8_t lost = 0;
    backend_.copy_out(1, carry_lost_.data(), &lost);
    std::vector<T> numbers(lost != 0 ? 0 : static_cast<std::size_t>(carried_elements_ * element_state));
    backend_.copy_out(static_cast<index_t>(numbers.size()), carried_.data(), numbers.data());
    return numbers;
  }
  /// The next pass goes on from this state, whole elements of (M, state) numbers.
  void set_carry(std::vector<T> const& numbers) {
    auto const count = static_cast<index_t>(numbers.size());
    carried_elements_ = 0;
    reserve_carry(count / element_state);
    backend_.copy_in(count, numbers.data(), carried_.data());
    carried_elements_ = count / element_state;
    backend_.fill(1, std::uint8_t{0}, carry_lost_.data());
  }

  [[nodiscard]] T const* outputs() const { return activations_.output; }
  [[nodiscard]] T const* states() const { return activations_.dynamics.state_out; }
  /// In backend memory.
  [[nodiscard]] pass_sums* sums() { return activations_.sums; }
  [[nodiscard]] activations<Net, T> const& memory() const { return activations_; }
  [[nodiscard]] index_t bytes() const { return bytes_; }

 private:
  static constexpr index_t element_state = Net::M * Net::state_size;  ///< numbers of one element's state
  static constexpr std::size_t key_words = 4 + batch_arrays + 9;

  /// Memory for a batch and its segments. Allocates; nothing else does while batches fit.
  void make_room(batch_view<T> const& b, bool with_backward) {
    reserve({segment_steps(b), b.batch, b.views, b.queries}, with_backward);
    index_t const segments = segment_count(b), state = b.batch * element_state;
    if (segments > 1 && segment_states_.size() < (segments + 1) * state) {
      segment_states_ = backend_.template allocate<T>((segments + 1) * state);
    }
  }
  /// Everything that work on a batch depends on, once there is room for it.
  [[nodiscard]] std::array<std::int64_t, key_words> key(batch_view<T> const& b) const {
    std::array<std::int64_t, key_words> words{b.time,
                                              b.batch,
                                              b.views,
                                              b.queries,
                                              ops::word_of(memory_.data()),
                                              room_.time,
                                              room_.batch,
                                              room_.views,
                                              room_.queries,
                                              ops::word_of(carried(b)),
                                              ops::word_of(carried_.data()),
                                              ops::word_of(segment_states_.data()),
                                              with_backward_ ? 1 : 0};
    auto next = words.end() - batch_arrays;
    for_each_array<typename Net::shape>([&next](auto, auto const* p) { *next++ = ops::word_of(p); }, b);
    return words;
  }
  [[nodiscard]] bool fits(extent const& e) const {
    return e.time <= room_.time && e.batch <= room_.batch && e.views <= room_.views && e.queries <= room_.queries &&
           bytes_ > 0;
  }
  /// The state that a batch goes on from; null: h_0. A carried state of another number of elements is dropped.
  [[nodiscard]] T const* carried(batch_view<T> const& b) const {
    bool const known = carried_elements_ == elements_of(b) && b.batch > 0;
    return known ? carried_.data() + first_ * element_state : nullptr;
  }
  [[nodiscard]] index_t elements_of(batch_view<T> const& b) const { return all_ > 0 ? all_ : b.batch; }
  /// Room for the state of this many elements; a carried state is moved there.
  void reserve_carry(index_t elements) {
    if (carried_.size() >= elements * element_state) return;
    auto carried = backend_.template allocate<T>(elements * element_state);
    if (carried_elements_ > 0) backend_.copy(carried_elements_ * element_state, carried_.data(), carried.data());
    carried_ = std::move(carried);
  }

  [[nodiscard]] index_t segment_steps(batch_view<T> const& b) const {
    return recompute_ > 0 ? (std::min)(recompute_, b.time) : b.time;
  }
  [[nodiscard]] index_t segment_count(batch_view<T> const& b) const {
    index_t const steps = segment_steps(b);
    return steps > 0 ? (b.time + steps - 1) / steps : 1;
  }
  [[nodiscard]] batch_view<T> segment(batch_view<T> const& b, index_t k) const {
    index_t const steps = segment_steps(b);
    return slice_time<Net>(b, k * steps, (std::min)(steps, b.time - k * steps));
  }
  /// The state that segment k goes on from.
  [[nodiscard]] T const* state_before(batch_view<T> const& b, index_t k) const {
    return k == 0 ? carried(b) : segment_states_.data() + k * b.batch * element_state;
  }
  batch_view<T> observe_segment(weights p, batch_view<T> const& b, index_t k) {
    return flow::observe(backend_, p, activations_, segment(b, k), state_before(b, k),
                         k == 0 ? carry_lost_.data() : nullptr);
  }
  /// All segments up to their states, from first to last.
  template <class F>
  void observe(weights p, batch_view<T> const& b, bool with_backward, F const& observed) {
    make_room(b, with_backward);
    index_t const segments = segment_count(b), state = b.batch * element_state;
    flow::derive(backend_, p, activations_);
    for (index_t k = 0; k < segments; ++k) {
      auto const part = observe_segment(p, b, k);
      observed(part);
      if (segments > 1)
        backend_.copy(state, flow::last_state(activations_, part), segment_states_.data() + (k + 1) * state);
    }
  }
  [[nodiscard]] pass_sums read_sums() const {
    pass_sums found;
    backend_.copy_out(1, activations_.sums, &found);
    return found;
  }

  Backend backend_;
  index_t recompute_ = 0;
  extent room_{};
  bool with_backward_ = false;
  index_t bytes_ = 0;
  activations<Net, T> activations_{};
  decltype(std::declval<Backend&>().template allocate<std::byte>(index_t{})) memory_;
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) carried_;
  index_t carried_elements_ = 0;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) carry_lost_;
  index_t first_ = 0, all_ = 0;                                                        ///< see `select_elements`
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) segment_states_;  ///< (segments + 1, B, M, state)
  ops::graph_cache<Backend, key_words> graphs_;
};

S2RM_NAMESPACE_END
