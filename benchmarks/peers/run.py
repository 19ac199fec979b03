#!/usr/bin/env python3
"""Ours and the peers in turn, one table of ratios, and docs/results/cpu.md. Started by ./bench."""
from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

import installs
import machine
import page
from results import Results
from rows import Row, all_rows
from subjects import CORE_TYPES, PEERS, Setup, Subject, candidates, command, ours

ROOT = Path(__file__).resolve().parents[2]
HEAVY = re.compile(r"m160|t200")


class Progress:
    """One line that says where we are; a line each where nobody watches."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.done = self.total = 0
        self.tty = sys.stderr.isatty()

    def begin(self, total: int) -> None:
        """A new count."""
        self.start, self.done, self.total = time.monotonic(), 0, total

    def show(self, text: str) -> None:
        """Before a piece of work."""
        left = ""
        if self.done >= 3:
            seconds = (time.monotonic() - self.start) / self.done * (self.total - self.done)
            left = f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
        count = f"[{self.done + 1}/{self.total}] " if self.total else ""
        line = f"{count}{text}{left}"
        sys.stderr.write(f"\r\033[K{line[:150]}" if self.tty else line + "\n")
        sys.stderr.flush()
        self.done += 1

    def clear(self) -> None:
        """Leaves an empty line behind."""
        if self.tty:
            sys.stderr.write("\r\033[K")


class Bench:
    """One run of everything that the chosen rows need."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder = Path(args.folder)
        self.golden = self.folder / "golden"
        self.golden.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log.txt"
        self.log.write_text("")
        self.results = Results()
        self.progress = Progress()
        self.pythons: dict[str, installs.Python] = {}
        self.blas: dict[str, str] = {}
        self.saved_bytes: dict[str, str] = {}
        self.parameters: dict[str, float] = {}
        self.why = ""
        self.compiler = ""
        self.neighbours = machine.Neighbours()
        listed = subprocess.run([args.program, "--benchmark_list_tests=true"], capture_output=True, text=True,
                                check=True)
        self.known = set(listed.stdout.split())

    def note(self, text: str) -> None:
        """Into the log."""
        with self.log.open("a") as out:
            out.write(text + "\n")

    def install(self, subjects: list[Subject]) -> None:
        """Makes what the peers need and marks those that are not to be had."""
        wanted = {PEERS[s.who].install for s in subjects if s.who != "ours"}
        if "onnx" in wanted:
            wanted.add("torch")  # writes the file
        self.progress.begin(len(wanted))
        for name in sorted(wanted):
            self.progress.show(f"installing: {name}")
            if name == "debian":
                self.pythons[name] = installs.debian_torch()
                self.blas = installs.openblas(self.folder / "blas", self.log)
            else:
                module = {"torch": "torch", "jax": "jax", "onnx": "onnxruntime"}[name]
                self.pythons[name] = installs.virtual_environment(self.folder / "venv", name, module, self.log)
        for s in subjects:
            if s.who == "ours":
                if s.what != "memory" and ours(s) not in self.known:
                    self.results.missing[s] = f"no benchmark {ours(s)}"
            elif self.pythons[PEERS[s.who].install].missing:
                self.results.missing[s] = self.pythons[PEERS[s.who].install].missing

    def prepare(self, subjects: list[Subject]) -> None:
        """The files that the peers are compared with, and the exported steps."""
        configs = sorted({s.config for s in subjects if s.who != "ours" and s not in self.results.missing})
        exports = sorted({s.config for s in subjects if s.who == "onnx" and s not in self.results.missing})
        python = next((p.path for p in self.pythons.values() if p.path and p is not self.pythons.get("jax")
                       and p is not self.pythons.get("onnx")), "")
        self.progress.begin(len(configs) + len(exports))
        for config in configs:
            self.progress.show(f"reference values: {config}")
            self.script(python, "golden.py", config, str(self.golden / f"{config}.npz"))
        for config in exports:
            self.progress.show(f"exporting the step: {config}")
            try:
                self.script(self.pythons["torch"].path, "onnx_export.py", config, str(self.golden / f"{config}.npz"),
                            str(self.golden / f"{config}.onnx"))
            except (subprocess.CalledProcessError, OSError):
                for s in subjects:
                    if s.who == "onnx" and s.config == config:
                        self.results.missing[s] = "the step could not be exported, see log.txt"

    def script(self, python: str, name: str, *words: str) -> None:
        """Runs one of our own programs."""
        with self.log.open("a") as out:
            subprocess.run([python, str(Path(__file__).parent / name), *words], stdout=out, stderr=out, check=True,
                           env=self.environment(()))

    def environment(self, extra: tuple[tuple[str, str], ...]) -> dict[str, str]:
        """Ours, less what others may have set."""
        drop = re.compile(r"^(OMP_|OPENBLAS_|MKL_|GOMP_|KMP_|XLA_|LD_PRELOAD|LD_LIBRARY_PATH)")
        env = {k: v for k, v in os.environ.items() if not drop.match(k)}
        return {**env, "PYTHONDONTWRITEBYTECODE": "1", "TORCHINDUCTOR_CACHE_DIR": str(self.folder / "inductor"),
                **dict(extra)}

    def run(self, words: list[str], env: tuple[tuple[str, str], ...], limit: Optional[float] = None) -> Optional[str]:
        """A measurement's output; None where the program failed (its complaint is in the log and in `why`)."""
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, env=self.environment(env),
                                  timeout=limit)
        except subprocess.TimeoutExpired:
            self.why = f"not done after {limit:.0f} s"
            self.note(f"{' '.join(words)}\n{self.why}")
            return None
        if done.returncode != 0:
            self.why = installs.last_line(done.stderr) + f" (exit status {done.returncode})"
            self.note(f"{' '.join(words)}\n{done.stderr}")
            return None
        return done.stdout

    def once(self, s: Subject, seconds: float, setup: Optional[Setup] = None,
             limit: Optional[float] = None) -> Optional[dict[str, float]]:
        """One measurement."""
        self.neighbours.begin()
        found = self.once_ours(s, seconds) if s.who == "ours" else self.once_peer(s, seconds, setup or Setup("", ""),
                                                                                  limit)
        if found is not None:
            found["others"] = self.neighbours.share()
        return found

    def once_ours(self, s: Subject, seconds: float) -> Optional[dict[str, float]]:
        """A process of s2rm_bench."""
        if s.what == "memory":
            text = self.run([self.args.program, f"--peak_memory={s.config},{s.threads}"], ())
            return None if text is None else {"peak_rss_bytes": json.loads(text)["peak_rss_bytes"]}
        text = self.run([self.args.program, f"--benchmark_filter=^{re.escape(ours(s))}$", "--benchmark_format=json",
                         f"--benchmark_min_time={seconds}"], ())
        if text is None:
            return None
        out = json.loads(text)
        for key, value in out["context"].items():
            if key.startswith("saved_bytes_per_time_step/"):
                self.saved_bytes[key.split("/", 1)[1]] = value
        self.compiler = out["context"].get("compiler", "")
        run = out["benchmarks"][0]
        figures = {k: float(v) for k, v in run.items() if isinstance(v, (int, float))}
        for key in ("best", "median", "p99", "p999"):
            if f"{key}_us" in figures:
                figures[f"{key}_s"] = figures[f"{key}_us"] * 1e-6
        figures["calls"] = figures["iterations"]
        return figures

    def once_peer(self, s: Subject, seconds: float, setup: Setup, limit: Optional[float]) -> Optional[dict[str, float]]:
        """A process of a peer."""
        python = self.pythons[PEERS[s.who].install].path
        least = 2 if HEAVY.search(s.config) else 3
        text = self.run(command(s, setup, python, self.golden, seconds, least), setup.env, limit)
        if text is None:
            return None
        out = json.loads(text.splitlines()[-1])
        self.results.about[s] = {k: v for k, v in out.items() if isinstance(v, str)}
        return {k: float(v) for k, v in out.items() if isinstance(v, (int, float))}

    def calibrate(self, subjects: list[Subject]) -> None:
        """The best set-up of every peer, looked for on `balls`."""
        keys = {(s.who, "train" if s.what == "memory" else s.what, s.threads) for s in subjects
                if s.who != "ours" and s not in self.results.missing}
        wanted = [Subject(who, what, "balls", n) for who, what, n in sorted(keys)]
        core_types: tuple[str, ...] = CORE_TYPES
        first = Subject("debian/eager", "train", "balls", 1)
        if any(PEERS[s.who].install == "debian" for s in wanted) and self.blas:
            openmp = {k: v for k, v in self.blas.items() if k == "openmp"} or self.blas
            tried = self.trial(first, candidates(first, openmp))
            core_types = tuple(dict(s.env).get("OPENBLAS_CORETYPE", "") for s, _ in tried[:3]) or CORE_TYPES
        for s in wanted:
            choice = candidates(s, self.blas, core_types)
            tried = self.trial(s, choice) if len(choice) > 1 else [(choice[0], 0.0)]
            if not tried:
                self.results.missing[s] = self.why
            else:
                self.results.setups[s] = tried[0][0]
        for s in subjects:
            key = Subject(s.who, "train" if s.what == "memory" else s.what, "balls", s.threads)
            if key in self.results.missing:
                self.results.missing[s] = self.results.missing[key]
            elif key in self.results.setups:
                self.results.setups.setdefault(s, self.results.setups[key])

    def trial(self, s: Subject, choice: list[Setup]) -> list[tuple[Setup, float]]:
        """Set-ups with their best times, fastest first; those that do not run, or take a minute, are left out."""
        best: dict[Setup, float] = {}
        for _ in range(2):  # the second time only what may still win
            again = [c for c in choice if not best or best.get(c, math.inf) < 1.5 * min(best.values())]
            self.progress.begin(len(again))
            for setup in again:
                self.progress.show(f"set-ups: {s.text()}: {setup.label}")
                found = self.once(s, 1.0, setup, 60)
                if found is not None:
                    best[setup] = min(found["best_s"], best.get(setup, found["best_s"]))
        tried = sorted(best.items(), key=lambda x: x[1])
        self.note(page.about_setups(s, [(setup.label, t) for setup, t in tried]))
        return tried

    def measure(self, subjects: list[Subject]) -> None:
        """All rounds."""
        left = [s for s in subjects if s not in self.results.missing]
        rounds = {s: min(self.args.rounds, 1 if self.args.quick else 2) if HEAVY.search(s.config) or s.what == "memory"
                  else self.args.rounds for s in left}
        self.progress.begin(sum(rounds.values()))
        for n in range(self.args.rounds):
            for s in [s for s in left if rounds[s] > n and s not in self.results.missing]:
                self.progress.show(f"round {n + 1}: {s.text()}")
                found = self.once(s, self.args.seconds, self.results.setups.get(s))
                if found is not None and found["others"] > 0.05 and not self.args.quick:
                    again = self.once(s, self.args.seconds, self.results.setups.get(s))
                    found = again if again is not None and again["others"] < found["others"] else found
                if found is None:
                    self.results.missing[s] = self.why
                    if s.who == "ours":
                        sys.exit(f"{s.text()}: {self.why}")
                else:
                    self.results.rounds.setdefault(s, []).append(found)
                    self.same_model(s, found)
        self.progress.clear()


    def same_model(self, s: Subject, found: dict[str, float]) -> None:
        """Ends the run where a peer's model has another number of parameters than ours of that name."""
        if s.what == "train" and "parameters" in found:
            count = self.parameters.setdefault(s.config, found["parameters"])
            if count != found["parameters"]:
                sys.exit(f"{s.text()}: {found['parameters']:.0f} parameters, expected {count:.0f}")


