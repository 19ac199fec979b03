#!/usr/bin/env bash
# Behaviour: read_frames writes to a raw pipe at the file's nominal rate, so ffmpeg repeats frames to fill the time;
# count_frames_and_secs of the same package counts what is in the file.
# One would guess: a frame reader yields each frame once; the two functions of one package agree.
# Seen with: imageio-ffmpeg 0.8.1, PyAV 18.1.0
# For a modeller: a recording of a phone or a browser trains on copies, and the next frame is mostly the same frame.
# Pass output_params=["-fps_mode", "passthrough"], or decode with PyAV.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'imageio-ffmpeg==0.8.1' 'av==18.1.0' \
  'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from fractions import Fraction
from importlib.metadata import version

import av
import imageio_ffmpeg
import numpy as np

frames = 20
stamps = np.cumsum([0] + [33, 66, 10, 500, 33] * 4)[:frames]
clock = Fraction(1, 1000)
container = av.open("a.mp4", "w")
stream = container.add_stream("mpeg4", rate=30)
stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
stream.codec_context.time_base = stream.time_base = clock
for i, stamp in enumerate(stamps):
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 + 11 * i, "u1"), "rgb24")
    frame.pts, frame.time_base = int(stamp), clock
    container.mux(stream.encode(frame))
container.mux(stream.encode())
container.close()


def read(**options):
    reader = imageio_ffmpeg.read_frames("a.mp4", **options)
    next(reader)
    return sum(1 for _ in reader)


plain = read()
passed = read(output_params=["-fps_mode", "passthrough"])
counted = imageio_ffmpeg.count_frames_and_secs("a.mp4")[0]
print("imageio-ffmpeg", version("imageio-ffmpeg"), "ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "guess: 20 each")
print(f"read_frames {plain}, with passthrough {passed}, count_frames_and_secs {counted}")
ok = plain > 250 and passed == frames and counted == frames
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
