#!/usr/bin/env bash
# Behaviour: Image.save(save_all=True) joins equal neighbours into one frame with a longer duration: five pictures, of
# which 2 and 3 are equal and 4 and 5 too, come back as three.
# One would guess: a file of n pictures has n frames.
# Seen with: Pillow 13.0.0
# For a modeller: a recording with pauses (a battle where nobody moves, a still camera) loses steps, and frame t is no
# longer step t. Write PNGs or a video.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'pillow==13.0.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from PIL import Image

levels = (200, 50, 50, 120, 120)
pictures = [Image.fromarray(np.full((8, 8), level, "u1")) for level in levels]
pictures[0].save("a.gif", save_all=True, append_images=pictures[1:], duration=40, loop=0)
durations = []
with Image.open("a.gif") as file:
    count = file.n_frames
    for i in range(count):
        file.seek(i)
        durations.append(file.info["duration"])
print("pillow", version("pillow"), "guess: 5 frames of 40 ms")
print("frames", count, "durations", durations)
ok = count == 3 and durations == [40, 80, 80]
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
