#!/usr/bin/env bash
# Behaviour: zarr's create_array sets fill_value 0; xarray takes format 2's fill_value for _FillValue and decodes 0,
# 1, 0, 2 to NaN, 1, NaN, 2 (int32 becomes float64). The same calls with format 3 give 0, 1, 0, 2.
# One would guess: fill_value says what an unwritten chunk holds, in both formats; zeros that were written are zeros.
# Seen with: xarray 2026.9.0, zarr 3.1.6
# For a modeller: zero rainfall, counts and masks become missing by the format's version. Write with fill_value=None
# or NaN, or read with mask_and_scale=False.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'xarray==2026.9.0' 'zarr==3.1.6' \
  'numpy==2.4.6' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
import xarray as xr
import zarr

warnings.filterwarnings("ignore")
seen = {}
for form in (2, 3):
    group = zarr.open_group(f"{form}.zarr", mode="w", zarr_format=form)
    names = {"dimension_names": ["x"]} if form == 3 else {}
    v = group.create_array("v", shape=(4,), chunks=(2,), dtype="i4", **names)
    if form == 2:
        v.attrs["_ARRAY_DIMENSIONS"] = ["x"]
    v[:] = [0, 1, 0, 2]
    seen[form] = xr.open_zarr(f"{form}.zarr", consolidated=False)["v"].values
    print("format", form, "fill_value", v.fill_value, "xarray reads", seen[form].dtype, seen[form])
print("xarray", version("xarray"), "zarr", version("zarr"), "guess: 0 1 0 2 with both")
ok = np.array_equal(seen[3], [0, 1, 0, 2]) and np.array_equal(seen[2], [np.nan, 1, np.nan, 2], equal_nan=True)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
