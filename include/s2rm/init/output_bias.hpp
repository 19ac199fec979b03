#pragma once
/// \file
/// Initialises the bias of the decoder's last layer, so that training begins at a constant prediction such as the base
/// rate of a marker. Without it the first steps only learn that a marker set in one cell of a hundred is rare, and
/// distort the decoder (Lin et al. 2017, Focal Loss for Dense Object Detection, 4.1).

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/schema.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN
namespace init {

/// log(p / (1 - p)), the output at which a Bernoulli marker of base rate p begins. p is clamped to
/// [least, 1 - least]: an event that is absent from the data is not impossible.
[[nodiscard]] inline double logit(double p, double least = 1e-4) {
  auto const q = std::clamp(p, least, 1 - least);
  return std::log(q / (1 - q));
}

/// The bias of the last layer of `Net`'s decoder; its size is 0 where no field of the decoder is called "...bias".
template <class Net>
inline constexpr field_info output_bias_field = [] {
  field_info last{};
  for (auto const& f : Net::fields) {
    if (f.name.starts_with("decoder.") && f.name.ends_with("bias")) last = f;
  }
  return last;
}();

/// Sets the bias of the decoder's last layer in a flat block of `Net`'s weights.
/// \throws value_error where `bias` has another size than that field or holds a number that is not finite; nothing has
/// changed then.
template <class Net, class T>
void output_bias(T* values, std::vector<double> const& bias) {
  constexpr auto at = output_bias_field<Net>;
  require_value(static_cast<index_t>(bias.size()) == at.size,
                "output_bias: expected " + std::to_string(at.size) + " numbers, one for each of " +
                    (at.size == 0 ? "the decoder, which has no bias" : std::string{at.name}) + ", found " +
                    std::to_string(bias.size()));
  for (std::size_t i = 0; i < bias.size(); ++i) {
    require_value(math::is_finite(bias[i]), "output_bias: number " + std::to_string(i) +
                                                ": expected a finite number, found " + std::to_string(bias[i]));
  }
  std::transform(bias.begin(), bias.end(), values + at.offset, [](double x) { return static_cast<T>(x); });
}

}  // namespace init
S2RM_NAMESPACE_END
