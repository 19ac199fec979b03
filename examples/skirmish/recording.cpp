#include "recording.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/sha256.hpp"

namespace skirmish {

point position_of(recording const& r, std::size_t state, std::size_t slot) {
  return {static_cast<std::int32_t>(std::lround(r.position(state, slot, 0) * one)),
          static_cast<std::int32_t>(std::lround(r.position(state, slot, 1) * one))};
}

index_t recording::begin_of(index_t episode) const {
  index_t begin = 0;
  for (index_t e = 0; e < episode; ++e) begin += episode_length(static_cast<std::size_t>(e));
  return begin;
}

recording make_recording(index_t episodes, index_t states, int units, int allies) {
  recording r;
  r.episode_length = s2rm::make_tensor<std::int32_t>(episodes);
  r.won = s2rm::make_tensor<std::uint8_t>(episodes);
  r.unit_type = s2rm::make_tensor<std::int32_t>(units);
  r.enemy = s2rm::make_tensor<std::uint8_t>(units);
  r.map_size = s2rm::make_tensor<float>(2);
  r.walkable = s2rm::make_tensor<float>(2, 2);
  r.alive = s2rm::make_tensor<std::uint8_t>(states, units);
  r.position = s2rm::make_tensor<float>(states, units, 2);
  r.health = s2rm::make_tensor<float>(states, units);
  r.energy = r.cooldown = r.shield = r.health;
  r.action = s2rm::make_tensor<std::uint8_t>(states, allies);
  return r;
}

std::string checksum(recording const& r) {
  std::string bytes;
  for_each_field(r, [&bytes](char const* name, auto const& field) {
    bytes += name;
    for (auto const extent : field.shape()) bytes.append(" ").append(std::to_string(extent));
    bytes.append(reinterpret_cast<char const*>(field.data()), field.size() * sizeof(field.data()[0]));
  });
  return examples::sha256(bytes);
}

scenes::scenes(recording const& of, raster_layout layout) : of_{&of}, layout_{std::move(layout)} {
  for (auto const type : of.unit_type) type_channels_.push_back(static_cast<std::int16_t>(layout_.channel_of(type)));
  if (of.states() > 0) go_to(0);
}

void scenes::go_to(index_t state) {
  state_ = state;
  scene_.clear();
  at_.assign(type_channels_.size(), nobody);
  auto const n = static_cast<std::size_t>(state);
  for (std::size_t u = 0; u < type_channels_.size(); ++u) {
    if (of_->alive(n, u) == 0) continue;
    at_[u] = static_cast<int>(scene_.size());
    scene_.push_back({position_of(*of_, n, u),
                      {of_->health(n, u), of_->energy(n, u), of_->cooldown(n, u), of_->shield(n, u)},
                      type_channels_[u],
                      of_->enemy(u) != 0});
  }
}

mark const* scenes::mark_of(int slot) const {
  auto const at = at_[static_cast<std::size_t>(slot)];
  return at == nobody ? nullptr : &scene_[static_cast<std::size_t>(at)];
}

void scenes::draw_view(int ally, bool first, std::span<float> view) const {
  auto const* me = mark_of(ally);
  auto const raster = static_cast<std::size_t>(layout_.raster_size());
  draw(scene_, me->at, shows::what_agents_see, layout_, view.first(raster));
  auto const slot = static_cast<std::size_t>(ally);
  auto const last = first ? act::no_op : of_->action(static_cast<std::size_t>(state_) - 1, slot);
  auto const target = target_slot(last, is_healer(of_->unit_type(slot)), of_->allies());
  draw_action(last, me->at, target == nobody ? nullptr : mark_of(target), view.subspan(raster, action_numbers));
}

void scenes::draw_target(point place, std::span<float> raster) const {
  draw(scene_, place, shows::all, layout_, raster);
}

}  // namespace skirmish
