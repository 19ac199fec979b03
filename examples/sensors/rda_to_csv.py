#!/usr/bin/env python3
"""Convert two published R data files into the CSV files that `sensors` reads.

    rda_to_csv.py wind  path/to/wind.rda  folder     (Debian package r-cran-gstat)
    rda_to_csv.py pm10  path/to/air.rda   folder     (Debian package r-cran-spacetime)

Writes folder/readings.csv (time,station,value; a missing reading is an absent row) and folder/stations.csv
(station,x,y,name; longitude and latitude in degrees). The text is the same on every machine, so that its checksum
can be compared. Needs python3-rdata (0.5 to 1.1 were tried), numpy and pandas; not R.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import pathlib
import re
import sys
import traceback
import warnings

import numpy as np
import rdata

DMS = re.compile(r"""(\d+)d(\d+)'(?:(\d+(?:\.\d+)?)")?([NSEW])""")


def degrees(text: str) -> float:
    """Degrees of text such as 53d26'N or 52d16'56.791"N; south and west are negative."""
    found = DMS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not degrees and minutes: {text!r}")
    whole, minutes, seconds, side = found.groups()
    value = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    return -value if side in "SW" else value


def forget_names_of_extents(data: object) -> None:
    """Take the names off the extents ("dim") of every matrix: rdata 1.0 and 1.1 fail over an extent that has one."""
    waiting, seen = [data], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, (list, tuple)):
            waiting.extend(one)
        elif isinstance(one, rdata.parser.RObject) and id(one) not in seen:
            seen.add(id(one))
            tag = one.tag and (one.tag.referenced_object or one.tag)
            if tag and tag.value and tag.value.value == b"dim":
                one.value[0].attributes = None
            waiting.extend((one.value, one.attributes))


def read_rda(path: pathlib.Path) -> dict[str, object]:
    """Every object of an R data file."""
    parsed = rdata.parser.parse_file(path)
    forget_names_of_extents(parsed.object)
    with warnings.catch_warnings():
        # rdata warns about S4 classes that it hands over as plain containers, which is all we want.
        warnings.simplefilter("ignore")
        return rdata.conversion.convert(parsed)


def write(folder: pathlib.Path, name: str, header: str, rows: list[str]) -> None:
    """One CSV file with Unix line ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes("\n".join([header, *rows, ""]).encode())


def wind(objects: dict[str, object], folder: pathlib.Path) -> None:
    """Daily mean wind speed in knots at 12 Irish stations, 1961-1978.

    Traps: the columns of `wind` are in another order than the rows of `wind.loc`, so stations are matched by code;
    the year is counted from 1900; coordinates are text in degrees and minutes, one with seconds.
    """
    table, places = objects["wind"], objects["wind.loc"]
    codes = [str(name) for name in table.columns[3:]]
    known = {str(row.Code): row for row in places.itertuples()}
    if sorted(codes) != sorted(known):
        raise ValueError(f"stations of wind {sorted(codes)} are not those of wind.loc {sorted(known)}")
    stations = [
        f"{code},{degrees(str(known[code].Longitude)):.6f},{degrees(str(known[code].Latitude)):.6f},"
        f"{known[code].Station}"
        for code in codes
    ]
    readings = []
    for row in table.itertuples(index=False):
        day = datetime.date(1900 + int(row[0]), int(row[1]), int(row[2])).isoformat()
        readings += [f"{day},{code},{value:.2f}" for code, value in zip(codes, row[3:]) if not np.isnan(value)]
    write(folder, "stations.csv", "station,x,y,name", stations)
    write(folder, "readings.csv", "time,station,value", readings)


def pm10(objects: dict[str, object], folder: pathlib.Path) -> None:
    """Daily PM10 in ug/m3 at 70 rural German stations, 1998-2009; half of all readings are missing."""
    table, days, places = objects["air"], objects["dates"], objects["stations"]
    codes = [str(name) for name in table.coords["dim_0"].values]
    at = {str(name): pair for name, pair in zip(places.coords.coords["dim_0"].values, places.coords.values)}
    stations = [f"{code},{at[code][0]:.6f},{at[code][1]:.6f},{code}" for code in codes]
    first = datetime.date(1970, 1, 1)
    readings = []
    for index, count in enumerate(np.asarray(days)):
        day = (first + datetime.timedelta(days=int(count))).isoformat()
        column = np.asarray(table)[:, index]
        readings += [f"{day},{code},{value:.3f}" for code, value in zip(codes, column) if not np.isnan(value)]
    write(folder, "stations.csv", "station,x,y,name", stations)
    write(folder, "readings.csv", "time,station,value", readings)


def rdata_version() -> str:
    """That of the installed package; Debian's has none."""
    try:
        return importlib.metadata.version("rdata")
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def main() -> int:
    """Command line."""
    kinds = {"wind": wind, "pm10": pm10}
    if len(sys.argv) != 4 or sys.argv[1] not in kinds:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        kinds[sys.argv[1]](read_rda(pathlib.Path(sys.argv[2])), pathlib.Path(sys.argv[3]))
    except Exception as error:  # whatever a version of rdata that nobody has tried may throw
        traceback.print_exc()
        sys.exit(f"with rdata {rdata_version()}: {type(error).__name__}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
