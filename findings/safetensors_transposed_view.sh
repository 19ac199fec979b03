#!/usr/bin/env bash
# Behaviour: saving a.T (or a Fortran-ordered array, or a strided slice) and loading gives an array of the right shape
# with values in the wrong places, without an error. np.ascontiguousarray before saving is right.
# One would guess: the writer copies what is not contiguous, as np.save does and as its own release 0.7.0 did, or
# refuses it as safetensors.torch does.
# Seen with: safetensors 0.8.0 (0.7.0 was right), numpy 2.4.6
# For a modeller: kernels are stored transposed by several frameworks and .T is the usual bridge; no reader can
# notice. Compare after saving.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'safetensors==0.8.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from safetensors.numpy import load_file, save_file

a = np.arange(6.0, dtype="f4").reshape(2, 3)
save_file({"view": a.T, "copied": np.ascontiguousarray(a.T), "fortran": np.asfortranarray(a)}, "a.safetensors")
back = load_file("a.safetensors")
print("safetensors", version("safetensors"), "numpy", np.__version__)
print("guess:", a.T.tolist())
print("view: ", back["view"].tolist(), " copied:", back["copied"].tolist())
ok = (
    np.array_equal(back["view"], a.reshape(3, 2))
    and np.array_equal(back["copied"], a.T)
    and np.array_equal(back["fortran"], a.T.reshape(2, 3))
)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
