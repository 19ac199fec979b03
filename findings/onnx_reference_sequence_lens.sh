#!/usr/bin/env bash
# Behaviour: for a batch with lengths 4 and 2, ONNX Runtime gives zero outputs after the end and the state at the end
# as Y_h; onnx.reference runs all four steps of both and reports the state after the last, without an error.
# One would guess: the reference evaluator of the standard implements the operator's inputs, or says that it does not.
# Seen with: onnx 1.23.2, onnxruntime 1.32.0
# For a modeller: a padded recurrent model "verified against the reference" differs wherever sequences have different
# lengths.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

generator = np.random.default_rng(0)
hidden, steps, batch = 2, 4, 2
feed = {"X": generator.normal(size=(steps, batch, 1)).astype("f4"), "L": np.array([4, 2], "i4")}
ok = True
print("onnx", version("onnx"), "onnxruntime", version("onnxruntime"), "guess: equal; zeros after the end")
for operator, gates in (("GRU", 3), ("LSTM", 4), ("RNN", 1)):
    shapes = {"W": (1, gates * hidden, 1), "R": (1, gates * hidden, hidden), "B": (1, 2 * gates * hidden)}
    weights = [numpy_helper.from_array(generator.normal(size=s).astype("f4"), n) for n, s in shapes.items()]
    node = helper.make_node(operator, ["X", "W", "R", "B", "L"], ["Y", "Y_h"], hidden_size=hidden)
    inputs = [
        helper.make_tensor_value_info("X", TensorProto.FLOAT, feed["X"].shape),
        helper.make_tensor_value_info("L", TensorProto.INT32, [batch]),
    ]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("Y", "Y_h")]
    graph = helper.make_graph([node], "g", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y, last = session.run(None, feed)
    reference_y, reference_last = ReferenceEvaluator(model).run(None, feed)
    print(operator, "outputs of the short sequence: runtime", y[:, 0, 1, 0].round(3), "reference", reference_y[:, 0, 1, 0].round(3))
    ok = ok and not y[2:, 0, 1].any() and reference_y[2:, 0, 1].all()
    ok = ok and np.allclose(last[0, 1], y[1, 0, 1]) and not np.allclose(reference_last[0, 1], last[0, 1])
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
