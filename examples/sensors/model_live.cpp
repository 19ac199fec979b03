// sensors live: a trainer and a stream in one program.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <span>

#include "common/interrupt.hpp"
#include "common/json_file.hpp"
#include "common/sha256.hpp"
#include "forecast_table.hpp"
#include "live_network.hpp"
#include "model_fit.hpp"
#include "s2rm/stream/stream.hpp"

namespace sensors {
namespace {

using json = nlohmann::ordered_json;
using trainer = s2rm::trainer<live_net, cpu>;
using stream = s2rm::stream<live_net, cpu>;
constexpr std::size_t features = 5;

// Streams of random numbers beside those of model_fit.hpp.
constexpr std::uint32_t stream_of_windows = 3, stream_of_leads = 4, stream_of_hidden = 5;

/// What a view says: z, and the time of year and of day.
void view_at(time_stamp time, double z, float* to) {
  auto const year = 2 * std::numbers::pi * static_cast<double>(time) / (365.25 * 86400.0);
  auto const day = 2 * std::numbers::pi * static_cast<double>(time % seconds_per_day) / seconds_per_day;
  std::array<double, features> const all{z, std::sin(year), std::cos(year), std::sin(day), std::cos(day)};
  std::transform(all.begin(), all.end(), to, [](double one) { return static_cast<float>(one); });
}

/// The weights of a `plain_forecast_net`, spread over a `live_net`: what the latter reads besides gets weight 0, so that at a lead of
/// one step they forecast alike, but for a relaxation of the state that starts slow.
std::vector<float> weights_from(std::filesystem::path const& path, float const* initial) {
  auto const opened = [&] {
    try {
      return s2rm::checkpoint_format::load<plain_forecast_net, float>(path, 2 * plain_forecast_net::parameter_count);
    } catch (s2rm::file_error const& e) {
      throw data_error{std::string{e.what()} +
                       "; --start takes a model of: sensors train --task forecast --without-statistics"};
    }
  }();
  std::vector<float> made(initial, initial + live_net::parameter_count);
  for (auto const& to : live_net::fields) {
    auto* const out = made.data() + to.offset;
    if (to.name == "time.rate") {
      std::fill_n(out, to.size, std::log(std::expm1(1e-3F)));
      continue;
    }
    auto const from = std::find_if(plain_forecast_net::fields.begin(), plain_forecast_net::fields.end(),
                                   [&](auto const& one) { return one.name == to.name; });
    if (from == plain_forecast_net::fields.end()) {
      throw data_error{path.string() + ": no weights '" + std::string{to.name} + "' for the live model"};
    }
    auto const last = static_cast<std::size_t>(to.rank - 1);
    auto const wide = to.extents[last], narrow = from->extents[last], rows = to.size / wide;
    if (narrow > wide || from->size / narrow != rows) {
      throw data_error{path.string() + ": the weights '" + std::string{to.name} + "' have another shape"};
    }
    auto const* const in = opened.average.data() + from->offset;
    for (index_t row = 0; row < rows; ++row) {
      std::copy_n(in + row * narrow, narrow, out + row * wide);
      std::fill_n(out + row * wide + narrow, wide - narrow, 0.0F);
    }
  }
  return made;
}

double rounded(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.7g", value);
  return std::strtod(text.data(), nullptr);
}

/// The settings that a run cannot change between two sittings, by their options' names.
json settings_of(live_options const& o) {
  return {{"--step", step_text(o.step)},
          {"--gather", o.gather},
          {"--leads", o.leads},
          {"--band", o.band},
          {"--transform", name(o.kind)},
          {"--coordinates", o.coordinates == coordinate_kind::degrees ? "degrees" : "kilometres"},
          {"--updates", o.updates},
          {"--batch", o.batch},
          {"--window", o.window},
          {"--ring", o.ring},
          {"--warm-up", o.warm_up},
          {"--first-updates", o.first_updates},
          {"--rate", o.rate},
          {"--hide", o.hide},
          {"--max-stations", o.stations},
          {"--max-places", o.places},
          {"--keep", o.keep},
          {"--seed", o.seed}};
}

class live_program {
 public:
  explicit live_program(live_options const& options)
      : o_(options),
        network_(options),
        learner_(cpu{.threads = options.threads},
                 s2rm::optim::adam{.rate = options.rate, .clip = 1.0, .schedule = {50, 0, 0.0}},
                 s2rm::seed{static_cast<std::uint64_t>(options.seed)}, s2rm::training{.average = 0.98}),
        stream_(cpu{.threads = options.threads}, learner_.averaged(),
                s2rm::stream_limits{.views = options.stations,
                                    .queries = (options.stations + options.places) * std::ssize(options.leads)}) {
    // Which station feeds which module is a symmetry that small starts break late (model_forecast.cpp).
    auto values = learner_.state().weights;
    for (auto const& field : live_net::fields) {
      if (field.name != "views.key.weight" && field.name != "views.value.weight") continue;
      for (index_t i = 0; i < field.size; ++i) values[static_cast<std::size_t>(field.offset + i)] *= 8.0F;
    }
    learner_.assign(values.data());
  }

