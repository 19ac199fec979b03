"""Fields over a map, and the modules of a model over the plane."""
import json
from pathlib import Path

import matplotlib.patheffects as effects
import numpy as np
from style import INK, WIDTH, canvas, palette, plt, save_gif, save_png

KILOMETRES_PER_DEGREE = 6371 * np.pi / 180


class Projection:
    """From users' coordinates to places in [-1, 1]^2, as examples/sensors/series.hpp does it."""

    def __init__(self, data):
        self.degrees = data["kind"] == "degrees"
        self.centre = np.array(data["centre"])
        scale = np.ones(2)
        if self.degrees:
            scale = KILOMETRES_PER_DEGREE * np.array([np.cos(np.radians(self.centre[1])), 1.0])
        self.scale = scale / data["kilometres_per_unit"]

    def place(self, coordinates):
        """A line that crosses the far side of the globe is cut there by a NaN."""
        turned = np.asarray(coordinates, float) - self.centre
        if self.degrees:
            turned[..., 0] -= 360 * np.round(turned[..., 0] / 360)  # 179 and -179 are neighbours
            if turned.ndim == 2:
                turned = np.insert(turned, np.flatnonzero(np.abs(np.diff(turned[:, 0])) > 180) + 1, np.nan, axis=0)
        return turned * self.scale

    def tick(self, axis, value):
        if not self.degrees:
            return f"{value:g} km"
        if axis == 0:
            value = 180 - (180 - value) % 360
        return f"{abs(value):g}° {('EW', 'NS')[axis][int(value < 0)]}"


def _outlines(data, folder):
    """Coasts and borders: arrays of data["coast"] and data["border"], else those around Ireland and Germany."""
    if "coast" in data:
        return {kind: [np.load(folder / data[kind])] for kind in ("coast", "border") if kind in data}
    return json.loads((Path(__file__).parent / "outlines.json").read_text(encoding="utf-8"))


def _frame(axes, data, projection, folder, weight=1.0):
    """Coast lines, borders and a few ticks; the square of half side `reach`."""
    reach = data["reach"]
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    for side in axes.spines.values():
        side.set_visible(True)
    for axis, set_ticks in ((0, axes.set_xticks), (1, axes.set_yticks)):
        ends = projection.centre[axis] + np.array([-reach, reach]) / projection.scale[axis]
        step = next(s for s in (0.01, 0.1, 0.5, 1, 2, 5, 10, 50, 100, 500, 1e4, 1e9) if (ends[1] - ends[0]) / s <= 4)
        values = np.arange(np.ceil(ends[0] / step), np.floor(ends[1] / step) + 1) * step
        set_ticks((values - projection.centre[axis]) * projection.scale[axis], [projection.tick(axis, v) for v in values])
    if not projection.degrees:
        return
    outlines = _outlines(data, folder)
    halo = [effects.withStroke(linewidth=1.9 * weight, foreground="white")]
    for kind, width in (("coast", 0.8), ("border", 0.5)):
        for line in outlines.get(kind, []):
            axes.plot(*projection.place(line).T, color=INK, linewidth=weight * width, path_effects=halo, zorder=2)


def _stations(axes, places, readings, scale):
    """Readings as discs in the map's colours; a station without one is an open ring."""
    missing = np.isnan(readings)
    axes.scatter(*places[missing].T, s=26, facecolors="none", edgecolors=INK, linewidths=1, zorder=3)
    axes.scatter(*places.T, s=52, color="white", zorder=3)
    axes.scatter(*places[missing].T, s=26, facecolors="white", edgecolors=INK, linewidths=1, zorder=4)
    known = axes.scatter(*places[~missing].T, s=30, c=readings[~missing], edgecolors=INK, linewidths=0.9, zorder=4, **scale)
    return known


