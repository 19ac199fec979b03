#!/usr/bin/env bash
# Behaviour: where two readings share one place (two sensors on one mast) and the model has a nugget, ordinary kriging
# at that place with the default exact_values=True returns a variance of -0.17. With exact_values=False it is +0.43.
# One would guess: a kriging variance is never negative but for rounding (or the duplicate raises, as it does with no
# nugget: "singular matrix").
# Seen with: PyKrige 1.7.3
# For a modeller: its square root is NaN, so an interval or a likelihood at co-located sensors disappears; average the
# readings first, or say exact_values=False.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'pykrige==1.7.3' 'numpy==2.4.6' 'scipy==1.16.3'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from pykrige.ok import OrdinaryKriging

x = np.array([0.0, 1.0, 2.0, 3.5, 5.0, 0.0])
y = np.array([0.0, 1.0, 0.0, 2.0, 1.0, 0.0])
z = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 3.0])
parameters = {"psill": 0.7, "range": 3.0, "nugget": 0.3}
seen = {}
for exact in (True, False):
    kriging = OrdinaryKriging(
        x, y, z, variogram_model="exponential", variogram_parameters=parameters, exact_values=exact
    )
    value, variance = kriging.execute("points", [0.0], [0.0])
    seen[exact] = float(variance[0])
    print(f"exact_values={exact}: value {value[0]:.4f} (readings 1 and 3), variance {variance[0]:.4f}")
print("pykrige", version("pykrige"), "guess: variance >= 0")
ok = abs(seen[True] + 0.17254737) < 1e-6 and abs(seen[False] - 0.42745263) < 1e-6
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
