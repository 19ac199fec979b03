#!/usr/bin/env bash
# Behaviour: to_zarr(append_dim=...) of times that are no whole days, onto a store in "days since", writes the numbers
# in hours under the store's unit of days. A warning says "Serializing with units 'hours since ...' instead"; the
# store keeps saying days.
# One would guess: the appended times are converted into the store's units (as float), or it raises.
# Seen with: xarray 2026.9.0, zarr 3.1.6
# For a modeller: a store that grows by a feed whose step changes goes wrong in time only, which training does not
# notice. Give the first write an encoding in seconds.
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

warnings.filterwarnings("ignore")
first = xr.date_range("2000-01-01", periods=2, freq="D")
second = xr.date_range("2000-01-03T06:00", periods=2, freq="6h")
xr.Dataset({"a": ("t", np.arange(2.0))}, coords={"t": first}).to_zarr("t.zarr")
xr.Dataset({"a": ("t", np.arange(2.0))}, coords={"t": second}).to_zarr("t.zarr", append_dim="t")
seen = [str(t)[:16] for t in xr.open_zarr("t.zarr")["t"].values]
print("xarray", version("xarray"), "zarr", version("zarr"))
print("guess: 2000-01-01, 2000-01-02, 2000-01-03T06:00, 2000-01-03T12:00")
print("seen: ", seen)
ok = seen[2:] == ["2000-02-24T00:00", "2000-03-01T00:00"]
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
