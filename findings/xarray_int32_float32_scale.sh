#!/usr/bin/env bash
# Behaviour: 123456789 and 123456790 packed as int32 with a float32 scale of 0.5 decode to one and the same number in
# xarray (float32, 24 bits) and to two in netCDF4-python (float64).
# One would guess: xarray widens by the size of the packed integer, as it does where a file has _FillValue alone
# (int32 becomes float64).
# Seen with: xarray 2026.9.0, netCDF4 1.7.5.1.post1
# For a modeller: counters, geopotentials and times in packed int32 lose their last bits without a word; decode with
# mask_and_scale=False.
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
    v = file.createVariable("v", "i4", ("x",))
    v.scale_factor = np.float32(0.5)
    v.set_auto_maskandscale(False)
    v[:] = np.array([123456789, 123456790], "i4")
with netCDF4.Dataset("a.nc") as file:
    first = np.asarray(file["v"][:])
with xr.open_dataset("a.nc") as file:
    second = file["v"].values
print("xarray", version("xarray"), "netCDF4", version("netCDF4"), "guess: 61728394.5 and 61728395.0 with both")
print("netCDF4:", first.dtype, first.tolist(), " xarray:", second.dtype, second.tolist())
ok = first.dtype == np.float64 and first[0] != first[1] and second.dtype == np.float32 and second[0] == second[1]
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
