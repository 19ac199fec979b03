#!/usr/bin/env python3
"""Convert published data files into the files that `sensors` reads.

    convert.py SET FOLDER OUTLINES OUT

FOLDER holds the files of a Debian package below their names there, OUTLINES those of gmt-gshhg-low:
    wind       wind.rda              (r-cran-gstat)
    pm10       air.rda               (r-cran-spacetime)
    colorado   COmonthlyMet.rda      (r-cran-fields)
    winds      monthly_navy_winds.cdf                (ferret-datasets)
    reports    950318HH_sao.cdf, HH = 00 ... 23      (libncarg-data)
    blizzard   Tstorm.cdf, Pstorm.cdf, Ustorm.cdf, Vstorm.cdf  (libncarg-data)

The first two become text, OUT/readings.csv (time,station,value; a missing reading is an absent row) and
OUT/stations.csv (station,x,y,name,coast; longitude and latitude in degrees, kilometres to the nearest shore of an ocean). The others become arrays:
    stations.csv  station,x,y and what else is known of a place (height in metres)
    values.npy    float32 (times, stations, channels), NaN where nothing was read
    draws.npy     int32 (rows, 3): draw, role, station. Role 1: a sensor that is read; 2: hidden, for choosing settings;
                  3: hidden, for the test. A station without a role in a draw is read where the draw has no sensors, and
                  not read where it has some
    lost.npy      int32 (rows, 3): draw, time, station: a reading that the test with half of the readings does without


All have for their maps:
    coast.npy, border.npy   float32 (points, 2), longitude and latitude in degrees; a NaN ends a line

The bytes are the same on every machine, so that their checksum can be compared. Needs numpy, pandas, netCDF4 for the
outlines, xarray with scipy (netCDF-3), and python3-rdata (0.5 to 1.1 were tried) for the R files; not R.
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

DMS = re.compile(r"""(\d+)d(\d+)'(?:(\d+(?:\.\d+)?)")?([NSEW])""")
SENSOR, VALIDATION, TEST = 1, 2, 3
EARTH_RADIUS = 6371.0  # km
OCEAN = 1  # level of shore lines, of Antarctica the edge of the ice; 2 to 4: lakes and islands in them; 6: where its ice lies on rock


def degrees(text: str) -> float:
    """Degrees of text such as 53d26'N or 52d16'56.791"N; south and west are negative."""
    found = DMS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not degrees and minutes: {text!r}")
    whole, minutes, seconds, side = found.groups()
    value = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    return -value if side in "SW" else value


def read_rda(path: pathlib.Path) -> dict[str, object]:
    """Every object of an R data file."""
    import rdata  # not needed for netCDF

    def forget_names_of_extents(data: object) -> None:
        """Take the names off the extents ("dim") of matrices: rdata 1.0 and 1.1 fail over an extent that has one."""
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

    parsed = rdata.parser.parse_file(path)
    forget_names_of_extents(parsed.object)
    with warnings.catch_warnings():
        # rdata warns about S4 classes that it hands over as plain containers, which is all we want.
        warnings.simplefilter("ignore")
        return rdata.conversion.convert(parsed)


def read_cdf(path: pathlib.Path):
    """A netCDF-3 file as an xarray dataset. Of records that lie interleaved xarray's reader knows."""
    import xarray

    return xarray.open_dataset(path, engine="scipy", decode_times=False)


def outlines(path: pathlib.Path, levels: tuple[int, ...]) -> list[np.ndarray]:
    """Lines of a binned file of GSHHG, each (points, 2): longitude in -180 ... 180 (or just beyond) and latitude, degrees.

    A bin is a square, counted eastwards from 0 E and southwards from 90 N; a line ends at its edges. Places are offsets from its
    south-west corner in 1/65535 of its size: unsigned numbers of 16 bits, which the file keeps as signed ones.
    """
    import netCDF4  # HDF5, which scipy does not read

    with netCDF4.Dataset(path) as data:
        data.set_auto_maskandscale(False)
        read = {name: variable[...] for name, variable in data.variables.items()}
    size = read["Bin_size_in_minutes"][0] / 60
    across = read["N_bins_in_360_longitude_range"][0]
    if "N_points_for_a_segment" in read:  # borders and rivers
        points, level = read["N_points_for_a_segment"], read["Hierarchial_level_of_a_segment"]
    else:  # shores: bits 9 to 31 and 6 to 8
        packed = read["Embedded_npts_levels_exit_entry_for_a_segment"]
        points, level = packed >> 9, packed >> 6 & 7
    offset = [read[f"Relative_{name}_from_SW_corner_of_bin"].view(np.uint16) / 65535 for name in ("longitude", "latitude")]
    lines = []
    for square, (first, count) in enumerate(zip(read["Id_of_first_segment_in_a_bin"], read["N_segments_in_a_bin"])):
        west, south = square % across * size, 90 - (square // across + 1) * size
        west -= 360 if west >= 180 else 0
        for segment in range(first, first + count):
            if level[segment] in levels:
                at = slice(begin := read["Id_of_first_point_in_a_segment"][segment], begin + points[segment])
                lines.append(np.stack([west + offset[0][at] * size, south + offset[1][at] * size], axis=1))
    return lines


def unit_vectors(places: np.ndarray) -> np.ndarray:
    """(..., 3) of longitude and latitude in degrees (..., 2)."""
    longitude, latitude = np.moveaxis(np.radians(places), -1, 0)
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=-1)


