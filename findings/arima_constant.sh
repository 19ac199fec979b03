#!/usr/bin/env bash
# Behaviour: ARIMA fits a regression with AR errors, so its constant is the level of the series; AutoReg's (and VAR's)
# is the intercept of the recursion. Both are called const.
# One would guess: two classes of one package with the same model and name report the same parameter.
# Seen with: statsmodels 0.15.0
# For a modeller: starting values, tables and hand-written recursions taken from the wrong one are off by 1 / (1 -
# phi).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'statsmodels==0.15.0' 'numpy==2.4.6' \
  'scipy==1.17.1' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
from statsmodels.tsa.api import ARIMA, AutoReg

warnings.filterwarnings("ignore")
generator = np.random.default_rng(0)
y = np.zeros(400)
for t in range(1, 400):
    y[t] = 0.5 * y[t - 1] + generator.normal() + 1.0
level, arima_phi = ARIMA(y, order=(1, 0, 0)).fit().params[:2]
intercept, autoreg_phi = AutoReg(y, 1).fit().params
print("statsmodels", version("statsmodels"), "guess: both about 1, the intercept")
print(f"ARIMA const {level:.3f} phi {arima_phi:.3f}; AutoReg const {intercept:.3f} phi {autoreg_phi:.3f}; mean {y.mean():.3f}")
ok = abs(level - y.mean()) < 0.1 and abs(intercept - y.mean() * (1.0 - autoreg_phi)) < 0.1 and level > 1.5 * intercept
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
