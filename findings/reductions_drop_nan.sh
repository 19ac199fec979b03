#!/usr/bin/env bash
# Behaviour: ReduceMax on ONNX Runtime's CPU provider and Tensor.max() of tinygrad skip the NaN in the middle;
# tinygrad's relu turns NaN into 0.
# One would guess: NaN propagates through max and relu, as in numpy, JAX and the ONNX reference evaluator.
# Seen with: onnxruntime 1.32.0 (x86-64), onnx 1.23.2, tinygrad 0.14.0, numpy 2.4.6
# For a modeller: a check "max(|x|) is finite" passes on poisoned activations after export, and a diverged network can
# show a finite loss.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'onnx==1.23.2' 'onnxruntime==1.32.0' \
  'tinygrad==0.14.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from tinygrad import Tensor

x = np.array([[1.0, np.nan, 3.0, 2.0, 5.0, 1.0, 7.0, 1.0]], "f4")
graph = helper.make_graph(
    [helper.make_node("ReduceMax", ["X"], ["Y"], keepdims=0)],
    "g",
    [helper.make_tensor_value_info("X", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
seen = {
    "numpy max": x.max(),
    "onnx reference max": ReferenceEvaluator(model).run(None, {"X": x})[0],
    "onnxruntime max": session.run(None, {"X": x})[0],
    "tinygrad max": Tensor(x).max().numpy(),
    "tinygrad relu": Tensor(np.array([np.nan], "f4")).relu().numpy()[0],
}
for name in ("onnxruntime", "onnx", "tinygrad"):
    print(name, version(name))
print("guess: NaN five times")
for name, value in seen.items():
    print(name, float(value))
ok = [float(v) for v in list(seen.values())[2:]] == [7.0, 7.0, 0.0] and all(np.isnan(v) for v in list(seen.values())[:2])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
