#!/usr/bin/env bash
# Behaviour: with members 1, 2, NaN, 7 properscoring and scores return the CRPS of the three members that are there;
# scoringrules returns NaN with each estimator.
# One would guess: NaN in, NaN out, as in numpy and in scoringrules.
# Seen with: scoringrules 0.10.0, properscoring 0.1, scores 2.7.0
# For a modeller: a model whose members fail now and then is scored on its good members only, and looks no worse.
# Count the NaN yourself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'scoringrules==0.10.0' 'properscoring==0.1' \
  'scores==2.7.0' 'numpy==2.4.6' 'scipy==1.16.3' 'xarray==2026.9.0' 'pandas==3.1.1'
venv/bin/python - <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

import numpy as np
import properscoring
import scoringrules
import xarray as xr

warnings.filterwarnings("ignore")
from scores.probability import crps_for_ensemble

members, observation = np.array([1.0, 2.0, np.nan, 7.0]), 3.0
seen = {
    "properscoring": float(properscoring.crps_ensemble(observation, members)),
    "scores": float(crps_for_ensemble(xr.DataArray(members, dims="m"), xr.DataArray(observation), "m", method="ecdf")),
    "scoringrules": float(scoringrules.crps_ensemble(observation, members)),
}
print("guess: NaN from all three")
for name, value in seen.items():
    print(name, version(name), value)
ok = abs(seen["properscoring"] - 1.0) < 1e-9 and abs(seen["scores"] - 1.0) < 1e-9 and np.isnan(seen["scoringrules"])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
