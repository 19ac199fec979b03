// One state, many queries: a model of the library's default sizes takes in A views at once and answers Q places, in chunks.
// Prints one line of JSON: seconds of the best and of the median round, the process's own time on its cores, and its largest
// resident set. run.py beside it measures it and others on the same data.
//
//   s2rm_many_queries --views 1500 --queries 100000 --chunk 1024 --threads 1 --rounds 7 [--write FOLDER]
//
// --net sensors: the model of examples/sensors for stations that it has not seen, in place of the library's default sizes.
// --train: the time of a training step of so many views and queries in place of a stream's (4 steps of time, 2 sequences).
// --write: leaves views.f32, places.f32, query_places.f32, predictions.f32 (float32, row-major) and model.safetensors there.
#include <s2rm/eigen.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "machine.hpp"

namespace {

using s2rm::index_t;

struct stations : s2rm::shape {
  using view = s2rm::features<1>;
};
using default_net = s2rm::world_model<stations, s2rm::likelihood::gaussian>;

struct unseen : s2rm::shape {
  static constexpr index_t modules = 8, hidden = 32, heads = 2, head_width = 8, sphere = 4, frequencies = 1,
                           place_hidden = 32;
  using view = s2rm::features<1>;
};
using sensors_net = s2rm::world_model<unseen, s2rm::encoder::mlp<32, 32>, s2rm::decoder::mlp<32>,
                                      s2rm::likelihood::gaussian, s2rm::residual::inverse_distance<>>;
using cpu = s2rm::backend::eigen;

struct options {
  index_t views = 1500, queries = 100000, chunk = 1024;
  int threads = 1, rounds = 7;
  bool train = false;
  std::string folder, net = "default";
};

options read(int argc, char** argv) {
  options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string const name = argv[i], value = argv[i + 1];
    if (name == "--views") o.views = std::stol(value);
    else if (name == "--queries") o.queries = std::stol(value);
    else if (name == "--chunk") o.chunk = std::stol(value);
    else if (name == "--threads") o.threads = std::stoi(value);
    else if (name == "--rounds") o.rounds = std::stoi(value);
    else if (name == "--write") o.folder = value;
    else if (name == "--net") o.net = value;
    else if (name == "--train") o.train = value == "yes";
    else std::fprintf(stderr, "unknown option %s\n", name.c_str()), std::exit(2);
  }
  return o;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
/// Seconds that all threads of this process had of a core.
double own_time() {
  std::timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void write(std::string const& path, std::vector<float> const& numbers) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<char const*>(numbers.data()),
             static_cast<std::streamsize>(numbers.size() * sizeof(float)));
}

double best(std::vector<double> const& x) { return *std::min_element(x.begin(), x.end()); }
double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x[x.size() / 2];
}

std::vector<float> uniform(index_t n, std::uint32_t stream) {
  s2rm::random const draw{2026};
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(draw.uniform(stream, i, -1, 1));
  return x;
}
/// A smooth field and noise.
std::vector<float> readings(std::vector<float> const& places) {
  s2rm::random const draw{2026};
  std::vector<float> views(places.size() / 2);
  for (std::size_t a = 0; a < views.size(); ++a) {
    float const x = places[2 * a], y = places[2 * a + 1];
    views[a] = std::sin(3 * x + y) + 0.5F * std::cos(5 * y - 2 * x) + 0.1F * static_cast<float>(draw.normal(3, a));
  }
  return views;
}

struct rounds {
  std::vector<double> whole, observing, own;
  double sum = 0;
  void print(std::string const& model) const {
    std::printf(
        "{\"best_s\": %.6g, \"median_s\": %.6g, \"own_s\": %.6g, \"observe_s\": %.6g, \"rounds\": %d, "
        "\"peak_rss_bytes\": %.0f, \"check\": %.9g, \"model\": \"%s\"}\n",
        best(whole), median(whole), best(own), best(observing), static_cast<int>(whole.size()),
        bench::peak_resident_bytes(), sum, model.c_str());
  }
};

template <class Net>
int stream(options const& o) {
  auto const places = uniform(o.views * 2, 1), asked = uniform(o.queries * 2, 2), views = readings(places);
  cpu be{.threads = o.threads};
  s2rm::parameters<typename Net::params, cpu, float> weights(be);
  Net::initialise(weights.values(), s2rm::seed{1});
  weights.refresh(be);
  s2rm::stream<Net, cpu> live{be, weights, {.views = o.views, .queries = o.chunk}};
  std::vector<float> to(static_cast<std::size_t>(o.queries * Net::outputs));
  rounds all;
  for (int round = 0; round < o.rounds; ++round) {
    double const start = now(), own_start = own_time();
    live.reset();
    bool good = live.observe({views.data(), {o.views, 1}}, {places.data(), {o.views, 2}}) == s2rm::observed::yes;
    double const seen = now();
    good = good && live.predict_into({asked.data(), {o.queries, 2}}, to);
    if (!good) return std::fprintf(stderr, "refused\n"), 1;
    all.whole.push_back(now() - start);
    all.observing.push_back(seen - start);
    all.own.push_back(own_time() - own_start);
  }
  for (float const y : to) all.sum += static_cast<double>(y);
  if (!o.folder.empty()) {
    write(o.folder + "/views.f32", views);
    write(o.folder + "/places.f32", places);
    write(o.folder + "/query_places.f32", asked);
    write(o.folder + "/predictions.f32", to);
    s2rm::io::save_checkpoint(o.folder + "/model.safetensors", Net::fields, weights.values(), Net::description());
  }
  all.print(Net::description());
  return 0;
}

template <class Net>
int train(options const& o) {
  constexpr index_t time = 4, batch = 2;
  index_t const rows = time * batch;
  auto const places = uniform(rows * o.views * 2, 1), asked = uniform(rows * o.queries * 2, 2);
  auto const views = readings(places), targets = readings(asked);
  s2rm::batch_view<float> b;
  b.time = time, b.batch = batch, b.views = o.views, b.queries = o.queries;
  b.view = views.data(), b.place = places.data(), b.query_place = asked.data(), b.target = targets.data();
  s2rm::trainer<Net, cpu> learner{cpu{.threads = o.threads}, {}, s2rm::seed{1}};
  rounds all;
  for (int round = 0; round < o.rounds; ++round) {
    double const start = now(), own_start = own_time();
    all.sum += learner.step(b).loss;
    all.whole.push_back(now() - start);
    all.observing.push_back(0);
    all.own.push_back(own_time() - own_start);
  }
  all.print(Net::description());
  return 0;
}

template <class Net>
int run(options const& o) {
  return o.train ? train<Net>(o) : stream<Net>(o);
}

}  // namespace

int main(int argc, char** argv) {
  auto const o = read(argc, argv);
  return o.net == "sensors" ? run<sensors_net>(o) : run<default_net>(o);
}
