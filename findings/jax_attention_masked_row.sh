#!/usr/bin/env bash
# Behaviour: jax.nn.dot_product_attention with a boolean mask returns for a fully masked row the mean over all values,
# masked or not, and their gradient is 1/n each. jax.nn.softmax(where=) of the same row is 0.
# One would guess: NaN, as the softmax of -inf only, or zero, as jax.nn.softmax(where=) and ONNX's Attention give.
# Seen with: jax 0.10.2
# For a modeller: agents or sensors with nobody in reach take in what the mask was to hide (absent slots, padding),
# silently. Multiply the result by mask.any().
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6' \
  'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys

import jax
import jax.numpy as jnp
import numpy as np

query = jnp.ones((1, 1, 1, 4))
key = jax.random.normal(jax.random.key(0), (1, 3, 1, 4))
value = jnp.arange(12.0).reshape(1, 3, 1, 4)
mask = jnp.zeros((1, 1, 1, 3), bool)
seen = jax.nn.dot_product_attention(query, key, value, mask=mask)[0, 0, 0]
gradient = jax.grad(lambda v: jax.nn.dot_product_attention(query, key, v, mask=mask)[0, 0, 0, 0])(value)[0, :, 0, 0]
softmax = jax.nn.softmax(jnp.ones(3), where=jnp.zeros(3, bool))
print("jax", jax.__version__, "guess: NaN or 0")
print("attention", seen, "mean of the masked values", value[0, :, 0].mean(0))
print("gradient to the masked values", gradient, " softmax(where=)", softmax)
ok = np.allclose(seen, value[0, :, 0].mean(0), atol=1e-5) and np.allclose(gradient, 1 / 3) and not softmax.any()
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
