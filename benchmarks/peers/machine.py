"""This machine: what it is, and how much of it others use while something is timed."""
from __future__ import annotations

import os
import platform
import resource
from pathlib import Path


def cpu_model() -> str:
    """Name, family and the instruction sets that matter."""
    info: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        info.setdefault(key.strip(), value.strip())
    wanted = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile")
    flags = [f for f in wanted if f in info.get("flags", "").split()]
    numbers = ", ".join(f"{name} {info.get(key, '?')}" for name, key in
                        (("family", "cpu family"), ("model", "model"), ("stepping", "stepping")))
    return f"{info.get('model name', 'unknown')} ({numbers}; {', '.join(flags) or 'no AVX2'})"


def caches() -> str:
    """Sizes of the caches of the first core."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found) or "unknown"


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def system() -> str:
    """Kernel and distribution."""
    name = "unknown"
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            name = line.split("=", 1)[1].strip('"')
    return f"{name}, Linux {platform.release().split('-')[0]}"


def peak_resident_bytes() -> int:
    """Of this program alone; `getrusage` counts the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


class Neighbours:
    """The part of the machine that neither we nor our children used since `begin`, stolen time included."""

    def __init__(self) -> None:
        self._all = self._idle = self._ours = 0.0

    @staticmethod
    def _read() -> tuple[float, float, float]:
        ticks = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        hertz = os.sysconf("SC_CLK_TCK")
        ours = 0.0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            ours += usage.ru_utime + usage.ru_stime
        return sum(ticks) / hertz, (ticks[3] + ticks[4]) / hertz, ours

    def begin(self) -> None:
        """Starts counting."""
        self._all, self._idle, self._ours = self._read()

    def share(self) -> float:
        """Of all cores' time since `begin`."""
        whole, idle, ours = (now - then for now, then in zip(self._read(), (self._all, self._idle, self._ours)))
        return max(0.0, (whole - idle - ours) / whole) if whole > 0.2 else 0.0