def _field_data(data, folder):
    field = np.load(folder / data["field"])  # (days, rows, columns), row 0 in the north
    readings = np.load(folder / data["readings"])  # (days, stations)
    places = np.array(data["places"]).reshape(-1, 2)
    if len(field) != len(data["days"]) or readings.shape != (len(field), len(places)):
        raise ValueError(f"{data['field']}: {field.shape} does not fit {readings.shape} and {len(data['days'])} days")
    return field, readings, places, {"vmin": data["low"], "vmax": data["high"], "cmap": "viridis"}


def _show(axes, data, field, scale):
    reach = data["reach"]
    return axes.imshow(field, extent=(-reach, reach, -reach, reach), interpolation="bilinear", zorder=1, **scale)


def field_maps(data, folder, path):
    """The days data["shown"] side by side."""
    field, readings, places, scale = _field_data(data, folder)
    projection, shown = Projection(data["projection"]), data["shown"]
    figure, all_axes = plt.subplots(1, len(shown), figsize=(WIDTH, 2.55), layout="constrained", squeeze=False)
    for i, (axes, day) in enumerate(zip(all_axes[0], shown)):
        _frame(axes, data, projection, folder)
        if i > 0:
            axes.set_yticklabels([])
        picture = _show(axes, data, field[day], scale)
        _stations(axes, places, readings[day], scale)
        axes.set_title(data["days"][day])
    figure.colorbar(picture, ax=all_axes, label=data["unit"], shrink=0.7, aspect=14, pad=0.015)
    save_png(figure, path)


def field_animation(data, folder, path):
    """All days, one after the other."""
    field, readings, places, scale = _field_data(data, folder)
    figure = canvas(4.9, 4.3)
    axes = figure.add_axes((0.1, 0.08, 0.72, 0.83))
    _frame(axes, data, Projection(data["projection"]), folder)
    picture = _show(axes, data, field[0], scale)
    bar = figure.add_axes((0.85, 0.12, 0.03, 0.75))
    figure.colorbar(picture, cax=bar, label=data["unit"])

    def frames():
        for day, name in enumerate(data["days"]):
            picture.set_data(field[day])
            dots = len(axes.collections)
            _stations(axes, places, readings[day], scale)
            axes.set_title(name)
            yield
            for old in list(axes.collections)[dots:]:
                old.remove()

    save_gif(figure, frames(), path, 0.4)


def scene_maps(data, folder, path):
    """Times side by side: above what was measured, below what was predicted without it; cells of a grid, or discs.

    data["sensors"] are the only stations that were read; empty: all but those that have a prediction.
    """
    rows = [np.load(folder / data[name]) for name in ("measured", "predicted")]  # (times, stations)
    places = np.array(data["places"]).reshape(-1, 2)
    if not rows[0].shape == rows[1].shape == (len(data["days"]), len(places)):
        raise ValueError(f"{data['measured']}: {rows[0].shape} does not fit {rows[1].shape} and {len(places)} places")
    projection = Projection(data["projection"])
    scale = {"vmin": data["low"], "vmax": data["high"], "cmap": "viridis"}
    low, high = places.min(0), places.max(0)
    margin = 0.0 if data["cells"] else 0.04
    window = low - margin * (high - low), high + margin * (high - low)
    times = len(data["days"])
    width = 0.8 * WIDTH / times
    height = width * (window[1] - window[0])[1] / (window[1] - window[0])[0]
    figure, all_axes = plt.subplots(2, times, figsize=(WIDTH, 2 * height + 0.75), layout="constrained", squeeze=False)
    for row, name in enumerate(("measured", "predicted")):
        for time in range(times):
            axes, asked = all_axes[row, time], ~np.isnan(rows[1][time])
            _frame(axes, data, projection, folder, weight=0.5)
            axes.set(xlim=(window[0][0], window[1][0]), ylim=(window[0][1], window[1][1]))
            if row == 0:
                axes.set_title(data["days"][time])
                axes.set_xticklabels([])
            if time > 0:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel(name)
            discs = np.isin(np.arange(len(places)), data["sensors"]) if data["sensors"] else asked
            if data["cells"]:
                picture = _cells(axes, places, rows[row][time], scale)
            else:
                rest = ~discs & ~np.isnan(rows[0][time])
                axes.scatter(*places[rest].T, s=5, c=rows[0][time][rest], linewidths=0, zorder=3, **scale)
            known = discs & ~np.isnan(rows[0][time])
            colours = rows[0 if data["sensors"] else row][time]
            dots = axes.scatter(*places[known].T, s=13, c=colours[known], edgecolors=INK, linewidths=0.6, zorder=4, **scale)
            picture = picture if data["cells"] else dots
    figure.colorbar(picture, ax=all_axes, label=data["unit"], shrink=0.8, aspect=18, pad=0.015)
    save_png(figure, path)


