"""Curves."""
import numpy as np
from matplotlib.ticker import MaxNLocator
from style import DASHES, GRID, LINES, WIDTH, plt


def _numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def chart(block):
    """A figure of the curves of a chart; gaps where a number is undefined, bands where there is a spread.

    Curves that differ in their seed alone ("GRU, seed 1") look the same and stand once in the legend.
    """
    seeds = {}
    for line in block["lines"]:
        seeds.setdefault(line["label"].split(", seed ")[0], []).append(line["label"])
    names = list(seeds)
    rows = -(-len(names) // 4)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.7 + 0.22 * rows), layout="constrained")
    for line in block["lines"]:
        x, y = _numbers(line["x"]), _numbers(line["y"])
        if x.shape != y.shape:
            raise ValueError(f"chart '{block['title']}', line '{line['label']}': {x.size} x, {y.size} y")
        name = line["label"].split(", seed ")[0]
        i, runs = names.index(name), seeds[name]
        label = None if line["label"] != runs[0] else runs[0] if len(runs) == 1 else f"{name}, {len(runs)} seeds"
        style = {"color": LINES[i % len(LINES)], "label": label}
        if line["dots"]:
            axes.plot(x, y, ".", markersize=4.5, **style)
        else:
            dashes = (0, (4, 2)) if line["dashed"] else DASHES[i // len(LINES) % len(DASHES)]
            few = np.count_nonzero(np.isfinite(y)) < 2
            axes.plot(x, y, linestyle=dashes, linewidth=1.6, marker="o" if few else "", **style)
        if line["low"]:
            axes.fill_between(x, _numbers(line["low"]), _numbers(line["high"]), color=style["color"], alpha=0.18, linewidth=0)
    axes.set(title=block["title"], xlabel=block["x_label"], ylabel=block["y_label"])
    axes.title.set_fontweight("bold")
    axes.grid(axis="y", color=GRID, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    below = -0.17
    if block["x_ticks"]:
        at, labels = zip(*block["x_ticks"])
        crowded = sum(map(len, labels)) > 60
        axes.set_xticks(at, labels, rotation=25 if crowded else 0, ha="right" if crowded else "center")
        below = -0.24 if crowded else below
    elif all(float(v).is_integer() for line in block["lines"] for v in line["x"]):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if names:
        axes.legend(loc="upper left", bbox_to_anchor=(0, below), ncols=4, frameon=False, borderaxespad=0)
    return figure
