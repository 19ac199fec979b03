#!/usr/bin/env python3
"""Writes what every peer must reproduce before it is timed: weights, a batch, and python/s2rm_reference.py's values.

    golden.py <config> <out.npz>

Keys: weight.<name>, grad.<name>; views [T,B,A,...], places, query_places, targets; prediction, state, loss.
Values are computed in float64 and stored as float32.
"""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import s2rm_reference  # noqa: E402
from configs import PROBLEMS, Problem  # noqa: E402


def reference_config(p: Problem) -> s2rm_reference.Config:
    """The problem as the reference knows it, every policy at its default."""
    return s2rm_reference.Config(modules=p.modules, hidden=p.hidden, heads=p.heads, head_width=p.head_width,
                                 sphere=p.sphere, place=p.place, view=p.view, encoder=p.encoder, decoder=p.decoder,
                                 place_hidden=p.place_hidden, octaves=p.octaves, tau=p.tau)


def batch_of(p: Problem, time: int, batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """A batch of made-up numbers: views and targets in [0, 1], places in [-1, 1]."""
    draw = np.random.default_rng(seed)
    shape = (time, batch, p.views)
    asked = (time, batch, p.queries)
    return {"views": draw.random((*shape, *p.view), dtype=np.float32),
            "places": draw.random((*shape, p.place), dtype=np.float32) * 2 - 1,
            "query_places": draw.random((*asked, p.place), dtype=np.float32) * 2 - 1,
            "targets": draw.random((*asked, *p.view), dtype=np.float32)}


def main() -> None:
    """Writes the file."""
    name, out = sys.argv[1:]
    p = PROBLEMS[name]
    torch.manual_seed(1)
    model = s2rm_reference.S2RM(reference_config(p), dtype=torch.float32)
    weights = {f"weight.{k}": v.detach().numpy().copy() for k, v in model.named_parameters()}
    batch = batch_of(p, p.check_time, p.check_batch)
    values = s2rm_reference.evaluate(model.double(), s2rm_reference.to_batch(batch, torch.float64))
    np.savez(out, **weights, **batch, **{k: v.astype(np.float32) for k, v in values.items()})


if __name__ == "__main__":
    main()
