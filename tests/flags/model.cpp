// One small model under flags of floating point (bits.hpp): every guard against non-finite numbers, and the bits of
// training and of a stream, which are printed to be compared with those of a build without such flags.
#include <filesystem>
#include <string>

#include "flags/bits.hpp"
#include "s2rm/eigen.hpp"

namespace flags {
namespace {

struct sizes : s2rm::shape {
  static constexpr index_t modules = 4, hidden = 8, heads = 2, head_width = 4, sphere = 4, place = 2, frequencies = 2,
                           place_hidden = 8;
  using view = s2rm::features<3>;
};
using net = s2rm::world_model<sizes, s2rm::encoder::mlp<8>, s2rm::decoder::mlp<8>, s2rm::likelihood::gaussian>;
using cpu = s2rm::backend::eigen;
using learner = s2rm::trainer<net, cpu>;
constexpr index_t T = 5, B = 4, A = 3, Q = 2, V = net::view::size;

s2rm::owned_batch<float> draw(std::uint32_t number) {
  s2rm::owned_batch<float> b;
  b.resize<sizes>(T, B, A, Q);
  s2rm::random const numbers{2024};
  std::uint64_t i = 0;
  auto const fill = [&](std::vector<float>& x) {
    for (auto& one : x) one = static_cast<float>(numbers.uniform(number, i++, -1, 1));
  };
  fill(b.view), fill(b.place), fill(b.query_place), fill(b.target);
  b.view_mask.assign(T * B * A, 1), b.target_mask.assign(T * B * Q, 1);
  b.view_mask[5] = b.view_mask[7] = b.target_mask[3] = 0;
  return b;
}

template <class F>
bool throws(F const& f) {
  try {
    f();
  } catch (s2rm::error const&) {
    return true;
  }
  return false;
}

void training() {
  learner trained{cpu{.threads = 1}, {.rate = 1e-2, .clip = 1.0}, s2rm::seed{7}, {.average = 0.5}};
  for (std::uint32_t n = 0; n < 8; ++n) {
    auto const report = trained.step(draw(n).look());
    print("loss", report.loss);
    print("gradient", report.gradient_norm);
  }
  print("weights", trained.state().weights);
  print("evaluation", trained.evaluate(draw(100).look()));
  expect(finite(trained.state().weights), "weights after training");

  // What masked slots hold is not seen.
  auto plain = draw(9), masked = draw(9);
  for (auto const which : {odd::nan, odd::infinity}) {
    for (index_t c = 0; c < V; ++c) put(&masked.view[static_cast<std::size_t>(5 * V + c)], which);
    put(&masked.place[2 * 7], which), put(&masked.target[3 * V], which);
    double const one = trained.evaluate(plain.look()), other = trained.evaluate(masked.look());
    expect(std::memcmp(&one, &other, sizeof one) == 0, "masked slots that are not finite");
  }

  // A loss or a gradient that is not finite changes nothing.
  for (auto const which : {odd::nan, odd::infinity, odd::minus_infinity}) {
    for (int const where : {0, 1, 2, 3}) {
      auto bad = draw(10);
      auto& numbers = where == 0 ? bad.target : where == 1 ? bad.view : where == 2 ? bad.place : bad.query_place;
      put(&numbers[numbers.size() / 2], which);
      auto const before = trained.state();
      auto const report = trained.step(bad.look());
      auto const after = trained.state();
      bool const same = before.weights == after.weights && before.average == after.average;
      // An infinite place or view may be swallowed by the encoder; then the update is finite.
      if (which == odd::nan || where == 0) {
        expect(report.skipped && after.skipped == before.skipped + 1, "a step with a number that is not finite");
        expect(same, "weights after a skipped step");
      }
      expect(report.skipped ? same : true, "a step that says it was skipped");
      expect(finite(after.weights) && finite(after.moments) && finite(after.average), "weights stay finite");
      std::printf("skipped: %d %d\n", static_cast<int>(report.skipped), static_cast<int>(same));
    }
  }
}

void options() {
  using s2rm::optim::adam, s2rm::optim::sgd;
  for (auto const which : {odd::nan, odd::infinity}) {
    for (auto const member :
         {&adam::rate, &adam::beta1, &adam::beta2, &adam::epsilon, &adam::weight_decay, &adam::clip}) {
      adam o;
      put(&(o.*member), which);
      expect(throws([&] { learner{cpu{}, o}; }), "an option of adam that is not finite");
    }
    for (auto const member : {&sgd::rate, &sgd::momentum, &sgd::weight_decay, &sgd::clip}) {
      sgd o;
      put(&(o.*member), which);
      expect(throws([&] { o.check(); }), "an option of sgd that is not finite");
    }
    adam scheduled;
    put(&scheduled.schedule.floor, which);
    expect(throws([&] { scheduled.check(); }), "schedule.floor that is not finite");
    s2rm::training averaged;
    put(&averaged.average, which);
    expect(throws([&] { learner(cpu{}, {}, {}, averaged); }), "training.average that is not finite");
    s2rm::augment::jitter jitter;
    s2rm::augment::rotate rotate;
    s2rm::augment::shift shift;
    s2rm::augment::drop_views drop;
    put(&jitter.sigma, which), put(&rotate.most, which), put(&shift.most, which), put(&drop.probability, which);
    expect(throws([&] { jitter.check(); }) && throws([&] { rotate.check(); }) && throws([&] { shift.check(); }) &&
               throws([&] { drop.check(); }),
           "an option of augmentation that is not finite");
    double least = 0;
    put(&least, which);
    if (which == odd::nan) expect(throws([&] { s2rm::early_stopping<float>(1, least); }), "early_stopping.least: NaN");
    constexpr auto size = static_cast<std::size_t>(s2rm::init::output_bias_field<net>.size);
    std::vector<double> bias(size);
    put(&bias[0], which);
    std::vector<float> weights(static_cast<std::size_t>(net::parameter_count));
    expect(throws([&] { s2rm::init::output_bias<net>(weights.data(), bias); }), "output_bias: a number not finite");
  }
  // NaN is never the best figure.
  s2rm::early_stopping<float> stop{2};
  double figure = 0;
  put(&figure, odd::nan);
  expect(!stop.note(1, figure), "early_stopping: NaN was taken for the best figure");
  expect(stop.note(2, 1.0) && stop.note(3, 0.5) && !stop.note(4, 0.75), "early_stopping: finite figures");
}

void stream() {
  learner const made{cpu{.threads = 1}, {}, s2rm::seed{3}};
  for (auto const policy : {s2rm::non_finite_views::refuse, s2rm::non_finite_views::absent}) {
    s2rm::stream_limits limits{.views = A, .queries = Q};
    limits.non_finite = policy;
    s2rm::stream<net, cpu> live{cpu{.threads = 1}, made.averaged(), limits};
    auto const look = [&](s2rm::owned_batch<float> const& b, std::uint8_t const* present) {
      return live.observe({b.view.data(), {A, V}}, {b.place.data(), {A, 2}}, present);
    };
    auto const good = draw(20);
    expect(look(good, nullptr) == s2rm::observed::yes, "stream: a finite view");
    index_t left_out = 0;
    for (auto const which : {odd::nan, odd::infinity, odd::minus_infinity}) {
      for (bool const place : {false, true}) {
        auto bad = draw(21);
        put(place ? &bad.place[3] : &bad.view[4], which);  // of view 1
        auto const before = live.state();
        auto const found = look(bad, nullptr);
        auto const after = live.state();
        expect(finite(after.numbers), "stream: the state is not finite");
        if (policy == s2rm::non_finite_views::refuse) {
          expect(found == s2rm::observed::not_finite && before == after, "stream: not refused");
        } else {
          expect(found == s2rm::observed::yes && live.left_out() == ++left_out, "stream: not left out");
        }
        // A view that is absent may hold anything.
        std::uint8_t const present[A] = {1, 0, 1};
        expect(look(bad, present) == s2rm::observed::yes, "stream: an absent view");
        expect(finite(live.state().numbers), "stream: the state is not finite");
      }
    }
    auto const predicted = live.predict({good.query_place.data(), {Q, 2}});
    print("prediction", std::vector<float>(predicted.data, predicted.data + predicted.size()));
    print("state", live.state().numbers);
    // 1e8 is finite.
    auto large = draw(22);
    for (auto& x : large.view) x = 1e8F;
    expect(look(large, nullptr) == s2rm::observed::yes && finite(live.state().numbers), "stream: a view of 1e8");
    print("state", live.state().numbers);
  }
}

void files(std::string const& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  auto const path = folder + "/weights.safetensors";
  learner made{cpu{.threads = 1}, {}, s2rm::seed{3}, {.average = 0.5}};
  made.save(path);
  auto const good = made.state();
  {
    learner other{cpu{.threads = 1}, {}, s2rm::seed{4}, {.average = 0.5}};
    other.load(path);
    expect(other.state().weights == good.weights, "load: weights");
  }
  for (auto const which : {odd::nan, odd::infinity}) {
    for (int const where : {0, 1, 2}) {
      auto bad = good;
      auto& numbers = where == 0 ? bad.weights : where == 1 ? bad.average : bad.moments;
      put(&numbers[numbers.size() / 3], which);
      expect(throws([&] { s2rm::checkpoint_format::save<net>(folder + "/bad.safetensors", bad, made.settings()); }),
             "save: a number that is not finite was written");
      expect(!std::filesystem::exists(folder + "/bad.safetensors"), "save: a file was left");
    }
  }
}

}  // namespace
}  // namespace flags

int main(int, char** argument) {
  flags::training();
  flags::options();
  flags::stream();
  flags::files(argument[1]);
  return flags::failures == 0 ? 0 : 1;
}
