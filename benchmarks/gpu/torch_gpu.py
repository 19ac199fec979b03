#!/usr/bin/env python3
"""PyTorch on the same GPU: the model of benchmarks/peers/torch_model.py, eager, compiled, and compiled in CUDA graphs.

    torch_gpu.py [--device cpu] [--seconds S] [case...]        all cases where none is named

With --device cpu it runs where there is no GPU, at the small extents that values are compared at: to see that it does; its
times mean nothing. Every case of training is first compared with python/s2rm_reference.py on the CPU and is not timed where
it differs. Prints one line of JSON for each case: name, median and least time in milliseconds.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from configs import BALLS, Problem  # noqa: E402
from golden import batch_of, reference_config, s2rm_reference  # noqa: E402
from torch_model import Sequence, Step  # noqa: E402

from table import FASTER  # noqa: E402

# The sizes of models.hpp.
BIG = replace(BALLS, modules=32, hidden=256, head_width=64, time=50, batch=256, views=32, queries=32, check_time=2,
              check_batch=2)
MODES = {"eager": None, "compiled": "default", "graphs": "reduce-overhead"}


DEVICE = "cuda"
SECONDS = 2.0


def wait() -> None:
    """Until the device has done everything."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def tell(name: str, once: Callable[[], None]) -> None:
    """Times for some seconds, at least ten calls, after some that are not counted."""
    for _ in range(5):
        once()
    wait()
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < 10 or (time.perf_counter() - begin < SECONDS and len(times) < 20000):
        start = time.perf_counter()
        once()
        wait()
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    print(json.dumps({"name": name, "median_ms": times[len(times) // 2], "min_ms": times[0], "runs": len(times),
                      "torch": torch.__version__}), flush=True)


def flat(p: Problem, arrays: dict[str, np.ndarray]) -> list[torch.Tensor]:
    """views, places, query_places, targets on the device; views and targets as vectors."""
    out = []
    for name in ("views", "places", "query_places", "targets"):
        x = arrays[name]
        if name in ("views", "targets"):
            x = x.reshape(*x.shape[:3], p.pixels)
        out.append(torch.from_numpy(x).to(DEVICE))
    return out


def weights_of(p: Problem) -> tuple[dict[str, np.ndarray], "s2rm_reference.S2RM"]:
    """A start, and the reference that has it."""
    torch.manual_seed(1)
    model = s2rm_reference.S2RM(reference_config(p), dtype=torch.float32)
    return {k: v.detach().numpy().copy() for k, v in model.named_parameters()}, model


def train(name: str, p: Problem, mode: str, precision: str) -> None:
    """forward, backward, Adam; `precision`: float, tf32 or bf16 (autocast)."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    weights, reference = weights_of(p)
    model = Sequence(p, weights).to(DEVICE)
    cast = torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16")

    def loss_of(views, places, query_places, targets):
        with cast:
            y = model(views, places, query_places)
        return F.binary_cross_entropy_with_logits(y.float(), targets)

    small = batch_of(p, p.check_time, p.check_batch)
    expected = s2rm_reference.evaluate(reference, s2rm_reference.to_batch(small, torch.float32))["loss"].item()
    found = float(loss_of(*flat(p, small)).detach())
    if not abs(found - expected) <= (1e-4 if precision == "float" else 2e-2) * abs(expected):
        print(json.dumps({"name": name, "error": f"loss {found} against {expected}"}), flush=True)
        return
    run = loss_of if MODES[mode] is None else torch.compile(loss_of, mode=MODES[mode], dynamic=False)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-7, **({"fused": True} if DEVICE == "cuda" else {}))
    batch = flat(p, batch_of(p, p.time, p.batch, 1))

    def once() -> None:
        optimiser.zero_grad(set_to_none=True)
        run(*batch).backward()
        optimiser.step()

    tell(name, once)


def stream(name: str, p: Problem, mode: str) -> None:
    """One step of batch 1."""
    weights, _ = weights_of(p)
    model = Step(p, weights).eval().to(DEVICE)
    run = model if MODES[mode] is None else torch.compile(model, mode=MODES[mode], dynamic=False)
    batch = flat(p, batch_of(p, 1, 1, 1))
    state = {"h": model.initial_state.detach().clone().unsqueeze(1)}
    with torch.inference_mode():

        def once() -> None:
            h, y = run(state["h"], *(x[0, 0] for x in batch[:3]))
            state["h"] = h.clone()
            y.cpu()

        tell(name, once)


def main() -> None:
    """Runs the cases that are named."""
    global DEVICE, SECONDS, BALLS, BIG
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    arguments.add_argument("--seconds", type=float, default=2.0, help="time of each case")
    arguments.add_argument("cases", nargs="*")
    a = arguments.parse_args()
    DEVICE, SECONDS = a.device, a.seconds
    if DEVICE == "cuda" and not torch.cuda.is_available():
        print("torch_gpu: no CUDA device")
        sys.exit(77)
    if DEVICE == "cpu":
        BALLS, BIG = (replace(p, time=p.check_time, batch=p.check_batch) for p in (BALLS, BIG))
    cases: dict[str, Callable[[str], None]] = {}
    for mode in MODES:
        for precision in ("float", "tf32", "bf16"):
            cases[f"train/balls/{precision}/{mode}"] = lambda n, m=mode, q=precision: train(n, BALLS, m, q)
        cases[f"train/big/bf16/{mode}"] = lambda n, m=mode: train(n, BIG, m, "bf16")
        cases[f"stream/balls/1/{mode}"] = lambda n, m=mode: stream(n, BALLS, m)
    # What the bars of table.py are judged by comes first: the rest may find no time.
    first = [theirs for _, theirs, _ in FASTER]
    cases = {name: cases[name] for name in first} | cases
    for name, case in cases.items():
        if a.cases and name not in a.cases:
            continue
        try:
            case(name)
        except Exception as error:  # one that fails is reported, the others still run
            print(json.dumps({"name": name, "error": f"{type(error).__name__}: {str(error)[:200]}"}), flush=True)
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
        if hasattr(torch, "_dynamo"):  # of 2.0 and newer
            torch._dynamo.reset()


if __name__ == "__main__":
    main()
