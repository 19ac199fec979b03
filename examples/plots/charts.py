"""Curves."""
import numpy as np
from style import DASHES, GRID, LINES, WIDTH, plt


def _numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def chart(block):
    """A figure of the curves of a chart; gaps where a number is undefined, bands where there is a spread."""
    lines = block["lines"]
    rows = -(-len(lines) // 4)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.7 + 0.22 * rows), layout="constrained")
    for i, line in enumerate(lines):
        x, y = _numbers(line["x"]), _numbers(line["y"])
        if x.shape != y.shape:
            raise ValueError(f"chart '{block['title']}', line '{line['label']}': {x.size} x, {y.size} y")
        colour, dashes = LINES[i % len(LINES)], DASHES[i // len(LINES) % len(DASHES)]
        if line["dots"]:
            axes.plot(x, y, ".", color=colour, markersize=4.5, label=line["label"])
        else:
            style = (0, (4, 2)) if line["dashed"] else dashes
            few = np.count_nonzero(np.isfinite(y)) < 2
            axes.plot(x, y, color=colour, linestyle=style, linewidth=1.6, marker="o" if few else "", label=line["label"])
        if line["low"]:
            axes.fill_between(x, _numbers(line["low"]), _numbers(line["high"]), color=colour, alpha=0.18, linewidth=0)
    axes.set(title=block["title"], xlabel=block["x_label"], ylabel=block["y_label"])
    axes.title.set_fontweight("bold")
    axes.grid(axis="y", color=GRID, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    if block["x_ticks"]:
        at, names = zip(*block["x_ticks"])
        long = sum(len(name) for name in names) > 90
        axes.set_xticks(at, names, rotation=25 if long else 0, ha="right" if long else "center")
    if lines:
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=4, frameon=False, borderaxespad=0)
    return figure
