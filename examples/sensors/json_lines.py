#!/usr/bin/env python3
"""Turn a network's two tables into the JSON lines that `sensors live` reads, in the order of time.

    json_lines.py [--from YYYY-MM-DD] [--until YYYY-MM-DD] READINGS.csv STATIONS.csv

READINGS.csv has the columns time, station, value; STATIONS.csv station, x, y. A station's first line brings its place; an
empty value is passed over. Lines go to standard output. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readings")
    parser.add_argument("stations")
    parser.add_argument("--from", dest="first", default="", help="first time, as in the table")
    parser.add_argument("--until", default="", help="first time that is left out")
    given = parser.parse_args()
    with open(given.stations, encoding="utf-8", newline="") as file:
        places = {row["station"]: (float(row["x"]), float(row["y"])) for row in csv.DictReader(file)}
    with open(given.readings, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["value"] and row["time"] >= given.first
                and (not given.until or row["time"] < given.until)]
    rows.sort(key=lambda row: row["time"])  # ISO 8601 in one form: the order of text is that of time
    known: set[str] = set()
    for row in rows:
        line = {"time": row["time"], "station": row["station"], "value": float(row["value"])}
        if row["station"] not in known:
            known.add(row["station"])
            line["x"], line["y"] = places[row["station"]]
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
