#!/usr/bin/env python3
"""Adds up what the test programs of a coverage build ran (scripts/coverage calls it).

    scripts/coverage_table.py <build folder> <profiles> <source file or folder>...

Each program is read with its own profiles, which its build id finds; then a line or a branch counts as taken where any program
or any instantiation took it. Prints a table, and writes what nobody took to <build folder>/missed.txt.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def profiles_by_program(profiles):
    found = collections.defaultdict(list)
    for path in sorted(profiles.glob("*.profraw")):
        for name in re.findall(r"^([0-9a-f]{40})$", run("llvm-profdata-19", "show", "--binary-ids", str(path)), re.M):
            found[name].append(str(path))
    return found


def main():
    build, profiles, *sources = (pathlib.Path(word) for word in sys.argv[1:])
    known = profiles_by_program(profiles)
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    branches = collections.defaultdict(lambda: collections.defaultdict(int))
    programs = 0
    for program in sorted((build / "tests" / "bin").iterdir()):
        notes = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", str(program))) if program.is_file() else None
        if notes is None or notes[1] not in known:
            continue
        programs += 1
        merged = str(build / "one.profdata")
        run("llvm-profdata-19", "merge", "-sparse", *known[notes[1]], "-o", merged)
        export = ("llvm-cov-19", "export", str(program), f"-instr-profile={merged}")
        file = None
        for row in run(*export, "-format=lcov", *map(str, sources)).splitlines():
            if row.startswith("SF:"):
                file = lines[row[3:]]
            elif row.startswith("DA:"):
                line, count = row[3:].split(",")[:2]
                file[int(line)] += int(count)
        for function in json.loads(run(*export, *map(str, sources)))["data"][0]["functions"]:
            for l1, c1, _, _, yes, no, index, *_ in function["branches"]:
                name = function["filenames"][index]
                branches[name][l1, c1, "true"] += yes
                branches[name][l1, c1, "false"] += no
    library = pathlib.Path("include/s2rm").resolve()
    asked = [source.resolve() for source in sources]
    total = [0, 0, 0, 0]
    missed = []
    print(f"{programs} programs\n{'file':40} {'lines':>12} {'':>8} {'branches':>12}")
    for name in sorted(lines):
        path = pathlib.Path(name)
        if not any(path == place or place in path.parents for place in asked):
            continue
        # What follows the end of a branch counts with it, also where it is a comment.
        text = path.read_text(encoding="utf-8").splitlines()
        here = {line: count for line, count in lines[name].items() if not text[line - 1].lstrip().startswith("//")}
        there = branches[name]
        counts = [sum(c > 0 for c in here.values()), len(here), sum(c > 0 for c in there.values()), len(there)]
        total = [a + b for a, b in zip(total, counts)]
        short = str(path.relative_to(library))
        missed += [f"{short}:{line}: never run" for line, count in sorted(here.items()) if count == 0]
        missed += [f"{short}:{l}:{c}: never {side}" for (l, c, side), count in sorted(there.items()) if count == 0]
        print(row_of(short, counts))
    print(row_of("all", total))
    (build / "missed.txt").write_text("\n".join(missed) + "\n")


def row_of(name, counts):
    def share(some, all_of_them):
        return f"{some:5}/{all_of_them:5} {100 * some / max(1, all_of_them):6.1f} %"
    return f"{name:40} {share(*counts[:2])} {share(*counts[2:])}"


if __name__ == "__main__":
    main()
