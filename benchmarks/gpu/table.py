#!/usr/bin/env python3
"""A table of what bench_gpu and torch_gpu.py printed, with ratios and the bars that are aimed at.

    table.py [--device NAME] <ours.log> [<pytorch.log>]

Both files hold lines of JSON, one a case, among others. A bar that cannot be judged, because a case is missing or failed,
says so.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

# float32 operations a second without tensor cores, bytes a second of memory.
DEVICES = {"H100 PCIe": (51e12, 2.0e12), "H100": (67e12, 3.35e12), "H200": (67e12, 4.8e12)}
FASTER = [  # our case, the peer's case, the least ratio
    ("train/balls/float", "train/balls/float/eager", 10.0), ("train/balls/float", "train/balls/float/compiled", 4.0),
    ("train/balls/float", "train/balls/float/graphs", 2.0), ("train/big/bf16", "train/big/bf16/graphs", 1.5)]
WITHIN = [("train/balls/float", 2.0), ("stream/balls/1", 0.060)]  # milliseconds, on an H200
SHARE = [("stream/balls/4096", 0.40)]  # of what memory or arithmetic allow
BESIDE = [  # with what makes it faster, without
    ("train/balls/float", "train/balls/float/steps"), ("train/balls/float", "train/balls/float/bodies"),
    ("train/balls/float", "train/balls/float/host"), ("train/balls/float/host/unread", "train/balls/float/host"),
    ("stream/balls/1", "stream/balls/1/apart"), ("stream/balls/1", "stream/balls/1/steps"),
    ("stream/balls/4096", "stream/balls/4096/host")]


def rows_of(path: str) -> dict[str, dict]:
    """The lines of JSON of a file, by their names."""
    rows = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith('{"name"'):
            row = json.loads(line)
            rows[row["name"]] = row
    return rows


def ratio(a: dict | None, b: dict | None) -> float | None:
    """How many times less time the first takes, best against best and median against median, whichever is less."""
    if not a or not b or "error" in a or "error" in b:
        return None
    return min(b["min_ms"] / a["min_ms"], b["median_ms"] / a["median_ms"])


def judged(value: float | None, good: bool, text: str) -> str:
    """The cell of a bar."""
    return "not measured" if value is None else f"{text}, {'reached' if good else 'missed'}"


def limit_ms(row: dict, device: str) -> float | None:
    """The least time that memory or arithmetic allow."""
    for name, (operations, read) in sorted(DEVICES.items(), key=lambda d: -len(d[0])):
        if name in device and row.get("operations"):
            return 1e3 * max(row["operations"] / operations, row.get("bytes", 0) / read)
    return None


def times(who: str, rows: dict[str, dict]) -> list[str]:
    """One line a case."""
    out = []
    for name, row in rows.items():
        if "error" in row:
            out.append(f"| {who}: {name} | {row['error']} | |")
        else:
            out.append(f"| {who}: {name} | {row['median_ms']:.4f} | {row['min_ms']:.4f} |")
    return out


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="", help="name of the GPU, for the bars that hold on one alone")
    arguments.add_argument("ours")
    arguments.add_argument("pytorch", nargs="?")
    a = arguments.parse_args()
    ours, peers = rows_of(a.ours), rows_of(a.pytorch) if a.pytorch else {}

    print("| bar | aimed at | found |\n| --- | --- | --- |")
    for mine, theirs, least in FASTER:
        r = ratio(ours.get(mine), peers.get(theirs))
        print(f"| {mine}, PyTorch {theirs.rsplit('/', 1)[1]} / ours | >= {least:g}x |"
              f" {judged(r, r is not None and r >= least, f'{r or 0:.2f}x')} |")
    for name, most in WITHIN:
        row = ours.get(name, {})
        found = row.get("median_ms") if "H200" in a.device else None
        print(f"| {name} on an H200 | <= {most:g} ms |"
              f" {judged(found, found is not None and found <= most, f'{found or 0:.4f} ms')} |")
    for name, least in SHARE:
        row = ours.get(name, {})
        limit = limit_ms(row, a.device)
        share = limit / row["median_ms"] if limit and "median_ms" in row else None
        print(f"| {name}, share of the limit | >= {least:.0%} |"
              f" {judged(share, share is not None and share >= least, f'{share or 0:.0%}')} |")

    print("\nKernels of our own and other means beside what they stand for, time of the latter / of the former:\n")
    print("| with | without | ratio |\n| --- | --- | --- |")
    beside = BESIDE + [(n, n.replace("/kernel", "/bodies")) for n in ours if n.endswith("/kernel")]
    for mine, other in beside:
        r = ratio(ours.get(mine), ours.get(other))
        print(f"| {mine} | {other} | {'not measured' if r is None else f'{r:.2f}x'} |")

    print("\nMilliseconds of a step:\n\n| case | median | least |\n| --- | --- | --- |")
    for line in times("ours", ours) + times("PyTorch", peers):
        print(line)


if __name__ == "__main__":
    main()
