"""The rows of the table: which subjects each needs, and what it makes of their times."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Optional

from results import Results
from subjects import PEERS, Subject, find


@dataclass
class Line:
    """One line of a table, in words."""

    title: str
    ours: str = ""
    peer: str = ""
    limit: str = ""  # what this machine allows, in the unit of `best`
    bar: str = ""
    best: str = ""
    typical: str = ""
    verdict: str = ""


@dataclass
class Row:
    """A line to be: its subjects, and how it is made once they are measured."""

    key: str
    needs: list[Subject]
    make: Callable[[Results], Line]
    section: str = "bars"


def milliseconds(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    if seconds < 2e-3:
        return f"{seconds * 1e6:.3g} µs" if seconds < 1e-5 else f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def judge(value: float, bar: float, stretch: Optional[float], least: bool = True) -> str:
    """Whether a bar is met; `least`: larger is better."""
    reaches = (lambda b: value >= b) if least else (lambda b: value <= b)
    return "stretch" if stretch is not None and reaches(stretch) else "met" if reaches(bar) else "missed"


def goal(sign: str, bar: float, stretch: Optional[float], unit: str = "×") -> str:
    """Bar and stretch as text."""
    return f"{sign} {bar:g}{unit}" + (f" ({stretch:g}{unit})" if stretch is not None else "")


def limit_of(r: Results, ours: Subject, peer_best: float) -> str:
    """The ratio at which our time would be all multiply-adds at the measured peak, or one read of the weights."""
    if ours.what == "train":
        floor = r.middle(ours, "flops") / (r.highest(ours, "FMA_peak") * 1e9)
    elif ours.what == "stream":
        floor = r.middle(ours, "bytes") / (r.highest(ours, "read_GB/s") * 1e9)
    else:
        return ""
    return f"{peer_best / floor:.1f}×"


def ratio(key: str, title: str, ours: Subject, peers: list[Optional[Subject]], bar: float,
          stretch: Optional[float] = None, section: str = "bars", limit: bool = True) -> Row:
    """Peer's time over ours; of several peers, or set-ups of one, the fastest."""
    there = [p for p in peers if p is not None]

    def make(r: Results) -> Line:
        line = Line(title, bar="> 1×" if bar == 1 and stretch is None else goal("≥", bar, stretch))
        best, typical = r.fastest(there), r.fastest(there, typical=True)
        if r.has(ours):
            line.ours = milliseconds(r.best(ours))
        if best is not None:
            threads = f", {best.threads} thread" + ("s" if best.threads > 1 else "")
            line.peer = f"{PEERS[best.who].label}{threads}: {milliseconds(r.best(best))}"
        if not r.has(ours) or best is None or typical is None:
            line.verdict = "not measured: " + r.reason([ours] if not r.has(ours) else there)
            return line
        value = r.best(best) / r.best(ours)
        line.limit = limit_of(r, ours, r.best(best)) if limit else ""
        line.best, line.typical = f"{value:.2f}×", f"{r.median(typical) / r.median(ours):.2f}×"
        line.verdict = judge(value, bar, stretch) if stretch is not None or bar != 1 else (
            "met" if value > 1 else "missed")
        return line

    return Row(key, [ours, *there], make, section)


def figure(key: str, title: str, ours: Subject, counter: str, bar: float, stretch: Optional[float],
           unit: str = "", others: Optional[list[Subject]] = None) -> Row:
    """A counter of ours against a bar. `others`: peers whose share of the multiply-add peak is told beside it."""
    beside = others or []

    def make(r: Results) -> Line:
        line = Line(title, bar=goal("≥", bar, stretch, unit))
        if not r.has(ours):
            line.verdict = "not measured: " + r.reason([ours])
            return line
        value = r.highest(ours, counter)
        line.ours = milliseconds(r.best(ours))
        line.limit = "1.00"
        line.best, line.typical = f"{value:.2f}", f"{value * r.best(ours) / r.median(ours):.2f}"
        peer = r.fastest(beside)
        if peer is not None:
            share = r.middle(ours, "flops") / r.best(peer) * 1e-9 / r.highest(ours, "FMA_peak")
            line.peer = f"{PEERS[peer.who].label}: {share:.2f}"
        line.verdict = judge(value, bar, stretch)
        return line

    return Row(key, [ours, *beside], make)


