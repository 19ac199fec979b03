#!/usr/bin/env python3
"""The model of s2rm_many_queries in PyTorch, on its data and weights: one set-up, one process, one line of JSON.

    torch_twin.py FOLDER --threads T [--chunk C] [--rounds N]

Without --chunk all queries are answered at once. Its predictions are held against those of the C++ program first,
all but 0.1 % of them.
"""
from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks" / "peers"), str(ROOT / "python")]
import machine  # noqa: E402
import s2rm_reference as ref  # noqa: E402
from configs import Problem  # noqa: E402
from torch_model import Sequence, Step, attend, rms  # noqa: E402


class Twin(Step):
    """A step and its queries apart."""

    def observe(self, h: Tensor, views: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """h [M,1,H], views [A,V], places [A,P] -> keys and values of the new state."""
        p = self.problem
        M, N, C, W, A = p.modules, p.heads, p.head_width, p.width, len(views)
        s = self.place(places)
        bias, alive = self.bias_of((s @ self.unit.t()).t(), self.epsilon)
        source = torch.cat((self.perceptron("encoder", len(p.encoder), views), s), -1)
        kv = torch.nn.functional.linear(source, self.view_kv)
        k_view, v_view = kv.view(A, 2, N, C).permute(1, 2, 0, 3).unbind(0)
        q_view, q, k, v = torch.bmm(rms(h), self.project.transpose(1, 2)).view(M, 4, N, C).permute(1, 2, 0, 3).unbind(0)
        u = attend(q_view, k_view.transpose(-1, -2), v_view, bias, alive).transpose(0, 1).reshape(M, 1, W)
        g = attend(q, k.transpose(-1, -2), v, self.inner, self.inner_alive).transpose(0, 1).reshape(M, 1, W)
        h_bar = torch.baddbmm(h, g, self.interaction_out_weight.transpose(1, 2))
        h = Sequence.cell(u, h_bar, h, self.cell_weight_ih.transpose(1, 2), self.cell_weight_hh.transpose(1, 2),
                          self.cell_bias_ih.unsqueeze(1), self.cell_bias_hh.unsqueeze(1))
        keys, values = torch.bmm(rms(h), self.read.transpose(1, 2)).view(M, 2, N, C).permute(1, 2, 0, 3).unbind(0)
        return keys, values

    def query(self, keys: Tensor, values: Tensor, places: Tensor) -> Tensor:
        """places [Q,P] -> predictions [Q,2]."""
        p = self.problem
        Q, N, C, W = len(places), p.heads, p.head_width, p.width
        s = self.place(places)
        bias, alive = self.bias_of(s @ self.unit.t(), self.epsilon)
        q = torch.nn.functional.linear(s, self.read_query).view(Q, N, C).transpose(0, 1)
        r = attend(q, keys.transpose(-1, -2), values, bias, alive).transpose(0, 1).reshape(Q, W)
        return self.perceptron("decoder", len(p.decoder) + 1, torch.cat((r, s), -1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chunk", type=int)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    weights, _ = ref.load_safetensors(str(args.folder / "model.safetensors"))
    views = torch.from_numpy(np.fromfile(args.folder / "views.f32", np.float32).reshape(-1, 1))
    places, asked = (torch.from_numpy(np.fromfile(args.folder / f"{name}.f32", np.float32).reshape(-1, 2))
                     for name in ("places", "query_places"))
    sizes = {"modules": 10, "hidden": 64, "heads": 4, "head_width": 16, "view": (1,), "encoder": (128, 64),
             "decoder": (128,)}
    model = Twin(Problem(**sizes, views=len(views), queries=len(asked)), weights).eval()
    start = model.initial_state.detach().clone().unsqueeze(1)
    chunk = args.chunk or len(asked)

    def run() -> Tensor:
        keys, values = model.observe(start, views, places)
        answers = torch.empty(len(asked), 2)
        for first in range(0, len(asked), chunk):
            answers[first:first + chunk] = model.query(keys, values, asked[first:first + chunk])
        return answers

    with torch.inference_mode():
        expected = np.fromfile(args.folder / "predictions.f32", np.float32).reshape(-1, 2)
        error = np.abs(run().numpy() - expected).max(1) / np.abs(expected).max()
        # A place whose code is within a rounding of a module's cut may be on either side of it.
        same = float(np.mean(error < 1e-5))
        if not same > 0.999:
            raise SystemExit(f"torch_twin: {100 * (1 - same):.2g} % of the predictions differ")
        wall, own = [], []
        for _ in range(args.rounds):
            begin, own_begin = time.perf_counter(), time.process_time()
            run()
            wall.append(time.perf_counter() - begin)
            own.append(time.process_time() - own_begin)
    print(json.dumps({"best_s": min(wall), "median_s": statistics.median(wall), "own_s": min(own), "same": same,
                      "rounds": args.rounds, "version": torch.__version__,
                      "peak_rss_bytes": machine.peak_resident_bytes()}))


if __name__ == "__main__":
    main()
