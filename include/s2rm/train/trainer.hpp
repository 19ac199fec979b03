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

#include "s2rm/model/resident.hpp"
#include "s2rm/model/session.hpp"
#include "s2rm/train/account.hpp"

namespace s2rm {

/// Back-propagation through at most `window` steps at a time: a batch of T steps becomes ceil(T / window) updates, and
/// memory is that of one window. The state goes on from window to window (without gradient), unless `carry` is off.
struct truncation {
  index_t window = 0;  ///< 0: the whole batch at once
  bool carry = true;   ///< from window to window; off: every window starts from h_0
  /// From the last window of a batch to the first of the next: one long stream in pieces. A batch of another B starts
  /// anew, as does what follows a window that left the state not finite. `evaluate` and `differentiate` do not
  /// disturb it.
  bool carry_batches = false;
};

/// Options of a trainer that are not the optimiser's.
struct training {
  s2rm::truncation truncation{};
  /// Steps whose activations are kept at a time; 0: those of the whole window. Fewer take a third more work, for each
  /// piece runs forward twice, and memory of one piece and one state per piece: about sqrt(T) is least.
  index_t recompute = 0;
  double average = 0.0;  ///< decay of the running average of the weights, e.g. 0.95; 0: none
};

/// Everything a later trainer needs to go on exactly: see data/checkpoint.hpp.
template <class T>
struct training_state {
  std::vector<T> weights, average, moments;
  index_t steps = 0, applied = 0, skipped = 0;
  std::vector<T> carried = {};  ///< (B, M, state) that the next batch goes on from; empty: it starts from h_0
};

/// How `trainer::save` and `load` meet files; defined in data/checkpoint.hpp.
struct checkpoint_format;

/// Trains a `world_model` on one backend. Deterministic: same seed, data and backend, same bits. May be moved, but
/// not from under a stream: streams refer to its weights.
template <class Net, class Backend, class T = float, class Optimiser = optim::adam>
class trainer {
 public:
  using net = Net;
  using backend_type = Backend;
  using scalar = T;
  using parameters_type = s2rm::parameters<typename Net::params, Backend, T>;
  static constexpr index_t size = Net::parameter_count;

  explicit trainer(Backend backend, Optimiser optimiser = {}, seed start = {}, training options = {})
      : backend_(std::move(backend)),
        optimiser_(std::move(optimiser)),
        options_(options),
        parameters_(backend_),
        gradient_(backend_.template allocate<T>(size)),
        moments_(backend_.template allocate<T>(size * Optimiser::moments)),
        control_(backend_.template allocate<optim::control>(1)),
        counts_(backend_.template allocate<detail::window_counts>(1)),
        sums_(backend_.template allocate<detail::report_sums>(1)),
        alive_(backend_.template allocate<std::uint8_t>(alive_parts * Net::M)),
        session_(backend_, options.recompute),
        whole_(backend_) {
    optimiser_.check();
    require_value(options_.average >= 0 && options_.average < 1, "training: average: expected [0, 1)");
    require_value(options_.recompute >= 0, "training: recompute: expected >= 0 (0: keep all activations)");
    require_value(options_.truncation.window >= 0, "training: truncation.window: expected >= 0 (0: whole batch)");
    if (options_.average > 0) average_.emplace(backend_);
    reports_.resize(backend_, reports_kept);
    std::vector<T> values(static_cast<std::size_t>(size));
    Net::initialise(values.data(), start);
    assign(values.data());
  }

  /// One pass over a batch: an update per window (see `truncation`). A window without a single unmasked target updates
  /// nothing. A loss or gradient that is not finite is skipped, counted and reported; weights and moments stay as they
  /// were.
  step_report step(batch_view<T> const& given) { return report(step_async(given)); }

