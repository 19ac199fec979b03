#pragma once
/// \file
/// A cell as a problem of the conformance test.

#include <algorithm>
#include <string>

#include "support/conforms.hpp"

namespace s2rm::test {

/// Any cell. What the gates see and what is carried over are drawn apart.
template <class Cell, class B>
problem cell_problem(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  static constexpr index_t M = Cell::M, H = Cell::H, I = Cell::NC, SW = Cell::state;
  problem p;
  p.name = name;
  p.rows = n;
  p.arguments = {{"u", M * I, false, normal_numbers(n * M * I, stream)},
                 {"h", M * H, false, normal_numbers(n * M * H, stream + 1)},
                 {"c", M * SW, false, normal_numbers(n * M * SW, stream + 2)},
                 {"parameters", Cell::params::size, true, normal_numbers(Cell::params::size, stream + 3)}};
  p.output = M * SW;
  p.saved = Cell::saved::size;
  p.delta = Cell::delta::size;
  p.forward_scratch = Cell::scratch;
  p.backward_scratch = std::max(Cell::scratch, Cell::gradient_scratch);
  p.forward = [&be](index_t count, auto const& in, double* y, double* saved, double* scratch) {
    plain_parameters<typename Cell::params> const w(be, in[3]);
    Cell::forward(be, w.view, count, {in[0], M * I, I}, {in[1], M * H, H}, {in[2], M * SW, SW}, {y, M * SW, SW},
                  saved_of<double, typename Cell::saved>{saved, count}, scratch);
  };
  p.backward = [&be](index_t count, auto const& in, double const* dy, double const* saved, double* delta, auto const& d,
                     double* scratch) {
    plain_parameters<typename Cell::params> const w(be, in[3]);
    saved_of<double, typename Cell::delta> const deltas{delta, count};
    Cell::backward(be, w.view, count, {in[0], M * I, I}, {in[1], M * H, H}, {in[2], M * SW, SW}, {dy, M * SW, SW},
                   saved_of<double const, typename Cell::saved>{saved, count}, deltas, {d[0], M * I, I},
                   {d[1], M * H, H}, {d[2], M * SW, SW}, scratch);
    std::fill_n(scratch, count * std::max(Cell::scratch, Cell::gradient_scratch), NAN);
    Cell::gradient(be, count, rows<double const>{in[0], M * I, I}, rows<double const>{in[1], M * H, H}, deltas,
                   gradients_of<double, typename Cell::params>{d[3]}, scratch);
  };
  return p;
}

}  // namespace s2rm::test