  /// Goes on from `sensors train`: its weights, and the statistics, places and latest readings of its data.
  void begin_from(std::filesystem::path const& path, experiment const& with) {
    auto const& data = with.data;
    if (data.station_count() > o_.stations) {
      throw data_error{"--max-stations: expected at least the " + std::to_string(data.station_count()) +
                       " stations of the data, found " + std::to_string(o_.stations)};
    }
    auto const range = with.split.fit();
    auto const fitted = scaler::fit(data, range, {with.kind, level_kind::station, {}});
    std::vector<double> counts(static_cast<std::size_t>(data.station_count()), 0.0);
    for (index_t s = 0; s < data.station_count(); ++s) {
      for (auto t = range.begin; t < range.end; ++t) counts[static_cast<std::size_t>(s)] += data.present(t, s) ? 1 : 0;
      auto const& one = data.stations[static_cast<std::size_t>(s)];
      network_.names[static_cast<std::size_t>(s)] = one.code;
      network_.x[static_cast<std::size_t>(s)] = one.x, network_.y[static_cast<std::size_t>(s)] = one.y;
    }
    for (auto t = std::max(range.begin, range.end - o_.ring); t < range.end; ++t) {
      network_.open_from = data.time(t);
      for (index_t s = 0; s < data.station_count(); ++s) {
        network_.open_value[static_cast<std::size_t>(s)] = transform(o_.kind, data.at(t, s));
      }
      static_cast<void>(network_.close());
    }
    // Once for all of the range, not twice for its end.
    network_.scale = running_scale{o_.stations, o_.step};
    network_.scale.begin_from(fitted, counts, data, range);
    network_.map = data.map;
    network_.placed = true;
    auto const values = weights_from(path, learner_.state().weights.data());
    learner_.assign(values.data());
    replay();
  }

  [[nodiscard]] live_network& network() { return network_; }
  [[nodiscard]] std::int64_t lines() const { return lines_; }
  [[nodiscard]] std::int64_t written() const { return written_; }

  /// One line of the input, which counts from here on whatever is in it.
  void take(std::string const& text) {
    current_ = lines_ + 1;
    // A checkpoint that is written while this line closes a step does not count it: it is not part of the next one yet.
    // NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): lives in one scope
    struct count_at_end {
      std::int64_t& lines;
      ~count_at_end() { ++lines; }
    } const counted{lines_};
    auto const line = read_live_line(text, o_.coordinates);
    if (line.is != live_line::kind::place && network_.closes(line.time)) end_step();
    network_.take(line);
  }
  void pass_over() { current_ = ++lines_; }

