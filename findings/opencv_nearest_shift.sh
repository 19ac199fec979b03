#!/usr/bin/env bash
# Behaviour: cv2.resize(..., INTER_NEAREST) of columns 0 to 7 to four takes 0, 2, 4, 6; Pillow's NEAREST takes 1, 3,
# 5, 7, as does INTER_NEAREST_EXACT.
# One would guess: nearest neighbour leaves no choice: the pixel whose centre is nearest.
# Seen with: OpenCV 5.0.0 (opencv-python-headless 5.0.0.93), Pillow 13.0.0
# For a modeller: masks or labels shrunk with one and pictures with the other are half a target pixel apart.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'opencv-python-headless==5.0.0.93' \
  'pillow==13.0.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image

columns = np.arange(8, dtype="f4")[None].repeat(8, 0)
seen = {}
for width in (4, 3):
    seen["opencv INTER_NEAREST", width] = cv2.resize(columns, (width, 8), interpolation=cv2.INTER_NEAREST)[0]
    seen["opencv INTER_NEAREST_EXACT", width] = cv2.resize(columns, (width, 8), interpolation=cv2.INTER_NEAREST_EXACT)[0]
    seen["pillow NEAREST", width] = np.array(Image.fromarray(columns).resize((width, 8), Image.NEAREST))[0]
print("opencv", cv2.__version__, "pillow", version("pillow"), "guess: the same columns")
for (name, width), row in seen.items():
    print(name, "to", width, "columns:", row)
ok = (
    list(seen["opencv INTER_NEAREST", 4]) == [0, 2, 4, 6]
    and list(seen["pillow NEAREST", 4]) == [1, 3, 5, 7]
    and list(seen["opencv INTER_NEAREST_EXACT", 4]) == [1, 3, 5, 7]
)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
