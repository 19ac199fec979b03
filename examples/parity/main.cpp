// Holds the library against somebody else's model: parameters and a batch go in, prediction, state, loss and every gradient
// come out, all as safetensors. See README.md beside this file for the fields.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "s2rm/eigen.hpp"

namespace {

struct parity_shape : s2rm::shape {
  static constexpr s2rm::index_t modules = 5, hidden = 16, heads = 2, head_width = 8, sphere = 6, place = 2,
                                 frequencies = 6, place_hidden = 32;
  using view = s2rm::raster<1, 5, 5>;
};

template <class Cell>
using net = s2rm::world_model<parity_shape, Cell, s2rm::kernel::truncated_gaussian<>, s2rm::encoder::mlp<24, 20>,
                              s2rm::decoder::mlp<24>, s2rm::likelihood::bernoulli>;

using s2rm::index_t;
using s2rm::io::safetensors_file;

/// A batch that owns what it read from a file.
template <class T>
struct stored_batch {
  std::vector<T> views, places, query_places, targets;
  std::vector<std::uint8_t> view_mask, target_mask, reset, blind;
  s2rm::batch_view<T> batch;
};

template <class U>
std::vector<U> read(safetensors_file const& file, char const* name, std::vector<index_t> const& shape) {
  static_cast<void>(file.at<U>(name, shape));
  return file.numbers<U>(name);
}

/// A mask: none where the file has none; else 1 where a number, of whichever type, is not 0.
std::vector<std::uint8_t> read_mask(safetensors_file const& file, char const* name, std::vector<index_t> const& shape) {
  using s2rm::io::dtype;
  auto const* const tensor = file.find(name);
  if (tensor == nullptr) return {};
  auto const flags = [&]<class U>(U /*type*/) {
    std::vector<std::uint8_t> made;
    for (auto const x : read<U>(file, name, shape)) made.push_back(x != U{0} ? 1 : 0);
    return made;
  };
  switch (tensor->type) {
    case dtype::f32:
    case dtype::f64: return flags(double{});
    case dtype::i32: return flags(std::int32_t{});
    case dtype::i64: return flags(std::int64_t{});
    default: return flags(std::uint8_t{});
  }
}

/// Views, with or without the axis of their one channel.
template <class T>
std::vector<T> read_views(safetensors_file const& file, index_t time, index_t batch, index_t views) {
  auto const rank = file.at("views").shape.size();
  if (rank == 5) return read<T>(file, "views", {time, batch, views, 5, 5});
  if (rank == 4) return read<T>(file, "views", {time, batch, views, 25});
  return read<T>(file, "views", {time, batch, views, 1, 5, 5});
}

template <class T>
stored_batch<T> read_batch(std::string const& path) {
  auto const file = s2rm::io::read_safetensors(path);
  auto const& places = file.at("places").shape;
  auto const& queries = file.at("query_places").shape;
  if (places.size() != 4) throw s2rm::shape_error(path + ": places: expected rank 4 (T, B, A, 2)");
  if (queries.size() != 4) throw s2rm::shape_error(path + ": query_places: expected rank 4 (T, B, Q, 2)");
  index_t const time = places[0], batch = places[1], a = places[2], q = queries[2];
  stored_batch<T> s;
  s.views = read_views<T>(file, time, batch, a);
  s.places = read<T>(file, "places", {time, batch, a, 2});
  s.view_mask = read_mask(file, "view_mask", {time, batch, a});
  s.query_places = read<T>(file, "query_places", {time, batch, q, 2});
  s.targets = read<T>(file, "targets", {time, batch, q, 1, 5, 5});
  s.target_mask = read_mask(file, "target_mask", {time, batch, q});
  s.reset = read_mask(file, "reset", {time, batch});
  s.blind = read_mask(file, "blind", {time, batch});
  auto const mask = [](std::vector<std::uint8_t> const& flags) { return flags.empty() ? nullptr : flags.data(); };
  s.batch = {.time = time,
             .batch = batch,
             .views = a,
             .queries = q,
             .view = s.views.data(),
             .place = s.places.data(),
             .view_mask = mask(s.view_mask),
             .query_place = s.query_places.data(),
             .target = s.targets.data(),
             .target_mask = mask(s.target_mask),
             .reset = mask(s.reset),
             .blind = mask(s.blind)};
  return s;
}

template <class Net, class T>
void run(std::string const& checkpoint, std::string const& batch_path, std::string const& out) {
  s2rm::trainer<Net, s2rm::backend::eigen, T> model{s2rm::backend::eigen{}};
  model.load(checkpoint);
  auto const stored = read_batch<T>(batch_path);
  auto const& b = stored.batch;
  T const loss = static_cast<T>(model.differentiate(b));

  std::vector<s2rm::io::tensor_source> result{
      s2rm::io::source_of("prediction", {b.time, b.batch, b.queries, 1, 5, 5}, model.predictions()),
      s2rm::io::source_of("state", {b.time, b.batch, Net::M, Net::state_size}, model.states()),
      s2rm::io::source_of("loss", {1}, &loss)};
  for (auto const& field : Net::fields) {
    std::vector<index_t> const shape(field.extents.begin(), field.extents.begin() + field.rank);
    result.push_back(s2rm::io::source_of("grad." + std::string(field.name), shape, model.gradient() + field.offset));
  }
  s2rm::io::write_safetensors(out, result);
  std::cout << "loss " << loss << ", " << b.time << " steps x " << b.batch << " elements, " << b.views << " views, "
            << b.queries << " queries -> " << out << '\n';
}

/// In the precision asked for.
template <class Net>
void run(std::string const& checkpoint, std::string const& batch, std::string const& out, bool in_double) {
  if (in_double) {
    run<Net, double>(checkpoint, batch, out);
  } else {
    run<Net, float>(checkpoint, batch, out);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs a model forward and backward on a batch file, for comparison with another implementation"};
  std::string cell = "gru", checkpoint, batch, out;
  bool in_double = false;
  app.add_option("--cell", cell, "cell of the modules")
      ->check(CLI::IsMember({"gru", "lstm", "rmc"}))
      ->capture_default_str();
  app.add_option("--checkpoint", checkpoint, "parameters, safetensors, names of docs/checkpoint.md")->required();
  app.add_option("--batch", batch, "views, places, masks, queries, targets, safetensors")->required();
  app.add_option("--out", out, "where prediction, state, loss and gradients go")->required();
  app.add_flag("--double", in_double, "compute in double from the same files");
  CLI11_PARSE(app, argc, argv);
  try {
    if (cell == "gru") run<net<s2rm::cell::gru>>(checkpoint, batch, out, in_double);
    if (cell == "lstm") run<net<s2rm::cell::lstm>>(checkpoint, batch, out, in_double);
    if (cell == "rmc") run<net<s2rm::cell::rmc<2, 2>>>(checkpoint, batch, out, in_double);
  } catch (std::exception const& e) {
    std::cerr << "parity: " << e.what() << '\n';
    return 1;
  }
  return 0;
}
