"""machines_near.py <base> <other> <machine>: the numbers of tests/machines on two machines that round differently. Those of
one step, and of a stream with the same weights, must agree to what single precision can."""

import sys

BOUND = 1e-5  # of numbers about 1


def numbers(path: str, wanted: tuple[str, ...]) -> list[float]:
    with open(path, encoding="utf-8") as lines:
        rows = [line.split() for line in lines]
    return [float.fromhex(word) for row in rows if " ".join(row[:2]) in wanted or row[0] in wanted for word in row[2:]]


def main() -> None:
    base, other, machine = sys.argv[1:]
    found = [numbers(path, ("step 0", "other")) for path in (base, other)]
    if not found[0] or len(found[0]) != len(found[1]):
        sys.exit(f"{machine:8} FAILED: expected {len(found[0])} numbers, found {len(found[1])}")
    worst = max(abs(a - b) for a, b in zip(*found))
    if not worst <= BOUND:
        sys.exit(f"{machine:8} FAILED: expected numbers within {BOUND}, found a difference of {worst:.1e}")
    print(f"{machine:8} ok: other bits, within {worst:.1e} of x86-64 (one step; a stream with the same weights)")


main()
