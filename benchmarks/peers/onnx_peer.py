#!/usr/bin/env python3
"""ONNX Runtime, streaming: the step of onnx_export.py with bound inputs and outputs. Command line: peer.py."""
from __future__ import annotations

import numpy as np
import onnxruntime as ort
from configs import PROBLEMS
from peer import Golden, arguments, tell


def main() -> None:
    """Compares and times."""
    args = arguments(("session",))
    problem, golden = PROBLEMS[args.config], Golden(args.golden)
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])

    start = np.ascontiguousarray(golden.weights["initial_state"][:, None])
    # The state is read from one buffer and written to the other, in turn; nothing is copied or allocated in a step.
    states = [ort.OrtValue.ortvalue_from_numpy(start.copy()), ort.OrtValue.ortvalue_from_numpy(start.copy())]
    prediction = ort.OrtValue.ortvalue_from_numpy(np.zeros((problem.queries, problem.pixels), np.float32))
    batch = golden.batch(problem)
    names = ("views", "places", "query_places")
    feed = [{n: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(batch[n][t, 0])) for n in names}
            for t in range(problem.check_time)]
    bindings = {}
    for t, inputs in enumerate(feed):
        for side in (0, 1):
            binding = session.io_binding()
            for name, value in inputs.items():
                binding.bind_ortvalue_input(name, value)
            binding.bind_ortvalue_input("h", states[side])
            binding.bind_ortvalue_output("h_next", states[1 - side])
            binding.bind_ortvalue_output("prediction", prediction)
            bindings[t, side] = binding
    at = {"step": 0}

    def step() -> None:
        session.run_with_iobinding(bindings[at["step"] % len(feed), at["step"] % 2])
        at["step"] += 1

    def check(*_: np.ndarray) -> np.ndarray:
        step()
        return prediction.numpy().copy()

    golden.expect_stream(check, problem)
    tell(args, step, {"peer": "ONNX Runtime", "version": ort.__version__})


if __name__ == "__main__":
    main()
