#!/usr/bin/env bash
# Behaviour: the cut keeps the frames back to the key frame and hides them by an edit list. OpenCV's
# CAP_PROP_FRAME_COUNT and PyAV's stream.frames count the hidden ones (100), reading gives those after the cut (74).
# One would guess: a constant-rate MP4 with an index is the one case where the frame count can be trusted.
# Seen with: ffmpeg in imageio-ffmpeg 0.8.1, OpenCV 5.0.0 (opencv-python-headless 5.0.0.93), PyAV 18.1.0
# For a modeller: frame numbers of annotations made in one tool are shifted by 26 in another. Index by time stamp.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'imageio-ffmpeg==0.8.1' \
  'opencv-python-headless==5.0.0.93' 'av==18.1.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

import av
import cv2
import imageio_ffmpeg


def ffmpeg(*arguments):
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *arguments], check=True)


ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x32:d=4:r=25", "-c:v", "libx264", "-bf", "3", "-g", "50", "whole.mp4")
ffmpeg("-ss", "1.02", "-i", "whole.mp4", "-c", "copy", "cut.mp4")
capture = cv2.VideoCapture("cut.mp4")
counted = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
read = 0
while capture.read()[0]:
    read += 1
with av.open("cut.mp4") as container:
    said = container.streams.video[0].frames
    decoded = sum(1 for _ in container.decode(video=0))
print("opencv", cv2.__version__, "PyAV", version("av"), "ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "guess: equal")
print(f"OpenCV counts {counted}, reads {read}; PyAV says {said}, decodes {decoded}")
ok = counted == said == 100 and read == decoded == 74
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
