"""Holds a netCDF file of forecasts against the CSV file it was made from: sensors_netcdf.py FORECAST.csv FORECAST.nc

Prints "equal" and the number of forecasts; ends with status 77 where xarray is missing.
"""
import csv
import sys

try:
    import numpy as np
    import xarray as xr
except ImportError as error:
    print(error)
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
with xr.open_dataset(sys.argv[2]) as data:
    assert data.attrs["Conventions"].startswith("CF-1."), data.attrs
    assert data.attrs["featureType"] == "timeSeries", data.attrs
    across, up = ("lon", "lat") if "lon" in rows[0] else ("x", "y")
    assert data["time"].attrs["standard_name"] == "time" and np.issubdtype(data["time"].dtype, np.datetime64)
    assert data["lead"].attrs["standard_name"] == "forecast_period"
    assert data["station_name"].attrs["cf_role"] == "timeseries_id"
    if across == "lon":
        assert data["lon"].attrs["units"] == "degrees_east" and data["lat"].attrs["units"] == "degrees_north"
        assert data["lon"].attrs["standard_name"] == "longitude" and data["lat"].attrs["standard_name"] == "latitude"
    names = [str(name) for name in data["station_name"].values]
    seconds = data["lead"].values
    if np.issubdtype(seconds.dtype, np.timedelta64):
        seconds = seconds / np.timedelta64(1, "s")
    count = 0
    for row in rows:
        at = {"time": int(np.flatnonzero(data["time"].values == np.datetime64(row["valid_time"]))[0]),
              "lead": list(seconds).index(float(row["lead"])), "station": names.index(row["station"])}
        for name in ("mean", "lower", "upper"):
            assert data[name].attrs["units"] and data[name].dims == ("time", "lead", "station")
            found = data[name].isel(at).item()
            if row[name] == "":
                assert np.isnan(found), (row, found)
            else:
                assert found == float(row[name]), (row, found)
                count += name == "mean"
        assert float(row[across]) == data[across].values[at["station"]], row
        assert float(row[up]) == data[up].values[at["station"]], row
    assert int(data["mean"].notnull().sum()) == count
print("equal:", count)
