#pragma once
/// \file
/// Training: weights, gradient, moments, and one step = forward, backward, clip, update; truncated BPTT; weight
/// average.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "s2rm/model/resident.hpp"
#include "s2rm/model/session.hpp"
#include "s2rm/train/optim.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/state.hpp"

namespace s2rm {

/// How `trainer::save` and `load` meet files; defined in data/training_file.hpp.
struct checkpoint_format;

namespace detail {
template <class T>
struct average_weights {
  using scalar = T;
  optim::control const* c;
  T const* w;
  T* average;
  T decay;
  template <class L>
  S2RM_HD void lanes(index_t i) const {
    if (!std::isfinite(c->norm2)) return;
    L::store(average + i, decay * L::load(average + i) + (T(1) - decay) * L::load(w + i));
  }
};

/// Makes the norm of a gradient NaN that may change nothing: that of a loss that is not finite (a class that does not
/// exist has a gradient that looks well), or of no target at all.
struct judge_gradient {
  double* figures;
  optim::control* c;
  S2RM_HD void operator()(index_t) const {
    if (!std::isfinite(figures[figure::loss]) || !(figures[figure::count] > 0)) c->norm2 = std::nan("");
    figures[figure::norm2] = c->norm2;
  }
};
}  // namespace detail

/// Trains a `world_model` on one backend. Deterministic: same seed, data and backend, same bits. May be moved, but
/// not from under a stream: streams refer to its weights.
template <class Net, class Backend, class T = float, class Optimiser = optim::adam>
class trainer {
 public:
  using net = Net;
  using backend_type = Backend;
  using scalar = T;
  using optimiser_type = Optimiser;
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
        alive_(backend_.template allocate<std::uint8_t>(alive_parts * Net::M)),
        session_(backend_, options.recompute),
        whole_(backend_) {
    optimiser_.check();
    require_value(options_.average >= 0 && options_.average < 1, "training: average: expected [0, 1)");
    require_value(options_.recompute >= 0, "training: recompute: expected >= 0 (0: keep all activations)");
    require_value(options_.truncation.window >= 0, "training: truncation.window: expected >= 0 (0: whole batch)");
    if (options_.average > 0) average_.emplace(backend_);
    std::vector<T> values(static_cast<std::size_t>(size));
    Net::initialise(values.data(), start);
    assign(values.data());
  }

