#!/usr/bin/env bash
# Behaviour: CAP_PROP_FRAME_COUNT is duration times a nominal rate where the container has no count (77 for 20), and
# AVI's header counts clock ticks (2568, rate 1000). PyAV's stream.frames is 0 and 2568. Reading to the end gives 20
# frames each time.
# One would guess: the frame count is the number of frames, or 0 where it is unknown.
# Seen with: OpenCV 5.0.0 (opencv-python-headless 5.0.0.93), PyAV 18.1.0
# For a modeller: arrays allocated by the count have empty frames, splits by frame index lie beyond the end. Count
# what was read.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'opencv-python-headless==5.0.0.93' \
  'av==18.1.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from fractions import Fraction
from importlib.metadata import version

import av
import cv2
import numpy as np

frames = 20
stamps = np.cumsum([0] + [33, 66, 10, 500, 33] * 4)[:frames]
clock = Fraction(1, 1000)
expected = {"a.mkv": (77, 0), "a.avi": (2568, 2568)}
ok = True
print("opencv", cv2.__version__, "PyAV", version("av"), "guess: 20, or 0 for unknown")
for name in expected:
    container = av.open(name, "w")
    stream = container.add_stream("mpeg4", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.time_base = stream.time_base = clock
    for i, stamp in enumerate(stamps):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 + 11 * i, "u1"), "rgb24")
        frame.pts, frame.time_base = int(stamp), clock
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
    container.close()
    capture = cv2.VideoCapture(name)
    counted = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    read = 0
    while capture.read()[0]:
        read += 1
    with av.open(name) as container:
        said = container.streams.video[0].frames
        decoded = sum(1 for _ in container.decode(video=0))
    print(f"{name}: OpenCV counts {counted}, reads {read}; PyAV says {said}, decodes {decoded}")
    ok = ok and (counted, said) == expected[name] and read == decoded == frames
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
