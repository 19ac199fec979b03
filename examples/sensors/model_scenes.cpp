// Places that nobody reads: the model corrects what linear statistics say, which it has for a side input.

#include "model_fit.hpp"
#include "scenes.hpp"

namespace sensors {
namespace {

inline constexpr std::uint32_t stream_of_scenes = 3, stream_of_batches = 4;

bool everywhere(series const& data) { return data.globe; }

template <class F>
auto with_scene_net(series const& data, F const& f) {
  return everywhere(data) ? f.template operator()<globe_net>()
         : by_sites(data) ? f.template operator()<network_net>()
                          : f.template operator()<ground_net>();
}

std::unique_ptr<scenes> scenes_of(experiment const& with, fit_settings const& settings, time_range fit,
                                  std::vector<index_t> const& hidden) {
  return everywhere(with.data) ? field_scenes(with, fit) : station_scenes(with, fit, hidden, settings);
}

/// Puts windows of one length and as many slots beside each other.
template <class Shape>
void stack(std::vector<scene const*> const& from, s2rm::owned_batch<float>& to) {
  auto const& one = from.front()->batch;
  auto const count = static_cast<index_t>(from.size());
  to.time = one.time, to.batch = count, to.views = one.views, to.queries = one.queries;
  s2rm::for_each_array<Shape>(
      [&](auto array, auto& x, auto const& like) {
        x.resize(like.size() * from.size());
        static_cast<void>(array);
      },
      to, one);
  for (std::size_t e = 0; e < from.size(); ++e) {
    s2rm::for_each_array<Shape>(
        [&](auto array, auto& x, auto const& y) {
          if (y.empty()) return;
          auto const row = static_cast<std::size_t>(array.row(one));
          for (std::size_t t = 0; t < static_cast<std::size_t>(one.time); ++t) {
            std::copy_n(y.data() + t * row, row, x.data() + (t * from.size() + e) * row);
          }
        },
        to, from[e]->batch);
  }
}

template <class Net>
fit_history fit_net(scenes const& from, experiment const& with, fit_settings const& settings, std::int64_t seed,
                    compute where, std::string const& label, std::filesystem::path const& checkpoint, bool resume) {
  namespace ranks = examples::ranks;
  using shape = typename Net::shape;
  auto const key = static_cast<std::uint64_t>(seed);
  auto const begin = std::chrono::steady_clock::now();
  std::vector<scene> bank;
  // The level of the variance is that of the estimates in some windows.
  auto const drawn = std::max<index_t>(settings.bank, 16);
  examples::progress drawing{label + ": windows", drawn, "windows", 0};
  double level = 0, count = 0;
  auto const draw = [&](std::uint64_t number) {
    return from.draw({key, stream_of_scenes}, static_cast<std::uint32_t>(number));
  };
  for (index_t i = 0; i < drawn; ++i) {
    bank.push_back(draw(static_cast<std::uint64_t>(i)));
    auto const& b = bank.back().batch;
    for (std::size_t q = 0; q < b.target.size(); ++q) {
      if (!b.target_mask.empty() && b.target_mask[q] == 0) continue;
      level += 2 * static_cast<double>(b.query_context[q * shape::context + 1]);
      count += 1;
    }
    drawing.update(i + 1, "");
    if (ranks::any(examples::interrupt::requested())) {
      fit_history stopped;
      stopped.interrupted = true;
      return stopped;
    }
  }
  if (count == 0) throw data_error{label + ": no reading to learn from in " + std::to_string(drawn) + " windows"};
  auto learner = make_learner<Net>(settings, seed, where, with.data);
  start_as_guess(*learner, level / count);
  if (ranks::first_says(resume && std::filesystem::exists(checkpoint))) learner->resume(checkpoint);
  s2rm::owned_batch<float> batch;
  std::vector<scene> fresh;
  s2rm::random const numbers{key, stream_of_batches};
  auto const next = [&](index_t step) {
    std::vector<scene const*> some;
    if (settings.bank > 0) {
      for (index_t e = 0; e < settings.batch; ++e) {
        some.push_back(&bank[static_cast<std::size_t>(
            numbers.below(static_cast<std::uint32_t>(step), static_cast<std::uint64_t>(e), settings.bank))]);
      }
    } else {
      fresh.clear();
      for (index_t e = 0; e < settings.batch; ++e) {
        fresh.push_back(draw(static_cast<std::uint64_t>(drawn + step * settings.batch + e)));
      }
      for (auto const& one : fresh) some.push_back(&one);
    }
    stack<shape>(some, batch);
    return batch.look();
  };
  auto history =
      fit_on(*learner, next, settings, seed, settings.steps, false, label, checkpoint, [](auto&) { return 0.0; });
  history.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return history;
}

}  // namespace

fit_settings scene_settings(series const& data) {
  fit_settings settings;
  settings.steps = everywhere(data) ? 300 : 80;
  settings.batch = everywhere(data) ? 8 : 3;
  settings.bank = everywhere(data) ? 240 : 40;
  settings.rate = everywhere(data) ? 2e-3 : 1e-3;
  settings.weight_decay = 0.1;
  settings.drop_views = 0.1;
  if (!everywhere(data) && by_sites(data)) {
    // On validation stations: of a dozen stations the model learns the sites by heart unless it learns slowly.
    bool const many = data.station_count() > 30;
    settings.steps = many ? 150 : 200;
    settings.rate = many ? 4e-3 : 1e-3;
    settings.weight_decay = many ? 0.1 : 1.0;
    settings.window = 16;
    settings.batch = 16;
    settings.bank = 0;
    settings.drop_stations = 0.25;
    settings.rotate = true;
    settings.shift = 0.4;
  }
  return settings;
}

fit_history fit_scenes(experiment const& with, fit_settings const& settings, std::vector<index_t> const& hidden,
                       time_range range, std::int64_t seed, compute where, std::filesystem::path const& checkpoint,
                       bool resume) {
  auto const from = scenes_of(with, settings, range, hidden);
  std::string label = with.data.origin.name;
  for (std::size_t i = 0; i < std::min<std::size_t>(hidden.size(), 3); ++i) {
    label += (i == 0 ? " without " : " ") + with.data.stations[static_cast<std::size_t>(hidden[i])].code;
  }
  if (hidden.size() > 3) label += " ...";
  label += ", seed " + std::to_string(seed);
  return with_scene_net(with.data, [&]<class Net>() {
    return fit_net<Net>(*from, with, settings, seed, where, label, checkpoint, resume);
  });
}

scene_predictions predict_scenes(experiment const& with, fit_settings const& settings, fold const& one,
                                 std::vector<index_t> const& hidden, std::vector<index_t> const& asked,
                                 time_range fitted, std::vector<std::filesystem::path> const& checkpoints,
                                 compute where, time_range range, bool half) {
  constexpr std::size_t at_once = 1500;  // queries
  auto const from = scenes_of(with, settings, fitted, hidden);
  auto const n = with.data.station_count();
  scene_predictions result{{}, {}, from->about()};
  auto const models = checkpoints.size(), rows = models + (models > 1 ? 2 : 1);
  for (std::size_t i = 0; i < rows; ++i) {
    prediction const empty{i + 1 == rows ? "statistics" : i == models ? "mixture" : "model", range, n};
    result.made.push_back(empty);
    if (half) result.half.push_back(empty);
  }
  with_scene_net(with.data, [&]<class Net>() {
    std::vector<std::unique_ptr<s2rm::any_trainer<Net>>> learners;
    for (auto const& checkpoint : checkpoints) {
      learners.push_back(make_learner<Net>(settings, 0, where, with.data));
      learners.back()->load(checkpoint);
    }
    for (std::size_t first = 0; first < asked.size(); first += at_once) {
      std::vector<index_t> const some(
          asked.begin() + static_cast<std::ptrdiff_t>(first),
          asked.begin() + static_cast<std::ptrdiff_t>(std::min(asked.size(), first + at_once)));
      for (bool const losing : {false, true}) {
        if (losing && !half) continue;
        auto const window = from->over(range, one, some, losing);
        auto const batch = window.batch.look();
        auto& into = losing ? result.half : result.made;
        auto const q = some.size(), cells = static_cast<std::size_t>(range.size()) * q;
        auto const set = [&](std::size_t row, std::size_t i, double m, double deviation) {
          auto const t = range.begin + static_cast<index_t>(i / q);
          auto const [f, d] = from->back(window, t, some[i % q], m, deviation);
          into[row].set(with.kind, t, some[i % q], f, d * d);
        };
        std::vector<double> mean(cells, 0), square(cells, 0);
        for (std::size_t m = 0; m < models; ++m) {
          auto const z = run_over(*learners[m], batch, window.skip);
          for (std::size_t i = 0; i < cells; ++i) {
            set(m, i, z.mean[i], z.deviation[i]);
            mean[i] += z.mean[i] / static_cast<double>(models);
            square[i] += (z.mean[i] * z.mean[i] + z.deviation[i] * z.deviation[i]) / static_cast<double>(models);
          }
        }
        for (std::size_t i = 0; i < cells; ++i) {
          if (models > 1) set(models, i, mean[i], std::sqrt(std::max(square[i] - mean[i] * mean[i], 1e-9)));
          auto const* const c =
              &window.batch.query_context[(static_cast<std::size_t>(window.skip) * q + i) * Net::shape::context];
          set(rows - 1, i, static_cast<double>(c[0]), std::exp(static_cast<double>(c[1])));
        }
      }
    }
  });
  return result;
}

}  // namespace sensors
