#include "picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>

namespace skirmish {
namespace {

using examples::colour;
using examples::image;

constexpr int scale = 12;      ///< pixels of a map cell
constexpr int cell_side = 20;  ///< pixels of a raster cell
constexpr int title_height = 14;
constexpr colour ink{40, 40, 40}, ground{244, 244, 240}, unseen{196, 196, 200}, line{220, 220, 220};
constexpr colour health_green{0, 158, 115}, shield_blue{86, 180, 233}, wait_orange{230, 159, 0};

colour side_colour(bool enemy) { return examples::line_colour(enemy ? 1 : 0); }

struct look {
  char letter = '?';
  double radius = 0.5;
};

/// What a unit type is drawn with; types that the table does not know are drawn too.
look look_of(std::int32_t id) {
  constexpr std::array<char, unit_table.size()> letters{'m', 'M', '+', 's', 'z', 'C', 'g', 'b', 'h', 'S'};
  auto const k = kind_of(id);
  if (!k) return {};
  return {letters[static_cast<std::size_t>(*k)], static_cast<double>(type_of(*k).radius) / one};
}

bool sees(scenes const& at, int allies, point where) {
  for (int a = 0; a < allies; ++a) {
    if (auto const* ally = at.mark_of(a); ally != nullptr && within(ally->at, where, sight_range)) return true;
  }
  return false;
}

void bar(image& onto, int x, int y, int width, double share, colour c) {
  if (share > 0) onto.fill(x, y, std::max(1, static_cast<int>(std::lround(share * width))), 2, c);
}

/// From map to picture: the walkable part, north up.
struct frame_of_field {
  double left, top;
  [[nodiscard]] double x(double map_x) const { return (map_x - left) * scale; }
  [[nodiscard]] double y(double map_y) const { return title_height + (top - map_y) * scale; }
};

void draw_unit(image& onto, frame_of_field const& to, mark const& unit, std::int32_t type) {
  auto const [letter, radius] = look_of(type);
  auto const x = to.x(static_cast<double>(unit.at.x) / one);
  auto const y = to.y(static_cast<double>(unit.at.y) / one);
  auto const r = std::max(3.0, radius * scale);
  onto.disc(x, y, r, side_colour(unit.enemy));
  auto const shield = static_cast<double>(unit.vital[3]);
  if (shield > 0) onto.ring(x, y, r + 1, 2 * shield, shield_blue);
  onto.text(static_cast<int>(x) - 2, static_cast<int>(y) - 3, std::string(1, letter), {255, 255, 255});
  auto const width = static_cast<int>(2 * r);
  auto const left = static_cast<int>(x - r);
  auto const below = static_cast<int>(y + r + 2);
  onto.fill(left, below, width, 2, line);
  bar(onto, left, below, width, static_cast<double>(unit.vital[0]), health_green);
}

}  // namespace

image draw_field(recording const& r, scenes const& at, bool seen, std::string_view title) {
  frame_of_field const to{static_cast<double>(r.walkable(0, 0)), static_cast<double>(r.walkable(1, 1))};
  auto const width = static_cast<int>(std::lround((static_cast<double>(r.walkable(1, 0)) - to.left) * scale));
  auto const height = static_cast<int>(std::lround((to.top - static_cast<double>(r.walkable(0, 1))) * scale));
  image picture(width, height + title_height, ground);
  picture.fill(0, 0, width, title_height, {255, 255, 255});
  picture.text(2, 3, title, ink);
  if (seen) {
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        auto const x = to.left + (column + 0.5) / scale;
        auto const y = to.top - (row + 0.5) / scale;
        point const here{static_cast<std::int32_t>(x * one), static_cast<std::int32_t>(y * one)};
        if (!sees(at, r.allies(), here)) picture.put(column, row + title_height, unseen);
      }
    }
  }
  for (int u = 0; u < r.units(); ++u) {
    auto const* unit = at.mark_of(u);
    if (unit == nullptr || (seen && !sees(at, r.allies(), unit->at))) continue;
    draw_unit(picture, to, *unit, r.unit_type(static_cast<std::size_t>(u)));
  }
  return picture;
}

image draw_raster(raster_layout const& layout, std::span<float const> raster, std::string_view title) {
  image picture(raster_side * cell_side, raster_side * cell_side + title_height, {255, 255, 255});
  picture.text(2, 3, title, ink);
  for (int row = 0; row < raster_side; ++row) {
    for (int column = 0; column < raster_side; ++column) {
      auto const value = [&](int c) {
        return static_cast<double>(
            raster[static_cast<std::size_t>(c * raster_side + row) * raster_side + static_cast<std::size_t>(column)]);
      };
      auto const x = column * cell_side;
      auto const y = title_height + (raster_side - 1 - row) * cell_side;
      auto colour_here = in_disc(row, column) ? ground : unseen;
      bool const friendly = value(layout.index(channel::friendly)) > 0;
      bool const enemy = value(layout.index(channel::enemy)) > 0;
      if (friendly || enemy) colour_here = side_colour(enemy);
      if (friendly && enemy) colour_here = examples::mix(side_colour(false), side_colour(true), 0.5);
      picture.fill(x, y, cell_side - 1, cell_side - 1, colour_here);
      std::string letters;
      for (std::size_t t = 0; t < layout.types.size(); ++t) {
        if (value(static_cast<int>(t)) > 0) letters += look_of(layout.types[t]).letter;
      }
      picture.text(x + 2, y + 2, letters, {255, 255, 255});
      bar(picture, x + 1, y + 11, cell_side - 3, value(layout.index(channel::shield)), shield_blue);
      bar(picture, x + 1, y + 14, cell_side - 3, value(layout.index(channel::health)), health_green);
      bar(picture, x + 1, y + 17, cell_side - 3, value(layout.index(channel::cooldown)), wait_orange);
    }
  }
  return picture;
}

