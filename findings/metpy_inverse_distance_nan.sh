#!/usr/bin/env bash
# Behaviour: inverse_distance_to_points needs three stations within the radius (min_neighbors=3); with two it returns
# NaN, at the very place of a station too.
# One would guess: inverse distance weighting is defined from one neighbour on: a weighted mean of what is in reach,
# the reading itself at its place.
# Seen with: MetPy 1.7.1
# For a modeller: at the edge of a sparse network such a baseline is scored on fewer, easier places than the other
# methods; say min_neighbors=1 or count the NaN.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'metpy==1.7.1' 'numpy==2.4.6' 'scipy==1.16.3' \
  'pandas==3.1.1' 'xarray==2026.9.0'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from metpy.interpolate import inverse_distance_to_points

stations = np.array([[0.0, 0.0], [1.0, 0.0], [50.0, 50.0], [60.0, 60.0]])
readings = np.array([1.0, 3.0, 5.0, 7.0])
places = np.array([[0.5, 0.0], [0.0, 0.0]])
seen = inverse_distance_to_points(stations, readings, places, r=2.0)
one = inverse_distance_to_points(stations, readings, places, r=2.0, min_neighbors=1)
print("metpy", version("metpy"), "guess: [2, 1], two stations are in reach")
print("default:", seen, " min_neighbors=1:", one)
ok = np.isnan(seen).all() and np.isfinite(one).all() and abs(one[0] - 2.0) < 1e-9
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
