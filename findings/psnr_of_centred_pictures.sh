#!/usr/bin/env bash
# Behaviour: peak_signal_noise_ratio without data_range takes 1 for float pictures in [0, 1] and 2 once a pixel of the
# true picture is negative. structural_similarity of the same module refuses float pictures without data_range.
# One would guess: PSNR depends on the difference alone, and a missing range raises, as in structural_similarity.
# Seen with: scikit-image 0.26.0
# For a modeller: pictures normalised to [-1, 1] or with the mean removed score 6 dB more than the same prediction in
# [0, 1].
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'scikit-image==0.26.0' 'numpy==2.4.6' \
  'scipy==1.17.1'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from skimage.metrics import peak_signal_noise_ratio

generator = np.random.default_rng(0)
true = generator.uniform(size=(32, 32))
test = np.clip(true + 0.1 * generator.normal(size=true.shape), 0.0, 1.0)
plain = peak_signal_noise_ratio(true, test)
centred = peak_signal_noise_ratio(true - 0.5, test - 0.5)
print("scikit-image", version("scikit-image"), "guess: equal")
print(f"in [0, 1]: {plain:.3f} dB; both less 0.5: {centred:.3f} dB")
ok = abs(centred - plain - 20.0 * np.log10(2.0)) < 1e-6
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
