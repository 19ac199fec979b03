#!/usr/bin/env python3
"""Root mean squared error of the forecasts of `sensors live`, year by year, against what was read.

    live_score.py READINGS.csv NAME=FORECASTS.jsonl [NAME=FORECASTS.csv ...] [--lead SECONDS] [--picture FILE.png]

READINGS.csv has the columns time, station, value. FORECASTS.jsonl is what `sensors live` printed, FORECASTS.csv what
`sensors forecast` wrote. Persistence, the reading at the time of issue, stands beside them. A year's row counts the
readings that every column forecast in that year; a column that forecast none in a year leaves it empty. The picture needs matplotlib.
"""

from __future__ import annotations

import argparse
import csv
import json
import math


def forecasts_of(path: str, lead: int) -> dict[tuple[str, str], tuple[float, float, float, str]]:
    made = {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = map(json.loads, file) if path.endswith(".jsonl") else csv.DictReader(file)
        for row in rows:
            if int(row["lead"]) != lead or "station" not in row:
                continue
            time, issued = row.get("time") or row["valid_time"], row.get("issued") or row["issued_time"]
            made[time, row["station"]] = (float(row["mean"]), float(row["lower"]), float(row["upper"]), issued)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readings")
    parser.add_argument("forecasts", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--lead", type=int, default=86400, help="seconds")
    parser.add_argument("--unit", default="knots")
    parser.add_argument("--picture")
    given = parser.parse_args()
    with open(given.readings, encoding="utf-8", newline="") as file:
        read = {(row["time"], row["station"]): float(row["value"]) for row in csv.DictReader(file) if row["value"]}
    columns = {}
    for one in given.forecasts:
        name, _, path = one.partition("=")
        columns[name] = forecasts_of(path, given.lead)
    years = sorted({time[:4] for made in columns.values() for time, _ in made if (time, _) in read})
    table = []
    for year in years:
        # A column without a forecast in this year (a model that was trained on it) does not take readings from the others.
        cells = [{cell for cell in made if cell[0].startswith(year) and cell in read and (made[cell][3], cell[1]) in read}
                 for made in columns.values()]
        shared = set.intersection(*[one for one in cells if one])
        def error(guess):
            return math.sqrt(sum((guess(cell) - read[cell]) ** 2 for cell in shared) / len(shared))
        row = [year, len(shared)]
        row += [error(lambda cell, made=made: made[cell][0]) if own else None for made, own in zip(columns.values(), cells)]
        any_of = next(made for made, own in zip(columns.values(), cells) if own)
        row.append(error(lambda cell: read[any_of[cell][3], cell[1]]))
        row += [sum(made[cell][1] <= read[cell] <= made[cell][2] for cell in shared) / len(shared) if own else None
                for made, own in zip(columns.values(), cells)]
        table.append(row)
    names = [*columns, "persistence"]
    head = ["year", "readings", *names, *(f"in the band of {name}" for name in columns)]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in table:
        print("| " + " | ".join("" if cell is None else cell if isinstance(cell, str) else str(cell)
                                if isinstance(cell, int) else f"{cell:.3f}" for cell in row) + " |")
    if given.picture:
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        figure, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
        for i, name in enumerate(names):
            points = [(int(row[0]), row[2 + i]) for row in table if row[2 + i] is not None]
            axes.plot(*zip(*points), marker="o", markersize=3.5, label=name, color="0.55" if name == "persistence" else None)
        axes.set_ylabel(f"RMSE of the year, {given.unit}")
        axes.set_xticks([int(row[0]) for row in table][::2])
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, ncols=2, fontsize="small")
        axes.margins(y=0.2)
        figure.savefig(given.picture, dpi=150)


if __name__ == "__main__":
    main()
