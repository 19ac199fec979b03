#!/usr/bin/env python3
"""Writes the streaming step as an ONNX file. Needs torch and onnxscript.

    onnx_export.py <config> <golden.npz> <out.onnx>
"""
from __future__ import annotations

import sys

import torch
from configs import PROBLEMS
from peer import Golden
from torch_model import Step


def main() -> None:
    """Exports."""
    name, golden_path, out = sys.argv[1:]
    problem, golden = PROBLEMS[name], Golden(golden_path)
    model = Step(problem, golden.weights).eval()
    batch = golden.batch(problem)
    example = (torch.zeros(problem.modules, 1, problem.hidden),
               *(torch.from_numpy(batch[n][0, 0]) for n in ("views", "places", "query_places")))
    torch.onnx.export(model, example, out, input_names=["h", "views", "places", "query_places"],
                      output_names=["h_next", "prediction"], dynamo=True, external_data=False, verbose=False)


if __name__ == "__main__":
    main()
