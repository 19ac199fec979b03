#!/usr/bin/env bash
# Behaviour: with latlon=True GSTools takes len_scale in radians unless geo_scale is given; with
# coordinates_type="geographic" PyKrige takes the range in degrees of the great circle. Stations 10 degrees of
# longitude apart at 50 N, exponential with "range 100": both call them all but identical.
# One would guess: kilometres, as gstat and sp do for longitude and latitude (great-circle distances in km).
# Seen with: GSTools 1.7.0, PyKrige 1.7.3
# For a modeller: a range in km given to either makes the field a constant, silently. GSTools:
# geo_scale=gstools.KM_SCALE; PyKrige: divide by 111.19.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'pykrige==1.7.3' 'gstools==1.7.0' \
  'numpy==2.4.6' 'scipy==1.16.3'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import gstools
import numpy as np
from pykrige.ok import OrdinaryKriging

# Great-circle distance of (50 N, 0 E) and (50 N, 10 E).
angle = 2.0 * np.arcsin(np.cos(np.radians(50.0)) * np.sin(np.radians(5.0)))
plain = gstools.Exponential(latlon=True, var=1.0, len_scale=100.0)
scaled = gstools.Exponential(latlon=True, var=1.0, len_scale=100.0, geo_scale=gstools.KM_SCALE)
seen_plain = float(plain.vario_yadrenko(angle))
seen_scaled = float(scaled.vario_yadrenko(angle * gstools.KM_SCALE))
kriging = OrdinaryKriging(
    np.array([0.0, 10.0]),
    np.array([50.0, 50.0]),
    np.array([1.0, 2.0]),
    variogram_model="exponential",
    variogram_parameters={"psill": 1.0, "range": 100.0, "nugget": 0.0},
    coordinates_type="geographic",
    nlags=1,
)
lag = float(kriging.lags[0])
print("gstools", version("gstools"), "pykrige", version("pykrige"))
print(f"distance: {angle:.4f} rad = {np.degrees(angle):.3f} degrees = {angle * 6371:.0f} km; guess: km")
print(f"gstools, length 100: {seen_plain:.4f} of the sill; with geo_scale=KM_SCALE {seen_scaled:.4f}")
print(f"pykrige's lag: {lag:.3f}")
ok = seen_plain < 0.002 and seen_scaled > 0.99 and abs(lag - np.degrees(angle)) < 1e-3
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
