#!/usr/bin/env bash
# Behaviour: GSTools treats the nugget as the variance of a measurement error by default, so kriging at an observed
# place returns a smoothed value with a variance; PyKrige returns the observation with variance 0 and jumps beside it.
# Same model, same data.
# One would guess: ordinary kriging is an exact interpolator, as in most textbooks and in gstat, with or without a
# nugget.
# Seen with: GSTools 1.7.0, PyKrige 1.7.3
# For a modeller: "the residual at the stations is zero" holds or fails by package (exact=True, exact_values=False
# choose the other); a cross-validation by leaving one out is not touched, a comparison at observed places is.
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

x = np.array([0.0, 1.0, 2.0, 3.5, 5.0])
y = np.array([0.0, 1.0, 0.0, 2.0, 1.0])
z = np.array([1.0, 3.0, 2.0, 5.0, 4.0])
# Exponential, partial sill 0.7, nugget 0.3, scale 1: PyKrige's range is three times the scale.
model = gstools.Exponential(dim=2, var=0.7, len_scale=1.0, nugget=0.3)
smooth, smooth_variance = gstools.krige.Ordinary(model, [x, y], z)([x, y])
exact, exact_variance = OrdinaryKriging(
    x, y, z, variogram_model="exponential", variogram_parameters={"psill": 0.7, "range": 3.0, "nugget": 0.3}
).execute("points", x, y)
print("guess: both return the data", z)
print("gstools", version("gstools"), smooth.round(3), "variance", smooth_variance.round(3))
print("pykrige", version("pykrige"), np.asarray(exact).round(3), "variance", np.asarray(exact_variance).round(3))
ok = (
    np.allclose(exact, z)
    and np.allclose(exact_variance, 0.0, atol=1e-9)
    and np.allclose(smooth[:2], [1.61071957, 2.88590603])
    and smooth_variance.min() > 0.3
)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
