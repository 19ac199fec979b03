#!/usr/bin/env bash
# Behaviour: xr.concat keeps the packing (int16, scale_factor) of the first dataset in .encoding; to_netcdf packs the
# joined data with it, and what does not fit wraps round, without an error or a warning.
# One would guess: computed data is written as float, or a packing that does not fit raises (or clips).
# Seen with: xarray 2026.9.0
# For a modeller: reanalysis files, each packed with its own scale, joined over months: a season is nonsense after
# saving. drop_encoding() first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'netCDF4==1.7.5.1.post1' 'xarray==2026.9.0' \
  'numpy==2.4.6' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
import xarray as xr

for name, values, scale in (("a.nc", [1.0, 2.0], 0.1), ("b.nc", [4000.0, 6000.0], 1.0)):
    packing = {"v": {"dtype": "i2", "scale_factor": scale, "_FillValue": -1}}
    xr.Dataset({"v": ("x", np.array(values))}).to_netcdf(name, encoding=packing)
joined = xr.concat([xr.load_dataset("a.nc"), xr.load_dataset("b.nc")], "x")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    joined.to_netcdf("joined.nc")
seen = xr.load_dataset("joined.nc")["v"].values
dropped = joined.drop_encoding()
dropped.to_netcdf("dropped.nc")
print("xarray", version("xarray"), "guess: the saved file holds what is in memory")
print("in memory", joined["v"].values, "saved and read", seen, "warnings", len(caught))
ok = np.allclose(seen, [1.0, 2.0, -2553.6, -553.6]) and not caught
ok = ok and np.allclose(xr.load_dataset("dropped.nc")["v"].values, joined["v"].values)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
