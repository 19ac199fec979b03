// expect: S005
// expect-text: weight_xh
// A layer that asks for a parameter it does not have.
#include <s2rm/cell/gru.hpp>
#include <s2rm/core/shape.hpp>

using gru = s2rm::cell::gru::on<s2rm::shape>;

float const* wrong(s2rm::parameters_of<float, gru::params> p) { return p.at<"weight_xh">(); }
