#!/usr/bin/env bash
# Behaviour: values outside valid_range, valid_min, valid_max are masked by netCDF4-python and passed on by xarray.
# With scale_factor 0.1 and a float64 valid_max of 20, netCDF4 masks the packed 150 (15.0 unpacked) although a limit
# of the unpacked type is in unpacked units.
# One would guess: both readers of the convention apply it (or neither does), and compare in the units that the
# convention names.
# Seen with: netCDF4 1.7.5.1.post1, xarray 2026.9.0
# For a modeller: the same file trains on sensor spikes with one reader and loses good readings with the other; apply
# the limits yourself.
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
    file.createDimension("x", 3)
    v = file.createVariable("v", "i2", ("x",))
    v.scale_factor = 0.1
    v.valid_max = np.float64(20.0)
    v.set_auto_maskandscale(False)
    v[:] = np.array([1, 150, 300], "i2")
with netCDF4.Dataset("a.nc") as file:
    masked = file["v"][:]
with xr.open_dataset("a.nc") as file:
    plain = file["v"].values
print("netCDF4", version("netCDF4"), "xarray", version("xarray"))
print("stored 1, 150, 300 times 0.1; valid_max 20.0; guess: 0.1, 15.0, missing with both")
print("netCDF4:", masked, " xarray:", plain)
ok = list(np.ma.getmaskarray(masked)) == [False, True, True] and np.allclose(plain, [0.1, 15.0, 30.0])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