def _cells(axes, places, values, scale):
    """The cells of a grid, some of which may be missing."""
    columns, rows = (np.unique(places[:, axis].round(6)) for axis in (0, 1))
    table = np.full((len(rows), len(columns)), np.nan)
    table[np.searchsorted(rows, places[:, 1].round(6)), np.searchsorted(columns, places[:, 0].round(6))] = values
    return axes.pcolormesh(columns, rows, table, shading="nearest", zorder=1, rasterized=True, **scale)


def module_map(data, folder, path):
    """For each cell the nearest module, paler where its kernel is weaker; stations, and ties between modules, on top."""
    nearest, strength = np.load(folder / data["nearest"]), np.load(folder / data["strength"])  # (rows, columns)
    rows, columns = nearest.shape
    modules = data["modules"]
    colours = np.array(palette(modules))
    share = 0.25 + 0.75 * np.clip(strength / data.get("strongest", 1.0), 0, 1)[..., None]
    tiles = 1 + share * (colours[nearest] - 1)
    figure = canvas(4.4, 4.2)
    axes = figure.add_axes((0.12, 0.09, 0.84, 0.86))
    if "projection" in data:
        _frame(axes, data, Projection(data["projection"]), folder)
        places = np.array(data["places"]).reshape(-1, 2)
        axes.scatter(*places.T, s=26, facecolors="white", edgecolors=INK, linewidths=1.2, zorder=4)
        reach = data["reach"]
    else:
        reach = 1.0
        axes.axis("off")
        axes.set(xlim=(-reach, reach * 1.22), ylim=(-reach, reach), aspect="equal")
    axes.imshow(tiles, extent=(-reach, reach, -reach, reach), interpolation="nearest", zorder=1)
    if "ties" in data:
        ties = np.load(folder / data["ties"])  # (modules, modules)
        x = reach * (2 * (np.arange(columns) + 0.5) / columns - 1)
        y = reach * (1 - 2 * (np.arange(rows) + 0.5) / rows)
        at, beside = np.zeros((modules, 2)), 0
        for k in range(modules):
            cells = nearest == k
            if cells.any():
                at[k] = (x[None, :] * cells).sum() / cells.sum(), (y[:, None] * cells).sum() / cells.sum()
            else:  # nowhere the nearest: beside the frame
                at[k] = reach * 1.11, reach * (0.9 - 0.16 * beside)
                beside += 1
        for i, j in zip(*np.nonzero(np.tril(ties, -1) >= 0.01)):
            axes.plot(*at[[i, j]].T, color=INK, linewidth=0.8 + 3 * np.sqrt(ties[i, j]), zorder=3)
        axes.scatter(*at.T, s=190, c=colours, edgecolors=INK, linewidths=1.2, zorder=4)
        for k, place in enumerate(at):
            axes.text(*place, str(k), ha="center", va="center", fontsize=9, fontweight="bold", color="white", zorder=5,
                      path_effects=[effects.withStroke(linewidth=1.6, foreground=INK)])
    save_png(figure, path)