def least(key: str, title: str, upper: Subject, lower: Subject, bar: float, stretch: Optional[float], factor: float,
          peers: Optional[tuple[Subject, Subject]] = None) -> Row:
    """Ours against ours, smaller is better: times' ratio, or with `factor` the exponent of the growth between them."""
    def value_of(r: Results, a: Subject, b: Subject, time: Callable[[Subject], float]) -> float:
        return math.log(time(a) / time(b)) / math.log(factor) if factor > 1 else time(a) / time(b)

    def make(r: Results) -> Line:
        unit = "" if factor > 1 else "×"
        line = Line(title, bar=goal("≤", bar, stretch, unit), limit="1.00")
        if not (r.has(upper) and r.has(lower)):
            line.verdict = "not measured: " + r.reason([upper, lower])
            return line
        value = value_of(r, upper, lower, r.best)
        line.ours = f"{milliseconds(r.best(lower))} → {milliseconds(r.best(upper))}"
        line.best, line.typical = f"{value:.3f}{unit}", f"{value_of(r, upper, lower, r.median):.3f}{unit}"
        line.verdict = judge(value, bar, stretch, least=False)
        if peers is not None and all(r.has(p) for p in peers):
            line.peer = f"{PEERS[peers[0].who].label}: {value_of(r, *peers, r.best):.2f}"
        return line

    return Row(key, [upper, lower, *(peers or ())], make)


def memory(key: str, title: str, ours: Subject, peer: Subject) -> Row:
    """Peak resident memory of a process that trains."""
    def make(r: Results) -> Line:
        line = Line(title, bar="≤ 1/3 (1/4)")
        if not (r.has(ours) and r.has(peer)):
            line.verdict = "not measured: " + r.reason([ours, peer])
            return line
        mine, theirs = (r.middle(s, "peak_rss_bytes") for s in (ours, peer))
        line.ours, line.peer = f"{mine / 1e6:.0f} MB", f"{PEERS[peer.who].label}: {theirs / 1e6:.0f} MB"
        line.best, line.verdict = f"{mine / theirs:.2f}", judge(mine / theirs, 1 / 3, 1 / 4, least=False)
        return line

    return Row(key, [ours, peer], make)


def train(who: str, threads: int = 1, config: str = "balls") -> Optional[Subject]:
    """A peer's training step."""
    return find(who, "train", config, threads)


def stream(who: str, threads: int = 1, config: str = "balls") -> Optional[Subject]:
    """A peer's streaming step."""
    return find(who, "stream", config, threads)


def both(make: Callable[..., Optional[Subject]], who: str) -> list[Optional[Subject]]:
    """A peer on two cores may do better with one thread."""
    return [make(who, 2), make(who, 1)]


def own(what: str, config: str = "balls", threads: int = 1) -> Subject:
    """Something of ours."""
    return Subject("ours", what, config, threads)


