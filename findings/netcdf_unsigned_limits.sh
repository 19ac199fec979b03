#!/usr/bin/env bash
# Behaviour: a signed byte variable with _Unsigned = "true" and a valid_max that masks a value raises "Cannot convert
# fill_value -127 to dtype uint8": the default fill value of the signed type is put into the unsigned array. With
# _FillValue in the file it reads.
# One would guess: netCDF4-python, which knows _Unsigned and valid_max each alone, knows them together.
# Seen with: netCDF4 1.7.5.1.post1, numpy 2.4.6
# For a modeller: a classic-format file of unsigned bytes reads only with set_auto_mask(False), or with xarray (which
# ignores the limit).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'netCDF4==1.7.5.1.post1' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import netCDF4
import numpy as np


def read(limit, fill):
    with netCDF4.Dataset("a.nc", "w") as file:
        file.createDimension("x", 3)
        v = file.createVariable("v", "i1", ("x",), fill_value=fill)
        v.setncattr("_Unsigned", "true")
        if limit:
            v.valid_max = np.int8(-6)
        v.set_auto_maskandscale(False)
        v[:] = np.array([1, -1, -56], "i1")
    with netCDF4.Dataset("a.nc") as file:
        try:
            return str(file["v"][:])
        except TypeError as error:
            return f"TypeError: {error}"


print("netCDF4", version("netCDF4"), "numpy", np.__version__)
print("stored 1, 255, 200 with valid_max 250; guess: [1 -- 200]")
without, bare, filled = read(False, None), read(True, None), read(True, np.int8(-2))
print("no limit:", without, "| limit:", bare, "| limit and _FillValue:", filled)
ok = without == "[  1 255 200]" and bare.startswith("TypeError: Cannot convert fill_value") and "TypeError" not in filled
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
