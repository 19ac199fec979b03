"""What every peer program does: compare its values with the reference, time, and print one line of JSON."""
from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Callable, Mapping

import numpy as np
from configs import PROBLEMS, Problem

TOLERANCE = 1e-4


def arguments(variants: tuple[str, ...]) -> argparse.Namespace:
    """The command line of a peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", choices=sorted(PROBLEMS), required=True)
    parser.add_argument("--what", choices=("train", "stream"), required=True)
    parser.add_argument("--variant", choices=variants, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--golden", required=True, help="file of golden.py")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to time")
    parser.add_argument("--least", type=int, default=3, help="fewest calls to time")
    parser.add_argument("--memory", action="store_true", help="three steps, neither compared nor timed")
    parser.add_argument("--model", help="the exported step (onnx)")
    return parser.parse_args()


class Golden:
    """Weights, a batch and the reference's values."""

    def __init__(self, path: str, weights_only: bool = False) -> None:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files if not weights_only or name.startswith("weight.")}
        self.weights = {k[7:]: v for k, v in arrays.items() if k.startswith("weight.")}
        self.grads = {k[5:]: v for k, v in arrays.items() if k.startswith("grad.")}
        self.arrays = arrays

    def batch(self, problem: Problem, flat: bool = True) -> dict[str, np.ndarray]:
        """The batch, views and targets as vectors."""
        names = ("views", "places", "query_places", "targets")
        batch = {name: self.arrays[name] for name in names}
        for name in ("views", "targets"):
            batch[name] = batch[name].reshape(*batch[name].shape[:3], problem.pixels)
        return batch

    def expect(self, what: str, found: np.ndarray, expected: np.ndarray, least: float = 0.0) -> None:
        """Ends the program unless both agree to TOLERANCE of the largest number."""
        expected = expected.reshape(found.shape)
        scale = max(least, float(np.abs(expected).max()))
        worst = float(np.abs(found.astype(np.float64) - expected).max())
        if not worst <= TOLERANCE * scale:
            sys.exit(f"{what} differs from s2rm_reference.py by {worst:.3g} where the largest is {scale:.3g}")

    def expect_training(self, loss: float, prediction: np.ndarray, grads: Mapping[str, np.ndarray]) -> None:
        """Loss, prediction and every gradient."""
        self.expect("loss", np.array([loss]), self.arrays["loss"])
        self.expect("prediction", prediction, self.arrays["prediction"])
        if set(grads) != set(self.grads):
            sys.exit(f"parameters differ: {set(grads) ^ set(self.grads)}")
        largest = max(float(np.abs(g).max()) for g in self.grads.values())
        for name, grad in grads.items():
            self.expect(f"gradient of {name}", grad, self.grads[name], 1e-3 * largest)

    def expect_stream(self, step: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], problem: Problem) -> None:
        """The first element of the batch, one step at a time."""
        batch = self.batch(problem)
        for t in range(problem.check_time):
            found = step(batch["views"][t, 0], batch["places"][t, 0], batch["query_places"][t, 0])
            self.expect(f"prediction of step {t}", np.asarray(found), self.arrays["prediction"][t, 0])


def tell(args: argparse.Namespace, step: Callable[[], None], about: Mapping[str, object]) -> None:
    """Calls `step` for `seconds`, each call timed by itself, and prints what came out."""
    result: dict[str, object] = {"config": args.config, "what": args.what, "variant": args.variant,
                                 "threads": args.threads, **about}
    if args.memory:
        for _ in range(3):
            step()
    else:
        began = time.perf_counter()
        step()  # compiles, fills caches
        result["first_s"] = time.perf_counter() - began
        for _ in range(2 if args.what == "train" else 50):
            if time.perf_counter() - began > 2 * args.seconds:
                break
            step()
        took: list[float] = []
        end = time.perf_counter() + args.seconds
        while len(took) < args.least or time.perf_counter() < end:
            start = time.perf_counter()
            step()
            took.append(time.perf_counter() - start)
        took.sort()
        result.update(best_s=took[0], median_s=took[len(took) // 2], p99_s=took[int(0.99 * (len(took) - 1))],
                      p999_s=took[int(0.999 * (len(took) - 1))], calls=len(took))
    result["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result), flush=True)
