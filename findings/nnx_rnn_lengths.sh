#!/usr/bin/env bash
# Behaviour: seq_lengths chooses the returned carry (the one at the end) and leaves the outputs alone: after the end
# they are what the padding gave.
# One would guess: outputs after the end are zero, as in ONNX and torch's packed sequences, or repeat the last, as in
# Keras.
# Seen with: flax 0.12.8, jax 0.10.2
# For a modeller: a mean or an attention over outputs mixes in the padding although lengths were given. Mask the
# outputs again.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'flax==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' \
  'numpy==2.4.6' 'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
from flax import nnx

rnn = nnx.RNN(nnx.GRUCell(1, 2, rngs=nnx.Rngs(0)))
x = jnp.arange(1.0, 6.0).reshape(1, 5, 1)
carry, outputs = rnn(x, seq_lengths=jnp.array([2]), return_carry=True)
whole = rnn(x)
print("flax", version("flax"), "jax", version("jax"), "guess: zeros, or the second output repeated, after step 2")
print("first hidden unit", np.asarray(outputs[0, :, 0]).round(4), "carry", np.asarray(carry[0]).round(4))
ok = np.allclose(outputs, whole) and np.allclose(carry[0], outputs[0, 1]) and not np.allclose(outputs[0, 2], outputs[0, 1])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