  /// The same, asked for: returns without waiting for a backend that does its work later (a GPU), but where the batch before
  /// the last one has not been copied to it yet. The batch may be used again at once. Returns the number of this step,
  /// 0, 1, ..., to ask `report` with; what else reads numbers of the trainer waits for all steps.
  index_t step_async(batch_view<T> const& given) {
    check(given, true);
    auto const batch = resident_.bring(backend_, given);
    auto const& cut = options_.truncation;
    index_t const window = cut.window > 0 ? std::min(cut.window, batch.time) : batch.time;
    if (!cut.carry_batches) session_.forget_state();
    last_is_whole_ = false;
    backend_.fill(alive_parts * Net::M, std::uint8_t{0}, alive_.data());
    backend_.for_each(1, detail::begin_report{counts_.data(), sums_.data()});
    for (index_t t = 0; t < batch.time; t += window) {
      if (!cut.carry && t > 0) session_.forget_state();
      auto const part = slice_time<Net>(batch, t, std::min(window, batch.time - t));
      session_.make_room(part, true);
      window_(backend_, session_.key(part), [&] { run(part); });
      session_.carry_on(part);
    }
    auto const slot = asked_ % reports_kept;
    ops::copy_out_later(backend_, 1, sums_.data(), reports_.data() + slot);
    reported_[static_cast<std::size_t>(slot)].set(backend_);
    return asked_++;
  }

  /// Steps whose reports can be asked for: the last ones.
  static constexpr index_t reports_kept = 16;
  /// The report of a step. Waits for this step alone.
  /// \throws value_error where there was no such step, or more than `reports_kept` were asked for since.
  [[nodiscard]] step_report report(index_t number) const {
    auto const slot = report_slot(number);
    reported_[static_cast<std::size_t>(slot)].wait(backend_);
    return reports_.data()[slot].total();
  }
  /// Whether `report` would not wait. Throws as it does.
  [[nodiscard]] bool reported(index_t number) const {
    return reported_[static_cast<std::size_t>(report_slot(number))].passed(backend_);
  }

  /// The same for anything `batch_traits` knows (xtensor: `s2rm::batch` of data/xtensor.hpp), extents checked first.
  template <class Batch>
    requires batch_like<Batch, typename Net::shape>
  step_report step(Batch const& b) {
    return step(batch_traits<Batch>::template view<typename Net::shape>(b));
  }
  template <class Batch>
    requires batch_like<Batch, typename Net::shape>
  double evaluate(Batch const& b) {
    return evaluate(batch_traits<Batch>::template view<typename Net::shape>(b));
  }

  /// Loss and gradient of a batch at the current weights, without an update. The gradient is `gradient()`.
  double differentiate(batch_view<T> const& given) {
    check(given, true);
    auto const batch = resident_.bring(backend_, given);
    last_is_whole_ = true;
    double const count = whole_.count(batch);
    backend_.fill(size, T(0), gradient_.data());
    double const loss = whole_.differentiate(parameters_.view(), batch, count > 0 ? static_cast<T>(1.0 / count) : T(0),
                                             gradient_view(), [](batch_view<T> const&) {});
    return count > 0 ? loss / count : 0.0;
  }

