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
#include "s2rm/train/parts.hpp"
#include "s2rm/train/report.hpp"
#include "s2rm/train/state.hpp"
#include "s2rm/train/team.hpp"
#include "s2rm/train/update.hpp"

namespace s2rm {

/// How `trainer::save` and `load` meet files; defined in data/training_file.hpp.
struct checkpoint_format;

/// Trains a `world_model` on one backend. Deterministic: same seed, data and backend, same bits. May be moved, but
/// not from under a stream: streams refer to its weights.
///
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
        team_(std::move(communicator)),
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
    index_t const parts = options_.parts;
    require_value(parts >= 0 && parts <= communicator::tree_stack::most_leaves && (parts & (parts - 1)) == 0,
                  "training: parts: expected 0 or a power of two up to 1024, found " + std::to_string(parts));
    if (options_.average > 0) average_.emplace(backend_);
    std::vector<T> values(static_cast<std::size_t>(size));
    Net::initialise(values.data(), start);
    assign(values.data());
  }

  /// One pass over a batch: an update per window (see `truncation`). A window without a single unmasked target updates
  /// nothing. A loss or gradient that is not finite is skipped, counted and reported; weights and moments stay as they
  /// were.
  step_report step(batch_view<T> const& given) {
    check_extents(given, true);
    bool const in_parts = options_.parts > 0;
    if (in_parts)
      parts_.reserve(backend_, options_.parts,
                     parts_of(given.batch, communicator().rank(), communicator().size(), options_.parts));
    team_.meet(*this, given, in_parts ? parts_.mine().count : 0, options_.truncation.window);
    auto const batch = in_parts ? given : resident_.bring(backend_, given);
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
      if (in_parts) {
        run_in_parts(part);
      } else {
        session_.make_room(part, true);
        if constexpr (team_type::interrupts) run(part);
        else window_(backend_, session_.key(part), [&] { run(part); });
      }
      double found[figure::all] = {};
      backend_.copy_out(figure::all, session_.sums(), found);
      loss += found[figure::loss];
      count += found[figure::count];
      pairs[0] += found[figure::reached];
      pairs[1] += found[figure::present];
      total.unreached_views += static_cast<index_t>(found[figure::unreached]);
      dead = found[figure::dead];
      bool const good = found[figure::count] == 0 || account(found[figure::norm2], total);
      if (!in_parts) session_.keep_state(part);
      if (!good && team_.sum_of(state_not_finite(part)) > 0) session_.forget_state();
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
    check_extents(given, true);
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
    check_extents(given, given.target != nullptr);
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
  [[nodiscard]] Communicator const& communicator() const { return team_.communicator(); }
  /// Which elements of a global batch of so many `step` expects of this rank. \throws value_error, see `share_of`.
  [[nodiscard]] element_range share(index_t batch) const {
    return share_of(batch, communicator().rank(), communicator().size(), options_.parts);
  }
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
    if (options_.truncation.carry_batches) s.carried = team_.gather(session_.kept_state());
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
    auto const mine = share(static_cast<index_t>(s.carried.size()) / element);
    session_.keep_state(std::vector<T>(s.carried.begin() + mine.first * element,
                                       s.carried.begin() + (mine.first + mine.count) * element));
    steps_ = s.steps;
    applied_ = s.applied;
    skipped_ = s.skipped;
  }

  /// One safetensors file (docs/checkpoint.md). The model's weights are the averaged ones. Rank 0 writes and reads it.
  template <class Format = checkpoint_format, class... More>
  void save(std::filesystem::path const& path, More const&... more) const {
    team_.template save<Format>(*this, path, more...);
  }
  /// Loads weights, and the training state where the file has one. On any error nothing changes.
  template <class Format = checkpoint_format>
  void load(std::filesystem::path const& path) {
    team_.template load<Format>(*this, path);
  }
  /// Goes on exactly where `save` was called: the same, but the file must hold a training state, of a trainer with these
  /// `settings`. On any error nothing changes.
  template <class Format = checkpoint_format>
  void resume(std::filesystem::path const& path) {
    team_.template resume<Format>(*this, path);
  }

 private:
  /// One worker looks through all views of a module until it finds one; a device has many.
  static constexpr index_t alive_parts = ops::host_memory<Backend> ? 1 : 64;
  using team_type = team<Backend, Net::M, Communicator>;
  using sums = part_sums<Net, Backend, T>;

  [[nodiscard]] gradients_of<T, typename Net::params> gradient_view() { return {gradient_.data()}; }

  /// Everything that a window asks of the backend: its figures, its gradient, the update. Nothing here depends on a
  /// number that the backend has, so that it may be recorded.
  void run(batch_view<T> const& part) {
    double* const figures = session_.sums();
    session_.begin(part);
    team_.sum(backend_, 1, figures + figure::count);
    backend_.fill(size, T(0), gradient_.data());
    differentiate_into(part, session_.mean_scale(), gradient_view());
    team_.sum(backend_, size, gradient_.data());
    team_.sum_figures(backend_, figures, alive_.data(), alive_parts);
    update();
  }
  /// The same, of a window in host memory whose gradient is summed over parts of its elements.
  void run_in_parts(batch_view<T> const& window) {
    double const count = team_.sum_of(count_targets<Net>(window));
    T const scale = count > 0 ? static_cast<T>(1.0 / count) : T(0);
    auto const pass = [&](element_range of, T* gradient, typename sums::row& found) {
      auto const part = resident_.bring(backend_, cut_(window, of));
      session_.take_part(of.first, window.batch);
      session_.begin(part);
      differentiate_into(part, scale, {gradient});
      session_.keep_state(part);
      sums::take(backend_, session_.sums(), found);
    };
    auto const all = parts_.run(backend_, team_.communicator(), window.batch, gradient_.data(), pass);
    sums::give(backend_, all, count, session_.sums());
    team_.sum_figures(backend_, session_.sums(), alive_.data(), alive_parts, true);
    update();
  }
  /// Adds a batch's gradient; leaves its loss and reach in their figures.
  void differentiate_into(batch_view<T> const& part, likelihood::loss_scale<T> scale,
                          gradients_of<T, typename Net::params> gradient) {
    for (index_t const one : {figure::reached, figure::present, figure::unreached}) {
      backend_.fill(1, 0.0, session_.sums() + one);
    }
    session_.accumulate(parameters_.view(), part, scale, gradient, [&](batch_view<T> const& piece) {
      report::add_reach<Net::M>(backend_, piece.time * piece.batch * piece.views, session_.memory().view_reach,
                                session_.sums(), alive_.data(), alive_parts);
    });
  }
  /// From the gradient and the figures of a window to new weights.
  void update() {
    double* const figures = session_.sums();
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

  /// Numbers of the state kept after a window that are not finite. Follows a pass of `session_`, whose scratch it uses.
  double state_not_finite(batch_view<T> const& part) {
    index_t const n = part.time > 0 ? part.batch * Net::M * Net::state_size : 0;
    double total = 0;
    backend_.reduce(n, report::not_finite<T>{session_.kept()}, session_.sums() + figure::scratch);
    backend_.copy_out(1, session_.sums() + figure::scratch, &total);
    return total;
  }

  [[nodiscard]] session<Net, Backend, T> const& last() const { return last_is_whole_ ? whole_ : session_; }

  Backend backend_;
  Optimiser optimiser_;
  training options_;
  team_type team_;
  parameters_type parameters_;
  std::optional<parameters_type> average_;  ///< where one is asked for
  decltype(std::declval<Backend&>().template allocate<T>(index_t{})) gradient_, moments_;
  decltype(std::declval<Backend&>().template allocate<optim::control>(index_t{})) control_;
  decltype(std::declval<Backend&>().template allocate<std::uint8_t>(index_t{})) alive_;  ///< (alive_parts, M)
  session<Net, Backend, T> session_;  ///< training: memory of a window, state carried between windows
  session<Net, Backend, T> whole_;    ///< whole batches from h_0
  resident_batch<Net, Backend, T> resident_;
  sums parts_;
  element_cut<Net, T> cut_;
  ops::repeated<Backend, session<Net, Backend, T>::key_words> window_;
  bool last_is_whole_ = false;
  index_t steps_ = 0, applied_ = 0, skipped_ = 0;
  std::vector<std::int64_t> cursor_;
};

}  // namespace s2rm