  /// Closes the open step: forecasts, learns, and saves every so often.
  void end_step() {
    close_and_forecast();
    auto const so_far = [&](index_t steps) {
      return static_cast<index_t>(std::floor(o_.updates * static_cast<double>(steps)));
    };
    learn(so_far(network_.steps) - so_far(network_.steps - 1));
    if (!o_.checkpoint.empty() && network_.steps % o_.every == 0) save();
  }

  void close_and_forecast() {
    for (auto const& remark : network_.close()) say("note", remark);
    if (!network_.placed) {
      if (network_.steps < o_.warm_up || network_.used() == 0) return;
      settle_places();
      learn(o_.first_updates);
      replay();
    } else {
      observe(0);
    }
    forecast();
  }

  void save() const {
    std::fflush(stdout);  // what is said to have been written is
    auto state = learner_.state();
    auto const live = stream_.state();
    auto const& n = network_;
    json about{{"format", 1},
               {"model", live_net::description()},
               {"settings", settings_of(o_)},
               {"lines", lines_},
               {"written", written_},
               {"omitted", omitted_},
               {"steps", n.steps},
               {"open_from", n.open_from},
               {"closed_to", n.closed_to},
               {"placed", n.placed},
               {"centre", {n.map.centre_x, n.map.centre_y, n.map.kilometres_per_unit}},
               {"stations", n.names},
               {"places", n.asked},
               {"training", {state.steps, state.applied, state.skipped}},
               {"started", live.started}};
    auto const text = about.dump();
    std::vector<s2rm::io::tensor_source> tensors;
    std::string all;
    auto const add = [&](char const* name, auto const& numbers) {
      using number = std::remove_cvref_t<decltype(numbers[0])>;
      tensors.push_back({name, s2rm::io::dtype_of<number>(), {std::ssize(numbers)}, numbers.data()});
      all += name;
      all.append(reinterpret_cast<char const*>(numbers.data()), numbers.size() * sizeof(number));
    };
    std::vector<std::uint8_t> const about_bytes(text.begin(), text.end());
    add("about", about_bytes);
    each_array(*this, state, live, add);
    auto const sum = examples::sha256(all);
    std::vector<s2rm::io::metadata_entry> const metadata{{"sensors.live", "1"}, {"sensors.sha256", sum}};
    s2rm::io::write_safetensors(s2rm::io::path_text(o_.checkpoint), tensors, metadata);
  }

  /// \throws data_error or file_error naming the file, what was expected and what was found.
  void load() {
    auto const path = s2rm::io::path_text(o_.checkpoint);
    auto const file = s2rm::io::read_safetensors(path);
    auto const refuse = [&](std::string const& what) { throw data_error{path + ": " + what}; };
    auto const* const sum = file.find_metadata("sensors.sha256");
    if (file.find_metadata("sensors.live") == nullptr || sum == nullptr) {
      refuse("expected a checkpoint of `sensors live`, found another file (--start takes one of `sensors train`)");
    }
    auto const bytes = file.numbers<std::uint8_t>("about");
    std::string all{"about"};
    all.append(bytes.begin(), bytes.end());
    auto state = learner_.state();
    auto live = stream_.state();
    json about;
    try {
      about = examples::parse_json({reinterpret_cast<char const*>(bytes.data()), bytes.size()}, path);
    } catch (std::runtime_error const& error) {
      refuse(error.what());
    }
    auto const own = settings_of(o_);
    for (auto const& [key, value] : about.at("settings").items()) {
      if (own.value(key, json{}) == value) continue;
      refuse(key + ": expected " + value.dump() + " as in the sittings before, found " + own.value(key, json{}).dump());
    }
    auto& n = network_;
    n.steps = about.at("steps");
    n.open_from = about.at("open_from");
    n.closed_to = about.at("closed_to");
    n.placed = about.at("placed");
    n.map.centre_x = about.at("centre")[0];
    n.map.centre_y = about.at("centre")[1];
    n.map.kilometres_per_unit = about.at("centre")[2];
    n.names = about.at("stations").get<std::vector<std::string>>();
    n.asked = about.at("places").get<std::vector<std::string>>();
    lines_ = about.at("lines");
    written_ = about.at("written");
    omitted_ = about.at("omitted");
    state.steps = about.at("training")[0];
    state.applied = about.at("training")[1];
    state.skipped = about.at("training")[2];
    live.started = about.at("started");
    each_array(*this, state, live, [&](char const* name, auto& numbers) {
      using number = std::remove_cvref_t<decltype(numbers[0])>;
      auto found = file.numbers<number>(name);
      std::string_view const of{name};
      bool const varies = of.starts_with("asked") || of.starts_with("stream.view") || of.starts_with("stream.p");
      if (!varies && found.size() != numbers.size()) {
        refuse(std::string{"tensor '"} + name + "': expected " + std::to_string(numbers.size()) + " numbers, found " +
               std::to_string(found.size()));
      }
      all += name;
      all.append(reinterpret_cast<char const*>(found.data()), found.size() * sizeof(number));
      numbers = std::move(found);
    });
    if (examples::sha256(all) != *sum) refuse("the checksum does not match: the file is damaged");
    learner_.restore(state);
    stream_.restore(live);
    stream_.refresh();
  }

