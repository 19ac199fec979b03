#!/usr/bin/env bash
# Behaviour: a missing measurement sets the residual to zero and keeps the last S, and log_likelihood then evaluates
# N(0; 0, S): positive where the noise is small, 1.36 here.
# One would guess: a step without a reading contributes nothing: 0 (or None).
# Seen with: filterpy 2.0.0
# For a modeller: summing log_likelihood over a series with gaps rewards gaps, and a fit by it prefers small noise.
# Sum over present readings only.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'filterpy==2.0.0' 'numpy==2.4.6' 'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from filterpy.kalman import KalmanFilter

seen = {}
for noise in (0.5, 0.005):
    kalman = KalmanFilter(1, 1)
    kalman.F, kalman.H = np.eye(1), np.eye(1)
    kalman.P *= noise
    kalman.Q *= 0.1 * noise
    kalman.R *= noise
    kalman.predict()
    kalman.update(0.1)
    last = float(kalman.S[0, 0])
    kalman.predict()
    kalman.update(None)
    seen[noise] = float(kalman.log_likelihood)
    print(f"noise {noise}: log-likelihood after update(None) {seen[noise]:.4f}; log N(0; 0, S) {-0.5 * np.log(2 * np.pi * last):.4f}")
    ok = abs(seen[noise] + 0.5 * np.log(2 * np.pi * last)) < 1e-6
print("filterpy", version("filterpy"), "guess: 0")
ok = ok and seen[0.005] > 1.0
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
