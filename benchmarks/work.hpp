#pragma once
/// \file
/// How much work the mathematics of one pass is, from the model type: the table of docs/performance.md in one function.

#include <type_traits>

#include "models.hpp"

namespace bench {

/// Floating-point operations, two for each multiply-add.
struct flops {
  double forward = 0;   ///< a whole sequence, read-out and decoder included
  double training = 0;  ///< forward and backward
};

/// Numbers in the weight matrices of a schema (biases left out).
template <class Schema>
constexpr double weights_of() {
  double sum = 0;
  for (auto const& f : Schema::infos) sum += f.rank >= 2 ? static_cast<double>(f.size) : 0.0;
  return sum;
}

/// What the sizes alone ask for: nothing is deducted for pairs out of reach, masked slots or steps that start from h_0.
/// Element-wise work is left out. `sequence` is false for a streaming step, which keeps the modules' own cosines.
template <class Net>
constexpr flops work_of(extents const& e, bool sequence = true) {
  using cell_shape = typename Net::weights::template shape_of<typename Net::shape>;
  static_assert(std::is_same_v<typename Net::cell, s2rm::cell::gru::on<cell_shape>>, "counted for a GRU");
  static_assert(std::is_same_v<typename Net::interaction, s2rm::interaction::before_update> && Net::readout_by_dot);
  constexpr auto n = [](index_t i) { return static_cast<double>(i); };
  constexpr double M = n(Net::M), H = n(Net::H), S = n(Net::S), NC = n(Net::NC), D = n(Net::D);
  constexpr double encoder = weights_of<typename Net::encoder::params>();
  constexpr double places = weights_of<typename Net::places::params>();
  constexpr double decoder = weights_of<typename Net::decoder::params>();
  double const R = n(e.time) * n(e.batch), A = n(e.views), Q = n(e.queries);

  double macs = 0;
  macs += R * A * encoder;                      // encoder
  macs += R * (A + Q) * places;                 // place encoder, views and queries
  macs += R * (A + Q) * M * S;                  // cosines
  macs += sequence ? M * M * S : 0.0;           //
  macs += 2 * R * A * NC * (D + S);             // keys and values of views
  macs += R * M * NC * H;                       // queries of modules to views
  macs += 2 * R * M * A * NC;                   // attention to views
  macs += 4 * R * M * NC * H;                   // interaction: query, key, value, out
  macs += 2 * R * M * M * NC;                   // attention among modules
  macs += 3 * R * M * H * (NC + H);             // GRU
  macs += R * Q * NC * S + 2 * R * M * NC * H;  // read-out: query; key and value
  macs += 2 * R * Q * M * NC;                   // attention to modules
  macs += R * Q * decoder;                      // decoder

  // Nothing is propagated to views and places.
  double const spared =
      R * A * n(Net::encoder::params::infos[0].size) + R * (A + Q) * n(Net::places::params::infos[0].size);
  return {2 * macs, 2 * (3 * macs - spared)};
}

// The figures of docs/performance.md.
static_assert(work_of<balls>({20, 32, 10, 10}).forward > 4.225e9 && work_of<balls>({20, 32, 10, 10}).forward < 4.235e9);
static_assert(work_of<balls>({20, 32, 10, 10}).training > 12.46e9 &&
              work_of<balls>({20, 32, 10, 10}).training < 12.48e9);

}  // namespace bench
