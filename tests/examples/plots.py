"""examples/plots draws what a program described: python3 tests/examples/plots.py"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLOTS = Path(__file__).resolve().parents[2] / "examples" / "plots"
sys.path[:0] = [str(PLOTS), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

import charts
import maps
import matplotlib.colors
import numpy as np
import plots_page
import report
import style
from PIL import Image, ImageSequence


def luminance(colour):
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in matplotlib.colors.to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def run(*arguments, **environment):
    command = [sys.executable, "-B", str(PLOTS), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


class Plots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        cls.description = plots_page.write(cls.folder)
        cls.written = report.draw(cls.description)
        cls.html = (cls.folder / "report.html").read_text(encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_every_picture_is_written_and_lies_in_the_page(self):
        blocks = json.loads(self.description.read_text(encoding="utf-8"))["blocks"]
        figures = [b for b in blocks if b["block"] == "figure"]
        self.assertEqual({b["kind"] for b in figures}, set(report.FIGURES))
        for b in figures:
            with Image.open(self.folder / b["file"]) as picture:
                self.assertEqual(picture.convert("RGB").getpixel((1, 1)), (255, 255, 255), b["file"])
                scale = 1 if b["file"].endswith(".gif") else 2
                self.assertLessEqual(picture.width, scale * style.DPI * style.WIDTH, b["file"])
        self.assertEqual(self.html.count("<img "), len(figures))
        self.assertEqual(self.html.count("<svg "), 2)
        self.assertIn(self.folder / "curves.svg", self.written)

    def test_the_page_escapes_and_needs_nothing_from_outside(self):
        self.assertIn("<title>A &lt;b&gt; &amp; &#34;c&#34;</title>", self.html)
        self.assertIn("1 &lt; 2 &amp; 3", self.html)
        self.assertIn("<td>a&lt;b</td>", self.html)
        self.assertIn('<tr class="strong">', self.html)
        self.assertIn("&lt;caption&gt;", self.html)
        for outside in ("<script", 'src="/', "@import", "href=\"http"):
            self.assertNotIn(outside, self.html)
        addresses = set(re.findall(r'https?:[^"]*', self.html))  # base64 may hold "http", and no colon
        self.assertTrue(all("w3.org" in a for a in addresses), addresses)  # names, never fetched

    def test_animations_have_every_frame(self):
        for name, frames, milliseconds in (("field", 3, 400), ("film", 5, 100), ("belief", 2, 200), ("battle", 3, 200)):
            with Image.open(self.folder / f"{name}.gif") as picture:
                self.assertEqual(picture.info["loop"], 0)
                shown = [frame.info["duration"] for frame in ImageSequence.Iterator(picture)]
                # Pillow may join frames that are the same.
                self.assertEqual(sum(shown), frames * milliseconds, name)

    def test_a_field_lies_where_it_belongs(self):
        with Image.open(self.folder / "field.gif") as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=float)[:, : int(picture.width * 0.8)]
        colours = [np.array(c[:3]) * 255 for c in matplotlib.colormaps["viridis"]([0.0, 1.0])]
        dark, bright = (np.argwhere(np.abs(pixels - c).sum(axis=2) < 30).mean(axis=0) for c in colours)
        self.assertLess(dark[0], bright[0])  # north is above south
        self.assertLess(dark[1], bright[1])  # west is left of east

    def test_places_and_coast_lines(self):
        projection = maps.Projection(plots_page.IRELAND)
        north = projection.place([-8.0, 54.5])
        self.assertAlmostEqual(north[1], 6371 * np.pi / 180 / 200)
        self.assertAlmostEqual(north[0], 0)
        east = projection.place([-7.0, 53.5])
        self.assertAlmostEqual(east[0], 6371 * np.pi / 180 * np.cos(np.radians(53.5)) / 200)
        fiji = maps.Projection({"kind": "degrees", "centre": [179.0, -17.0], "kilometres_per_unit": 200})
        np.testing.assert_allclose(fiji.place([-179.0, -17.0]), fiji.place([181.0, -17.0]))
        self.assertEqual(fiji.tick(0, 181.0), fiji.tick(0, -179.0))
        self.assertEqual(fiji.tick(0, 181.0), "179° W")
        self.assertEqual(fiji.tick(0, 180.0), "180° E")
        crossing = fiji.place([[-2.0, 0.0], [0.0, 0.0]])  # on the far side of the globe
        self.assertEqual(int(np.isnan(crossing).any(axis=1).sum()), 1)
        outlines = json.loads((PLOTS / "outlines.json").read_text(encoding="utf-8"))
        self.assertIn("Natural Earth", outlines["source"])
        coast = np.concatenate([np.array(one) for one in outlines["coast"]])
        for name, place in (("Malin Head", (-7.37, 55.38)), ("Carnsore Point", (-6.37, 52.17)), ("Rügen", (13.6, 54.4))):
            self.assertLess(np.hypot(*(coast - place).T).min(), 0.25, name)

    def test_coast_lines_of_the_data_stand_in_place_of_our_own(self):
        own = maps._outlines({"coast": "predictions/coast.npy"}, self.folder)
        self.assertEqual(list(own), ["coast"])
        fiji = maps.Projection({"kind": "degrees", "centre": [179.0, -17.0], "kilometres_per_unit": 200})
        across = fiji.place(np.array([[178.0, -17.0], [-178.0, -17.0], [np.nan, np.nan], [0.0, 0.0], [-2.0, 0.0]]))
        self.assertAlmostEqual(across[0, 0] / across[1, 0], -1 / 3)  # over the date line, not around the globe
        self.assertEqual(int(np.isnan(across).any(axis=1).sum()), 2)  # a line's end, and the far side of the globe
        self.assertIn("source", maps._outlines({}, self.folder))

    def test_cells_lie_where_they_belong(self):
        places = np.array([[0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])
        figure, axes = style.plt.subplots()
        table = maps._cells(axes, places, np.array([1.0, 2.0, 3.0]), {}).get_array().reshape(2, 2)
        style.plt.close(figure)
        np.testing.assert_array_equal(np.ma.filled(table, -1), [[-1, 1], [2, 3]])  # from the south west

    def test_a_chart_breaks_at_gaps_and_refuses_uneven_lines(self):
        whole = style.svg(charts.chart(plots_page.chart(lines=[plots_page.line(x=[0, 1, 2, 3], y=[1, 2, 3, 4])])))
        broken = style.svg(charts.chart(plots_page.chart(lines=[plots_page.line(x=[0, 1, 2, 3], y=[1, 2, None, 4])])))
        self.assertNotEqual(whole, broken)
        self.assertNotIn("nan", broken)
        with self.assertRaisesRegex(ValueError, "line 'l'"):
            charts.chart(plots_page.chart(lines=[plots_page.line(y=[1])]))
        for lines in ([], [plots_page.line(x=[1], y=[1])], [plots_page.line(y=[0, 0])], [plots_page.line(y=[None, None])]):
            text = style.svg(charts.chart(plots_page.chart(lines=lines)))
            self.assertNotIn("nan", text)
            self.assertNotIn("inf", text)

    def test_seeds_of_a_model_stand_once_in_the_legend(self):
        lines = [plots_page.line(label=label) for label in ("GRU, seed 1", "GRU, seed 2", "LSTM, seed 1", "last seen")]
        figure = charts.chart(plots_page.chart(lines=lines))
        axes = figure.axes[0]
        shown = [text.get_text() for text in axes.get_legend().get_texts()]
        self.assertEqual(shown, ["GRU, 2 seeds", "LSTM, seed 1", "last seen"])
        colours = [line.get_color() for line in axes.get_lines()]
        self.assertEqual(colours[0], colours[1])
        self.assertEqual(len(set(colours)), 3)
        style.plt.close(figure)

    def test_lines_have_a_contrast_on_light_and_dark(self):
        for colour in style.LINES:
            for paper in ("#ffffff", "#16191d"):
                self.assertGreaterEqual(contrast(colour, paper), 3, (colour, paper))

    def test_the_same_data_are_the_same_bytes(self):
        before = {path: path.read_bytes() for path in self.written}
        self.assertEqual(report.draw(self.description), self.written)
        for path, content in before.items():
            self.assertEqual(path.read_bytes(), content, path.name)

    def test_the_command_line(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertIn("expected a .page.json file", run(folder).stderr)
            page = {"title": "", "subtitle": "", "blocks": [plots_page.chart(file="one.svg")]}
            (folder / "x.page.json").write_text(json.dumps(page), encoding="utf-8")
            self.assertEqual(run(folder).stdout, f"wrote {folder / 'one.svg'}\n")
            self.assertFalse((folder / "x.html").exists())  # no title, no page
            page["blocks"][0]["lines"][0]["y"].pop()
            (folder / "x.page.json").write_text(json.dumps(page), encoding="utf-8")
            uneven = run(folder)
            self.assertEqual(uneven.returncode, 1)
            self.assertIn("x.page.json: ValueError: chart 'Curves & bands', line 'line 0'", uneven.stderr)
            # A system without the package.
            (folder / "matplotlib.py").write_text("raise ImportError(name='matplotlib')", encoding="utf-8")
            missing = run(folder, PYTHONPATH=name)
            self.assertEqual(missing.returncode, 3)
            self.assertIn("python3-matplotlib", missing.stderr)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
