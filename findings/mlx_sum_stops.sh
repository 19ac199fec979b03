#!/usr/bin/env bash
# Behaviour: mlx.core.sum of 20 000 000 float32 ones is 2^24 on the CPU; numpy's pairwise sum is exact. A mean over so
# many elements is 16 % too small.
# One would guess: an array library adds pairwise or in blocks, so the error grows with the logarithm of the length.
# Seen with: mlx 0.32.4 (x86-64 CPU), numpy 2.4.6
# For a modeller: losses and norms over a whole field or a flat parameter vector go wrong from some 10^7 elements;
# reduce axis by axis.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'mlx==0.32.4' 'mlx-cpu==0.32.4' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import mlx.core as mx
import numpy as np

mx.set_default_device(mx.cpu)
n = 20_000_000
seen = float(mx.sum(mx.ones((n,))))
by_rows = float(mx.sum(mx.sum(mx.ones((4000, 5000)), axis=1)))
reference = float(np.ones(n, "f4").sum())
print("mlx", version("mlx"), "numpy", np.__version__, "guess: 20000000 three times")
print(f"mlx {seen:.0f}, mlx by rows {by_rows:.0f}, numpy {reference:.0f}")
ok = seen < 1.7e7 and by_rows == n and reference == n
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
