#pragma once
/// \file
/// Training: weights, gradient, moments, and one step = forward, backward, clip, update; truncated BPTT; weight
/// average.

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/init/output_bias.hpp"
#include "s2rm/runtime/executor.hpp"
#include "s2rm/runtime/staging.hpp"
#include "s2rm/train/microbatch.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/rank_group.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/state.hpp"
#include "s2rm/train/step_metrics.hpp"
#include "s2rm/train/update.hpp"

namespace s2rm {

/// How `trainer::save` and `load` meet files; defined in train/training_file.hpp.
struct checkpoint_format;

/// Trains a `world_model` on one backend. Deterministic: same seed, data and backend, same bits. May be moved, but not from
/// under a stream: streams refer to its weights.
/// With a communicator (docs/distributed.md) each rank has a trainer, made and used alike, and gives `step` its share of
/// a batch: the ranks' gradients are summed, and all make the same update. `state`, `restore`, `save` and `load` are
/// called on all ranks too; `evaluate` and `differentiate` are of one rank's batch alone.
template <class Net, class Backend, class T = float, class Optimiser = optim::adam,
          communicator::policy Communicator = communicator::none>
class trainer {
 public:
  using net = Net;
  using backend_type = Backend;
  using scalar = T;
  using optimiser_type = Optimiser;
  using parameters_type = s2rm::parameters<typename Net::params, Backend, T>;
  static constexpr index_t size = Net::parameter_count;

  explicit trainer(Backend backend, Optimiser optimiser = {}, seed start = {}, training options = {},
                   Communicator communicator = {})
      : backend_(std::move(backend)),
        optimiser_(std::move(optimiser)),
        options_(options),
        rank_group_(std::move(communicator)),
        parameters_(backend_),
        gradient_(backend_.template allocate<T>(parameters_type::lead + size)),
        moments_(backend_.template allocate<T>(size * Optimiser::moments)),
        control_(backend_.template allocate<optim::control>(1)),
        counts_(backend_.template allocate<detail::window_counts>(1)),
        sums_(backend_.template allocate<detail::report_sums>(1)),
        alive_(backend_.template allocate<std::uint8_t>(alive_parts * Net::M)),
        executor_(backend_, options.recompute),
        whole_(backend_) {
    optimiser_.check();
    options_.check();
    if (options_.average > 0) average_.emplace(backend_);
    reports_.resize(backend_, reports_retained);
    std::vector<T> values(static_cast<std::size_t>(size));
    Net::initialise(values.data(), start);
    assign(values.data());
  }

  /// One pass over a batch: an update per window (see `truncation`). A window without a single unmasked target updates
  /// nothing. A loss or gradient that is not finite is skipped, counted and reported; weights and moments stay as they
  /// were.
  step_report step(batch_view<T> const& given) { return report(step_async(given)); }

  /// The same, asked for: returns without waiting for a backend that does its work later (a GPU), but where the batch before
  /// the last one has not been copied to it yet, and where ranks or parts are summed by the host. The batch may be used
  /// again at once. Returns the number of this step, 0, 1, ..., to ask `report` with; what else reads numbers of the
  /// trainer waits for all steps.
  index_t step_async(batch_view<T> const& given) {
    check_extents(given, true);
    bool const microbatched = options_.parts > 0;
    if (microbatched && given.kept != nullptr) throw value_error("s2rm: training: parts: a kept batch is not cut");
    if (microbatched)
      microbatches_.reserve(backend_, options_.parts,
                            parts_of(given.batch, communicator().rank(), communicator().size(), options_.parts));
    rank_group_.meet(*this, given, microbatched ? microbatches_.mine().count : 0, options_.truncation.window);
    auto const batch = microbatched ? given : staging_.bring(backend_, given);
    auto const& cut = options_.truncation;
    index_t const window = cut.window > 0 ? std::min(cut.window, batch.time) : batch.time;
    if (!cut.carry_batches) executor_.forget_state();
    last_is_whole_ = false;
    backend_.fill(alive_parts * Net::M, std::uint8_t{0}, alive_.data());
    backend_.for_each(1, detail::begin_report{counts_.data(), sums_.data()});
    for (index_t t = 0; t < batch.time; t += window) {
      if (!cut.carry && t > 0) executor_.forget_state();
      auto const part = slice_time<Net>(batch, t, std::min(window, batch.time - t));
      if (microbatched) {
        run_microbatches(part);
      } else {
        executor_.make_room(part, true);
        if constexpr (rank_group_type::interrupts) run(part);
        else window_(backend_, executor_.key(part), [&] { run(part); });
      }
      executor_.carry_on(part);
    }
    auto const slot = asked_ % reports_retained;
    ops::copy_out_later(backend_, 1, sums_.data(), reports_.data() + slot);
    reported_[static_cast<std::size_t>(slot)].set(backend_);
    return asked_++;
  }

