#pragma once
/// \file
/// Training: weights, gradient, moments, and one step = forward and backward pass, clipping, update; truncated BPTT;
/// weight average.

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/init/output_bias.hpp"
#include "s2rm/ops/work_size.hpp"
#include "s2rm/runtime/executor.hpp"
#include "s2rm/runtime/staging.hpp"
#include "s2rm/runtime/transfer.hpp"
#include "s2rm/train/batch_calls.hpp"
#include "s2rm/train/microbatch.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/rank_group.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/state.hpp"
#include "s2rm/train/step_metrics.hpp"
#include "s2rm/train/training_file.hpp"
#include "s2rm/train/update.hpp"

S2RM_NAMESPACE_BEGIN

/// Trains a `world_model` on one backend. Deterministic: same seed, data and backend, same bits. May be moved, but not
/// from under a stream: streams refer to its weights. With a communicator (docs/distributed.md) each rank has a
/// trainer, constructed and called in the same way, and gives `step` its share of a batch: the ranks' gradients are
/// summed, and all make the same update. `state`, `restore`, `save` and `load` are called on all ranks too; `evaluate`
/// and `differentiate` see one rank's batch alone.
template <class Net, class Backend, class T = float, class Optimiser = optim::adam,
          communicator::policy Communicator = communicator::none>
class trainer : public batch_calls<trainer<Net, Backend, T, Optimiser, Communicator>, typename Net::shape, T> {
 public:
  using net = Net;
  using backend_type = Backend;
  using scalar = T;
  using optimiser_type = Optimiser;
  using parameters_type = s2rm::parameters<typename Net::params, Backend, T>;
  using calls = batch_calls<trainer, typename Net::shape, T>;  ///< these calls for other types of batches
  using calls::evaluate, calls::step, calls::step_async, calls::upload;
  static constexpr index_t size = Net::parameter_count, moment_count = size * Optimiser::moments;

  explicit trainer(Backend backend, Optimiser optimiser = {}, seed start = {}, training options = {},
                   Communicator communicator = {})
      : backend_(std::move(backend)),
        optimiser_(std::move(optimiser)),
        options_(options.current()),
        rank_group_(std::move(communicator)),
        parameters_(backend_),
        gradient_(backend_.template allocate<T>(parameters_type::lead + size)),
        moments_(backend_.template allocate<T>(moment_count)),
        control_(backend_.template allocate<optim::control>(1)),
        counts_(backend_.template allocate<detail::window_counts>(1)),
        sums_(backend_.template allocate<detail::report_sums>(1)),
        alive_(backend_.template allocate<std::uint8_t>(alive_parts * Net::M)),
        executor_(backend_, options.recompute),
        whole_(backend_),
        reports_(backend_) {
    (optimiser_.check)();
    (options_.check)();
    if (options_.average > 0) average_.emplace(backend_);
    std::vector<T> values(static_cast<std::size_t>(size));
    Net::initialise(values.data(), start);
    assign(values.data());
  }

  /// One pass over a batch: an update per window (see `truncation`). A window without a single unmasked target updates
  /// nothing. A non-finite loss or gradient is skipped, counted and reported; weights and moments stay as they were.
  step_report step(batch_view<T> const& given) { return report(step_async(given)); }

  /// `step` without its report: enqueues the work and returns the step's number, 0, 1, ..., for `report`. Blocks only
  /// where the batch before the last one has not been copied to the backend yet, and where the host sums over ranks or
  /// micro-batches. The caller may overwrite the batch at once. Reading anything else of the trainer waits for all
  /// steps.
  index_t step_async(batch_view<T> const& given) {
    check_batch<Net>(given, true);
    if (options_.microbatches > 0) prepare_microbatches(given);
    auto const& cut = options_.truncation;
    if constexpr (rank_group_type::active) {
      rank_group_.check_agreement(*this, given, microbatches_.mine().count, cut.window);
    }
    // Micro-batches are staged one by one.
    auto const batch = options_.microbatches > 0 ? given : staging_.to_backend(backend_, given);
    index_t const steps = cut.window > 0 ? (std::min)(cut.window, batch.time) : batch.time;
    if (!cut.carry_batches) executor_.drop_carry();
    last_is_whole_ = false;
    backend_.fill(alive_parts * Net::M, std::uint8_t{0}, alive_.data());
    backend_.for_each(1, detail::begin_report{counts_.data(), sums_.data()});
    for (index_t t = 0; t < batch.time; t += steps) {
      if (!cut.carry && t > 0) executor_.drop_carry();
      auto const window = slice_time<Net>(batch, t, (std::min)(steps, batch.time - t));
      if (options_.microbatches > 0) {
        train_on_microbatches(window);
      } else if constexpr (rank_group_type::interrupts) {
        train_on(window);
      } else {
        executor_.launch(window, [&] { train_on(window); });
      }
      executor_.carry_on(window);
    }
    return reports_.enqueue(backend_, sums_.data());
  }

