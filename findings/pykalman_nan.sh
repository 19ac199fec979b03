#!/usr/bin/env bash
# Behaviour: filter() of 1, NaN, 2, 3 is NaN from the second step on, with no error; the same with numpy.ma is right.
# em() leaves transition and observation matrices as given (here 0.2 for a random walk) unless em_vars names them, and
# explains the rest by noise.
# One would guess: NaN is missing, as in statsmodels' state-space models and every data frame; EM fits what was not
# given.
# Seen with: pykalman 0.11.2
# For a modeller: mask readings first (numpy.ma.masked_invalid), and give em_vars in full.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'pykalman==0.11.2' 'numpy==2.4.6' \
  'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
from pykalman import KalmanFilter

warnings.filterwarnings("ignore")
model = KalmanFilter(
    transition_matrices=[[1.0]],
    observation_matrices=[[1.0]],
    transition_covariance=[[0.1]],
    observation_covariance=[[0.5]],
    initial_state_mean=[0.0],
    initial_state_covariance=[[1.0]],
)
readings = np.array([1.0, np.nan, 2.0, 3.0])
plain = model.filter(readings)[0].ravel()
masked = model.filter(np.ma.masked_invalid(readings))[0].ravel()
walk = np.cumsum(np.random.default_rng(0).normal(size=100))
fitted = KalmanFilter(transition_matrices=[[0.2]], observation_matrices=[[1.0]]).em(walk, n_iter=5)
phi = float(np.asarray(fitted.transition_matrices).ravel()[0])
print("pykalman", version("pykalman"), "guess: equal, and a transition near 1")
print("NaN:", plain, "masked:", masked.round(4), "transition after em:", phi)
ok = np.isnan(plain[1:]).all() and np.isfinite(masked).all() and phi == 0.2
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
