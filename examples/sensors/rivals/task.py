"""What a rival is asked, and how it answers: a folder that the program `sensors` writes, and arrays in another.

The task folder holds task.json and arrays:
    values.npy   (times, stations, channels), in the unit of the data, NaN where nothing was read
    places.npy   (stations, 2): longitude and latitude in degrees, or kilometres east and north
    sides.npy    (stations, sides): what else is known of a station, as its height in metres
    weights.npy  (stations): of a station in a mean over all (its cell's area)
    lost.npy     (rows, 2): (time, station) of what the test with half of the readings does without

task.json: "set", "task" (forecast: every station one step ahead, from what was read before; unseen: the same time at stations that
nobody read), "fold", "seed", "budget", "transform", "channel" (which one is asked for), "channels", "sides", "degrees",
"times" (seconds since 1970), "train", "validation", "test" (half-open ranges of times), "sensors" (the stations that are read),
"asked" (those whose readings are predicted), "validation_stations" (groups that are hidden while settings are chosen), "settings_sensors" (other sensors for the same), "lead" (steps from the last
reading to what is predicted, of a field that is read at drawn places; else 0).

A rival predicts f(y), y transformed, as a Gaussian, at every test time and asked station: mean and variance (times, asked).
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import time

import numpy as np

EARTH = 6371.0


class Task:
    """One task folder."""

    def __init__(self, folder: str | os.PathLike) -> None:
        folder = pathlib.Path(folder)
        self.about = json.loads((folder / "task.json").read_text())
        load = lambda name: np.load(folder / f"{name}.npy").astype(np.float64)
        self.values, self.places, self.sides, self.weights = (load(n) for n in ("values", "places", "sides", "weights"))
        self.lost = np.load(folder / "lost.npy").astype(int).reshape(-1, 2)
        self.set, self.kind, self.seed = self.about["set"], self.about["task"], int(self.about["seed"])
        self.budget = self.about["budget"]
        self.channel = int(self.about["channel"])
        self.lead = int(self.about.get("lead", 0))
        self.times = np.array(self.about["times"], dtype=np.int64)
        ranges = (range(*self.about[name]) for name in ("train", "validation", "test"))
        self.train, self.validation, self.test = (np.array(r) for r in ranges)
        self.fit = np.concatenate([self.train, self.validation])
        self.sensors = np.array(self.about["sensors"], dtype=int)
        self.asked = np.array(self.about["asked"], dtype=int)
        self.validation_stations = [np.array(g, dtype=int) for g in self.about["validation_stations"]]

    def f(self, y: np.ndarray) -> np.ndarray:
        """The transform that makes readings nearly Gaussian."""
        return {"identity": lambda v: v, "sqrt": np.sqrt, "log1p": np.log1p}[self.about["transform"]](y)

    def back(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """E[y] of a Gaussian f(y)."""
        return {"identity": lambda m, v: m, "sqrt": lambda m, v: m * m + v,
                "log1p": lambda m, v: np.expm1(m + v / 2)}[self.about["transform"]](mean, variance)

    def target(self) -> np.ndarray:
        """f(y) of the channel that is asked for, (times, stations)."""
        return self.f(self.values[:, :, self.channel])

    def year(self) -> np.ndarray:
        """The phase of the year of every time, in radians."""
        return 2 * np.pi * self.times / (365.25 * 86400)

    def vectors(self) -> np.ndarray:
        """Places as unit vectors times the Earth's radius (kilometres), or as kilometres on the plane with a zero."""
        x, y = self.places.T
        if not self.about["degrees"]:
            return np.stack([x, y, np.zeros_like(x)], axis=1)
        a, b = np.radians(x), np.radians(y)
        around = np.where(np.abs(y) == 90, 0, np.cos(b))
        return EARTH * np.stack([around * np.cos(a), around * np.sin(a), np.sin(b)], axis=1)

    def drifts(self) -> tuple[list[str], np.ndarray]:
        """Names and values (stations, drifts) of the side inputs as drifts: heights in kilometres, others as log(1 + x) where they
        are nowhere negative."""
        names = list(self.about["sides"])
        columns = [x / 1000 if n == "height" else np.log1p(x) if x.min() >= 0 else x for n, x in zip(names, self.sides.T)]
        return names, np.stack(columns, axis=1) if names else np.zeros((len(self.places), 0))

    def kilometres(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distances along the ground between stations `a` and `b`."""
        p = self.vectors()
        chord = np.sqrt(np.maximum(((p[a][:, None] - p[b][None]) ** 2).sum(-1), 0))
        return 2 * EARTH * np.arcsin(np.minimum(chord / (2 * EARTH), 1)) if self.about["degrees"] else chord


def harmonics(phase: np.ndarray, count: int = 2) -> np.ndarray:
    """Constant, then sine and cosine of each harmonic."""
    waves = [g(k * phase) for k in range(1, count + 1) for g in (np.sin, np.cos)]
    return np.stack([np.ones_like(phase), *waves], axis=1)


def climate(values: np.ndarray, phase: np.ndarray, rows: np.ndarray, count: int = 2) -> np.ndarray:
    """Mean and harmonics of every column by least squares over `rows`, at all times. NaN are left out."""
    design = harmonics(phase, count)
    flat = values.reshape(len(values), -1)
    there = ~np.isnan(flat[rows])
    if there.all():
        fitted = np.linalg.lstsq(design[rows], flat[rows], rcond=None)[0]
    else:
        fitted = np.full((design.shape[1], flat.shape[1]), np.nan)
        for column in range(flat.shape[1]):
            here = rows[there[:, column]]
            if len(here) >= 3 * design.shape[1]:
                fitted[:, column] = np.linalg.lstsq(design[here], flat[here, column], rcond=None)[0]
    return (design @ fitted).reshape(values.shape)


class Answer:
    """Writes what a rival says, with what it cost since this object was made (or since `start`)."""

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = pathlib.Path(folder)
        self.start()

    def start(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def write(self, name: str, mean: np.ndarray, variance: np.ndarray, note: str = "", **more: object) -> None:
        """`name` as it stands in tables; the folder is made from it."""
        made = self.folder / "".join(c if c.isalnum() else "_" for c in name)
        made.mkdir(parents=True, exist_ok=True)
        np.save(made / "mean.npy", np.ascontiguousarray(mean, dtype=np.float32))
        np.save(made / "variance.npy", np.ascontiguousarray(np.broadcast_to(variance, mean.shape), dtype=np.float32))
        about = {"name": name, "note": note, "seconds": round(time.perf_counter() - self.wall, 2),
                 "cpu_seconds": round(time.process_time() - self.cpu, 2),
                 "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), **more}
        (made / "about.json").write_text(json.dumps(about, indent=1) + "\n")
        self.start()