  /// A copy in the backend's memory: its `view()` is a batch for this trainer that is not copied to a GPU at every
  /// step. Not with `training::microbatches`, which the host cuts.
  [[nodiscard]] resident_batch<T> upload(batch_view<T> const& given) {
    return check_batch<Net>(given, false), staging_.make_resident(backend_, given);
  }

  /// Reports of so many steps, the last ones, are there to be read.
  static constexpr index_t reports_retained = 16;
  /// The report of a step. Waits for this step alone.
  /// \throws value_error where there was no such step, or it is not among the last `reports_retained`.
  [[nodiscard]] step_report report(index_t number) const {
    require_report(number);
    return reports_.wait(backend_, number).total();
  }
  /// Whether `report` would return at once. Throws as it does.
  [[nodiscard]] bool reported(index_t number) const {
    require_report(number);
    return reports_.completed(backend_, number);
  }
  /// Loss and gradient of a batch at the current weights, without an update. The gradient is `gradient()`.
  double differentiate(batch_view<T> const& given) {
    check_batch<Net>(given, true);
    auto const batch = staging_.to_backend(backend_, given);
    last_is_whole_ = true;
    double const count = whole_.count(batch);
    backend_.fill(size, T(0), gradients());
    double const loss = whole_.differentiate(parameters_.view(), batch, count > 0 ? static_cast<T>(1.0 / count) : T(0),
                                             gradient_view(), [](batch_view<T> const&) {});
    return count > 0 ? loss / count : 0.0;
  }

  /// Mean loss of a batch with the averaged weights, from h_0; outputs stay readable in `predictions()`.
  double evaluate(batch_view<T> const& given) {
    check_batch<Net>(given, given.target != nullptr);
    auto const batch = staging_.to_backend(backend_, given);
    last_is_whole_ = true;
    whole_.forward(averaged().view(), batch);
    if (batch.target == nullptr) return 0.0;
    auto const measured = whole_.measure(batch);
    return measured.count > 0 ? measured.loss / measured.count : 0.0;
  }

  /// (T, B, Q, outputs) of the last pass, in backend memory; after `step` those of its last window, of that the last
  /// micro-batch, and of that the segment computed last.
  [[nodiscard]] T const* predictions() const { return last().outputs(); }
  /// (T, B, M, state) of the last pass, likewise.
  [[nodiscard]] T const* states() const { return last().states(); }
  /// The flat gradient of the last pass, in backend memory.
  [[nodiscard]] T const* gradient() const { return gradient_.data() + parameters_type::lead; }
  [[nodiscard]] parameters_type const& parameters() const { return parameters_; }
  /// The running average of the weights with `training::average`, else the weights.
  [[nodiscard]] parameters_type const& averaged() const { return average_ ? *average_ : parameters_; }

  [[nodiscard]] index_t steps() const { return counts().steps; }
  [[nodiscard]] index_t skipped() const { return counts().skipped; }
  /// The caller's position in its data, in numbers that mean something to it alone: saved and loaded with the weights.
  [[nodiscard]] std::vector<std::int64_t> const& cursor() const { return cursor_; }
  /// \throws value_error on more than `max_cursor` numbers.
  void set_cursor(std::vector<std::int64_t> place) {
    require_value(
        static_cast<index_t>(place.size()) <= max_cursor,
        {"trainer: cursor: expected at most ", max_cursor, " numbers, found ", static_cast<index_t>(place.size())});
    cursor_ = std::move(place);
  }

  /// Every number that the weights after a step depend on, besides state and batch.
  [[nodiscard]] auto settings() const { return detail::joined(detail::settings_of(optimiser_), options_.settings()); }

  /// Bytes of saved activations and workspace: of `step`, bounded by its window, and of `evaluate` and `differentiate`.
  [[nodiscard]] index_t step_bytes() const { return executor_.bytes(); }
  [[nodiscard]] index_t whole_bytes() const { return whole_.bytes(); }
  [[nodiscard]] Communicator const& communicator() const { return rank_group_.communicator(); }
  /// The elements of a global batch of this size that `step` expects on this rank. \throws value_error, see `share_of`.
  [[nodiscard]] element_range share(index_t batch) const {
    return share_of(batch, communicator().rank(), communicator().size(), options_.microbatches);
  }
  [[nodiscard]] Backend& backend() { return backend_; }
  [[nodiscard]] Backend const& backend() const { return backend_; }

