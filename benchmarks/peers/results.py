"""What came out: all rounds of every subject, and the figures made from them."""
from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Optional

from subjects import Setup, Subject


@dataclass
class Results:
    """Rounds by subject; `missing` says why a subject has none."""

    rounds: dict[Subject, list[dict[str, float]]] = field(default_factory=dict)
    missing: dict[Subject, str] = field(default_factory=dict)
    setups: dict[Subject, Setup] = field(default_factory=dict)
    about: dict[Subject, dict[str, object]] = field(default_factory=dict)

    def has(self, subject: Optional[Subject]) -> bool:
        """Whether it was measured."""
        return subject is not None and bool(self.rounds.get(subject))

    def best(self, subject: Subject) -> float:
        """Shortest call of all rounds, seconds."""
        return min(r["best_s"] for r in self.rounds[subject])

    def median(self, subject: Subject) -> float:
        """Median of the rounds' medians, seconds."""
        return statistics.median(r["median_s"] for r in self.rounds[subject])

    def highest(self, subject: Subject, key: str) -> float:
        """Largest figure of all rounds."""
        return max(r[key] for r in self.rounds[subject])

    def middle(self, subject: Subject, key: str) -> float:
        """Median figure of all rounds."""
        return statistics.median(r[key] for r in self.rounds[subject])

    def fastest(self, subjects: list[Subject], typical: bool = False) -> Optional[Subject]:
        """The one with the shortest time."""
        measured = [s for s in subjects if self.has(s)]
        return min(measured, key=self.median if typical else self.best) if measured else None

    def reason(self, subjects: list[Subject]) -> str:
        """Why none of these was measured."""
        return next((self.missing[s] for s in subjects if s in self.missing), "not part of this run")

    def disturbed(self) -> tuple[int, int]:
        """Measurements while others used more than a twentieth of the machine, and all."""
        shares = [r.get("others", 0.0) for rounds in self.rounds.values() for r in rounds]
        return sum(share > 0.05 for share in shares), len(shares)
