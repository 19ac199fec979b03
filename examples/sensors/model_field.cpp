// The field between the stations, and where on it the modules are.

#include "folds.hpp"
#include "model_fit.hpp"

namespace sensors {

field believed_field(experiment const& with, fit_settings const& settings, std::filesystem::path const& checkpoint,
                     compute where, time_range range, std::vector<double> const& places) {
  // The places of the map are stations that nobody reads. Of many, some at a time: every one widens the day's system.
  constexpr index_t at_once = 100;
  auto const count = static_cast<index_t>(places.size()) / 2, stations = with.data.station_count();
  field result{std::vector<double>(static_cast<std::size_t>(range.size() * count)), {}};
  result.deviation = result.mean;
  for (index_t first = 0; first < count; first += at_once) {
    auto const here = std::min(at_once, count - first);
    auto wider = with;
    auto& data = wider.data;
    std::vector<index_t> asked;
    for (index_t i = 0; i < here; ++i) {
      auto const at = places.begin() + 2 * (first + i);
      auto const [x, y] = data.map.coordinates(at[0], at[1]);
      asked.push_back(data.station_count());
      data.stations.push_back({"place " + std::to_string(first + i), x, y});
      data.places.insert(data.places.end(), at, at + 2);
    }
    data.values.assign(static_cast<std::size_t>(data.times * data.station_count()), missing);
    for (index_t t = 0; t < data.times; ++t) {
      for (index_t s = 0; s < stations; ++s) data.values[data.cell(t, s)] = with.data.at(t, s);
    }
    data.sides.clear();
    data.side_values.clear();
    auto const said =
        predict_scenes(wider, settings, {}, asked, asked, with.split.fit(), {checkpoint}, where, range, false);
    auto const& made = said.made.front();
    for (auto t = range.begin; t < range.end; ++t) {
      for (index_t i = 0; i < here; ++i) {
        auto const from = made.cell(t, stations + i);
        auto const to = static_cast<std::size_t>((t - range.begin) * count + first + i);
        result.mean[to] = made.point[from];
        result.deviation[to] = std::sqrt(made.variance[from]);
      }
    }
  }
  return result;
}

module_map modules_over(std::filesystem::path const& checkpoint, compute where, std::vector<double> const& places) {
  using Net = network_net;
  s2rm::trainer<Net, cpu> learner{
      cpu{.threads = where.threads}, {}, {}, s2rm::training{.average = fit_settings{}.average}};
  learner.load(checkpoint);
  using encoder = Net::places;
  constexpr auto m = Net::M, s = Net::S;
  auto const p = learner.averaged().view();
  auto const n = static_cast<index_t>(places.size()) / 2;
  std::vector<float> const x(places.begin(), places.end());
  std::vector<float> code(static_cast<std::size_t>(n * s)), saved(static_cast<std::size_t>(n * encoder::saved));
  std::vector<float> unit(static_cast<std::size_t>(m * s));
  auto& be = learner.backend();
  encoder::forward(be, p.inner<typename encoder::params>(Net::at_place), n, x.data(), s2rm::rows<float>{code.data(), s},
                   saved.data());
  be.for_each(m, s2rm::layer::project_row<s, float>{{p.values + Net::at_embedding, s}, {unit.data(), s}});
  module_map map;
  map.modules = m;
  for (index_t i = 0; i < n; ++i) {
    index_t nearest = 0;
    float best = -2;
    double reached = 0;
    for (index_t k = 0; k < m; ++k) {
      auto const cosine = s2rm::math::dot<s>(code.data() + i * s, unit.data() + k * s);
      reached += Net::kernel::reaches(cosine) ? 1 : 0;
      if (cosine > best) {
        best = cosine;
        nearest = k;
      }
    }
    map.nearest.push_back(nearest);
    map.strength.push_back(std::exp(Net::kernel::log_weight(best, p.values + Net::at_kernel)));
    map.reached.push_back(reached);
  }
  return map;
}

}  // namespace sensors
