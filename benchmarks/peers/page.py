"""The tables, for the terminal and for docs/results/cpu.md."""
from __future__ import annotations

from results import Results
from rows import Line, Row, milliseconds
from subjects import PEERS, Subject

HEADINGS = {
    "bars": ("## The bars", "Ratios are a peer's time over ours unless a row says otherwise; the peer is the "
             "distribution's PyTorch with OpenBLAS, in its best set-up. *Limit here*: the ratio at which our step "
             "would consist of multiply-adds at the peak measured beside it (training), or of one read of the float32 "
             "weights at the bandwidth measured beside it (streaming)."),
    "peers": ("## Every peer, `balls`", "Each in its best set-up; two threads of ours against the better of one and "
              "two of the peer's."),
    "others": ("## Other configurations", ""),
}
COLUMNS = ("", "ours, best", "peer, best", "limit here", "bar (stretch)", "best / best", "median / median", "")


def cells(line: Line) -> list[str]:
    """A line's cells."""
    return [line.title, line.ours, line.peer, line.limit, line.bar, line.best, line.typical, line.verdict]


def markdown_table(head: list[str], body: list[list[str]], left: int = 1) -> str:
    """A table in Markdown; the first `left` columns are aligned to the left."""
    lines = [head, ["---" if i < left else "---:" for i in range(len(head))], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def terminal_table(rows: list[Row], results: Results) -> str:
    """One table in columns of equal width."""
    body = [list(COLUMNS), *(cells(row.make(results)) for row in rows)]
    widths = [max(len(line[i]) for line in body) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(w) if i in (0, 2, 7) else cell.rjust(w) for i, (cell, w) in
                       enumerate(zip(line, widths))).rstrip() for line in body]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]]) + "\n"


def times(results: Results) -> str:
    """Every time behind the ratios."""
    body = []
    for s, rounds in results.rounds.items():
        if s.what == "memory":
            continue
        who = "s2rm" if s.who == "ours" else PEERS[s.who].label
        what = s.config if s.what == "part" else f"{s.what} {s.config}"
        share = f"{results.highest(s, 'share'):.2f}" if "share" in rounds[0] else ""
        body.append([who, what, str(s.threads), milliseconds(results.best(s)), milliseconds(results.median(s)), share,
                     str(len(rounds)), str(int(sum(r["calls"] for r in rounds)))])
    head = ["", "", "threads", "best", "median", "share of the multiply-add peak", "rounds", "calls"]
    return markdown_table(head, body, 2)


def latencies(results: Results) -> str:
    """Points of the histogram of a streaming step: medians over rounds."""
    body = []
    for s, rounds in results.rounds.items():
        if s.what == "stream" and s.config == "balls" and all("p99_s" in r for r in rounds):
            who = "s2rm" if s.who == "ours" else PEERS[s.who].label
            p50, p99, p999 = (results.middle(s, key) for key in ("median_s", "p99_s", "p999_s"))
            body.append([who, str(s.threads), *(milliseconds(x) for x in (p50, p99, p999)), f"{p999 / p50:.2f}"])
    return markdown_table(["", "threads", "p50", "p99", "p99.9", "p99.9 / p50"], body)


def peers_used(results: Results) -> str:
    """Versions and set-ups."""
    body = []
    for s, setup in results.setups.items():
        about = results.about.get(s, {})
        version = str(about.get("version", "")) + (f", jaxlib {about['jaxlib']}" if "jaxlib" in about else "")
        if s.config == "balls" and s.what in ("train", "stream"):
            text = setup.label + (f", Adam {about['adam']}" if s.what == "train" and about.get("adam") else "")
            body.append([PEERS[s.who].label, version, s.what, str(s.threads), text.strip(", ") or "default"])
    return markdown_table(["", "version", "", "threads", "set-up chosen"], body, 3)


def missing(results: Results) -> str:
    """What could not be measured."""
    by_reason: dict[tuple[str, str], int] = {}
    for s, why in results.missing.items():
        name = s.text() if s.who == "ours" else PEERS[s.who].label
        by_reason[name, why] = by_reason.get((name, why), 0) + 1
    return "".join(f"- {name}: not available: {why}\n" for name, why in by_reason)


def write(rows: list[Row], results: Results, facts: dict[str, str], saved_bytes: dict[str, str]) -> str:
    """The page."""
    out = ["# CPU: training and streaming", "",
           f"Written by `./bench` on {facts['date']}; every number is from that run. Ours and the peers ran in turn, "
           f"each measurement in a process of its own, {facts['rounds']} rounds ({facts['heavy rounds']} for what "
           "takes seconds a step). *best* is the shortest call of all rounds, *median* the median of the rounds' "
           "medians. Before it is timed, ours is compared with `ops::reference` and every peer with "
           "`python/s2rm_reference.py` (loss, predictions, every gradient; 1e-4 of the largest number).", "",
           f"Machine: {facts['cpu']}, {facts['cores']} cores, {facts['caches']}; {facts['system']}.",
           f"Other processes took more than 5 % of the machine in {facts['disturbed']} measurements.", ""]
    for section, (heading, text) in HEADINGS.items():
        body = [cells(row.make(results)) for row in rows if row.section == section]
        if body:
            out += [heading, "", *([text, ""] if text else []), markdown_table(list(COLUMNS), body)]
    out += ["## Latency of a streaming step, `balls`", "", latencies(results),
            "## Peers", "", peers_used(results)]
    absent = missing(results)
    if absent:
        out += ["Not measured:", "", absent]
    out += ["## All times", "", times(results),
            "## Saved activations", "", "Bytes of one time step, from the types alone (float32, the batch of the "
            "configuration):", "", markdown_table(["configuration", "bytes"], [[f"`{k}`", v] for k, v in
                                                                             saved_bytes.items()]),
            "## Manifest", "", *(f"- {key}: {value}" for key, value in facts.items())]
    return "\n".join(out) + "\n"


def about_setups(subject: Subject, tried: list[tuple[str, float]]) -> str:
    """What calibration tried, for the log."""
    listed = ", ".join(f"{label or 'default'} {milliseconds(t)}" for label, t in sorted(tried, key=lambda x: x[1]))
    return f"{subject.text()}: {listed}"
