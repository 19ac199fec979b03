"""Frames of a video as a model saw and predicted them."""
import matplotlib.colors
import numpy as np
from style import WIDTH, canvas, plt, save_gif, save_png

MAPS = {
    "ink": (matplotlib.colors.LinearSegmentedColormap.from_list("ink", ["#ffffff", "#141e46"]), "#c9d3dc", (0, 1)),
    "grey": (plt.get_cmap("gray").copy(), "#2c3e63", (0, 1)),
    "difference": (plt.get_cmap("RdBu_r").copy(), "#ffffff", (-0.4, 0.4)),
}
for _map, _unseen, _ in MAPS.values():
    _map.set_bad(_unseen)


def _panels(data, folder):
    """The panels' names, colour maps and frames (T, P, H, W); NaN is what was not seen. Differences come last."""
    film = np.load(folder / data["film"])
    names, maps = list(data["panels"]), [data["colours"]] * len(data["panels"])
    if film.ndim != 4 or film.shape[1] != len(names):
        raise ValueError(f"{data['film']}: expected frames of {len(names)} panels, found the shape {film.shape}")
    for name in data.get("differences", []):
        film = np.concatenate([film, film[:, [names.index(name)]] - film[:, :1]], axis=1)
        names.append(f"{name} − {names[0]}")
        maps.append("difference")
    return film, names, maps


def _show(axes, frame, kind):
    colours, _, (low, high) = MAPS[kind]
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(visible=True, color="#b0b8c0")
    return axes.imshow(frame, cmap=colours, vmin=low, vmax=high, interpolation="nearest")


def film_strip(data, folder, path):
    """A row for each panel, a column for each of the frames data["shown"]."""
    film, names, maps = _panels(data, folder)
    shown = data["shown"]
    rows, columns = len(names), len(shown)
    side = min((WIDTH - 1.0) / columns, 2.2)
    width, height = side * columns + 1.0, side * film.shape[2] / film.shape[3]
    figure, all_axes = plt.subplots(rows, columns, figsize=(width, rows * (height + 0.05) + 0.4), squeeze=False)
    edge = 1 - 0.35 / figure.get_figheight()
    figure.subplots_adjust(left=1.0 / width, right=0.995, top=edge, bottom=0.01, wspace=0.05, hspace=0.05)
    for column, t in enumerate(shown):
        for row in range(rows):
            _show(all_axes[row, column], film[t, row], maps[row])
        all_axes[0, column].set_title(data["titles"][column], fontsize=9)
    for row, name in enumerate(names):
        all_axes[row, 0].set_ylabel(name.replace(" − ", "\n− "), rotation=0, ha="right", va="center", fontsize=9)
    save_png(figure, path)


def film_animation(data, folder, path):
    """All frames; the panels side by side, at most four or three in a row."""
    film, names, maps = _panels(data, folder)
    columns = min(len(names), 4 if len(names) <= 4 else 3)
    rows = -(-len(names) // columns)
    side = WIDTH / columns
    height = side * film.shape[2] / film.shape[3] + 0.3
    figure = canvas(WIDTH, rows * height)
    pictures, titles = [], []
    for i, name in enumerate(names):
        row, column = divmod(i, columns)
        axes = figure.add_axes(((column + 0.02) / columns, 1 - (row + 1 - 0.01) / rows, 0.96 / columns,
                                (1 - 0.3 / height) / rows))
        pictures.append(_show(axes, film[0, i], maps[i]))
        titles.append(axes.set_title(name, fontsize=9.5, pad=4))
    blind = data["blind_from"]

    def frames():
        for t, frame in enumerate(film):
            for i, picture in enumerate(pictures):
                picture.set_data(frame[i])
                if names[i] == "blind":
                    titles[i].set_text(f"blind for {t + 1 - blind}" if t >= blind else "not blind yet")
            yield

    save_gif(figure, frames(), path, data["seconds"])
