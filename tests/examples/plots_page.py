"""A page with every kind of block and picture, made up: what the tests of examples/plots draw."""
import json

import numpy as np

PLACES = [-0.4, 0.9, 0.6, -0.2, -0.8, -0.7, 0.1, 0.1]
IRELAND = {"kind": "degrees", "centre": [-8.0, 53.5], "kilometres_per_unit": 200.0}


def chart(**changes):
    block = {
        "block": "chart", "file": "", "title": "Curves & bands", "x_label": "step", "y_label": "loss", "x_ticks": [],
        "lines": [
            {"label": f"line {i}", "x": [0, 1, 2, 3, 4], "y": [i + 1, 2, None, 4, 5 + i], "low": [0] * 5 if i == 0 else [],
             "high": [6] * 5 if i == 0 else [], "dashed": i == 1, "dots": i == 2}
            for i in range(9)
        ],
    }  # fmt: skip
    return {**block, **changes}


def line(**changes):
    return {"label": "l", "x": [0, 1], "y": [1, 2], "low": [], "high": [], "dashed": False, "dots": False, **changes}


def figures(folder):
    """The figures' blocks; their arrays are written below `folder`."""
    numbers = np.random.default_rng(1)
    (folder / "predictions").mkdir(parents=True, exist_ok=True)

    def save(name, array):
        np.save(folder / "predictions" / f"{name}.npy", array)
        return f"predictions/{name}.npy"

    field = np.zeros((3, 8, 8), dtype=np.float64)  # dark in the north west, bright in the south east
    field += np.add.outer(np.arange(8), np.arange(8)) / 14 * 10
    readings = np.array([[1.0, 9.0, np.nan, 5.0]] * 3)
    base = {"reach": 1.15, "places": PLACES, "projection": IRELAND}
    maps = {**base, "field": save("field", field), "readings": save("readings", readings), "shown": [0, 2],
            "days": ["2001-01-01", "2001-01-02", "2001-01-03"], "unit": "knots", "low": 0.0, "high": 10.0}  # fmt: skip
    coast = np.array([[-9, 53], [-8, 54], [np.nan, np.nan], [-8, 53], [-7, 53], [np.nan, np.nan]], dtype=np.float32)
    outlined = {**base, "coast": save("coast", coast), "border": save("border", coast[3:])}
    drawn = {"days": ["2001-01-01", "2001-01-02"], "unit": "m/s", "low": 0.0, "high": 10.0}
    scattered = {**outlined, **drawn, "measured": save("measured", readings[:2]), "sensors": [], "cells": False,
                 "predicted": save("predicted", np.where([1, 0, 0, 0], readings[:2], np.nan))}
    gridded = {**drawn, "measured": save("cells", field[:2].reshape(2, 64)), "sensors": [3, 40], "cells": True,
               "predicted": save("cells_predicted", field[:2].reshape(2, 64) * 0.5), "reach": 1.15, "projection": IRELAND,
               "places": np.stack(np.meshgrid(np.linspace(-1, 1, 8), np.linspace(1, -1, 8)), axis=-1).ravel().tolist()}  # fmt: skip
    nearest = np.repeat(np.repeat([[0, 1], [2, 3]], 4, axis=0), 4, axis=1)
    modules = {"nearest": save("modules", nearest), "strength": save("strength", numbers.random((8, 8))), "modules": 5}
    ties = {**modules, "ties": save("ties", np.full((5, 5), 0.3)), "strongest": 1.0}
    film = numbers.random((5, 4, 12, 12)).astype(np.float32)
    film[:, 1, :6] = np.nan
    films = {"film": save("film", film), "panels": ["truth", "seen", "predicted", "blind"], "colours": "ink",
             "blind_from": 3, "shown": [0, 3], "titles": ["frame 1", "blind 1"], "seconds": 0.1}  # fmt: skip
    clip = {**films, "colours": "grey", "differences": ["predicted", "blind"]}
    alive = np.array([[1, 1, 1], [1, 1, 1], [1, 0, 1]], dtype=np.uint8)
    position = np.array([[[2, 2], [3, 6], [20, 4]]] * 3, dtype=np.float32)
    battle = {
        "alive": save("alive", alive), "position": save("position", position), "sight": 9.0, "seconds": 0.2,
        "health": save("health", numbers.random((3, 3))), "shield": save("shield", numbers.random((3, 3))),
        "enemy": [0, 0, 1], "radius": [0.5, 1.0, 0.6], "letters": ["z", "C", "s"], "walkable": [0.0, 0.0, 24.0, 8.0],
        "legend": "z Zealot, C Colossus, s Stalker", "shown": [0, 1],
    }  # fmt: skip
    belief = numbers.integers(0, 40, (2, 32, 96, 9)).astype(np.uint8)
    belief[:, 8, 8, 3] = 250
    rasters = np.zeros((3, 2, 9, 11, 11), dtype=np.float32)
    rasters[:, :, [0, 3, 5, 7, 8], 4, 6] = 0.7
    rasters[2] = np.nan
    believed = {**battle, "belief": save("belief", belief), "types": ["C", "s", "z"], "per_cell": 4}
    seen = {**battle, "rasters": save("rasters", rasters), "types": ["C", "s", "z"], "ally": 1}
    return [
        {"block": "figure", "kind": kind, "file": file, "caption": f"{kind} <caption>", "data": data}
        for kind, file, data in (
            ("field_maps", "field.png", maps), ("field_animation", "field.gif", maps),
            ("scene_maps", "scattered.png", scattered), ("scene_maps", "gridded.png", gridded),
            ("module_map", "modules.png", {**outlined, **modules}), ("module_map", "ties.png", ties),
            ("film_strip", "film.png", films), ("film_animation", "film.gif", films),
            ("film_strip", "clip.png", clip), ("film_animation", "clip.gif", clip),
            ("battle_strip", "belief.png", believed), ("battle_animation", "belief.gif", believed),
            ("battle_strip", "battle.png", seen), ("battle_animation", "battle.gif", seen),
        )
    ]  # fmt: skip


def write(folder):
    """The whole page as a program describes it; returns the description's path."""
    blocks = [
        {"block": "heading", "text": "A heading"},
        {"block": "text", "text": "1 < 2 & 3"},
        {"block": "notice", "text": "SYNTHETIC DATA"},
        {"block": "table", "title": "A table", "header": ["method", "RMSE"],
         "rows": [["a<b", "1.5"], ["c", "-"]], "strong": [1], "note": "a note"},
        chart(), chart(file="curves.svg", x_ticks=[[0, "one"], [4, "five"]]),
        *figures(folder),
        {"block": "details", "title": "Manifest", "text": '{"seed": 7}'},
    ]  # fmt: skip
    path = folder / "report.page.json"
    path.write_text(json.dumps({"title": 'A <b> & "c"', "subtitle": "made up", "blocks": blocks}), encoding="utf-8")
    return path