  /// A copy where the backend can read it: its `view()` is a batch for this trainer that is not copied to a GPU at every
  /// step. Not with `training::parts`, which the host cuts.
  [[nodiscard]] resident_batch<T> upload(batch_view<T> const& given) {
    return check_extents(given, false), staging_.upload(backend_, given);
  }

  template <class Batch>
  [[nodiscard, deprecated("renamed: upload")]] resident_batch<T> keep(Batch const& b) {
    return upload(b);
  }

  /// Steps whose reports can be asked for: the last ones.
  static constexpr index_t reports_retained = 16;
  /// The report of a step. Waits for this step alone.
  /// \throws value_error where there was no such step, or more than `reports_retained` were asked for since.
  [[nodiscard]] step_report report(index_t number) const {
    auto const slot = report_slot(number);
    reported_[static_cast<std::size_t>(slot)].wait(backend_);
    return reports_.data()[slot].total();
  }
  /// Whether `report` would not wait. Throws as it does.
  [[nodiscard]] bool reported(index_t number) const {
    return reported_[static_cast<std::size_t>(report_slot(number))].completed(backend_);
  }
  /// The same for anything `batch_traits` knows (xtensor: `s2rm::batch` of adapters/xtensor.hpp), extents checked first.
  template <batch_like<typename Net::shape> Batch>
  step_report step(Batch const& b) {
    return step(batch_traits<Batch>::template view<typename Net::shape>(b));
  }
  template <batch_like<typename Net::shape> Batch>
  index_t step_async(Batch const& b) {
    return step_async(batch_traits<Batch>::template view<typename Net::shape>(b));
  }
  template <batch_like<typename Net::shape> Batch>
  double evaluate(Batch const& b) {
    return evaluate(batch_traits<Batch>::template view<typename Net::shape>(b));
  }
  template <batch_like<typename Net::shape> Batch>
  [[nodiscard]] resident_batch<T> upload(Batch const& b) {
    return upload(batch_traits<Batch>::template view<typename Net::shape>(b));
  }

  /// Loss and gradient of a batch at the current weights, without an update. The gradient is `gradient()`.
  double differentiate(batch_view<T> const& given) {
    check_extents(given, true);
    auto const batch = staging_.bring(backend_, given);
    last_is_whole_ = true;
    double const count = whole_.count(batch);
    backend_.fill(size, T(0), gradients());
    double const loss = whole_.differentiate(parameters_.view(), batch, count > 0 ? static_cast<T>(1.0 / count) : T(0),
                                             gradient_view(), [](batch_view<T> const&) {});
    return count > 0 ? loss / count : 0.0;
  }

  /// Mean loss of a batch with the averaged weights, from h_0; outputs stay readable in `predictions()`.
  double evaluate(batch_view<T> const& given) {
    check_extents(given, given.target != nullptr);
    auto const batch = staging_.bring(backend_, given);
    last_is_whole_ = true;
    whole_.forward(averaged().view(), batch);
    if (batch.target == nullptr) return 0.0;
    auto const sums = whole_.measure(batch);
    return sums.count > 0 ? sums.loss / sums.count : 0.0;
  }

