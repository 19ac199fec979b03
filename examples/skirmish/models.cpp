#include "models.hpp"

#include <array>

namespace skirmish {

std::span<model_entry const> known_models() {
  static constexpr std::array all{
      model_entry{"s2gru", "S2GRU", make_s2gru},
  };
  return all;
}

}  // namespace skirmish
