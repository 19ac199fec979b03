"""The measured problems, the same sizes as benchmarks/models.hpp and the files beside it."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Problem:
    """One model and the extents of its batch; `check_time`, `check_batch` are what a peer's values are compared at."""

    modules: int = 10
    hidden: int = 128
    heads: int = 4
    head_width: int = 32
    sphere: int = 16
    place: int = 2
    octaves: int = 6
    place_hidden: int = 64
    view: tuple[int, ...] = (1, 11, 11)
    encoder: tuple[int, ...] = (128, 128)
    decoder: tuple[int, ...] = (128,)
    tau: float = 0.0
    time: int = 20
    batch: int = 32
    views: int = 10
    queries: int = 10
    check_time: int = 5
    check_batch: int = 4

    @property
    def pixels(self) -> int:
        """Numbers of one view."""
        return math.prod(self.view)

    @property
    def width(self) -> int:
        """Keys and values of all heads."""
        return self.heads * self.head_width


BALLS = Problem()
PROBLEMS = {
    "tiny": Problem(modules=4, hidden=32, heads=2, head_width=16, sphere=8, place_hidden=32, view=(1, 5, 5),
                    encoder=(32, 32), decoder=(32,), time=10, batch=8, views=4, queries=4),
    "balls": BALLS,
    "balls_m160": replace(BALLS, modules=160, check_time=2, check_batch=2),
    "balls_t200": replace(BALLS, time=200, check_time=20, check_batch=2),
    "wide": Problem(modules=64, hidden=64, heads=4, head_width=16, encoder=(64, 64), decoder=(64,), batch=8, views=64,
                    queries=64, check_time=3, check_batch=2),
}
