#!/usr/bin/env bash
# Behaviour: GaussianProcessRegressor with RBF + WhiteKernel(0.5) and with RBF and alpha=0.5 have the same mean and
# likelihood, but predict(return_std=True) is the spread of a new reading with the first and of the noise-free field
# with the second: 0.86 and 0.49.
# One would guess: both parametrise the same model, so predictions and intervals are equal (or both leave the noise
# out, as predict means the field).
# Seen with: scikit-learn 1.9.1
# For a modeller: intervals of a kriging baseline cover 90 % of readings or far fewer by how the nugget was written.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'scikit-learn==1.9.1' 'numpy==2.4.6' \
  'scipy==1.16.3'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

generator = np.random.default_rng(0)
x = generator.uniform(0.0, 10.0, (60, 2))
y = generator.normal(size=60)
white = GaussianProcessRegressor(RBF(1.0) + WhiteKernel(0.5), alpha=0.0, optimizer=None).fit(x, y)
alpha = GaussianProcessRegressor(RBF(1.0), alpha=0.5, optimizer=None).fit(x, y)
mean_white, std_white = white.predict(x[:3], return_std=True)
mean_alpha, std_alpha = alpha.predict(x[:3], return_std=True)
print("scikit-learn", version("scikit-learn"), "guess: equal standard deviations")
print("means", mean_white.round(4), mean_alpha.round(4))
print("standard deviation, WhiteKernel(0.5):", std_white.round(4), " alpha=0.5:", std_alpha.round(4))
ok = np.allclose(mean_white, mean_alpha) and np.allclose(std_white**2, std_alpha**2 + 0.5)
print("the variances differ by the noise: as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
