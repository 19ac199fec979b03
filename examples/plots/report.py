"""A page: JSON that a program wrote (examples/common/report.hpp) becomes pictures and one HTML file.

{"title", "subtitle", "blocks": [...]}; each block names its kind in "block": heading, text, notice, details, table,
chart (curves) or figure (a picture from arrays, by one of the functions FIGURES). Without a title there is no HTML.
The page holds its pictures and style: it opens from disk with no network and no JavaScript.
"""
import base64
import json
from pathlib import Path

import battles
import charts
import films
import jinja2
import maps
import style
from PIL import Image

FIGURES = {
    function.__name__: function
    for function in (
        maps.field_maps, maps.field_animation, maps.scene_maps, maps.module_map,
        films.film_strip, films.film_animation,
        battles.battle_strip, battles.battle_animation,
    )
}  # fmt: skip


def _numeric(cell):
    return cell[:1].isdigit() or cell[:1] in ("-", "+") or cell == "inf"


def _in_page(svg, number):
    """SVG as part of a page: text in the page's colour, identifiers of its own, scaled with the page."""
    for name in set(part.split('"')[0] for part in svg.split(' id="')[1:]):
        for before, after in ((f'id="{name}"', f'id="c{number}-{name}"'), (f"#{name})", f"#c{number}-{name})"),
                              (f'#{name}"', f'#c{number}-{name}"')):
            svg = svg.replace(before, after)
    return svg.replace(style.INK, "var(--ink)")


def draw(description):
    """Draws what the file describes beside it; returns the paths it wrote."""
    page = json.loads(description.read_text(encoding="utf-8"))
    folder, written = description.parent, []
    for number, block in enumerate(page["blocks"]):
        if block["block"] == "chart":
            svg = style.svg(charts.chart(block))
            block["svg"] = _in_page(svg, number)
            if block["file"]:
                written.append(folder / block["file"])
                style.save_svg(svg, written[-1])
        elif block["block"] == "figure":
            path = folder / block["file"]
            FIGURES[block["kind"]](block["data"], folder, path)
            written.append(path)
            with Image.open(path) as picture:
                scale = 1 if path.suffix == ".gif" else 2
                block["width"], block["height"] = (round(pixels / scale) for pixels in picture.size)
            encoded = base64.b64encode(path.read_bytes()).decode()
            block["address"] = f"data:image/{path.suffix[1:]};base64,{encoded}"
    if page["title"]:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
        )
        environment.filters["numeric"] = _numeric
        html = environment.get_template("report.html.j2").render(page)
        path = folder / description.name.replace(".page.json", ".html")
        path.write_text(html, encoding="utf-8")
        written.append(path)
    return written
