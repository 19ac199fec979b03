#pragma once
/// \file
/// Trainers and streams whose backend a program does not know: the same calls, by virtual functions. Arrays are the
/// host's, except those of calls with `on_device`. A program that chooses between CPU and GPU when it runs writes its
/// loop once; one compiled by a host compiler alone uses a model that another translation unit made for the GPU
/// (`gpu_trainer`, docs/gpu.md).

#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "s2rm/stream/stream.hpp"
#include "s2rm/stream/streams.hpp"
#include "s2rm/train/trainer.hpp"
#include "s2rm/train/training_file.hpp"

S2RM_NAMESPACE_BEGIN

/// A stream of any backend. See `stream`.
template <class Net, class T = float>
class any_stream {
 public:
  static constexpr std::size_t view_rank = Net::view::rank + 1;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 1>;

  virtual ~any_stream() = default;
  virtual observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                           step_details<T> const& more) noexcept = 0;
  virtual array_view<T const, prediction_rank> predict(array_view<T const, 2> places,
                                                       query_details<T> const& more = {}) noexcept = 0;
  virtual bool predict_into(array_view<T const, 2> places, std::span<T> to,
                            query_details<T> const& more = {}) noexcept = 0;
  virtual bool predict_async(array_view<T const, 2> places, query_details<T> const& more = {}) noexcept = 0;
  virtual array_view<T const, prediction_rank> predictions() noexcept = 0;
  virtual observed step(array_view<T const, view_rank> views, array_view<T const, 2> places,
                        array_view<T const, 2> queries, step_details<T> const& more,
                        query_details<T> const& asked = {}) noexcept = 0;
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places,
                   std::uint8_t const* present = nullptr) noexcept {
    return observe(views, places, step_details<T>{.present = present});
  }
  observed observe(array_view<T const, view_rank> views, array_view<T const, 2> places, T elapsed) noexcept {
    return observe(views, places, step_details<T>{.elapsed = elapsed});
  }
  observed step(array_view<T const, view_rank> views, array_view<T const, 2> places, array_view<T const, 2> queries,
                std::uint8_t const* present = nullptr) noexcept {
    return step(views, places, queries, step_details<T>{.present = present});
  }
  virtual void reset() noexcept = 0;
  /// Call it after the weights changed.
  virtual void refresh() noexcept = 0;
  [[nodiscard]] virtual index_t left_out() const = 0;
  [[nodiscard]] virtual stream_state<T> state() const = 0;
  virtual void restore(stream_state<T> const& s) = 0;

  [[deprecated("renamed: predict_async")]] bool ask(array_view<T const, 2> places) noexcept {
    return predict_async(places);
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer() noexcept {
    return predictions();
  }
};

/// Many sessions on any backend. See `streams`.
template <class Net, class T = float>
class any_streams {
 public:
  static constexpr std::size_t view_rank = Net::view::rank + 2;
  static constexpr std::size_t prediction_rank = s2rm::prediction_rank<Net, 2>;