  /// A line for who runs the program, as JSON: {"line": 7, "error": "..."}.
  void say(char const* what, std::string const& text) const {
    std::fprintf(stderr, "%s\n", examples::json_text({{"line", current_}, {what, text}}).c_str());
  }

 private:
  /// Every array that a later sitting needs.
  template <class Self, class Training, class Live, class F>
  static void each_array(Self& self, Training& training, Live& live, F const& f) {
    f("weights", training.weights), f("average", training.average), f("moments", training.moments);
    f("stream.state", live.numbers), f("stream.view", live.view), f("stream.place", live.place);
    f("stream.present", live.present);
    auto& n = self.network_;
    f("curve", n.scale.theta), f("covariance", n.scale.covariance), f("count", n.scale.count), f("mean", n.scale.mean);
    f("sums", n.scale.sums);
    f("x", n.x), f("y", n.y), f("heard", n.heard), f("open_value", n.open_value), f("open_time", n.open_time);
    f("asked_x", n.asked_x), f("asked_y", n.asked_y);
    f("ring_time", n.ring_time), f("ring_value", n.ring_value), f("ring_x", n.ring_x), f("ring_y", n.ring_y);
    f("forecast_mean", n.forecast_mean), f("forecast_deviation", n.forecast_deviation);
    f("scores", n.scores), f("score_count", n.score_count);
  }

  /// The plane of the places is that of the stations known by now, and a fourth more on all sides.
  void settle_places() {
    std::vector<station> all;
    for (std::size_t s = 0; s < network_.names.size(); ++s) {
      if (!network_.names[s].empty()) all.push_back({network_.names[s], network_.x[s], network_.y[s]});
    }
    for (std::size_t q = 0; q < network_.asked.size(); ++q) {
      all.push_back({network_.asked[q], network_.asked_x[q], network_.asked_y[q]});
    }
    network_.map = fit_projection(all, o_.coordinates);
    // One station says nothing of how far the others will be.
    network_.map.kilometres_per_unit = all.size() > 1 ? 1.25 * network_.map.kilometres_per_unit : 100.0;
    network_.placed = true;
    std::vector<double> places;
    for (auto const& one : all) {
      auto const at = network_.map.place(one.x, one.y);
      places.insert(places.end(), at.begin(), at.end());
    }
    learner_.whiten(places);
  }

