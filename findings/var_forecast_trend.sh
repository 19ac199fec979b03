#!/usr/bin/env bash
# Behaviour: VARResults.forecast(y, steps) takes the lags from y and the time from the fit: with trend "ct" the
# forecast from step 10 has the trend of step 61, so the one-step forecasts of history are not the fitted values.
# One would guess: y is the history, so the trend goes on where y ends, or the time is an argument.
# Seen with: statsmodels 0.15.0
# For a modeller: rolling evaluation by forecast(history[t-p:t]) is biased by slope times distance; add the trend
# yourself or detrend first.
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
    y[t] = 0.5 * y[t - 1] + generator.normal(size=2) + 0.1 * t
gaps = {}
for trend in ("c", "ct"):
    fit = VAR(y).fit(1, trend=trend)
    # The value of step 10 from step 9: fitted values begin at step 1.
    gaps[trend] = fit.forecast(y[9:10], 1)[0] - fit.fittedvalues[9]
    print(f"trend {trend}: forecast of step 10 less fitted value of step 10:", gaps[trend].round(4))
slope = fit.params[1]
print("statsmodels", version("statsmodels"), "guess: zero for both; slope times 50 steps:", (slope * 50).round(4))
ok = np.allclose(gaps["c"], 0.0, atol=1e-9) and np.allclose(gaps["ct"], slope * 50, rtol=1e-6)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