  virtual ~any_streams() = default;
  virtual observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                           sessions_details<T> const& more) noexcept = 0;
  virtual array_view<T const, prediction_rank> predict(array_view<T const, 3> places,
                                                       queries_details<T> const& more = {}) noexcept = 0;
  virtual bool predict_into(array_view<T const, 3> places, std::span<T> to,
                            queries_details<T> const& more = {}) noexcept = 0;
  virtual bool predict_async(array_view<T const, 3> places, queries_details<T> const& more = {}) noexcept = 0;
  virtual array_view<T const, prediction_rank> predictions() noexcept = 0;
  virtual array_view<T const, prediction_rank> predictions(on_device_t) noexcept = 0;
  virtual observed step(array_view<T const, view_rank> views, array_view<T const, 3> places,
                        array_view<T const, 3> queries, sessions_details<T> const& more,
                        queries_details<T> const& asked = {}) noexcept = 0;
  virtual observed step(on_device_t, array_view<T const, view_rank> views, array_view<T const, 3> places,
                        array_view<T const, 3> queries, sessions_details<T> const& more,
                        queries_details<T> const& asked = {}) noexcept = 0;
  observed observe(array_view<T const, view_rank> views, array_view<T const, 3> places,
                   std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr) noexcept {
    return observe(views, places, sessions_details<T>{.present = present, .active = active});
  }
  observed step(array_view<T const, view_rank> views, array_view<T const, 3> places, array_view<T const, 3> queries,
                std::uint8_t const* present = nullptr, std::uint8_t const* active = nullptr,
                std::uint8_t const* reset = nullptr) noexcept {
    return step(views, places, queries, sessions_details<T>{.present = present, .active = active, .reset = reset});
  }
  observed step(on_device_t, array_view<T const, view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> queries, std::uint8_t const* present = nullptr,
                std::uint8_t const* active = nullptr, std::uint8_t const* reset = nullptr) noexcept {
    return step(on_device, views, places, queries,
                sessions_details<T>{.present = present, .active = active, .reset = reset});
  }
  virtual void wait() noexcept = 0;
  virtual void reset(index_t session) noexcept = 0;
  virtual void reset() noexcept = 0;
  virtual void refresh() noexcept = 0;
  [[nodiscard]] virtual index_t left_out() const = 0;
  [[nodiscard]] virtual std::vector<T> state(index_t session) const = 0;
  virtual void restore(index_t session, std::vector<T> const& numbers) = 0;

  [[deprecated("renamed: predict_async")]] bool ask(array_view<T const, 3> places) noexcept {
    return predict_async(places);
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer() noexcept {
    return predictions();
  }
  [[deprecated("renamed: predictions")]] array_view<T const, prediction_rank> answer(on_device_t) noexcept {
    return predictions(on_device);
  }
};

/// A trainer of any backend. See `trainer`.
template <class Net, class T = float>
class any_trainer : public batch_calls<any_trainer<Net, T>, typename Net::shape, T> {
 public:
  using calls = batch_calls<any_trainer, typename Net::shape, T>;
  using calls::evaluate, calls::step, calls::step_async, calls::upload;
  virtual ~any_trainer() = default;
  virtual step_report step(batch_view<T> const& batch) = 0;
  virtual index_t step_async(batch_view<T> const& batch) = 0;
  [[nodiscard]] virtual step_report report(index_t number) const = 0;
  [[nodiscard]] virtual bool reported(index_t number) const = 0;
  virtual double evaluate(batch_view<T> const& batch) = 0;
  virtual double differentiate(batch_view<T> const& batch) = 0;
  [[nodiscard]] virtual resident_batch<T> upload(batch_view<T> const& batch) = 0;
  /// The first n numbers of the predictions, states or gradient of the last pass.
  virtual void predictions(index_t n, T* to) const = 0;
  virtual void states(index_t n, T* to) const = 0;
  virtual void gradient(index_t n, T* to) const = 0;
  virtual void assign(T const* values) = 0;
  virtual void whiten(std::vector<double> const& places) = 0;
  virtual void output_bias(std::vector<double> const& bias) = 0;
  [[nodiscard]] virtual training_state<T> state() const = 0;
  virtual void restore(training_state<T> const& s) = 0;
  virtual void save(std::filesystem::path const& path) const = 0;
  virtual void load(std::filesystem::path const& path) = 0;
  virtual void resume(std::filesystem::path const& path) = 0;
  virtual void set_cursor(std::vector<std::int64_t> place) = 0;
  [[nodiscard]] virtual std::vector<std::int64_t> const& cursor() const = 0;
  /// A stream over the averaged weights; this must outlive it.
  [[nodiscard]] virtual std::unique_ptr<any_stream<Net, T>> stream(stream_limits limits = {}) const = 0;
  [[nodiscard]] virtual std::unique_ptr<any_streams<Net, T>> streams(index_t sessions,
                                                                     stream_limits limits = {}) const = 0;
  [[nodiscard]] virtual index_t steps() const = 0;
};

/// A stream of one backend as `any_stream`.
template <class Net, class Backend, class T>
class erased_stream final : public any_stream<Net, T> {
 public:
  using base = any_stream<Net, T>;
  template <class Weights>
  erased_stream(Backend be, Weights const& weights, stream_limits limits) : stream_(std::move(be), weights, limits) {}

