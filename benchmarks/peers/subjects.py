"""Who is measured, and how each is set up."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

HERE = Path(__file__).resolve().parent
CORE_TYPES = ("", "Haswell", "SkylakeX", "Cooperlake", "SapphireRapids", "Zen")


@dataclass(frozen=True)
class Subject:
    """One thing to time. `who` is "ours" or a key of PEERS; `what` is train, stream, memory, or part (ours alone: then
    `config` is a benchmark's name)."""

    who: str
    what: str
    config: str
    threads: int = 1

    def text(self) -> str:
        """For the progress line."""
        name = "s2rm" if self.who == "ours" else PEERS[self.who].label
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{name}: {self.config}" if self.what == "part" else f"{name}: {self.what} {self.config}, {threads}"


@dataclass(frozen=True)
class Setup:
    """How to start a peer: a variant of its program and its environment."""

    label: str
    variant: str
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Peer:
    """A framework in one way of using it."""

    label: str
    install: str  # debian, torch, jax, onnx
    program: str
    variants: dict[str, tuple[str, ...]] = field(hash=False)  # by `what`


PEERS = {
    "debian/eager": Peer("PyTorch 1.13 eager", "debian", "torch_peer.py", {"train": ("eager",), "stream": ("eager",)}),
    "debian/jit": Peer("PyTorch 1.13 frozen jit", "debian", "torch_peer.py", {"stream": ("jit",)}),
    "torch/eager": Peer("PyTorch 2 eager", "torch", "torch_peer.py", {"train": ("eager",), "stream": ("eager",)}),
    "torch/jit": Peer("PyTorch 2 frozen jit", "torch", "torch_peer.py", {"stream": ("jit",)}),
    "torch/compile": Peer("PyTorch 2 torch.compile", "torch", "torch_peer.py",
                          {"train": ("compile",), "stream": ("compile",)}),
    "jax": Peer("JAX/XLA", "jax", "jax_peer.py", {"train": ("scan", "unrolled"), "stream": ("jit",)}),
    "onnx": Peer("ONNX Runtime", "onnx", "onnx_peer.py", {"stream": ("session",)}),
}


def candidates(subject: Subject, blas: dict[str, str], core_types: tuple[str, ...] = CORE_TYPES) -> list[Setup]:
    """The set-ups among which a peer's best is looked for."""
    peer, n = PEERS[subject.who], str(subject.threads)
    found: list[Setup] = []
    for variant in peer.variants[subject.what]:
        if peer.install == "debian":
            for build, core in ((b, c) for b in blas for c in core_types):
                env = [("LD_LIBRARY_PATH", blas[build]), ("OMP_NUM_THREADS", n)]
                if build == "pthread":  # two pools of threads that both spin: one of them must be of one thread
                    env.append(("OPENBLAS_NUM_THREADS", "1"))
                if core:
                    env.append(("OPENBLAS_CORETYPE", core))
                text = f"OpenBLAS {build}, {core or 'core type as detected'}"
                if build == "pthread" and subject.threads > 1:
                    text += f", BLAS on 1 of {n} threads"
                found.append(Setup(text, variant, tuple(env)))
            if not blas:
                found.append(Setup("the system's BLAS", variant, (("OMP_NUM_THREADS", n),)))
        elif peer.install == "torch":
            found.append(Setup("MKL", variant, (("OMP_NUM_THREADS", n),)))
            if subject.threads > 1 and variant != "compile":
                found.append(Setup("MKL, threads bound", variant, (("OMP_NUM_THREADS", n), ("OMP_PROC_BIND", "close"))))
        else:
            found.append(Setup(variant if len(peer.variants[subject.what]) > 1 else "", variant))
    return found


def command(subject: Subject, setup: Setup, python: str, golden: Path, seconds: float, least: int) -> list[str]:
    """How to start a peer."""
    what = "train" if subject.what == "memory" else subject.what
    words = [python, str(HERE / PEERS[subject.who].program), "--config", subject.config, "--what", what, "--variant",
             setup.variant, "--threads", str(subject.threads), "--golden", str(golden / f"{subject.config}.npz"),
             "--seconds", str(seconds), "--least", str(least)]
    if subject.what == "memory":
        words.append("--memory")
    if subject.who == "onnx":
        words += ["--model", str(golden / f"{subject.config}.onnx")]
    return words


def ours(subject: Subject) -> str:
    """The name of the benchmark."""
    if subject.what == "part":
        return subject.config
    threads = f"/threads:{subject.threads}"
    if subject.what == "stream":
        return f"stream_step/{subject.config}" + (threads if subject.threads > 1 else "")
    return f"train_step/{subject.config}{threads}"


def find(who: str, what: str, config: str, threads: int = 1) -> Optional[Subject]:
    """The subject, or None where that peer does not do that."""
    if who != "ours" and ("train" if what == "memory" else what) not in PEERS[who].variants:
        return None
    return Subject(who, what, config, threads)