def in_turn(rows: list[Row]) -> list[Subject]:
    """Everything the rows need, once; what is compared stands together, ours first."""
    needed = list(dict.fromkeys(s for row in rows for s in row.needs))
    group = {s: (s.what, s.config) for s in needed}
    order = list(dict.fromkeys(group[s] for s in needed))
    return sorted(needed, key=lambda s: (order.index(group[s]), s.who != "ours"))


def facts_of(args: argparse.Namespace, bench: Bench) -> dict[str, str]:
    """What a published number needs to be made again."""
    git = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
                         capture_output=True, text=True, check=False)
    disturbed, whole = bench.results.disturbed()
    heavy = min(args.rounds, 1 if args.quick else 2)
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": git.stdout.strip() or "unknown", "compiler": bench.compiler, "cpu": machine.cpu_model(),
            "cores": str(machine.cores()), "caches": machine.caches(), "system": machine.system(),
            "rounds": str(args.rounds), "heavy rounds": str(heavy), "seconds a measurement": f"{args.seconds:g}",
            "disturbed": f"{disturbed} of {whole}", "command": "./bench" + (" --quick" if args.quick else "")}


def main() -> None:
    """The whole run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, help="s2rm_bench")
    parser.add_argument("--folder", required=True, help="for environments, files and the log")
    parser.add_argument("--page", required=True, help="the page to write")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", action="store_true")
    args = parser.parse_args()
    if args.rows:
        print("\n".join(row.key for row in all_rows()))
        return
    args.rounds, args.seconds = (2, 1.0) if args.quick else (5, 3.0)
    rows = [row for row in all_rows() if re.search(args.only, row.key)]
    if not rows:
        sys.exit("--only: no such row; there are: " + " ".join(row.key for row in all_rows()))
    subjects = in_turn(rows)
    bench = Bench(args)
    bench.install(subjects)
    bench.prepare(subjects)
    bench.calibrate(subjects)
    bench.measure(subjects)
    bench.note(json.dumps([{**vars(s), "rounds": r} for s, r in bench.results.rounds.items()]))
    facts = facts_of(args, bench)
    print("\n".join(f"{key}: {value}" for key, value in facts.items()) + "\n")
    for s, setup in bench.results.setups.items():
        if s.config == "balls" and s.what != "memory":
            print(f"{s.text()}: {bench.results.about.get(s, {}).get('version', '')} {setup.label}".rstrip())
    print("\n" + page.terminal_table(rows, bench.results) + page.missing(bench.results))
    if args.only:
        print("A part of the table: no page is written.")
    else:
        Path(args.page).write_text(page.write(rows, bench.results, facts, bench.saved_bytes))
        print(f"written: {os.path.relpath(args.page, ROOT)}")


if __name__ == "__main__":
    main()