  /// Mean loss of a batch with the averaged weights, from h_0; outputs stay readable in `predictions()`.
  double evaluate(batch_view<T> const& given) {
    check(given, given.target != nullptr);
    auto const batch = resident_.bring(backend_, given);
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
  [[nodiscard]] T const* gradient() const { return gradient_.data(); }

  [[nodiscard]] parameters_type const& parameters() const { return parameters_; }
  /// The running average of the weights where `training::average` asks for one, else the weights.
  [[nodiscard]] parameters_type const& averaged() const { return average_ ? *average_ : parameters_; }

  [[nodiscard]] index_t steps() const { return counts().steps; }
  [[nodiscard]] index_t skipped() const { return counts().skipped; }
  /// Bytes of saved activations and workspace: of `step`, bounded by its window, and of `evaluate` and `differentiate`.
  [[nodiscard]] index_t step_bytes() const { return session_.bytes(); }
  [[nodiscard]] index_t whole_bytes() const { return whole_.bytes(); }
  [[nodiscard]] Backend& backend() { return backend_; }
  [[nodiscard]] Backend const& backend() const { return backend_; }

  /// Takes all weights from the host, forgets moments, average, counters and the carried state.
  void assign(T const* values) {
    parameters_.assign(backend_, values);
    if (average_) average_->assign(backend_, values);
    backend_.fill(size * Optimiser::moments, T(0), moments_.data());
    session_.forget_state();
    count_from({});
  }

  /// Whitens the place codes over the given places (n, P), best before the first step; see `place_encoder::whiten`.
  void whiten(std::vector<double> const& places) {
    std::vector<T> values(static_cast<std::size_t>(size));
    backend_.copy_out(size, parameters_.values(), values.data());
    Net::whiten(values.data(), places);
    parameters_.assign(backend_, values.data());
    if (average_) average_->assign(backend_, values.data());
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
    if (options_.truncation.carry_batches) s.carried = session_.kept_state();
    backend_.copy_out(size, parameters_.values(), s.weights.data());
    backend_.copy_out(size, averaged().values(), s.average.data());
    backend_.copy_out(size * Optimiser::moments, moments_.data(), s.moments.data());
    return s;
  }
  /// \throws value_error if a size is not this model's; nothing has changed then.
  void restore(training_state const& s) {
    auto const need = [](std::size_t found, index_t expected, char const* what) {
      require_value(static_cast<index_t>(found) == expected, std::string("trainer: state: ") + what + ": expected " +
                                                                 std::to_string(expected) + " numbers, found " +
                                                                 std::to_string(found));
    };
    need(s.weights.size(), size, "weights");
    need(s.average.size(), size, "average");
    need(s.moments.size(), size * Optimiser::moments, "moments");
    constexpr index_t element = Net::M * Net::state_size;
    require_value(static_cast<index_t>(s.carried.size()) % element == 0,
                  "trainer: state: carried: expected a multiple of " + std::to_string(element) + " numbers, found " +
                      std::to_string(s.carried.size()));
    parameters_.assign(backend_, s.weights.data());
    if (average_) average_->assign(backend_, s.average.data());
    backend_.copy_in(size * Optimiser::moments, s.moments.data(), moments_.data());
    session_.keep_state(s.carried);
    count_from({s.steps, s.applied, s.skipped});
  }

  /// One safetensors file (docs/checkpoint.md). The model's weights are the averaged ones.
  template <class Format = checkpoint_format>
  void save(std::filesystem::path const& path) const {
    Format::save(*this, path);
  }
  /// Loads weights, and the training state where the file has one. On any error nothing changes.
  template <class Format = checkpoint_format>
  void load(std::filesystem::path const& path) {
    Format::load(*this, path);
  }

 private:
  /// One worker looks through all views of a module until it finds one; a device has many.
  static constexpr index_t alive_parts = ops::host_memory<Backend> ? 1 : 64;

  static void check(batch_view<T> const& b, bool with_target) {
    auto const need = [](bool ok, char const* field, char const* why) {
      if (!ok) throw shape_error(std::string("s2rm: batch: ") + field + ": " + why);
    };
    need(b.time >= 0 && b.batch >= 0 && b.views >= 0 && b.queries >= 0, "time, batch, views, queries", "expected >= 0");
    index_t const R = b.time * b.batch;
    need(R * b.views == 0 || (b.view != nullptr && b.place != nullptr), "view, place",
         "expected (T, B, A, ...), found null");
    need(R * b.queries == 0 || b.query_place != nullptr, "query_place", "expected (T, B, Q, P), found null");
    need(!with_target || R * b.queries == 0 || b.target != nullptr, "target", "expected (T, B, Q, ...), found null");
  }

  [[nodiscard]] gradients_of<T, typename Net::params> gradient_view() { return {gradient_.data()}; }

  /// Everything that a window asks of the backend: its figures, its gradient, the update, what is counted. Nothing here
  /// depends on a number that the backend has, so that it may be recorded.
  void run(batch_view<T> const& part) {
    session_.begin(part);
    double* const figures = session_.sums();
    backend_.for_each(1, detail::begin_update<Optimiser>{optimiser_, counts_.data(), control_.data()});
    backend_.fill(size, T(0), gradient_.data());
    for (index_t const one : {figure::reached, figure::present, figure::unreached}) {
      backend_.fill(1, 0.0, figures + one);
    }
    session_.accumulate(parameters_.view(), part, session_.mean_scale(), gradient_view(),
                        [&](batch_view<T> const& piece) { describe(piece); });
    backend_.reduce(Net::M, report::module_dead{alive_.data(), Net::M, alive_parts}, figures + figure::dead);
    backend_.reduce(size, report::square<T>{gradient_.data()}, &control_.data()->norm2);
    backend_.for_each(1, detail::judge_gradient{figures, control_.data()});
    backend_.for_each(size, typename Optimiser::template update<T>{optimiser_, control_.data(), size, gradient_.data(),
                                                                   parameters_.values(), moments_.data()});
    parameters_.refresh(backend_);
    if (average_) {
      backend_.for_each(size, detail::average_weights<T>{control_.data(), parameters_.values(), average_->values(),
                                                         static_cast<T>(options_.average)});
      average_->refresh(backend_);
    }
    session_.keep_state(part);
    index_t const kept = part.batch * Net::M * Net::state_size;
    backend_.reduce(kept, report::not_finite_after<T>{&control_.data()->norm2, session_.kept()},
                    figures + figure::scratch);
    backend_.for_each(1, detail::account_window{figures, control_.data(), counts_.data(), sums_.data(),
                                                kept > 0 ? session_.lost() : nullptr});
  }

  /// Adds up what the views of a piece reach.
  void describe(batch_view<T> const& part) {
    index_t const n = part.time * part.batch * part.views;
    auto const* const reach = session_.memory().view_reach;
    add(n * Net::M, report::pair_reached{reach}, figure::reached);
    add(n * Net::M, report::pair_present{reach}, figure::present);
    add(n, report::view_unreached<Net::M>{reach}, figure::unreached);
    backend_.for_each(alive_parts * Net::M, report::mark_alive<Net::M>{reach, n, alive_.data(), alive_parts});
  }
  /// f(0) + ... + f(n - 1) onto a figure.
  template <class F>
  void add(index_t n, F const& f, index_t to) {
    double* const figures = session_.sums();
    backend_.reduce(n, f, figures + figure::scratch);
    backend_.for_each(1, figure::add{figures + figure::scratch, figures + to});
  }

  [[nodiscard]] session<Net, Backend, T> const& last() const { return last_is_whole_ ? whole_ : session_; }

  [[nodiscard]] detail::window_counts counts() const {
    detail::window_counts n;
    backend_.copy_out(1, counts_.data(), &n);
    return n;
  }
  void count_from(detail::window_counts const& n) { backend_.copy_in(1, &n, counts_.data()); }
  [[nodiscard]] index_t report_slot(index_t number) const {
    if (number < 0 || number >= asked_ || number < asked_ - reports_kept) {
      throw value_error("s2rm: trainer: report: expected one of the last " + std::to_string(reports_kept) + " of " +
                        std::to_string(asked_) + " steps, found step " + std::to_string(number));
    }
    return number % reports_kept;
  }

  Backend backend_;
  Optimiser optimiser_;
  training options_;
  parameters_type parameters_;
  std::optional<parameters_type> average_;  ///< where one is asked for
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) gradient_, moments_;
  decltype(std::declval<Backend&>().template allocate<optim::control>(index_t{})) control_;
  decltype(std::declval<Backend&>().template allocate<detail::window_counts>(index_t{})) counts_;
  decltype(std::declval<Backend&>().template allocate<detail::report_sums>(index_t{})) sums_;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) alive_;  ///< (alive_parts, M)
  session<Net, Backend, T> session_;  ///< training: memory of a window, state carried between windows
  session<Net, Backend, T> whole_;    ///< whole batches from h_0
  resident_batch<Net, Backend, T> resident_;
  ops::repeated<Backend, session<Net, Backend, T>::key_words> window_;
  bool last_is_whole_ = false;
  host_block<Backend, detail::report_sums> reports_;  ///< of the last steps asked for
  std::array<ops::mark_of<Backend>, static_cast<std::size_t>(reports_kept)> reported_;
  index_t asked_ = 0;  ///< steps
};

}  // namespace s2rm