  /// The stream takes in a step of the ring.
  void observe(index_t back) {
    auto const used = network_.used();
    view_.clear(), place_.clear();
    for (index_t s = 0; s < used; ++s) {
      auto const z = network_.z(back, s);
      if (std::isnan(z)) continue;
      auto const i = view_.size();
      view_.resize(i + features);
      view_at(network_.time(back), z, view_.data() + i);
      auto const at = network_.place(back, s);
      for (auto const side : at) place_.push_back(static_cast<float>(side));
    }
    auto const count = static_cast<index_t>(view_.size() / features);
    // Where nothing was read the pointers must not be null.
    view_.reserve(features), place_.reserve(2);
    auto const elapsed = back + 1 < network_.held() ? elapsed_at(back) : 1.0F;
    auto const done = stream_.observe({view_.data(), {count, features}}, {place_.data(), {count, 2}}, elapsed);
    if (done != s2rm::observed::yes) say("note", "a step was not taken in: its numbers are not finite");
  }
  /// From the step before, in steps.
  [[nodiscard]] float elapsed_at(index_t back) const {
    return static_cast<float>(static_cast<double>(network_.time(back) - network_.time(back + 1)) /
                              static_cast<double>(o_.step.seconds));
  }

  /// The state is that after the latest steps of the ring, by the weights of today.
  void replay() {
    stream_.reset();
    stream_.refresh();
    for (auto back = std::min(network_.held(), lead_in) - 1; back >= 0; --back) observe(back);
  }

  void forecast() {
    auto const used = network_.used();
    struct query {
      index_t station, asked;
      std::size_t lead;
    };
    std::vector<query> queries;
    query_.clear(), lead_.clear();
    auto const ask = [&](index_t station, index_t asked, double x, double y) {
      auto const at = network_.map.place(x, y);
      for (std::size_t l = 0; l < o_.leads.size(); ++l) {
        queries.push_back({station, asked, l});
        for (auto const side : at) query_.push_back(static_cast<float>(side));
        lead_.push_back(static_cast<float>(o_.leads[l]));
      }
    };
    for (index_t s = 0; s < used; ++s) {
      auto const i = static_cast<std::size_t>(s);
      if (network_.names[i].empty() || network_.heard[i] < 0 || network_.steps - network_.heard[i] >= o_.keep) continue;
      ask(s, -1, network_.x[i], network_.y[i]);
    }
    for (index_t q = 0; q < std::ssize(network_.asked); ++q) {
      ask(-1, q, network_.asked_x[static_cast<std::size_t>(q)], network_.asked_y[static_cast<std::size_t>(q)]);
    }
    auto const count = std::ssize(queries);
    if (count == 0) return;
    auto const made = stream_.predict({query_.data(), {count, 2}}, {.lead = {lead_.data(), {count}}});
    if (made.shape[0] != count) return say("note", "no forecast: the state of the model is not finite");
    auto const issued = network_.time(0);
    std::vector<double> width;
    for (std::size_t l = 0; l < o_.leads.size(); ++l) width.push_back(network_.half_width(static_cast<index_t>(l)));
    for (index_t i = 0; i < count; ++i) {
      auto const& asked = queries[static_cast<std::size_t>(i)];
      auto const lead = o_.leads[asked.lead];
      auto const whole = static_cast<std::int64_t>(lead);
      auto const valid = o_.step.months != 0 && static_cast<double>(whole) == lead
                             ? o_.step.after(issued, whole)
                             : issued + std::llround(lead * static_cast<double>(o_.step.seconds));
      auto const& scale = network_.scale;
      auto const place = static_cast<std::size_t>(std::max<index_t>(0, asked.asked));
      auto const offset = asked.station >= 0 ? scale.offset(asked.station)
                                             : network_.offset_at(network_.asked_x[place], network_.asked_y[place]);
      auto const mean = scale.curve(valid) + offset + scale.scale() * static_cast<double>(made.data[2 * i]);
      auto const deviation = scale.scale() * std::exp(0.5 * static_cast<double>(made.data[2 * i + 1]));
      if (asked.station >= 0) network_.note_forecast(static_cast<index_t>(asked.lead), asked.station, mean, deviation);
      print(asked.station >= 0 ? "station" : "place",
            asked.station >= 0 ? network_.names[static_cast<std::size_t>(asked.station)]
                               : network_.asked[static_cast<std::size_t>(asked.asked)],
            issued, valid, mean, deviation, width[asked.lead]);
    }
    std::fflush(stdout);
    if (std::ferror(stdout) != 0) throw std::runtime_error{"standard output: cannot be written"};
  }