  /// Takes all weights from the host, forgets moments, average, counters, cursor and the carried state.
  void assign(T const* values) {
    set_weights(values);
    backend_.fill(moment_count, T(0), moments_.data());
    executor_.drop_carry();
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
  /// Everything that a later trainer of this type needs to continue exactly. Blocks.
  [[nodiscard]] training_state state() const {
    auto const so_far = counts();
    training_state s{std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(moment_count)),
                     so_far.steps,
                     so_far.applied,
                     so_far.skipped};
    s.cursor = cursor_;
    if (options_.truncation.carry_batches) s.carried = rank_group_.gather(executor_.copy_carry());
    backend_.copy_out(size, parameters_.values(), s.weights.data());
    backend_.copy_out(size, averaged().values(), s.average.data());
    backend_.copy_out(moment_count, moments_.data(), s.moments.data());
    return s;
  }
  /// \throws value_error if a size is not this model's; nothing has changed then.
  void restore(training_state const& s) {
    constexpr index_t element = Net::M * Net::state_size;
    s.require_sizes(size, moment_count, element);
    set_cursor(s.cursor);
    parameters_.assign(backend_, s.weights.data());
    if (average_) average_->assign(backend_, s.average.data());
    backend_.copy_in(moment_count, s.moments.data(), moments_.data());
    auto const mine = share(static_cast<index_t>(s.carried.size()) / element);
    executor_.set_carry(std::vector<T>(s.carried.begin() + mine.first * element,
                                       s.carried.begin() + (mine.first + mine.count) * element));
    count_from({s.steps, s.applied, s.skipped});
  }

  /// One safetensors file (docs/checkpoint.md). The model's weights are the averaged ones. Rank 0 writes and reads it.
  /// `figure`: of validation, which `checkpoint_folder` compares files by.
  void save(std::filesystem::path const& path, std::optional<double> const& figure = std::nullopt) const {
    auto const now = state();
    rank_group_.on_first("save", [&] { checkpoint_format::save<Net>(path, now, settings(), figure); });
  }
  /// Loads weights, and the training state where the file has one. On any error nothing changes. `limits`: of a file that
  /// is meant to hold more than the model does.
  void load(std::filesystem::path const& path, checkpoint_format::limits_type const& limits = {}) {
    restore(
        rank_group_.from_first("load", [&] { return checkpoint_format::load<Net, T>(path, moment_count, limits); }));
  }
  /// Loads the weights of a file with any number of modules, where modules share them (`weights::shared`), and starts
  /// training anew, as `assign` does. On any error nothing changes. A template, so that explicit instantiations of trainers
  /// of other models compile.
  template <class Shared = Net>
  void load_modules(std::filesystem::path const& path, new_modules const& others = {},
                    checkpoint_format::limits_type const& limits = {}) {
    restore(rank_group_.from_first("load_modules", [&] {
      return checkpoint_format::load_modules<Shared, T>(path, moment_count, others, limits);
    }));
  }
  /// Continues exactly where `save` was called: the file must hold a training state, of a trainer with these
  /// `settings`. On any error nothing changes.
  void resume(std::filesystem::path const& path, checkpoint_format::limits_type const& limits = {}) {
    restore(rank_group_.from_first(
        "resume", [&] { return checkpoint_format::resume<Net, T>(path, moment_count, settings(), limits); }));
  }

 private:
  static constexpr index_t alive_parts = ops::search_parts<Backend>;
  using rank_group_type = rank_group<Backend, Net::M, Communicator>;
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