  /// (T, B, Q, outputs) of the last pass, in backend memory; of its last window after `step`, and of that the piece
  /// computed last where activations are recomputed.
  [[nodiscard]] T const* predictions() const { return last().outputs(); }
  /// (T, B, M, state) of the last pass, likewise.
  [[nodiscard]] T const* states() const { return last().states(); }
  /// The flat gradient of the last pass, in backend memory.
  [[nodiscard]] T const* gradient() const { return gradient_.data() + parameters_type::lead; }
  [[nodiscard]] parameters_type const& parameters() const { return parameters_; }
  /// The running average of the weights where `training::average` asks for one, else the weights.
  [[nodiscard]] parameters_type const& averaged() const { return average_ ? *average_ : parameters_; }

  [[nodiscard]] index_t steps() const { return counts().steps; }
  [[nodiscard]] index_t skipped() const { return counts().skipped; }
  /// Where the caller is in its data, in numbers that mean something to it alone: kept beside the weights, saved and
  /// loaded with them.
  [[nodiscard]] std::vector<std::int64_t> const& cursor() const { return cursor_; }
  /// \throws value_error on more than `most_cursor` numbers.
  void set_cursor(std::vector<std::int64_t> place) {
    require_value(static_cast<index_t>(place.size()) <= most_cursor,
                  "trainer: cursor: expected at most " + std::to_string(most_cursor) + " numbers, found " +
                      std::to_string(place.size()));
    cursor_ = std::move(place);
  }

  /// Every number that the weights after a step depend on, besides state and batch.
  [[nodiscard]] auto settings() const { return detail::joined(detail::settings_of(optimiser_), options_.settings()); }

  /// Bytes of saved activations and workspace: of `step`, bounded by its window, and of `evaluate` and `differentiate`.
  [[nodiscard]] index_t step_bytes() const { return executor_.bytes(); }
  [[nodiscard]] index_t whole_bytes() const { return whole_.bytes(); }
  [[nodiscard]] Communicator const& communicator() const { return rank_group_.communicator(); }
  /// Which elements of a global batch of so many `step` expects of this rank. \throws value_error, see `share_of`.
  [[nodiscard]] element_range share(index_t batch) const {
    return share_of(batch, communicator().rank(), communicator().size(), options_.parts);
  }
  [[nodiscard]] Backend& backend() { return backend_; }
  [[nodiscard]] Backend const& backend() const { return backend_; }

  /// Takes all weights from the host, forgets moments, average, counters, cursor and the carried state.
  void assign(T const* values) {
    set_weights(values);
    backend_.fill(size * Optimiser::moments, T(0), moments_.data());
    executor_.forget_state();
    cursor_.clear();
    count_from({});
  }

  /// Whitens the place codes over the given places (n, P), best before the first step; see `place_encoder::whiten`.
  void whiten(std::vector<double> const& places) {
    change_weights([&](T* values) { Net::whiten(values, places); });
  }

  /// Sets the bias of the decoder's last layer, best before the first step; see init/output_bias.hpp.
  void output_bias(std::vector<double> const& bias) {
    change_weights([&](T* values) { init::output_bias<Net>(values, bias); });
  }

  using training_state = s2rm::training_state<T>;
  [[nodiscard]] training_state state() const {
    auto const so_far = counts();
    training_state s{std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(size * Optimiser::moments)),
                     so_far.steps,
                     so_far.applied,
                     so_far.skipped};
    s.cursor = cursor_;
    if (options_.truncation.carry_batches) s.carried = rank_group_.gather(executor_.kept_state());
    backend_.copy_out(size, parameters_.values(), s.weights.data());
    backend_.copy_out(size, averaged().values(), s.average.data());
    backend_.copy_out(size * Optimiser::moments, moments_.data(), s.moments.data());
    return s;
  }
  /// \throws value_error if a size is not this model's; nothing has changed then.
  void restore(training_state const& s) {
    constexpr index_t element = Net::M * Net::state_size;
    s.require_sizes(size, size * Optimiser::moments, element);
    set_cursor(s.cursor);
    parameters_.assign(backend_, s.weights.data());
    if (average_) average_->assign(backend_, s.average.data());
    backend_.copy_in(size * Optimiser::moments, s.moments.data(), moments_.data());
    auto const mine = share(static_cast<index_t>(s.carried.size()) / element);
    executor_.keep_state(std::vector<T>(s.carried.begin() + mine.first * element,
                                        s.carried.begin() + (mine.first + mine.count) * element));
    count_from({s.steps, s.applied, s.skipped});
  }

