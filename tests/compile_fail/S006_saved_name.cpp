// expect: S006
// expect-text: gate
// A layer that asks for an activation it does not save.
#include <s2rm/cell/gru.hpp>
#include <s2rm/core/shape.hpp>

using gru = s2rm::cell::gru::on<s2rm::shape>;

float* wrong(s2rm::saved_of<float, gru::saved> s) { return s.at<"gate">(); }
