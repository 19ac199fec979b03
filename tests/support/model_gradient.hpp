#pragma once
/// \file
/// Finite differences through a whole model: for every parameter tensor one random direction over all of it and a few
/// single numbers (or every number), with the loss's gradient computed in activations that start as NaN.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/model_fixture.hpp"

namespace s2rm::test {

enum class sampling { few, every };

/// A model on one backend as plain numbers, so that the check is compiled once for all of them.
class gradient_subject {
 public:
  gradient_subject() = default;
  gradient_subject(gradient_subject const&) = delete;
  gradient_subject& operator=(gradient_subject const&) = delete;
  virtual ~gradient_subject() = default;

  [[nodiscard]] virtual std::span<field_info const> fields() const = 0;
  [[nodiscard]] virtual index_t state_size() const = 0;  ///< numbers of one element's state
  [[nodiscard]] virtual std::vector<double> random_values(std::uint64_t seed_value) const = 0;
  [[nodiscard]] virtual owned_batch<double> random_data(batch_options const& o) const = 0;

  virtual void poison() = 0;
  virtual void set(std::vector<double> const& values) = 0;
  virtual void forward(batch_view<double> const& b, double const* carried) = 0;
  virtual double loss(batch_view<double> const& b, double const* carried) = 0;
  virtual std::vector<double> backward(batch_view<double> const& b, double const* carried) = 0;
  [[nodiscard]] virtual double count() const = 0;
  [[nodiscard]] virtual std::vector<double> losses(batch_view<double> const& b) const = 0;
  [[nodiscard]] virtual std::vector<std::uint8_t> reach(batch_view<double> const& b) const = 0;
  /// Whether finite differences may be taken here: no pair near the cut, no place code near 0.
  [[nodiscard]] virtual bool smooth(batch_view<double> const& b) const = 0;
};

template <class Net, class Backend>
class gradient_subject_of final : public gradient_subject {
 public:
  gradient_subject_of(Backend const& be, batch_options const& o)
      : model_(be, random_parameters<Net>(o.seed), {o.time, o.batch, o.views, o.queries}) {}

  [[nodiscard]] std::span<field_info const> fields() const override { return Net::fields; }
  [[nodiscard]] index_t state_size() const override { return Net::M * Net::state_size; }
  [[nodiscard]] std::vector<double> random_values(std::uint64_t seed_value) const override {
    return random_parameters<Net>(seed_value);
  }
  [[nodiscard]] owned_batch<double> random_data(batch_options const& o) const override { return random_batch<Net>(o); }

  void poison() override { model_.poison(); }
  void set(std::vector<double> const& values) override { model_.set(values); }
  void forward(batch_view<double> const& b, double const* carried) override { (void)model_.forward(b, carried); }
  double loss(batch_view<double> const& b, double const* carried) override { return model_.loss(b, carried); }
  std::vector<double> backward(batch_view<double> const& b, double const* carried) override {
    return model_.backward(b, carried);
  }
  [[nodiscard]] double count() const override { return model_.count(); }
  [[nodiscard]] std::vector<double> losses(batch_view<double> const& b) const override { return model_.losses(b); }
  [[nodiscard]] std::vector<std::uint8_t> reach(batch_view<double> const& b) const override { return model_.reach(b); }
  [[nodiscard]] bool smooth(batch_view<double> const& b) const override {
    constexpr double room = 4e-3;
    return model_.margin(b) > room && model_.shortest_code(b) > 0.2;
  }

 private:
  model<Net, Backend> model_;
};

/// One model on one batch (support/model_gradient.cpp). `carries`: the state comes from before the sequence.
void check_gradient(std::string const& name, gradient_subject& m, batch_options options, bool carries, sampling how);

template <class Net, class Backend>
void check_gradient(std::string const& name, Backend const& be, batch_options const& options, bool carries = false,
                    sampling how = sampling::few) {
  gradient_subject_of<Net, Backend> m(be, options);
  check_gradient(name, m, options, carries, how);
}

/// The shapes and masks every set of policies is held against.
template <class Net, class Backend>
void check_gradient_everywhere(std::string const& name, Backend const& be) {
  std::uint64_t seed_value = 0;
  auto const check = [&](std::string const& what, batch_options o, bool carries = false) {
    o.seed = ++seed_value;
    check_gradient<Net>(name + ", " + what, be, o, carries);
  };
  for (index_t const time : {1, 2}) {
    for (index_t const views : {0, 1, 5}) check("plain", {.time = time, .views = views});
    for (auto const mask : {slots::some, slots::none}) {
      check("views masked", {.time = time, .views = 4, .present = mask});
      check("targets masked", {.time = time, .asked = mask});
    }
    check("carried state", {.time = time, .views = 3, .present = slots::some}, true);
  }
  check("reset", {.time = 3, .reset = true});
  check("reset of a carried state", {.time = 4, .views = 2, .reset = true}, true);
  check("reset at once", {.time = 1, .batch = 3, .reset = true}, true);
  check("blind steps", {.time = 3, .blind = true});
  check("no queries", {.time = 2, .queries = 0});
  check("long", {.time = 17, .batch = 1, .views = 2, .queries = 1, .present = slots::some, .reset = true});
}

}  // namespace s2rm::test
