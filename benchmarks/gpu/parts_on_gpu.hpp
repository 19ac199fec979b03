#pragma once
/// \file
/// What parts.cu has for a program that nvcc does not compile.

#include <string_view>
#include <vector>

namespace bench {

/// See `time_parts` of parts.hpp.
bool time_parts_on_gpu(std::vector<std::string_view> const& only);

}  // namespace bench
