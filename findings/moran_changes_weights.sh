#!/usr/bin/env bash
# Behaviour: esda.Moran(values, w) sets w.transform to "R" in the caller's object. The spatial lag computed from the
# same w before and after differs: sums of neighbours become means.
# One would guess: a statistic reads its arguments; the standardisation is its own business.
# Seen with: esda 2.9.0, libpysal 4.14.1
# For a modeller: the order of two lines decides whether a lagged regressor is a sum or a mean. Set w.transform
# yourself, always.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'esda==2.9.0' 'libpysal==4.14.1' \
  'numpy==2.4.6' 'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np

warnings.filterwarnings("ignore")
import esda
import libpysal

places = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [9.0, 0.0]])
values = np.arange(5.0)
weights = libpysal.weights.KNN.from_array(places, k=2)
before = libpysal.weights.lag_spatial(weights, values)
esda.Moran(values, weights, permutations=0)
after = libpysal.weights.lag_spatial(weights, values)
print("esda", version("esda"), "libpysal", version("libpysal"), "guess: the lag stays as it is")
print("lag before", before, "after", after, "transform now", weights.transform)
ok = np.allclose(before, 2.0 * after) and weights.transform == "R"
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