  observed observe(array_view<T const, base::view_rank> views, array_view<T const, 2> places,
                   step_details<T> const& more) noexcept override {
    return stream_.observe(views, places, more);
  }
  array_view<T const, base::prediction_rank> predict(array_view<T const, 2> places,
                                                     query_details<T> const& more) noexcept override {
    return stream_.predict(places, more);
  }
  bool predict_into(array_view<T const, 2> places, std::span<T> to, query_details<T> const& more) noexcept override {
    return stream_.predict_into(places, to, more);
  }
  bool predict_async(array_view<T const, 2> places, query_details<T> const& more) noexcept override {
    return stream_.predict_async(places, more);
  }
  array_view<T const, base::prediction_rank> predictions() noexcept override { return stream_.predictions(); }
  observed step(array_view<T const, base::view_rank> views, array_view<T const, 2> places,
                array_view<T const, 2> queries, step_details<T> const& more,
                query_details<T> const& asked) noexcept override {
    return stream_.step(views, places, queries, more, asked);
  }
  void reset() noexcept override { stream_.reset(); }
  void refresh() noexcept override { stream_.refresh(); }
  [[nodiscard]] index_t left_out() const override { return stream_.left_out(); }
  [[nodiscard]] stream_state<T> state() const override { return stream_.state(); }
  void restore(stream_state<T> const& s) override { stream_.restore(s); }

 private:
  s2rm::stream<Net, Backend, T> stream_;
};

/// Sessions of one backend as `any_streams`.
template <class Net, class Backend, class T>
class erased_streams final : public any_streams<Net, T> {
 public:
  using base = any_streams<Net, T>;
  template <class Weights>
  erased_streams(Backend be, Weights const& weights, index_t sessions, stream_limits limits)
      : streams_(std::move(be), weights, sessions, limits) {}

  observed observe(array_view<T const, base::view_rank> views, array_view<T const, 3> places,
                   sessions_details<T> const& more) noexcept override {
    return streams_.observe(views, places, more);
  }
  array_view<T const, base::prediction_rank> predict(array_view<T const, 3> places,
                                                     queries_details<T> const& more) noexcept override {
    return streams_.predict(places, more);
  }
  bool predict_into(array_view<T const, 3> places, std::span<T> to, queries_details<T> const& more) noexcept override {
    return streams_.predict_into(places, to, more);
  }
  bool predict_async(array_view<T const, 3> places, queries_details<T> const& more) noexcept override {
    return streams_.predict_async(places, more);
  }
  array_view<T const, base::prediction_rank> predictions() noexcept override { return streams_.predictions(); }
  array_view<T const, base::prediction_rank> predictions(on_device_t) noexcept override {
    return streams_.predictions(on_device);
  }
  observed step(array_view<T const, base::view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> queries, sessions_details<T> const& more,
                queries_details<T> const& asked) noexcept override {
    return streams_.step(views, places, queries, more, asked);
  }
  observed step(on_device_t, array_view<T const, base::view_rank> views, array_view<T const, 3> places,
                array_view<T const, 3> queries, sessions_details<T> const& more,
                queries_details<T> const& asked) noexcept override {
    return streams_.step(on_device, views, places, queries, more, asked);
  }
  void wait() noexcept override { streams_.wait(); }
  void reset(index_t session) noexcept override { streams_.reset(session); }
  void reset() noexcept override { streams_.reset(); }
  void refresh() noexcept override { streams_.refresh(); }
  [[nodiscard]] index_t left_out() const override { return streams_.left_out(); }
  [[nodiscard]] std::vector<T> state(index_t session) const override { return streams_.state(session); }
  void restore(index_t session, std::vector<T> const& numbers) override { streams_.restore(session, numbers); }

 private:
  s2rm::streams<Net, Backend, T> streams_;
};

/// A trainer of one backend as `any_trainer`.
template <class Net, class Backend, class T, class Optimiser, class Communicator>
class erased_trainer final : public any_trainer<Net, T> {
 public:
  using trainer_type = trainer<Net, Backend, T, Optimiser, Communicator>;
  explicit erased_trainer(trainer_type t) : trainer_(std::move(t)) {}

