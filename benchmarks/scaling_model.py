"""How training on n ranks scales, on paper: the model of docs/scaling.md. Prints its tables.

A step of b elements a rank takes  fixed + each * b + sum(n):  fixed is what every rank does whatever its share (update,
packed weights), `each` one element forward and back, and

  sum(n) = 2 (n - 1) / n * bytes / bandwidth + (2 + 1 + 3 * 2) * log2(n) * latency

the flat gradient by reduce-scatter and all-gather (Rabenseifner's all-reduce), a meeting before it, and three sums of a
few numbers. The tree of `training::parts` moves the same bytes between 2^k ranks, by n - 1 messages each way in place of
log2(n).
"""

import argparse
import math


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixed", type=float, default=7.5, help="ms (one thread, balls)")
    parser.add_argument("--each", type=float, default=2.19, help="ms an element")
    parser.add_argument("--elements", type=int, default=16, help="of a batch: of each rank (weak), of all (strong)")
    parser.add_argument("--parameters", type=int, default=2246890)
    parser.add_argument("--networks", default="100 Gbit/s:12.5:3,10 Gbit/s:1.25:30", help="name:GB/s:latency in us,...")
    given = parser.parse_args()
    split = (network.split(":") for network in given.networks.split(","))
    networks = [(name, float(rate), float(latency)) for name, rate, latency in split]
    ranks = [2**k for k in range(11)]

    def sum_ms(n, rate, latency, tree):
        if n == 1:
            return 0.0
        messages = 2 * (n - 1) if tree else 2 * math.log2(n)
        return 2 * (n - 1) / n * given.parameters * 4 / rate * 1e-6 + (messages + 7 * math.log2(n)) * latency * 1e-3

    alone = given.fixed + given.each * given.elements
    heads = (f"{name}: sum, ms | weak | strong | tree: sum, ms | weak" for name, _, _ in networks)
    print("| ranks | " + " | ".join(heads) + " |")
    print("| --- |" + " --- |" * (5 * len(networks)))
    for n in ranks:
        row = [str(n)]
        for _, rate, latency in networks:
            plain, tree = (sum_ms(n, rate, latency, t) for t in (False, True))
            strong = given.fixed + given.each * given.elements / n + plain
            row += [f"{plain:.2f}", f"{alone / (alone + plain):.0%}"]
            row += [f"{alone / strong:.1f}x" if n <= given.elements else "-"]
            row += [f"{tree:.2f}", f"{alone / (alone + tree):.0%}"]
        print("| " + " | ".join(row) + " |")


main()
