#!/usr/bin/env python3
"""10^5 queries of one state against 1 500 views: this library, PyKrige and PyTorch, each measurement in a process of its own.

    scripts/many-queries [--quick]     builds the program and calls this; writes docs/results/many_queries.md
"""
from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "benchmarks" / "peers"))
import installs  # noqa: E402
import machine  # noqa: E402
from page import markdown_table  # noqa: E402

VIEWS, QUERIES = 1500, 100000
MB = 1e6


class Runner:
    """Runs programs that print a line of JSON, and what could not be run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.missing = folder, {}

    def __call__(self, name: str, command: list[str], threads: int = 1) -> dict | None:
        environment = {**os.environ, **{f"{library}_NUM_THREADS": str(threads)
                                        for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}}
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            self.missing[name] = installs.last_line(done.stderr) or f"exit status {done.returncode}"
            print(f"{name}: {self.missing[name]}", file=sys.stderr)
            return None
        found = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"{name}: {found['best_s']:.3g} s, own {found['own_s']:.3g} s, "
              f"{found['peak_rss_bytes'] / MB:.0f} MB", file=sys.stderr)
        return found


def seconds(x: float) -> str:
    return f"{x:.3g} s" if x >= 1 else f"{x * 1e3:.3g} ms"


def row(name: str, threads: int, found: dict, ours: dict) -> list[str]:
    """Ratios are of the best wall-clock times of as many threads, and of peak memory."""
    rmse = f"{found['rmse']:.4f}" if "rmse" in found else ""
    return [name, str(threads), seconds(found["best_s"]), seconds(found["median_s"]), seconds(found["own_s"]),
            f"{found['peak_rss_bytes'] / MB:.1f} MB", f"{found['best_s'] / ours['best_s']:.1f}",
            f"{found['own_s'] / ours['own_s']:.1f}", f"{found['peak_rss_bytes'] / ours['peak_rss_bytes']:.1f}", rmse]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--quick", action="store_true", help="one round of everything")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    run, log = Runner(args.folder), args.folder / "install.txt"
    rounds = "1" if args.quick else "9"
    few = "1" if args.quick else "3"
    neighbours = machine.Neighbours()
    neighbours.begin()

    def ours(chunk: int, threads: int = 1, *more: str) -> dict | None:
        return run(f"s2rm, chunks of {chunk}, {threads} threads {' '.join(more)}",
                   [args.program, "--views", VIEWS, "--queries", QUERIES, "--chunk", chunk, "--threads", threads,
                    "--rounds", rounds, *more], threads)

    ours(256, 1, "--write", str(args.folder))
    table: list[tuple[str, int, dict]] = []

    def add(name: str, threads: int, found: dict | None) -> None:
        if found is not None:
            table.append((name, threads, found))

    base = {threads: ours(256, threads) for threads in (1, 2)}
    for threads in (1, 2):
        add("**s2rm**, `predict_into`, chunks of 256", threads, base[threads])
    for chunk in (64, 1024, QUERIES):
        add(f"s2rm, chunks of {chunk}" if chunk < QUERIES else "s2rm, one `predict`", 1, ours(chunk))

    krige = installs.virtual_environment(args.folder, "krige", "pykrige", log)
    variants = [("vectorized", None), ("C", None)] + [("C", k) for k in (8, 16, 32, 64)]
    for backend, closest in variants:
        name = f"PyKrige, `{backend}`" + (f", {closest} closest" if closest else ", all views")
        if krige.missing:
            run.missing[name] = krige.missing
            continue
        for threads in (1, 2) if backend == "vectorized" else (1,):
            slow = closest is None or closest > 16
            add(name, threads, run(f"{name}, {threads} threads", [
                krige.path, HERE / "krige.py", args.folder, "--backend", backend, "--rounds", "1" if slow else few,
                *(["--closest", closest] if closest else [])], threads))

    for name, python in (("PyTorch 1.13", installs.debian_torch()),
                         ("PyTorch 2.15", installs.virtual_environment(args.folder, "torch", "torch", log))):
        if python.missing:
            run.missing[name] = python.missing
            continue
        for chunk in (None, 256):
            for threads in (1, 2):
                add(f"{name}, " + (f"chunks of {chunk}" if chunk else "all at once"), threads, run(
                    f"{name}, chunk {chunk}, {threads} threads",
                    [python.path, HERE / "torch_twin.py", args.folder, "--threads", threads, "--rounds", few,
                     *(["--chunk", chunk] if chunk else [])], threads))

    body = [row(name, threads, found, base[threads]) for name, threads, found in table if base[threads]]
    scale = [[f"{q:,}".replace(",", " "), seconds(found["best_s"]), seconds(found["own_s"]),
              f"{found['peak_rss_bytes'] / MB:.1f} MB"]
             for q in (1000, 10000, 100000, 1000000)
             if (found := run(f"{q} queries", [args.program, "--views", VIEWS, "--queries", q, "--chunk", 256,
                                               "--rounds", few]))]
    wide = [[net, str(a), seconds(found["best_s"]), seconds(found["own_s"]), f"{1e6 * found['own_s'] / (8 * a):.2f} µs",
             f"{found['peak_rss_bytes'] / MB:.1f} MB"]
            for net in ("default", "sensors") for a in (256, 1024, 4096)
            if (found := run(f"training, {net}, {a} views", [args.program, "--train", "yes", "--net", net, "--views", a,
                                                             "--queries", 64, "--rounds", few]))]
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], cwd=ROOT, capture_output=True,
                            text=True, check=False).stdout.strip()
    lines = ["# 10^5 queries of one state", "",
             "Written by `scripts/many-queries`. 1 500 views of a smooth field with noise in a square; the state after one step "
             "with all of them; 100 000 places. Each line is a process of its own. *best* and *median* are wall-clock times of a "
             "round (the views taken in and all places answered); *own* is the time that all its threads had of a core, which other "
             "processes on the machine disturb less; *memory* is the largest resident set, imports and data included. Ratios are over "
             "the first line of as many threads. *RMSE* of kriging is against the field without its noise: how many neighbours it "
             "needs. Ours is not trained here; nothing is said of its accuracy. Its sizes are the library's defaults (10 modules of 64 "
             "numbers, 570 163 parameters); PyTorch has the same weights, and its predictions are compared first.", "",
             "Not timed: training ours; fitting PyKrige's variogram.", "",
             markdown_table(["", "threads", "best", "median", "own", "memory", "time / ours", "own / ours",
                             "memory / ours", "RMSE"], body, 1)]
    if run.missing:
        lines += ["Not measured:", "", *(f"- {name}: {why}" for name, why in run.missing.items()), ""]
    lines += ["## Linear in the number of queries", "", "One thread, chunks of 256. Memory holds the places and the "
              "predictions, 16 bytes a query.", "", markdown_table(["queries", "best", "own", "memory"], scale, 0),
              "## Training with many views at a step", "", "4 steps of time, 2 sequences, 64 queries a step, one thread. *sensors* "
              "is a model of the size of `examples/sensors` for stations it has not seen, with `residual::inverse_distance`, whose "
              "guess reads every view for every query.", "",
              markdown_table(["model", "views", "best", "own", "own, each view", "memory"], wide, 1),
              "## Manifest", "",
              f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC", f"- commit: {commit}",
              f"- cpu: {machine.cpu_model()}", f"- cores: {machine.cores()}", f"- caches: {machine.caches()}",
              f"- system: {machine.system()}",
              f"- other processes took {100 * neighbours.share():.0f} % of the machine",
              f"- rounds: {rounds} of ours, {few} of the peers, 1 of kriging with all views or more than 16",
              "- command: scripts/many-queries" + (" --quick" if args.quick else ""), ""]
    text = "\n".join(lines)
    print(text)
    if args.page:
        args.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