  /// Enqueues everything that a window needs: its sums, its gradient, the update, the metrics. Depends on no number
  /// that the backend computes, so that it can be captured in a graph.
  void train_on(batch_view<T> const& window) {
    executor_.begin(window);
    if constexpr (rank_group_type::active) rank_group_.sum(backend_, 1, &executor_.sums()->count);
    backend_.fill(size, T(0), gradients());
    add_gradient(window, executor_.mean_scale(), gradient_view());
    if constexpr (rank_group_type::active) rank_group_.sum(backend_, size, gradients());
    rank_group_.sum_window(backend_, executor_.sums(), alive_.data(), alive_parts);
    executor_.store_carry(window);
    update(window.batch);
  }
  /// The same for a window in host memory, whose gradient is summed over micro-batches.
  void train_on_microbatches(batch_view<T> const& window) {
    double const count = rank_group_.sum_of(count_targets<Net>(window));
    T const scale = count > 0 ? static_cast<T>(1.0 / count) : T(0);
    auto const pass = [&](element_range of, T* gradient) -> joint_sums {
      auto const microbatch = staging_.to_backend(backend_, cut_(window, of));
      executor_.select_elements(of.first, window.batch);
      executor_.begin(microbatch);
      add_gradient(microbatch, scale, {gradient});
      executor_.store_carry(microbatch);
      pass_sums found;
      backend_.copy_out(1, executor_.sums(), &found);
      return static_cast<joint_sums const&>(found);
    };
    pass_sums all{microbatches_.run(backend_, rank_group_.communicator(), window.batch, gradients(), pass)};
    all.count = count;
    backend_.copy_in(1, &all, executor_.sums());
    rank_group_.sum_window(backend_, executor_.sums(), alive_.data(), alive_parts, true);
    update(window.batch);
  }
  /// \throws value_error where the batch cannot be cut into this rank's micro-batches, or is resident on the backend
  void prepare_microbatches(batch_view<T> const& given) {
    if (given.resident != nullptr) {
      throw_error<value_error>("s2rm: training: `microbatches` cannot be combined with a resident batch");
    }
    auto const& ranks = communicator();
    microbatches_.reserve(backend_, options_.microbatches,
                          microbatches_of(given.batch, ranks.rank(), ranks.size(), options_.microbatches));
  }
  /// Adds a batch's gradient; leaves its loss and its reach in the executor's sums.
  void add_gradient(batch_view<T> const& b, likelihood::loss_scale<T> scale,
                    gradients_of<T, typename Net::params> gradient) {
    backend_.for_each(1, report::clear_reach{executor_.sums()});
    executor_.accumulate(parameters_.view(), b, scale, gradient, [&](batch_view<T> const& segment) {
      report::add_reach<Net::M>(backend_, segment.time * segment.batch * segment.views, executor_.memory().view_reach,
                                executor_.sums(), alive_.data(), alive_parts);
    });
  }
  /// From the gradient and the sums of a window, whose carried state has so many elements, to new weights and metrics.
  void update(index_t elements) {
    pass_sums* const pass = executor_.sums();
    backend_.for_each(1, detail::begin_update<Optimiser>{optimiser_, counts_.data(), control_.data()});
    backend_.reduce(size, report::square<T>{gradients()}, &control_.data()->norm2);
    backend_.for_each(1, detail::judge_gradient{pass, control_.data()});
    backend_.for_each(size, typename Optimiser::template update<T>{optimiser_, control_.data(), size, gradients(),
                                                                   parameters_.values(), moments_.data()});
    parameters_.refresh(backend_);
    if (average_) {
      backend_.for_each(size, detail::average_weights<T>{control_.data(), parameters_.values(), average_->values(),
                                                         static_cast<T>(options_.average)});
      average_->refresh(backend_);
    }
    index_t const carried = elements * Net::M * Net::state_size;
    backend_.reduce(carried, report::not_finite_after<T>{&control_.data()->norm2, executor_.carried_state()},
                    &pass->temporary);
    if constexpr (rank_group_type::active) rank_group_.sum(backend_, 1, &pass->temporary);
    backend_.for_each(1, detail::measure_window{pass, control_.data(), counts_.data(), sums_.data(),
                                                carried > 0 ? executor_.carry_lost() : nullptr});
  }

  [[nodiscard]] detail::window_counts counts() const {
    detail::window_counts n;
    backend_.copy_out(1, counts_.data(), &n);
    return n;
  }
  void count_from(detail::window_counts const& n) { backend_.copy_in(1, &n, counts_.data()); }
  void require_report(index_t number) const {
    require_value(reports_.holds(number), {"trainer: report: expected one of the last ", reports_retained, " of ",
                                           reports_.count(), " steps, found step ", number});
  }

  [[nodiscard]] executor<Net, Backend, T> const& last() const { return last_is_whole_ ? whole_ : executor_; }

  Backend backend_;
  Optimiser optimiser_;
  training options_;
  rank_group_type rank_group_;
  parameters_type parameters_;
  std::optional<parameters_type> average_;  ///< with `training::average`
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) gradient_, moments_;
  decltype(std::declval<Backend&>().template allocate<optim::control>(index_t{})) control_;
  decltype(std::declval<Backend&>().template allocate<detail::window_counts>(index_t{})) counts_;
  decltype(std::declval<Backend&>().template allocate<detail::report_sums>(index_t{})) sums_;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) alive_;  ///< (alive_parts, M)
  executor<Net, Backend, T> executor_;  ///< of `step`: memory of a window, state carried between windows
  executor<Net, Backend, T> whole_;     ///< of `evaluate` and `differentiate`: whole batches from h_0
  staging<Net, Backend, T> staging_;
  sums microbatches_;
  element_cut<Net, T> cut_;
  bool last_is_whole_ = false;
  std::vector<std::int64_t> cursor_;
  result_ring<Backend, detail::report_sums, reports_retained> reports_;
};

S2RM_NAMESPACE_END
