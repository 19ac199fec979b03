"""Battles: where everybody is, what the allies see of it, and a model's prediction or one ally's rasters."""
import matplotlib.colors
import matplotlib.patheffects as effects
import numpy as np
from matplotlib.collections import EllipseCollection, LineCollection
from style import INK, WIDTH, canvas, plt, save_gif, save_png

ALLY, ENEMY = (np.array(matplotlib.colors.to_rgb(c)) for c in ("#0072b2", "#d55e00"))
GROUND, UNSEEN = (np.array(matplotlib.colors.to_rgb(c)) for c in ("#f4f4f0", "#c4c4c8"))
HEALTH, SHIELD, COOLDOWN = "#009e73", "#56b4e9", "#e69f00"
LETTER = [effects.withStroke(linewidth=1.8, foreground=INK)]
VITALS = 4  # health, energy, cooldown, shield: the last channels


class Battle:
    def __init__(self, data, folder):
        self.data = data
        for name in ("alive", "position", "health", "shield", "rasters", "belief"):
            setattr(self, name, np.load(folder / data[name]) if name in data else None)
        self.enemy = np.array(data["enemy"], dtype=bool)
        self.radius = np.array(data["radius"])
        self.left, self.bottom, self.right, self.top = data["walkable"]
        if self.alive.shape != (len(self.position), len(self.enemy)):
            raise ValueError(f"{data['alive']}: {self.alive.shape} is not (states, {len(self.enemy)} units)")
        # A prediction of a state is made from the states before it.
        self.lag = 0 if self.belief is None else 1
        self.steps = len(self.alive) - self.lag
        self.aspect = (self.top - self.bottom) / (self.right - self.left)

    def seen_from(self, state, places):
        """Which of the places (..., 2) some live ally sees."""
        allies = self.position[state][~self.enemy & (self.alive[state] != 0)]
        distances = np.linalg.norm(places[..., None, :] - allies, axis=-1)
        return (distances <= self.data["sight"]).any(axis=-1)


def _axes(axes, title, extent):
    axes.clear()
    axes.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:], aspect="equal")
    axes.set_title(title, fontsize=9.5, pad=3)
    for side in axes.spines.values():
        side.set(visible=True, color="#b0b8c0")


def _bar(axes, left, height, width, share, colour):
    """Horizontal bars of a share of the width, for arrays of places."""
    lines = [((x, y), (x + w * s, y)) for x, y, w, s in zip(left, height, width, share) if s > 0]
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=1.8, capstyle="butt", zorder=5))


def _field(axes, battle, state, seen, title, letters):
    extent = (battle.left, battle.right, battle.bottom, battle.top)
    _axes(axes, title, extent)
    axes.set_facecolor(GROUND)
    shown = battle.alive[state] != 0
    if seen:
        step = 0.25
        x, y = np.arange(battle.left, battle.right, step), np.arange(battle.bottom, battle.top, step)
        visible = battle.seen_from(state, np.stack(np.meshgrid(x + step / 2, y + step / 2), axis=-1))
        axes.imshow(np.where(visible[..., None], GROUND, UNSEEN), extent=extent, origin="lower", zorder=0)
        shown &= battle.seen_from(state, battle.position[state])
    at, radius = battle.position[state][shown], battle.radius[shown]
    colours = np.where(battle.enemy[shown][:, None], ENEMY, ALLY)
    shield = np.clip(battle.shield[state][shown], 0, 1)
    axes.add_collection(EllipseCollection(
        2 * radius, 2 * radius, np.zeros(len(at)), units="xy", offsets=at, offset_transform=axes.transData,
        facecolors=colours, edgecolors=SHIELD, linewidths=2.2 * shield, zorder=3))
    left, below = at[:, 0] - radius, at[:, 1] - radius - 0.3
    _bar(axes, left, below, 2 * radius, np.ones(len(at)), "#b0b8c0")
    _bar(axes, left, below, 2 * radius, np.clip(battle.health[state][shown], 0, 1), HEALTH)
    if letters:
        for place, letter in zip(at, np.array(battle.data["letters"])[shown]):
            axes.text(*place, letter, fontsize=9, color="white", ha="center", va="center", zorder=6, path_effects=LETTER)


def _peaks(most, reach):
    """Squares above a half that are the highest within `reach`; of equal neighbours, the first."""
    padded = np.pad(most, reach)
    window = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1,) * 2)
    found = []
    for y, x in zip(*np.nonzero((most > 0.5) & (most == window.max(axis=(2, 3))))):
        if all(max(abs(y - v), abs(x - u)) > reach for v, u in found):
            found.append((y, x))
    return found


def _belief(axes, battle, t, title, letters):
    """The fuller the colour of a side, the more probable a unit of it; a letter where one is more likely than not."""
    extent = (battle.left, battle.right, battle.bottom, battle.top)
    _axes(axes, title, extent)
    shares = battle.belief[t] / 255.0
    types = shares.shape[-1] - VITALS - 2
    friendly, enemy = shares[..., [types]], shares[..., [types + 1]]
    colours = GROUND + friendly * (ALLY - GROUND)
    axes.imshow(colours + enemy * (ENEMY - colours), extent=extent, origin="lower", interpolation="nearest", zorder=0)
    reach = battle.data["per_cell"]
    peaks = _peaks(np.maximum(friendly, enemy)[..., 0], reach)
    if not peaks:
        return
    at = np.array([[battle.left + (x + 0.5) / reach, battle.bottom + (y + 0.5) / reach] for y, x in peaks])
    here = np.array([shares[y, x] for y, x in peaks])
    width = np.ones(len(at))
    _bar(axes, at[:, 0] - 0.5, at[:, 1] - 0.75, width, here[:, types + 5], SHIELD)
    _bar(axes, at[:, 0] - 0.5, at[:, 1] - 1.0, width, here[:, types + 2], HEALTH)
    if letters:
        for place, square in zip(at, here):
            axes.text(*place, battle.data["types"][square[:types].argmax()], fontsize=9, color="white", ha="center",
                      va="center", zorder=6, path_effects=LETTER)
    else:
        axes.scatter(*at.T, s=14, facecolors="none", edgecolors=INK, linewidths=0.9, zorder=4)


