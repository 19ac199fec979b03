#include "task.hpp"

#include <algorithm>
#include <cstdio>

#include "common/progress.hpp"
#include "common/ranks.hpp"
#include "common/report.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/init/output_bias.hpp"

namespace skirmish {
namespace {

constexpr index_t validation_battles = 20;
constexpr index_t battles_for_habits = 200;

}  // namespace

task::task(command_options const& o) : of_{&scenario_named(o.scenario)}, random_in_1000_{o.random_in_1000()} {
  if (!o.recording.empty()) {
    recorded_ = std::make_shared<recording const>(load_recording(o.recording));
    static_cast<void>(scenes(*recorded_, model_layout()));  // throws where a unit has no channel
    static_cast<void>(source::recorded(recorded_, split::test));
    tests_ = tests_of(*recorded_);
    data_ = "recording " + checksum(*recorded_);
    return;
  }
  s2rm::require_value(fits_model(*of_),
                      "--scenario: the models know Colossus, Stalker and Zealot; '" + o.scenario + "' has other units");
  tests_ = tests_of(*of_);
  data_ = o.scenario + ", random " + examples::report::number(random_in_1000_ / 1000.0, 3);
}

source task::battles(examples::run_options const& o, split part) const {
  if (recorded_ != nullptr) return source::recorded(recorded_, part);
  return source::played(*of_, random_in_1000_, o.data_seed, part, part == split::train ? o.seed : 0);
}

s2rm::batch_view<float> task::batch(examples::run_options const& o, index_t step) {
  auto const mine = s2rm::share_of(o.fit.batch, examples::ranks::rank(), examples::ranks::size(), o.fit.parts);
  batch_.take(battles(o, split::train), step * o.fit.batch + mine.first, mine.count, o.fit.window, {}, true);
  if (step >= o.fit.curriculum) {
    batch_.thin_out(static_cast<std::uint64_t>(o.seed), step, o.fit.few_views, o.fit.blind_spans, mine.first);
  }
  return batch_.view_of();
}

std::vector<double> task::output_bias(examples::run_options const& o) {
  auto const& constant = known(o).constant();
  std::vector<double> bias(constant.begin(), constant.end());
  std::transform(bias.begin(), bias.begin() + index_t{model_markers} * raster_cells, bias.begin(),
                 [](double rate) { return s2rm::init::logit(rate); });
  return bias;
}

examples::validation task::validate(model& learner, examples::run_options const& o) {
  auto const from = battles(o, split::validation);
  skirmish::batch b;
  b.take(from, 0, std::min(validation_battles, from.count()), 0, {});
  auto const score = score_model(learner, b).markers();
  return {{"bce", score.bce()}, {"f1", score.f1()}};
}

habits const& task::known(examples::run_options const& o) {
  if (!known_) {
    auto const from = battles(o, split::train);
    known_ = habits::learn(from, std::min(battles_for_habits, from.count()));
  }
  return *known_;
}

void task::announce(examples::run_options const& o) {
  auto const from = battles(o, split::validation);
  skirmish::batch b;
  b.take(from, 0, std::min(validation_battles, from.count()), 0, {});
  auto const scores = score_peers(b, known(o));
  std::fprintf(stderr,
               "validation: a constant has BCE %.3f, the place alone %.3f; last seen has F1 %.3f, the whole state "
               "before %.3f.\n",
               scores.at("all empty").markers().bce(), scores.at("place alone").markers().bce(),
               scores.at("last seen").markers().f1(), scores.at("nothing moves").markers().f1());
}

void task::test(examples::run_record& of, model& learner, examples::run_options const& o) {
  examples::progress bar{"test of " + o.model + ", seed " + std::to_string(o.seed),
                         static_cast<std::int64_t>(tests_.size()), "tests"};
  auto const play = [&](skirmish::test const& one) {
    return one.of == nullptr ? battles(o, split::test)
                             : source::played(*one.of, random_in_1000_, o.data_seed, split::test);
  };
  of.test = measure(learner, known(o), tests_, play, o.test_sequences, [&](index_t done) { bar.update(done); });
  of.manifest = manifest_of(o, learner).json();
}

examples::manifest task::manifest_of(examples::run_options const& o, model const& learner) const {
  auto settings = examples::begin_manifest("skirmish", o, learner);
  settings.set("data.of", data_);
  settings.set("data.test_battles", o.test_sequences);
  settings.set("data.queries", skirmish::batch::queries);
  return settings;
}

}  // namespace skirmish