  /// One pass over a batch: an update per window (see `truncation`). A window without a single unmasked target updates
  /// nothing. A loss or gradient that is not finite is skipped, counted and reported; weights and moments stay as they
  /// were.
  step_report step(batch_view<T> const& given) {
    check(given, true);
    auto const batch = resident_.bring(backend_, given);
    step_report total;
    double loss = 0, count = 0, dead = 0;
    auto const& cut = options_.truncation;
    index_t const window = cut.window > 0 ? std::min(cut.window, batch.time) : batch.time;
    if (!cut.carry_batches) session_.forget_state();
    last_is_whole_ = false;
    backend_.fill(alive_parts * Net::M, std::uint8_t{0}, alive_.data());
    double pairs[2] = {};  // reached, present
    for (index_t t = 0; t < batch.time; t += window) {
      if (!cut.carry && t > 0) session_.forget_state();
      auto const part = slice_time<Net>(batch, t, std::min(window, batch.time - t));
      auto const control = optimiser_.begin(steps_, applied_);
      backend_.copy_in(1, &control, control_.data());
      session_.make_room(part, true);
      window_(backend_, session_.key(part), [&] { run(part); });
      double found[figure::all] = {};
      backend_.copy_out(figure::all, session_.sums(), found);
      loss += found[figure::loss];
      count += found[figure::count];
      pairs[0] += found[figure::reached];
      pairs[1] += found[figure::present];
      total.unreached_views += static_cast<index_t>(found[figure::unreached]);
      dead = found[figure::dead];
      bool const good = found[figure::count] == 0 || account(found[figure::norm2], total);
      session_.keep_state(part);
      if (!good && state_not_finite(part) > 0) session_.forget_state();
    }
    total.loss = count > 0 ? loss / count : 0.0;
    total.reach = pairs[1] > 0 ? pairs[0] / pairs[1] : 0.0;
    if (batch.time > 0) total.dead_modules = static_cast<index_t>(dead);
    total.skipped_total = skipped_;
    return total;
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

  [[nodiscard]] index_t steps() const { return steps_; }
  [[nodiscard]] index_t skipped() const { return skipped_; }

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
  [[nodiscard]] index_t step_bytes() const { return session_.bytes(); }
  [[nodiscard]] index_t whole_bytes() const { return whole_.bytes(); }
  [[nodiscard]] Backend& backend() { return backend_; }
  [[nodiscard]] Backend const& backend() const { return backend_; }

  /// Takes all weights from the host, forgets moments, average, counters, cursor and the carried state.
  void assign(T const* values) {
    parameters_.assign(backend_, values);
    if (average_) average_->assign(backend_, values);
    backend_.fill(size * Optimiser::moments, T(0), moments_.data());
    session_.forget_state();
    cursor_.clear();
    steps_ = 0;
    skipped_ = 0;
    applied_ = 0;
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
    training_state s{std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(size)),
                     std::vector<T>(static_cast<std::size_t>(size * Optimiser::moments)),
                     steps_,
                     applied_,
                     skipped_};
    s.cursor = cursor_;
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
    set_cursor(s.cursor);
    parameters_.assign(backend_, s.weights.data());
    if (average_) average_->assign(backend_, s.average.data());
    backend_.copy_in(size * Optimiser::moments, s.moments.data(), moments_.data());
    session_.keep_state(s.carried);
    steps_ = s.steps;
    applied_ = s.applied;
    skipped_ = s.skipped;
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
  /// Goes on exactly where `save` was called: the same, but the file must hold a training state, of a trainer with these
  /// `settings`. On any error nothing changes.
  template <class Format = checkpoint_format>
  void resume(std::filesystem::path const& path) {
    Format::resume(*this, path);
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

  /// Everything that a window asks of the backend: its figures, its gradient, the update. Nothing here depends on a
  /// number that the backend has, so that it may be recorded.
  void run(batch_view<T> const& part) {
    double* const figures = session_.sums();
    session_.begin(part);
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
  }

  /// Counts an update; returns whether loss and gradient were finite.
  bool account(double norm2, step_report& total) {
    ++steps_;
    total.gradient_norm = std::sqrt(norm2);
    if (!std::isfinite(norm2)) {
      total.skipped = true;
      ++skipped_;
      return false;
    }
    ++applied_;
    ++total.updates;
    return true;
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

  /// Numbers of the state kept after a window that are not finite.
  double state_not_finite(batch_view<T> const& part) {
    index_t const n = part.time > 0 ? part.batch * Net::M * Net::state_size : 0;
    return sum(n, report::not_finite<T>{session_.kept()});
  }

  [[nodiscard]] session<Net, Backend, T> const& last() const { return last_is_whole_ ? whole_ : session_; }

  /// f(0) + ... + f(n - 1), on the host. Follows a pass of `session_`, whose scratch it uses.
  template <class F>
  double sum(index_t n, F const& f) {
    double total = 0;
    backend_.reduce(n, f, session_.sums() + figure::scratch);
    backend_.copy_out(1, session_.sums() + figure::scratch, &total);
    return total;
  }

  Backend backend_;
  Optimiser optimiser_;
  training options_;
  parameters_type parameters_;
  std::optional<parameters_type> average_;  ///< where one is asked for
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) gradient_, moments_;
  decltype(std::declval<Backend&>().template allocate<optim::control>(index_t{})) control_;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) alive_;  ///< (alive_parts, M)
  session<Net, Backend, T> session_;  ///< training: memory of a window, state carried between windows
  session<Net, Backend, T> whole_;    ///< whole batches from h_0
  resident_batch<Net, Backend, T> resident_;
  ops::repeated<Backend, session<Net, Backend, T>::key_words> window_;
  bool last_is_whole_ = false;
  index_t steps_ = 0, applied_ = 0, skipped_ = 0;
  std::vector<std::int64_t> cursor_;
};

}  // namespace s2rm
