#!/usr/bin/env bash
# Behaviour: for members 1, 2, 4, 7 and the observation 3, crps_ensemble gives 0.75 with "qd", "nrg" (and
# properscoring), 0.333 with "pwm" and "fair", and with "akr" 0.5 or 0 by the order of the same members.
# One would guess: quantile decomposition, energy form and probability-weighted moments are three formulas of one
# number; a member's place does not matter.
# Seen with: scoringrules 0.10.0, properscoring 0.1
# For a modeller: a table that mixes packages mixes the biased and the fair score, which differ most for few members.
# Name the estimator.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'scoringrules==0.10.0' 'properscoring==0.1' \
  'numpy==2.4.6' 'scipy==1.16.3'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import properscoring
import scoringrules

members, observation = np.array([1.0, 2.0, 4.0, 7.0]), 3.0
print("scoringrules", version("scoringrules"), "properscoring", version("properscoring"), "guess: 0.75 everywhere")
reference = float(properscoring.crps_ensemble(observation, members))
seen = {n: float(scoringrules.crps_ensemble(observation, members, estimator=n)) for n in ("qd", "nrg", "pwm", "fair", "akr")}
seen["akr, other order"] = float(scoringrules.crps_ensemble(observation, members[[2, 0, 3, 1]], estimator="akr"))
print("properscoring", reference)
for name, value in seen.items():
    print(name, round(value, 6))
ok = np.allclose([reference, *seen.values()], [0.75, 0.75, 0.75, 1 / 3, 1 / 3, 0.5, 0.0])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
