// The S2GRU: ten modules, each a GRU of 64.
#include "model_of.hpp"
#include "models.hpp"

namespace skirmish {
namespace {

struct shape : sizes {
  static constexpr s2rm::index_t modules = 10, hidden = 64, heads = 4, head_width = 16, sphere = 16;
};

using net = s2rm::world_model<shape, s2rm::cell::gru, s2rm::encoder::mlp<128, 96>, s2rm::decoder::mlp<128>, cells>;

}  // namespace

std::unique_ptr<model> make_s2gru(fit_settings const& settings, std::int64_t seed, int threads) {
  return std::make_unique<model_of<net>>(settings, seed, threads);
}

}  // namespace skirmish
