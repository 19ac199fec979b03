#!/usr/bin/env bash
# Behaviour: select_order fits every order on the sample that the largest order leaves (here 54 of 60 steps), fit(1)
# on 59: 0.0387 and -0.0411. The AIC of one and the same order changes with maxlags.
# One would guess: the criterion of an order belongs to the fit of that order.
# Seen with: statsmodels 0.15.0
# For a modeller: an AIC from fit() must not be compared with one from select_order(), and orders chosen with other
# maxlags may differ.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'statsmodels==0.15.0' 'numpy==2.4.6' \
  'scipy==1.17.1' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from statsmodels.tsa.api import VAR

generator = np.random.default_rng(0)
y = np.zeros((60, 2))
for t in range(1, 60):
    y[t] = 0.5 * y[t - 1] + generator.normal(size=2) + 1.0
model = VAR(y)
seen = {most: float(model.select_order(most).ics["aic"][1]) for most in (2, 6)}
own = float(model.fit(1).aic)
trimmed = float(VAR(y[5:]).fit(1).aic)
print("statsmodels", version("statsmodels"), "guess: the AIC of order 1 is one number")
print("fit(1):", own, " select_order(2):", seen[2], " select_order(6):", seen[6], " fit(1) without 5 steps:", trimmed)
ok = abs(seen[6] - own) > 0.05 and abs(seen[6] - trimmed) < 1e-6 and abs(seen[2] - seen[6]) > 0.01
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
