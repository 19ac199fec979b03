"""What the peers need: a virtual environment each, and OpenBLAS in both of Debian's builds for Debian's PyTorch."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


@dataclass
class Python:
    """An interpreter with a framework, or why there is none."""

    path: str = ""
    missing: str = ""


def last_line(text: str) -> str:
    """What a program complained of."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"


def debian_torch() -> Python:
    """The distribution's PyTorch."""
    done = subprocess.run([SYSTEM_PYTHON, "-c", "import torch, numpy"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Python(missing=f"{SYSTEM_PYTHON}: {last_line(done.stderr)} (Debian: apt install python3-torch)")
    return Python(SYSTEM_PYTHON)


def virtual_environment(folder: Path, name: str, module: str, log: Path) -> Python:
    """Makes `folder`/`name` from requirements-<name>.txt unless it is there and up to date."""
    wanted = HERE / f"requirements-{name}.txt"
    where = folder / name
    stamp = where / "installed"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    python = Python(str(where / "bin" / "python"))
    if not (stamp.exists() and stamp.read_text() == digest):
        shutil.rmtree(where, ignore_errors=True)
        commands = ([SYSTEM_PYTHON, "-m", "venv", str(where)],
                    [python.path, "-m", "pip", "install", "--quiet", "-r", str(wanted)],
                    [python.path, "-c", f"import {module}"])
        with log.open("a") as out:
            for command in commands:
                done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
                out.write(done.stderr)
                if done.returncode != 0:
                    return Python(missing=f"{Path(command[0]).name} {' '.join(command[1:4])}: {last_line(done.stderr)}")
        stamp.write_text(digest)
    return python


def openblas(folder: Path, log: Path) -> dict[str, str]:
    """Folders with libblas.so.3 by build: "openmp", "pthread". Downloaded packages are unpacked, not installed."""
    found: dict[str, str] = {}
    for build in ("openmp", "pthread"):
        places = list(Path("/usr/lib").glob(f"*/openblas-{build}/libblas.so.3"))
        if not places:
            target = folder / build
            if not target.exists():
                unpack(f"libopenblas0-{build}", target, log)
            places = list(target.glob(f"usr/lib/*/openblas-{build}/libblas.so.3"))
        if places:
            found[build] = str(places[0].parent)
    return found


def unpack(package: str, target: Path, log: Path) -> None:
    """Fetches a Debian package and unpacks it into `target`; leaves nothing behind where that fails."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    target.mkdir(parents=True)
    with log.open("a") as out:
        done = subprocess.run(["apt-get", "download", package], cwd=target, stdout=out, stderr=out, check=False)
        packages = list(target.glob("*.deb"))
        if done.returncode == 0 and packages:
            done = subprocess.run(["dpkg-deb", "-x", str(packages[0]), str(target)], stdout=out, stderr=out,
                                  check=False)
    if done.returncode != 0 or not packages:
        shutil.rmtree(target)
