#!/usr/bin/env python3
"""Write a table of forecasts as netCDF by the CF conventions.

    netcdf.py FORECAST.csv ABOUT.json FORECAST.nc

The table is what `sensors forecast` writes: valid_time, issued_time, lead (seconds), station, lon and lat (or x and y in km),
mean, lower, upper. ABOUT.json says what is measured, its unit, the share of the band, and where data and model come
from. The file has the dimensions time (valid time), lead and station; what is not in the table is missing. Needs xarray with
scipy (netCDF-3, which every reader of netCDF takes).
"""

from __future__ import annotations

import json
import pathlib
import sys

import numpy as np
import pandas as pd
import xarray as xr


def convert(table: pathlib.Path, about: pathlib.Path, out: pathlib.Path) -> None:
    facts = json.loads(about.read_text(encoding="utf-8"))
    rows = pd.read_csv(table, dtype={"station": str}, keep_default_na=False,
                       na_values={name: [""] for name in ("mean", "lower", "upper")})
    for name in ("valid_time", "issued_time"):
        rows[name] = pd.to_datetime(rows[name])
    geographic = "lon" in rows.columns
    across, up = ("lon", "lat") if geographic else ("x", "y")
    stations = rows.drop_duplicates("station").reset_index(drop=True)
    times = np.sort(rows["valid_time"].unique())
    leads = np.sort(rows["lead"].unique())
    at = (np.searchsorted(times, rows["valid_time"].to_numpy()), np.searchsorted(leads, rows["lead"].to_numpy()),
          stations.reset_index().set_index("station")["index"].loc[rows["station"]].to_numpy())
    shape = (len(times), len(leads), len(stations))
    unit = facts["unit"] or "1"
    share = f"{100 * facts['band']:g} %"
    names = {"mean": f"forecast of {facts['quantity']}, mean",
             "lower": f"forecast of {facts['quantity']}, lower end of the {share} band",
             "upper": f"forecast of {facts['quantity']}, upper end of the {share} band"}
    variables = {}
    for name, title in names.items():
        values = np.full(shape, np.nan, dtype=np.float64)
        values[at] = rows[name].to_numpy(dtype=np.float64)
        variables[name] = (("time", "lead", "station"), values, {"long_name": title, "units": unit})
    variables["mean"][2]["ancillary_variables"] = "lower upper"
    for name in ("lower", "upper"):
        variables[name][2]["comment"] = f"{facts['band_from']} band, meant to hold {share} of the readings"
    degrees = {"lon": ("longitude", "degrees_east"), "lat": ("latitude", "degrees_north")}
    place = {}
    for name, axis in ((across, "X"), (up, "Y")):
        attributes = ({"standard_name": degrees[name][0], "long_name": degrees[name][0], "units": degrees[name][1]}
                      if geographic else {"long_name": "to the " + ("east" if axis == "X" else "north"), "units": "km",
                                          "standard_name": f"projection_{name}_coordinate"})
        place[name] = (("station",), stations[name].to_numpy(dtype=np.float64), attributes)
    data = xr.Dataset(
        variables,
        coords={
            "time": (("time",), times, {"standard_name": "time", "long_name": "valid time", "axis": "T"}),
            "lead": (("lead",), leads.astype(np.float64),
                     {"standard_name": "forecast_period", "long_name": "time since the forecast was issued",
                      "units": "s"}),
            "station_name": (("station",), stations["station"].to_numpy(dtype=str),
                             {"long_name": "station", "cf_role": "timeseries_id"}),
            **place,
        },
        attrs={
            "Conventions": "CF-1.10",
            "featureType": "timeSeries",
            "title": ("SYNTHETIC DATA, not a measurement: " if facts["synthetic"] else "")
            + f"forecast of {facts['quantity']} at {len(stations)} stations",
            "source": f"s2rm, example sensors, model {facts['model']}",
            "references": facts["source"],
            "license": facts["licence"],
        },
    )
    # Seconds since 1970 in double precision: exact, and read as times. (An attribute "units" is the encoder's to set.)
    seconds = {"units": "seconds since 1970-01-01 00:00:00", "calendar": "standard", "dtype": "float64"}
    fill = {"_FillValue": None}
    encoding = {"time": {**seconds, **fill}, "lead": fill, across: fill, up: fill}
    encoding.update({name: {"_FillValue": np.nan} for name in names})
    # "lead" has the unit of a length of time, which a reader may take for a timedelta: it is one.
    partial = out.with_name(out.name + ".partial")
    data.to_netcdf(partial, engine="scipy", format="NETCDF3_64BIT", encoding=encoding)
    partial.replace(out)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    convert(*(pathlib.Path(one) for one in sys.argv[1:]))
