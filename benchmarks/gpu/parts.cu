// The parts on the GPU.
#include "parts.hpp"
#include "parts_on_gpu.hpp"
#include "s2rm/thrust.hpp"

bool bench::time_parts_on_gpu(std::vector<std::string_view> const& only) {
  return time_parts(s2rm::backend::thrust{}, only);
}