image draw_frame(recording const& r, scenes& at, index_t state, index_t step, int ally) {
  at.go_to(state);
  auto const step_text = "step " + std::to_string(step);
  std::array const fields{draw_field(r, at, false, "truth, " + step_text),
                          draw_field(r, at, true, "seen by the allies")};
  auto const left = examples::below(fields);
  std::vector<float> numbers(static_cast<std::size_t>(view_size(at.layout())));
  auto const raster = std::span(numbers).first(static_cast<std::size_t>(at.layout().raster_size()));
  auto const name = std::to_string(ally);
  std::array<image, 2> views;
  auto const* me = at.mark_of(ally);
  if (me != nullptr) at.draw_view(ally, step == 0, numbers);
  views[0] = draw_raster(at.layout(), raster, me != nullptr ? "view of ally " + name : "ally " + name + " is dead");
  if (me != nullptr) at.draw_target(me->at, raster);
  views[1] = draw_raster(at.layout(), raster, "all that is there");
  std::array const columns{left, examples::below(views)};
  return examples::beside(columns);
}

image draw_belief(belief const& of, std::string_view title) {
  constexpr int side = scale / belief::per_cell;
  image picture(of.width * side, of.height * side + title_height, ground);
  picture.fill(0, 0, picture.width, title_height, {255, 255, 255});
  picture.text(2, 3, title, ink);
  constexpr auto friendly = model_types.size(), enemy = friendly + 1, health = friendly + 2, shield = friendly + 5;
  auto const most = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= of.width || y >= of.height) return 0.0F;
    auto const& here = of.squares[of.offset(x, y)];
    return std::max(here[friendly], here[enemy]);
  };
  auto const share = [](float v) { return std::clamp(static_cast<double>(v), 0.0, 1.0); };
  for (int y = 0; y < of.height; ++y) {
    for (int x = 0; x < of.width; ++x) {
      auto const& here = of.squares[of.offset(x, y)];
      auto const c = examples::mix(examples::mix(ground, side_colour(false), share(here[friendly])), side_colour(true),
                                   share(here[enemy]));
      picture.fill(x * side, title_height + (of.height - 1 - y) * side, side, side, c);
    }
  }
  constexpr int reach = belief::per_cell;  // one letter within a map cell
  for (int y = 0; y < of.height; ++y) {
    for (int x = 0; x < of.width; ++x) {
      auto const here = most(x, y);
      bool highest = here > 0.5F;
      for (int v = -reach; v <= reach && highest; ++v) {
        for (int u = -reach; u <= reach && highest; ++u) {
          auto const other = most(x + u, y + v);
          // Of equals, the first.
          highest = other < here || (other == here && (v > 0 || (v == 0 && u >= 0)));
        }
      }
      if (!highest) continue;
      auto const& what = of.squares[of.offset(x, y)];
      auto const type = std::max_element(what.begin(), what.begin() + friendly) - what.begin();
      auto const left = x * side, top = title_height + (of.height - 1 - y) * side;
      picture.text(left - 1, top - 3, std::string(1, look_of(model_types[static_cast<std::size_t>(type)]).letter), ink);
      bar(picture, left - 5, top + 6, 12, share(what[shield]), shield_blue);
      bar(picture, left - 5, top + 8, 12, share(what[health]), health_green);
    }
  }
  return picture;
}

std::vector<image> draw_story(story const& of) {
  std::vector<image> frames;
  auto const& r = *of.battle.of;
  scenes at(r, model_layout());
  for (std::size_t t = 0; t < of.believed.size(); ++t) {
    auto const state = of.battle.begin + static_cast<index_t>(t);
    auto const step = std::to_string(t + 1);
    std::array<image, 3> panels;
    at.go_to(state);
    panels[1] = draw_field(r, at, true, "seen, step " + std::to_string(t));
    at.go_to(state + 1);
    panels[0] = draw_field(r, at, false, "truth, step " + step);
    panels[2] = draw_belief(of.believed[t], "believed, step " + step);
    frames.push_back(examples::beside(panels));
  }
  return frames;
}

std::string legend(recording const& r) {
  std::set<std::int32_t> const types(r.unit_type.begin(), r.unit_type.end());
  std::string text;
  for (auto const id : types) {
    auto const k = kind_of(id);
    text += (text.empty() ? "" : ", ") + std::string(1, look_of(id).letter) + " " +
            (k ? std::string(type_of(*k).name) : "type " + std::to_string(id));
  }
  return text;
}

}  // namespace skirmish
