#!/usr/bin/env python3
"""Ordinary kriging by PyKrige of the data that s2rm_many_queries left: one variant, one process, one line of JSON.

    krige.py FOLDER --backend vectorized|loop|C [--closest K] [--queries Q] [--rounds N]

The variogram (exponential) is fitted once and not timed with the rest; `fit_s` says how long it took.
"""
from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from pykrige.ok import OrdinaryKriging

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
import machine  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--closest", type=int)
    parser.add_argument("--queries", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    views = np.fromfile(args.folder / "views.f32", np.float32).astype(np.float64)
    places, asked = (np.fromfile(args.folder / f"{name}.f32", np.float32).reshape(-1, 2).astype(np.float64)
                     for name in ("places", "query_places"))
    asked = asked[:args.queries]
    begin = time.perf_counter()
    kriging = OrdinaryKriging(places[:, 0], places[:, 1], views, variogram_model="exponential")
    fit = time.perf_counter() - begin
    more = {} if args.closest is None else {"n_closest_points": args.closest}
    wall, own = [], []
    for _ in range(args.rounds):
        begin, own_begin = time.perf_counter(), time.process_time()
        mean, _ = kriging.execute("points", asked[:, 0], asked[:, 1], backend=args.backend, **more)
        wall.append(time.perf_counter() - begin)
        own.append(time.process_time() - own_begin)
    x, y = asked[:, 0], asked[:, 1]
    field = np.sin(3 * x + y) + 0.5 * np.cos(5 * y - 2 * x)
    rmse = float(np.sqrt(np.mean((np.asarray(mean) - field) ** 2)))
    print(json.dumps({"rmse": rmse, "best_s": min(wall), "median_s": statistics.median(wall), "own_s": min(own), "fit_s": fit,
                      "rounds": args.rounds, "check": float(np.sum(mean)),
                      "peak_rss_bytes": machine.peak_resident_bytes()}))


if __name__ == "__main__":
    main()
