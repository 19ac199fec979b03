"""Sizes, colours and file formats that all pictures share."""
import io
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.colors
import matplotlib.pyplot as plt
from PIL import Image

WIDTH = 8.4  # inches: the column of a page; type is then shown at its size
DPI = 96  # a CSS pixel; still pictures have twice as many
INK = "#1d2329"  # text and axes; a page replaces it by its own colour of text in SVG
GRID = "#8b949e"
# Apart for colour-blind readers (after Okabe and Ito), and of a lightness that has a contrast of 3 on white and on black.
LINES = ["#0072b2", "#d55e00", "#008f68", "#bb6295", "#a87400", "#7c6fd6", "#7d7d7d", "#b5483a"]
DASHES = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.2, 1.5))]
TILES = [
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b",
    "#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#393b79", "#ad494a",
]  # fmt: skip

plt.rcParams.update({
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "s2rm",
})


def palette(count):
    """One colour for each of `count` tiles, neighbouring numbers far apart."""
    return [matplotlib.colors.to_rgb(TILES[i % len(TILES)]) for i in range(count)]


def svg(figure):
    """SVG text, the same for the same data, without the XML header, on one line."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.DOTALL)
    return " ".join(text.split())


def save_svg(text, path):
    """As a file, on white paper: whoever shows it may have any background."""
    path.write_text(text.replace("<svg ", '<svg style="background:#fff" ', 1) + "\n", encoding="utf-8")


def save_png(figure, path):
    figure.savefig(path, dpi=2 * DPI, facecolor="white", metadata={"Software": None})
    plt.close(figure)


def save_gif(figure, frames, path, seconds):
    """`frames` yields after each change of `figure`. Loops for ever."""
    pictures = []
    for _ in frames:
        figure.canvas.draw()
        picture = Image.frombuffer("RGBA", figure.canvas.get_width_height(), figure.canvas.buffer_rgba())
        pictures.append(picture.convert("RGB").quantize(256, dither=Image.Dither.NONE))
    if not pictures:
        raise ValueError(f"{path.name}: expected at least one frame, found none")
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=round(1000 * seconds), loop=0)
    plt.close(figure)


def canvas(width, height, dpi=DPI):
    return plt.figure(figsize=(width, height), dpi=dpi)