  void print(char const* what, std::string const& name, time_stamp issued, time_stamp valid, double mean,
             double deviation, double width) {
    auto const edge = [&](double at) {
      // Below 0 the square root's inverse would rise again.
      return inverse(o_.kind, o_.kind == transform_kind::square_root ? std::max(0.0, at) : at);
    };
    std::array<double, 3> const all{expected_reading(o_.kind, mean, deviation * deviation),
                                    edge(mean - width * deviation), edge(mean + width * deviation)};
    if (!std::all_of(all.begin(), all.end(), [](double one) { return std::isfinite(one); })) {
      if (omitted_++ == 0) say("note", "a forecast that is not finite is not printed, here and from now on");
      return;
    }
    auto const text = examples::json_text({{"issued", time_text(issued)},
                                           {"time", time_text(valid)},
                                           {"lead", valid - issued},
                                           {what, name},
                                           {"mean", rounded(all[0])},
                                           {"lower", rounded(all[1])},
                                           {"upper", rounded(all[2])}});
    std::fprintf(stdout, "%s\n", text.c_str());
    ++written_;
  }

  /// Updates of the weights on windows of the ring, and then the stream has them.
  void learn(index_t updates) {
    if (!network_.placed) return;
    auto const length = std::min(o_.window, network_.held() - 1);
    auto const used = network_.used();
    if (length < 2 || used == 0) return;
    for (index_t u = 0; u < updates; ++u) learner_.step(cut(length, used));
    if (updates > 0) stream_.refresh();
  }

  /// Windows that begin anywhere in the ring. In a window some stations are hidden and asked for all the same, as is a place
  /// without a station; each step asks for one of the leads.
  s2rm::batch_view<float> cut(index_t length, index_t used) {
    using std::size_t;
    s2rm::random const starts{static_cast<std::uint64_t>(o_.seed), stream_of_windows},
        leads{static_cast<std::uint64_t>(o_.seed), stream_of_leads},
        hidden{static_cast<std::uint64_t>(o_.seed), stream_of_hidden};
    auto const number = static_cast<std::uint32_t>(learner_.steps());
    auto const rows = static_cast<size_t>(length * o_.batch * used);
    auto& b = windows_;
    b.time = length, b.batch = o_.batch, b.views = b.queries = used;
    b.view.assign(rows * features, 0.0F), b.place.resize(rows * 2), b.target.assign(rows, 0.0F);
    b.view_mask.assign(rows, 0), b.target_mask.assign(rows, 0);
    b.elapsed.resize(static_cast<size_t>(length * o_.batch)), b.query_lead.assign(rows, 1.0F);
    auto const step = static_cast<double>(o_.step.seconds);
    for (index_t e = 0; e < o_.batch; ++e) {
      // The step after the last of a window is there for its targets.
      auto const first = starts.below(number, static_cast<std::uint64_t>(e), network_.held() - length) + length;
      for (index_t t = 0; t < length; ++t) {
        auto const back = first - t, at = t * o_.batch + e;
        b.elapsed[static_cast<size_t>(at)] = back + 1 < network_.held() ? elapsed_at(back) : 1.0F;
        auto const asked =
            o_.leads[static_cast<size_t>(leads.below(number, static_cast<std::uint64_t>(at), std::ssize(o_.leads)))];
        // The step that is nearest to the lead, within half of it.
        index_t then = -1;
        double nearest = 0.5 * asked;
        for (auto later = back - 1; later >= 0; --later) {
          auto const lead = static_cast<double>(network_.time(later) - network_.time(back)) / step;
          if (std::abs(lead - asked) <= nearest) then = later, nearest = std::abs(lead - asked);
          if (lead > asked + nearest) break;
        }
        auto const lead = then < 0 ? asked : static_cast<double>(network_.time(then) - network_.time(back)) / step;
        for (index_t s = 0; s < used; ++s) {
          auto const i = static_cast<size_t>(at * used + s);
          auto const draw = [&](index_t k) {
            return hidden.uniform(number, static_cast<std::uint64_t>(((k * o_.batch) + e) * used + s)) < o_.hide;
          };
          auto const z = network_.z(back, s), wanted = then < 0 ? missing : network_.z(then, s);
          auto const place = network_.place(back, s);
          b.place[2 * i] = static_cast<float>(place[0]), b.place[2 * i + 1] = static_cast<float>(place[1]);
          b.view_mask[i] = !std::isnan(z) && !draw(0) && !draw(t + 1) ? 1 : 0;
          b.target_mask[i] = std::isnan(wanted) ? 0 : 1;
          if (b.view_mask[i] != 0) view_at(network_.time(back), z, b.view.data() + i * features);
          if (b.target_mask[i] != 0) b.target[i] = static_cast<float>(wanted);
          b.query_lead[i] = static_cast<float>(lead);
        }
      }
    }
    b.query_place = b.place;
    return b.look();
  }