def all_rows() -> list[Row]:
    """Every row of design bars, then the peers one by one, then the other configurations."""
    old = "debian/eager"
    rows = [
        ratio("train-1", "training step, 1 thread, PyTorch / ours", own("train"), [train(old)], 2.5, 2.8),
        ratio("train-2", "training step, 2 threads, best PyTorch set-up / ours", own("train", threads=2),
              both(train, old), 3.5, 4.0),
        figure("share-1", "share of the multiply-add peak, training, 1 thread", own("train"), "share", 0.80, 0.88,
               others=[Subject(old, "train", "balls")]),
        figure("share-2", "share of the multiply-add peak, training, 2 threads", own("train", threads=2), "share", 0.74,
               0.83, others=[s for s in both(train, old) if s]),
        ratio("stream-1-eager", "streaming step, 1 thread, eager / ours", own("stream"), [stream(old)], 5, 5.5),
        ratio("stream-1-jit", "streaming step, 1 thread, frozen jit / ours", own("stream"), [stream("debian/jit")], 4,
              4.4),
        ratio("stream-2-eager", "streaming step, 2 threads, eager / ours", own("stream", threads=2),
              both(stream, old), 9, 10),
        ratio("stream-2-jit", "streaming step, 2 threads, frozen jit / ours", own("stream", threads=2),
              both(stream, "debian/jit"), 7, 8),
        ratio("stream-bf16", "streaming, 2 threads, bf16-stored weights, frozen jit / ours",
              own("stream", "balls_bf16", 2), both(stream, "debian/jit"), 11, 13),
        ratio("m160", "M = 160, training, 1 thread, PyTorch / ours", own("train", "balls_m160"),
              [train(old, 1, "balls_m160")], 3.8, 4.5),
        ratio("m160-cut", "the same, the cut leaving 10 reachable neighbours a module, dense PyTorch / ours",
              own("train", "balls_m160_cut"), [train(old, 1, "balls_m160")], 5, limit=False),
        memory("memory", "peak memory of the training process, ours / PyTorch", own("memory"),
               Subject(old, "memory", "balls")),
        memory("memory-recompute", "the same, activations of five steps kept at a time, the rest recomputed",
               own("memory", "balls_recompute"), Subject(old, "memory", "balls")),
        ratio("recompute", "training step, 1 thread, with that, PyTorch / ours", own("train", "balls_recompute"),
              [train(old)], 1),
        figure("gru-one", "one GRU 256→128, batch 1: weight bytes / L2 read bandwidth",
               own("part", "gru_1x128/one/threads:1"), "of_read", 0.90, 0.95),
        figure("gru-ten", "ten GRUs in turn: weight bytes / L3 read bandwidth", own("part", "gru_1x128/ten/threads:1"),
               "of_read", 0.85, 0.90),
        figure("gru-one-bf16", "one GRU, bf16-stored weights, in float32 bytes",
               own("part", "gru_1x128/one_bf16/threads:1"), "of_read", 1.35, None),
        figure("gru-ten-bf16", "ten GRUs, bf16-stored weights, in float32 bytes",
               own("part", "gru_1x128/ten_bf16/threads:1"), "of_read", 1.35, None),
        least("growth-t", "growth with T, 20 → 200: exponent", own("train", "balls_t200"), own("train"), 1.02, None, 10,
              (Subject(old, "train", "balls_t200"), Subject(old, "train", "balls"))),
        least("growth-m", "growth with M, 10 → 160, ten neighbours each: exponent", own("train", "balls_m160_cut"),
              own("train", "balls_cut"), 1.03, None, 16,
              (Subject(old, "train", "balls_m160"), Subject(old, "train", "balls"))),
        least("masked-slots", "half of ten view slots masked / ten views", own("train", "balls_masked"), own("train"),
              1.05, 1.01, 0),
        least("masked-views", "half of ten view slots masked / five views", own("train", "balls_masked"),
              own("train", "balls_a5"), 1.05, 1.01, 0),
    ]
    for who in ("torch/eager", "torch/compile", "jax"):
        for n, peers in ((1, [train(who)]), (2, both(train, who))):
            rows.append(ratio(f"beat-train-{who}-{n}", f"training, {n} thread{'s' if n > 1 else ''}",
                              own("train", threads=n), peers, 1, section="peers"))
    for who in ("torch/eager", "torch/jit", "torch/compile", "jax", "onnx"):
        for n, peers in ((1, [stream(who)]), (2, both(stream, who))):
            rows.append(ratio(f"beat-stream-{who}-{n}", f"streaming, {n} thread{'s' if n > 1 else ''}",
                              own("stream", threads=n), peers, 1, section="peers"))
    for config in ("tiny", "wide"):
        for who in ("debian/eager", "torch/eager", "jax"):
            rows.append(ratio(f"{config}-train-{who}", f"{config}: training, 1 thread", own("train", config),
                              [train(who, 1, config)], 1, section="others"))
        for who in ("debian/jit", "torch/compile", "jax", "onnx"):
            rows.append(ratio(f"{config}-stream-{who}", f"{config}: streaming, 1 thread", own("stream", config),
                              [stream(who, 1, config)], 1, section="others"))
    return rows
