// expect: S103
// expect-text: mlp<4>
// A perceptron of no layer, on its own.
#include <s2rm/layer/mlp.hpp>

s2rm::layer::mlp<4> layer;