def distance_to(lines: list[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Kilometres along a great circle from each of the places (n, 2) to the nearest line, on land and at sea.

    A piece of a line is a chord of the sphere: that is less than 0.01 km off for pieces of up to 20 km. The sphere is up to
    0.5 % off, the lines as far as their resolution says (intermediate: 1 km).
    """
    begin, end = (unit_vectors(np.concatenate([line[cut] for line in lines])) for cut in (slice(None, -1), slice(1, None)))
    along = end - begin
    length = np.maximum((along**2).sum(1), 1e-30)
    result = []
    for place in unit_vectors(places):
        share = np.clip(((place - begin) * along).sum(1) / length, 0, 1)
        chord = np.sqrt(((begin + share[:, None] * along - place) ** 2).sum(1).min())
        result.append(2 * EARTH_RADIUS * np.arcsin(min(1.0, chord / 2)))
    return np.array(result)


def inside(lines: list[np.ndarray], west: float, south: float, east: float, north: float) -> np.ndarray:
    """The lines as far as they lie in this window, and a point more at either end; (points, 2), with NaN behind each line."""
    pieces = []
    for line in lines:
        turned = line - [360 * np.round((line[:, :1].mean() - (west + east) / 2) / 360), 0]
        near = ((turned >= [west, south]) & (turned <= [east, north])).all(1)
        wide = near.copy()
        wide[1:] |= near[:-1]
        wide[:-1] |= near[1:]
        for at in np.split(np.arange(len(line)), np.flatnonzero(np.diff(wide)) + 1):
            if wide[at[0]]:
                pieces += [turned[at], np.full((1, 2), np.nan)]
    return np.concatenate(pieces or [np.empty((0, 2))]).astype(np.float32)


def write(folder: pathlib.Path, name: str, header: str, rows: list[str]) -> None:
    """One CSV file with Unix line ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes("\n".join([header, *rows, ""]).encode())


def write_arrays(folder: pathlib.Path, stations: list[str], header: str, values: np.ndarray, draws: list, lost: list) -> None:
    """The four files of a set that is kept as arrays."""
    write(folder, "stations.csv", header, stations)
    np.save(folder / "values.npy", np.ascontiguousarray(values, dtype=np.float32))
    np.save(folder / "draws.npy", np.array(draws, dtype=np.int32).reshape(-1, 3))
    np.save(folder / "lost.npy", np.array(lost, dtype=np.int32).reshape(-1, 3))


def wind(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Daily mean wind speed in knots at 12 Irish stations, 1961-1978.

    Traps: the columns of `wind` are in another order than the rows of `wind.loc`, so stations are matched by code;
    the year is counted from 1900; coordinates are text in degrees and minutes, one with seconds.
    """
    objects = read_rda(source / "wind.rda")
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


def pm10(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Daily PM10 in ug/m3 at 70 rural German stations, 1998-2009; half of all readings are missing."""
    objects = read_rda(source / "air.rda")
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


def colorado(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Monthly rain (cm, whatever the page says), mean daily maximum and minimum of the temperature (degrees C), 376 stations, 1895-1997.

    Draws 0-4 hide a tenth of the stations that have at least two years of readings since 1985 for the test, and another tenth
    for choosing settings.
    """
    objects = read_rda(source / "COmonthlyMet.rda")
    places, height = objects["CO.loc"], np.asarray(objects["CO.elev"], dtype=float)
    codes = [str(code) for code in objects["CO.id"]]
    layers = [np.asarray(objects[name], dtype=float).reshape(-1, len(codes)) for name in ("CO.ppt", "CO.tmax", "CO.tmin")]
    values = np.stack(layers, axis=-1)
    stations = [f"{c},{x:.4f},{y:.4f},{h:.1f}" for c, x, y, h in zip(codes, places["lon"], places["lat"], height)]
    late = values[(1985 - 1895) * 12 :, :, 0]
    often = np.flatnonzero((~np.isnan(late)).sum(0) >= 24)
    draws = []
    for draw in range(5):
        hidden = np.random.default_rng(draw).choice(often, 2 * (len(often) // 10), replace=False)
        for role, group in ((TEST, hidden[::2]), (VALIDATION, hidden[1::2])):
            draws += [(draw, role, station) for station in sorted(group)]
    write_arrays(folder, stations, "station,x,y,height", values, draws, [])


def winds(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Monthly means of the wind over the globe, 1982-1992: 132 months of u and v (m/s) on 73 x 144 cells of 2.5 degrees.

    Draws 0-4 are 60 sensors for the test, 100-102 others for choosing settings: cells drawn by area, none at a pole. Of each
    test month (1990-1992) half of the sensors are lost.
    """
    data = read_cdf(source / "monthly_navy_winds.cdf")
    months = [(1980 * 12 + (13 * 24 + 14 + h) / 730.485) for h in data["TIME"].values]
    if [int(m) for m in months] != [1982 * 12 + i for i in range(132)]:
        raise ValueError("the months are not 1982-01 to 1992-12")
    latitude, longitude = data["FNOCY"].values, (data["FNOCX"].values + 180) % 360 - 180
    values = np.stack([data["UWND"].values, data["VWND"].values], axis=-1).reshape(132, -1, 2)
    if np.isnan(values).any():
        raise ValueError("the winds have gaps")
    y, x = (axis.ravel() for axis in np.meshgrid(latitude, longitude, indexing="ij"))
    stations = [f"{i},{a:.1f},{b:.1f}" for i, (a, b) in enumerate(zip(x, y))]
    area = np.where(np.abs(y) < 90, np.cos(np.radians(y)), 0)
    draws, lost = [], []
    for draw in (0, 1, 2, 3, 4, 100, 101, 102):
        numbers = np.random.default_rng(draw)
        sensors = numbers.choice(len(y), 60, replace=False, p=area / area.sum())
        draws += [(draw, SENSOR, sensor) for sensor in sorted(sensors)]
        if draw < 100:
            for month in range(96, 132):
                lost += [(draw, month, sensor) for sensor in sorted(numbers.choice(sensors, 30, replace=False))]
    write_arrays(folder, stations, "station,x,y", values, draws, lost)


def reports(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Hourly temperature and dew point (degrees C) of 1995-03-18 in and around the United States, with stations' heights.

    Several reports of a station in an hour are averaged. Draws 0-4 hide 89 stations of the contiguous States for the test, and
    89 others for choosing settings; of the other stations half of the reports are lost in the test with half of them.
    """
    import pandas

    hours = []
    for hour in range(24):
        data = read_cdf(source / f"950318{hour:02d}_sao.cdf")
        hours.append(pandas.DataFrame({name: data[name].values for name in ("id", "region", "lat", "lon", "elev", "T", "TD")}))
        hours[-1]["hour"] = hour
    table = pandas.concat(hours, ignore_index=True)
    for name in ("id", "region"):
        table[name] = table[name].str.decode("ascii").str.strip(" \0")
    table = table[table["T"].notna() & table["lat"].between(20, 55) & table["lon"].between(-130, -60)]
    places = table.groupby("id")[["region", "lat", "lon", "elev"]].first()
    mean = table.groupby(["hour", "id"])[["T", "TD"]].mean()
    values = np.stack([mean[name].unstack("id").reindex(columns=places.index).values for name in ("T", "TD")], axis=-1)
    stations = [f"{p.Index},{p.lon:.4f},{p.lat:.4f},{p.elev:.1f}" for p in places.itertuples()]
    states = places["region"].str.endswith("US") & places["lat"].between(24, 50) & places["lon"].between(-125, -66)
    domestic = np.flatnonzero(states.values)
    draws, lost = [], []
    for draw in range(5):
        numbers = np.random.default_rng(draw)
        hidden = numbers.choice(domestic, 89, replace=False)
        draws += [(draw, TEST, station) for station in sorted(hidden)]
        others = numbers.choice(np.setdiff1d(domestic, hidden), 89, replace=False)
        draws += [(draw, VALIDATION, station) for station in sorted(others)]
        read = ~np.isnan(values[:, :, 0])
        read[:, hidden] = False
        for hour in range(24):
            there = np.flatnonzero(read[hour])
            lost += [(draw, hour, station) for station in sorted(numbers.choice(there, len(there) // 2, replace=False))]
    write_arrays(folder, stations, "station,x,y,height", values, draws, lost)


def blizzard(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Six-hourly temperature (K), sea-level pressure (hPa), u and v (m/s) from 1996-01-05 over 16 days, North America, 33 x 36
    cells of which 964 have values; one step of T and two of V are missing.

    Draws 0-4 are 30 sensors for the test, 100-102 others for choosing settings, drawn by area.
    """
    layers = []
    for name in "TPUV":
        data = read_cdf(source / f"{name}storm.cdf")
        if data["timestep"].values.tolist() != [6 * i for i in range(64)]:
            raise ValueError(f"{name}storm.cdf: expected 64 steps of 6 hours")
        layers.append(data[name.lower()].values * (0.01 if name == "P" else 1))
    y, x = (axis.ravel() for axis in np.meshgrid(data["lat"].values, data["lon"].values, indexing="ij"))
    values = np.stack(layers, axis=-1).reshape(64, -1, 4)
    inside = np.flatnonzero(~np.isnan(values).all(axis=(0, 2)))
    values, x, y = values[:, inside], x[inside], y[inside]
    stations = [f"{i},{a:.2f},{b:.2f}" for i, (a, b) in enumerate(zip(x, y))]
    area = np.cos(np.radians(y))
    draws = []
    for draw in (0, 1, 2, 3, 4, 100, 101, 102):
        sensors = np.random.default_rng(draw).choice(len(y), 30, replace=False, p=area / area.sum())
        draws += [(draw, SENSOR, sensor) for sensor in sorted(sensors)]
    write_arrays(folder, stations, "station,x,y", values, draws, [])


def read_places(folder: pathlib.Path) -> np.ndarray:
    """Longitude and latitude of all stations, (stations, 2)."""
    rows = (folder / "stations.csv").read_text().splitlines()[1:]
    return np.array([[float(cell) for cell in row.split(",")[1:3]] for row in rows])


def add_coast(source: pathlib.Path, folder: pathlib.Path) -> None:
    """A column `coast` for the stations: the distance to the nearest shore of an ocean, in kilometres."""
    distances = distance_to(outlines(source / "binned_GSHHS_i.nc", (OCEAN,)), read_places(folder))
    header, *rows = (folder / "stations.csv").read_text().splitlines()
    write(folder, "stations.csv", header + ",coast", [f"{row},{far:.1f}" for row, far in zip(rows, distances)])


def write_outlines(source: pathlib.Path, folder: pathlib.Path, globe: bool) -> None:
    """Shores, and borders of countries and states, in the square about the stations: the coarser, the larger it is; of the globe
    shores alone.
    """
    places = read_places(folder)
    low, high = places.min(0), places.max(0)
    centre = (low + high) / 2
    degree = np.array([np.cos(np.radians(centre[1])), 1.0])  # to the east and to the north, in degrees to the north
    half = 1.2 * ((high - low) / 2 * degree).max()
    resolution = "c" if globe else "i" if half < 8 else "l"
    window = (-180, -90, 180, 90) if globe else (*(centre - half / degree), *(centre + half / degree))
    for name, kind, levels in (("coast", "GSHHS", (OCEAN,)), ("border", "border", () if globe else (1, 2))):
        lines = outlines(source / f"binned_{kind}_{resolution}.nc", levels)
        np.save(folder / f"{name}.npy", inside(lines, *window))


def rdata_version() -> str:
    """That of the installed package; Debian's has none."""
    try:
        return importlib.metadata.version("rdata")
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def main() -> int:
    """Command line."""
    kinds = {kind.__name__: kind for kind in (wind, pm10, colorado, winds, reports, blizzard)}
    if len(sys.argv) != 5 or sys.argv[1] not in kinds:
        print(__doc__, file=sys.stderr)
        return 2
    name, source, shores, out = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    try:
        kinds[name](source, out)
        if name in ("wind", "pm10"):
            add_coast(shores, out)
        write_outlines(shores, out, globe=name == "winds")
    except Exception as error:  # whatever a version of a package that nobody has tried may throw
        traceback.print_exc()
        sys.exit(f"with numpy {np.__version__}, rdata {rdata_version()}: {type(error).__name__}: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
