#!/usr/bin/env bash
# Behaviour: where missing_value is a double and the variable float, 1e20f is not equal to 1e20: xarray compares
# without a word and passes 1e20 on, netCDF4-python warns ("cannot be safely cast") and passes it on.
# One would guess: readers compare in the variable's type, as they do for _FillValue, and mask.
# Seen with: netCDF4 1.7.5.1.post1, xarray 2026.9.0
# For a modeller: climate archives hold such files; means of 1e20 are seen, a -999.9 among winds or temperatures is
# not. Mask with a tolerance.
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

import netCDF4
import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")
ok = True
print("netCDF4", version("netCDF4"), "xarray", version("xarray"), "guess: the second value is missing")
for missing in (-999.9, 1e20):
    with netCDF4.Dataset("a.nc", "w") as file:
        file.createDimension("x", 2)
        v = file.createVariable("v", "f4", ("x",))
        v.missing_value = np.float64(missing)
        v[:] = np.array([1.0, missing], "f4")
    with netCDF4.Dataset("a.nc") as file:
        first = file["v"][:]
    with xr.open_dataset("a.nc") as file:
        second = file["v"].values
    print("missing_value", missing, "netCDF4:", first, "xarray:", second)
    ok = ok and not np.ma.getmaskarray(first).any() and np.isfinite(second).all()
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