  /// One safetensors file (docs/checkpoint.md). The model's weights are the averaged ones. Rank 0 writes and reads it.
  template <class Format = checkpoint_format, class... More>
  void save(std::filesystem::path const& path, More const&... more) const {
    rank_group_.template save<Format>(*this, path, more...);
  }
  /// Loads weights, and the training state where the file has one. On any error nothing changes.
  template <class Format = checkpoint_format>
  void load(std::filesystem::path const& path) {
    rank_group_.template load<Format>(*this, path);
  }
  /// Goes on exactly where `save` was called: the same, but the file must hold a training state, of a trainer with these
  /// `settings`. On any error nothing changes.
  template <class Format = checkpoint_format>
  void resume(std::filesystem::path const& path) {
    rank_group_.template resume<Format>(*this, path);
  }

 private:
  /// One worker looks through all views of a module until it finds one; a device has many.
  static constexpr index_t alive_parts = ops::host_memory<Backend> ? 1 : 64;
  using rank_group_type = team<Backend, Net::M, Communicator>;
  using sums = microbatch_sums<Net, Backend, T>;

  [[nodiscard]] gradients_of<T, typename Net::params> gradient_view() { return {gradients()}; }
  [[nodiscard]] T* gradients() { return gradient_.data() + parameters_type::lead; }

  void set_weights(T const* values) {
    parameters_.assign(backend_, values);
    if (average_) average_->assign(backend_, values);
  }

  /// f(values) changes the weights on the host; the average becomes the same.
  template <class F>
  void change_weights(F const& f) {
    std::vector<T> values(static_cast<std::size_t>(size));
    backend_.copy_out(size, parameters_.values(), values.data());
    f(values.data());
    set_weights(values.data());
  }

