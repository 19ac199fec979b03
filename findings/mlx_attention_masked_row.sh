#!/usr/bin/env bash
# Behaviour: mlx.core.fast.scaled_dot_product_attention of a row with no key gives the mean over the masked values for
# a boolean mask and NaN for the equivalent float mask of -inf. ONNX Runtime's Attention gives 0 for both masks.
# One would guess: a boolean mask is shorthand for 0 and -inf, so both agree; a model keeps its output when it is
# exported.
# Seen with: mlx 0.32.4 (CPU), onnxruntime 1.32.0
# For a modeller: whether an empty neighbourhood is a number, NaN or zero changes with the mask's type and the
# runtime. Handle empty rows in the model.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'mlx==0.32.4' 'mlx-cpu==0.32.4' \
  'onnxruntime==1.32.0' 'onnx==1.23.2' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import mlx.core as mx
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

generator = np.random.default_rng(0)
q = generator.normal(size=(1, 1, 1, 4)).astype("f4")
k = generator.normal(size=(1, 1, 3, 4)).astype("f4")
v = np.arange(12, dtype="f4").reshape(1, 1, 3, 4)
masks = {"boolean": np.zeros((1, 3), bool), "-inf": np.full((1, 3), -np.inf, "f4")}
seen = {}
for name, mask in masks.items():
    out = mx.fast.scaled_dot_product_attention(mx.array(q), mx.array(k), mx.array(v), scale=0.5, mask=mx.array(mask))
    seen["mlx", name] = np.array(out)[0, 0, 0]
    kind = TensorProto.BOOL if mask.dtype == bool else TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in (("Q", q), ("K", k), ("V", v))]
    inputs.append(helper.make_tensor_value_info("M", kind, mask.shape))
    node = helper.make_node("Attention", ["Q", "K", "V", "M"], ["Y"])
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    seen["onnxruntime", name] = session.run(None, {"Q": q, "K": k, "V": v, "M": mask})[0][0, 0, 0]
print("mlx", version("mlx"), "onnxruntime", version("onnxruntime"), "guess: one answer")
for name, row in seen.items():
    print(*name, row)
ok = (
    np.allclose(seen["mlx", "boolean"], v[0, 0].mean(0), atol=1e-5)
    and np.isnan(seen["mlx", "-inf"]).all()
    and not seen["onnxruntime", "boolean"].any()
    and not seen["onnxruntime", "-inf"].any()
)
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
