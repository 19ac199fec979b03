#pragma once
/// \file
/// A layer of an encoder or decoder as a problem of the conformance test.

#include <string>

#include "support/conforms.hpp"

namespace s2rm::test {

/// Arguments: x, parameters.
template <class Layer, class B>
problem layer_problem(B& be, std::string const& name, index_t n, std::uint32_t stream) {
  problem p;
  p.name = name;
  p.rows = n;
  auto weights = normal_numbers(Layer::params::size, stream);
  p.arguments = {{"x", Layer::in, false, normal_numbers(n * Layer::in, stream + 1)},
                 {"parameters", Layer::params::size, true, weights}};
  p.output = Layer::out;
  p.saved = Layer::saved;
  p.backward_scratch = Layer::scratch;
  p.forward = [&be](index_t rows_of, auto const& in, double* y, double* saved, double*) {
    plain_parameters<typename Layer::params> const w(be, in[1]);
    Layer::forward(be, w.view, rows_of, {in[0], Layer::in}, {y, Layer::out}, saved);
  };
  p.backward = [&be](index_t rows_of, auto const& in, double const* dy, double const* saved, double*, auto const& d,
                     double* scratch) {
    plain_parameters<typename Layer::params> const w(be, in[1]);
    Layer::backward(be, w.view, rows_of, {in[0], Layer::in}, {dy, Layer::out}, saved, {d[0], Layer::in}, {d[1]},
                    scratch);
  };
  return p;
}

}  // namespace s2rm::test