  live_options const& o_;
  live_network network_;
  trainer learner_;
  stream stream_;
  s2rm::owned_batch<float> windows_;
  std::vector<float> view_, place_, query_, lead_;
  std::int64_t lines_ = 0;    ///< of the input, wholly taken in
  std::int64_t current_ = 0;  ///< the line that is being taken in
  std::int64_t written_ = 0, omitted_ = 0;
};

}  // namespace

int live(live_options const& options) {
  options.check();
  examples::interrupt const watch;
  live_program program{options};
  auto const tell = [&](std::string const& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
  std::int64_t known = 0;
  if (!options.checkpoint.empty() && std::filesystem::exists(options.checkpoint)) {
    program.load();
    known = program.lines();
    tell("goes on from " + options.checkpoint.string() + ": " + std::to_string(known) + " lines taken, " +
         std::to_string(program.written()) + " forecasts written, " + std::to_string(program.network().steps) +
         " steps" + (options.again ? "; as many lines are passed over" : "; expects the line behind these"));
  } else if (!options.start.empty()) {
    auto with = open_experiment(options.history);
    with.kind = options.kind;
    program.begin_from(options.start, with);
    tell("goes on from " + options.start.string());
  } else {
    tell("begins from nothing: no forecast before " + std::to_string(options.warm_up) + " steps");
  }
  line_reader reader{STDIN_FILENO};
  std::string line;
  std::int64_t number = 0, refused = 0;
  auto found = line_reader::outcome::end;
  for (auto pass = options.again ? known : 0;;) {
    found = reader.next(line);
    if (found == line_reader::outcome::end || found == line_reader::outcome::interrupted) break;
    ++number;
    if (number <= pass) continue;
    try {
      if (found == line_reader::outcome::too_long) {
        program.pass_over();
        throw data_error{"expected a line of at most " + std::to_string(most_line) + " bytes, found a longer one"};
      }
      if (line.find_first_not_of(" \t") == std::string::npos) {
        program.pass_over();
        continue;
      }
      program.take(line);
    } catch (data_error const& error) {
      ++refused;
      program.say("error", error.what());
    }
  }
  // A step that is open stays open for the next sitting; at the end of the input it is forecast from all the same.
  if (!options.checkpoint.empty()) {
    program.save();
    tell(options.checkpoint.string() + ": " + std::to_string(program.lines()) + " lines taken, " +
         std::to_string(program.written()) + " forecasts written");
  }
  bool const ended = found == line_reader::outcome::end;
  if (ended && program.network().open()) program.close_and_forecast();
  if (refused > 0) tell(std::to_string(refused) + " lines could not be used");
  return ended ? 0 : examples::interrupt::exit_status;
}

}  // namespace sensors
