#!/usr/bin/env bash
# Behaviour: optax.apply_if_finite(optimiser, 2) gives a zero update for the first two non-finite gradients in a row
# and passes the third through, so the parameters become NaN.
# One would guess: after the maximum of consecutive errors it raises, or goes on refusing; the name says "if finite".
# Seen with: optax 0.2.8, jax 0.10.2
# For a modeller: it does not protect a long run; a burst of bad batches longer than the count destroys the model.
# Test notfinite_count yourself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'optax==0.2.8' 'jax==0.10.2' 'jaxlib==0.10.2' \
  'numpy==2.4.6' 'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
import optax

optimiser = optax.apply_if_finite(optax.sgd(1.0), 2)
parameters = jnp.array([1.0])
state = optimiser.init(parameters)
seen = []
for _ in range(3):
    update, state = optimiser.update(jnp.array([jnp.nan]), state, parameters)
    seen.append(float(update[0]))
print("optax", version("optax"), "jax", version("jax"), "guess: an error, or 0, 0, 0")
print("updates for NaN gradients, at most 2 errors:", seen)
ok = seen[:2] == [0.0, 0.0] and np.isnan(seen[2])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