def _raster(axes, battle, raster, title):
    """An ally's 11 x 11 cells, north up: side, letters of the types, bars of shield, health and cooldown."""
    channels, side, _ = raster.shape
    types = channels - VITALS - 2
    sight = battle.data["sight"]
    _axes(axes, title, (0, side, 0, side))
    middles = (np.arange(side) + 0.5) * 2 * sight / side - sight
    inside = np.hypot(*np.meshgrid(middles, middles)) <= sight
    colours = np.where(inside[..., None], GROUND, UNSEEN)
    friendly, enemy = raster[types] > 0, raster[types + 1] > 0
    colours[friendly & ~enemy], colours[enemy & ~friendly], colours[friendly & enemy] = ALLY, ENEMY, (ALLY + ENEMY) / 2
    axes.imshow(colours, extent=(0, side, 0, side), origin="lower", interpolation="nearest", zorder=0)
    axes.hlines(range(side), 0, side, color="white", linewidth=0.7, zorder=1)
    axes.vlines(range(side), 0, side, color="white", linewidth=0.7, zorder=1)
    y, x = np.nonzero(raster[:types].any(axis=0))
    for row, column in zip(y, x):
        letters = "".join(name for t, name in enumerate(battle.data["types"]) if raster[t, row, column] > 0)
        axes.text(column + 0.5, row + 0.62, letters, fontsize=9, color="white", ha="center", va="center", zorder=6,
                  path_effects=LETTER)
    for channel, height, colour in ((5, 0.3, SHIELD), (2, 0.2, HEALTH), (4, 0.1, COOLDOWN)):
        y, x = np.nonzero(raster[types + channel] > 0)
        _bar(axes, x + 0.08, y + height, np.full(len(x), 0.84), np.clip(raster[types + channel][y, x], 0, 1), colour)


def _panels(battle, all_axes, t, letters):
    """The panels of step t, in the order of `all_axes`."""
    _field(all_axes[0], battle, t + battle.lag, False, f"truth, step {t + battle.lag}", letters)
    _field(all_axes[1], battle, t, True, f"seen by the allies, step {t}", letters)
    if battle.belief is not None:
        _belief(all_axes[2], battle, t, f"predicted, step {t + 1}", letters)
    if battle.rasters is not None:
        ally = battle.data["ally"]
        dead = np.isnan(battle.rasters[t]).any()
        names = [f"ally {ally} is dead"] * 2 if dead else [f"view of ally {ally}", f"all around ally {ally}"]
        for axes, raster, name in zip(all_axes[2:], np.nan_to_num(battle.rasters[t]), names):
            _raster(axes, battle, raster, name)


def battle_animation(data, folder, path):
    """Every step; the names of the types below."""
    battle = Battle(data, folder)
    gap, title = 0.1, 0.25
    if battle.rasters is not None:  # fields over each other, rasters beside them
        side = 3.1
        width = WIDTH - side - 3 * gap
        boxes = [(gap, 0, width, width * battle.aspect), (gap, 1, width, width * battle.aspect),
                 (2 * gap + width, 0, side, side), (2 * gap + width, 1, side, side)]
        rows = max(side, width * battle.aspect)
    else:  # truth and seen side by side, the prediction below
        width = (WIDTH - 3 * gap) / 2
        rows = width * battle.aspect
        boxes = [(gap, 0, width, rows), (2 * gap + width, 0, width, rows), (gap, 1, width, rows)]
    height = 2 * (rows + title) + (0.05 if battle.rasters is None else 0.35)
    figure = canvas(WIDTH, height)
    all_axes = [figure.add_axes((x / WIDTH, 1 - ((row + 1) * (rows + title)) / height, w / WIDTH, h / height))
                for x, row, w, h in boxes]
    names = "blue: allies, orange: enemies; " + data["legend"]
    if battle.rasters is None:  # in the empty quarter
        names = names.replace("; ", "\n").replace(", ", "\n")
        figure.text((2 * gap + width) / WIDTH, rows / 2 / height, names, va="center")
    else:
        figure.text(gap / WIDTH, 0.1 / height, names)

    def frames():
        for t in range(battle.steps):
            _panels(battle, all_axes, t, letters=True)
            yield

    save_gif(figure, frames(), path, data["seconds"])


def battle_strip(data, folder, path):
    """Truth, what was seen, and the prediction where there is one: a row for each of the steps data["shown"]."""
    battle = Battle(data, folder)
    shown = data["shown"]
    battle.rasters = None  # too small here to be read
    columns = 2 if battle.belief is None else 3
    width = (WIDTH - 0.1 * columns) / columns
    row = width * battle.aspect + 0.3
    figure, all_axes = plt.subplots(len(shown), columns, figsize=(WIDTH, row * len(shown)), squeeze=False)
    figure.subplots_adjust(left=0.005, right=0.995, top=1 - 0.25 / (row * len(shown)), bottom=0.01, wspace=0.03,
                           hspace=0.3 / (width * battle.aspect))
    for axes, t in zip(all_axes, shown):
        _panels(battle, axes, t, letters=False)
    save_png(figure, path)
