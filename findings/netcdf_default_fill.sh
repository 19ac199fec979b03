#!/usr/bin/env bash
# Behaviour: netCDF4-python masks the library's default fill value where a variable has no _FillValue; xarray returns
# it as data, 9.969e36 for float and -32767 for short. A true -32767 is masked by the first.
# One would guess: what nobody wrote is missing in every reader, or is zero.
# Seen with: netCDF4 1.7.5.1.post1, xarray 2026.9.0
# For a modeller: a file that a logger filled in part reads as gaps with one and as readings of 1e36 with the other;
# write _FillValue.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'netCDF4==1.7.5.1.post1' 'xarray==2026.9.0' \
  'numpy==2.4.6' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import netCDF4
import numpy as np
import xarray as xr

with netCDF4.Dataset("a.nc", "w") as file:
    file.createDimension("x", 2)
    file.createVariable("v", "f4", ("x",))[0] = 1.0
    file.createVariable("n", "i2", ("x",))[0] = 1
with netCDF4.Dataset("a.nc") as file:
    first = file["v"][:], file["n"][:]
with xr.open_dataset("a.nc") as file:
    second = file["v"].values, file["n"].values
print("netCDF4", version("netCDF4"), "xarray", version("xarray"), "guess: 1 and missing")
print("netCDF4:", *first, " xarray:", *second)
ok = first[0].mask[1] and first[1].mask[1] and second[0][1] > 9e36 and second[1][1] == -32767
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
