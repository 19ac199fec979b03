#!/usr/bin/env bash
# Behaviour: the rotation in a file's display matrix is applied by OpenCV (64 rows, 32 columns) and ffmpeg and not by
# PyAV's decode (32 rows), which only reports frame.rotation.
# One would guess: PyAV is ffmpeg, so it turns the picture as the ffmpeg program does.
# Seen with: PyAV 18.1.0, OpenCV 5.0.0 (opencv-python-headless 5.0.0.93)
# For a modeller: coordinates and frame sizes change with the reader. Read frame.rotation and turn, or refuse rotated
# files.
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


ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x32:d=0.5:r=10", "-c:v", "mpeg4", "level.mp4")
ffmpeg("-display_rotation", "90", "-i", "level.mp4", "-c", "copy", "turned.mp4")
frame = next(av.open("turned.mp4").decode(video=0))
with_av = frame.to_ndarray(format="rgb24").shape[:2]
with_opencv = cv2.VideoCapture("turned.mp4").read()[1].shape[:2]
print("PyAV", version("av"), "opencv", cv2.__version__, "guess: (64, 32) with both")
print("PyAV", with_av, "rotation", frame.rotation, " OpenCV", with_opencv)
ok = with_av == (32, 64) and with_opencv == (64, 32) and abs(frame.rotation) == 90
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