  /// Everything that a window asks of the backend: its figures, its gradient, the update, what is counted. Nothing here
  /// depends on a number that the backend has, so that it may be recorded.
  void run(batch_view<T> const& part) {
    executor_.begin(part);
    rank_group_.sum(backend_, 1, executor_.sums() + figure::count);
    backend_.fill(size, T(0), gradients());
    differentiate_into(part, executor_.mean_scale(), gradient_view());
    rank_group_.sum(backend_, size, gradients());
    rank_group_.sum_figures(backend_, executor_.sums(), alive_.data(), alive_parts);
    executor_.keep_state(part);
    update(part.batch);
  }
  /// The same, of a window in host memory whose gradient is summed over parts of its elements.
  void run_microbatches(batch_view<T> const& window) {
    double const count = rank_group_.sum_of(count_targets<Net>(window));
    T const scale = count > 0 ? static_cast<T>(1.0 / count) : T(0);
    auto const pass = [&](element_range of, T* gradient, typename sums::row& found) {
      auto const part = staging_.bring(backend_, cut_(window, of));
      executor_.take_part(of.first, window.batch);
      executor_.begin(part);
      differentiate_into(part, scale, {gradient});
      executor_.keep_state(part);
      sums::take(backend_, executor_.sums(), found);
    };
    auto const all = microbatches_.run(backend_, rank_group_.communicator(), window.batch, gradients(), pass);
    sums::give(backend_, all, count, executor_.sums());
    rank_group_.sum_figures(backend_, executor_.sums(), alive_.data(), alive_parts, true);
    update(window.batch);
  }
  /// Adds a batch's gradient; leaves its loss and reach in their figures.
  void differentiate_into(batch_view<T> const& part, likelihood::loss_scale<T> scale,
                          gradients_of<T, typename Net::params> gradient) {
    static_assert(figure::present == figure::reached + 1 && figure::unreached == figure::reached + 2);
    backend_.fill(3, 0.0, executor_.sums() + figure::reached);
    executor_.accumulate(parameters_.view(), part, scale, gradient, [&](batch_view<T> const& piece) {
      report::add_reach<Net::M>(backend_, piece.time * piece.batch * piece.views, executor_.memory().view_reach,
                                executor_.sums(), alive_.data(), alive_parts);
    });
  }
  /// From the gradient and the figures of a window, whose state is kept for so many elements, to new weights and counts.
  void update(index_t elements) {
    double* const figures = executor_.sums();
    backend_.for_each(1, detail::begin_update<Optimiser>{optimiser_, counts_.data(), control_.data()});
    backend_.reduce(size, report::square<T>{gradients()}, &control_.data()->norm2);
    backend_.for_each(1, detail::judge_gradient{figures, control_.data()});
    backend_.for_each(size, typename Optimiser::template update<T>{optimiser_, control_.data(), size, gradients(),
                                                                   parameters_.values(), moments_.data()});
    parameters_.refresh(backend_);
    if (average_) {
      backend_.for_each(size, detail::average_weights<T>{control_.data(), parameters_.values(), average_->values(),
                                                         static_cast<T>(options_.average)});
      average_->refresh(backend_);
    }
    index_t const kept = elements * Net::M * Net::state_size;
    backend_.reduce(kept, report::not_finite_after<T>{&control_.data()->norm2, executor_.kept()},
                    figures + figure::scratch);
    rank_group_.sum(backend_, 1, figures + figure::scratch);
    backend_.for_each(1, detail::measure_window{figures, control_.data(), counts_.data(), sums_.data(),
                                                kept > 0 ? executor_.lost() : nullptr});
  }

  [[nodiscard]] detail::window_counts counts() const {
    detail::window_counts n;
    backend_.copy_out(1, counts_.data(), &n);
    return n;
  }
  void count_from(detail::window_counts const& n) { backend_.copy_in(1, &n, counts_.data()); }
  [[nodiscard]] index_t report_slot(index_t number) const {
    if (number < 0 || number >= asked_ || number < asked_ - reports_retained) {
      throw value_error("s2rm: trainer: report: expected one of the last " + std::to_string(reports_retained) + " of " +
                        std::to_string(asked_) + " steps, found step " + std::to_string(number));
    }
    return number % reports_retained;
  }

  [[nodiscard]] executor<Net, Backend, T> const& last() const { return last_is_whole_ ? whole_ : executor_; }

  Backend backend_;
  Optimiser optimiser_;
  training options_;
  rank_group_type rank_group_;
  parameters_type parameters_;
  std::optional<parameters_type> average_;  ///< where one is asked for
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) gradient_, moments_;
  decltype(std::declval<Backend&>().template allocate<optim::control>(index_t{})) control_;
  decltype(std::declval<Backend&>().template allocate<detail::window_counts>(index_t{})) counts_;
  decltype(std::declval<Backend&>().template allocate<detail::report_sums>(index_t{})) sums_;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) alive_;  ///< (alive_parts, M)
  executor<Net, Backend, T> executor_;  ///< training: memory of a window, state carried between windows
  executor<Net, Backend, T> whole_;     ///< whole batches from h_0
  staging<Net, Backend, T> staging_;
  sums microbatches_;
  element_cut<Net, T> cut_;
  ops::graph_cache<Backend, executor<Net, Backend, T>::key_words> window_;
  bool last_is_whole_ = false;
  std::vector<std::int64_t> cursor_;
  host_block<Backend, detail::report_sums> reports_;  ///< of the last steps asked for
  std::array<ops::event_of<Backend>, static_cast<std::size_t>(reports_retained)> reported_;
  index_t asked_ = 0;  ///< steps
};

}  // namespace s2rm