  step_report step(batch_view<T> const& batch) override { return trainer_.step(batch); }
  index_t step_async(batch_view<T> const& batch) override { return trainer_.step_async(batch); }
  [[nodiscard]] step_report report(index_t number) const override { return trainer_.report(number); }
  [[nodiscard]] bool reported(index_t number) const override { return trainer_.reported(number); }
  double evaluate(batch_view<T> const& batch) override { return trainer_.evaluate(batch); }
  double differentiate(batch_view<T> const& batch) override { return trainer_.differentiate(batch); }
  [[nodiscard]] resident_batch<T> upload(batch_view<T> const& batch) override { return trainer_.upload(batch); }
  void predictions(index_t n, T* to) const override { trainer_.backend().copy_out(n, trainer_.predictions(), to); }
  void states(index_t n, T* to) const override { trainer_.backend().copy_out(n, trainer_.states(), to); }
  void gradient(index_t n, T* to) const override { trainer_.backend().copy_out(n, trainer_.gradient(), to); }
  void assign(T const* values) override { trainer_.assign(values); }
  void whiten(std::vector<double> const& places) override { trainer_.whiten(places); }
  void output_bias(std::vector<double> const& bias) override { trainer_.output_bias(bias); }
  [[nodiscard]] training_state<T> state() const override { return trainer_.state(); }
  void restore(training_state<T> const& s) override { trainer_.restore(s); }
  void save(std::filesystem::path const& path) const override { trainer_.save(path); }
  void load(std::filesystem::path const& path) override { trainer_.load(path); }
  void resume(std::filesystem::path const& path) override { trainer_.resume(path); }
  void set_cursor(std::vector<std::int64_t> place) override { trainer_.set_cursor(std::move(place)); }
  [[nodiscard]] std::vector<std::int64_t> const& cursor() const override { return trainer_.cursor(); }
  [[nodiscard]] std::unique_ptr<any_stream<Net, T>> stream(stream_limits limits) const override {
    return std::make_unique<erased_stream<Net, Backend, T>>(trainer_.backend(), trainer_.averaged(), limits);
  }
  [[nodiscard]] std::unique_ptr<any_streams<Net, T>> streams(index_t sessions, stream_limits limits) const override {
    return std::make_unique<erased_streams<Net, Backend, T>>(trainer_.backend(), trainer_.averaged(), sessions, limits);
  }
  [[nodiscard]] index_t steps() const override { return trainer_.steps(); }

 private:
  trainer_type trainer_;
};

/// The trainer behind virtual functions.
template <class Net, class Backend, class T, class Optimiser, class Communicator>
std::unique_ptr<any_trainer<Net, T>> erased(trainer<Net, Backend, T, Optimiser, Communicator> t) {
  return std::make_unique<erased_trainer<Net, Backend, T, Optimiser, Communicator>>(std::move(t));
}

/// What a GPU multiplies with (backend/thrust/kernels/host_gemm.hpp): float; rounded to TF32; rounded to bf16. Sums,
/// weights and gradients are float whatever it is.
enum class gpu_precision { full, tf32, bf16 };

/// Which GPU, and how.
struct gpu_options {
  int device = 0;
  gpu_precision precision = gpu_precision::full;
  bool fused = true;       ///< kernels of its own for parts of a step; off: the layers' bodies
  bool persistent = true;  ///< where `fused`: the recurrence as one kernel each way, where it fits
};

/// A trainer on a GPU. Defined in s2rm/thrust.hpp, for nvcc; `s2rm_add_model()` of the build makes a translation unit
/// that instantiates it.
/// \throws device_error (a std::runtime_error) where there is no such device.
template <class Net, class T = float, class Optimiser = optim::adam>
std::unique_ptr<any_trainer<Net, T>> gpu_trainer(Optimiser optimiser = {}, seed start = {}, training options = {},
                                                 gpu_options gpu = {});

/// GPUs that `gpu_trainer` can use; 0 where there is none or its driver does not answer. Defined like it.
template <class Net>
int gpu_count();

S2RM_NAMESPACE_END
