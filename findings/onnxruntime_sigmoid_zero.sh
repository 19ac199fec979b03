#!/usr/bin/env bash
# Behaviour: Sigmoid(-20) is 0.0 on the CPU provider and 2.06e-9 in ONNX's reference evaluator (and in numpy); its
# logarithm is -inf.
# One would guess: float32 holds 1e-38, so a sigmoid underflows near -88.
# Seen with: onnxruntime 1.32.0 (x86-64), onnx 1.23.2
# For a modeller: a likelihood or a log-gate computed after export becomes infinite for confident predictions. Export
# LogSoftmax or Softplus forms.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'onnx==1.23.2' 'onnxruntime==1.32.0' \
  'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.array([-10.0, -17.0, -20.0, -40.0], "f4")
graph = helper.make_graph(
    [helper.make_node("Sigmoid", ["X"], ["Y"])],
    "g",
    [helper.make_tensor_value_info("X", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("Y", TensorProto.FLOAT, x.shape)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
seen = session.run(None, {"X": x})[0]
reference = ReferenceEvaluator(model).run(None, {"X": x})[0]
print("onnxruntime", version("onnxruntime"), "onnx", version("onnx"), "guess: equal to 7 digits")
for row in zip(x, seen, reference):
    print("x = {:g}: runtime {:.6g}, reference {:.6g}".format(*row))
ok = seen[0] > 4e-5 and not seen[2:].any() and reference.all()
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
