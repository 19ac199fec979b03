"""The pages of docs/results and the manifests beside them: each published run leads to its line, and no line is lost."""

import json
import pathlib
import re
import sys
import tempfile
import unittest

RESULTS = pathlib.Path(__file__).parents[2] / "docs" / "results"
REQUIRED = {"program", "command", "started", "build", "data"}


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key twice: {keys}")
    return dict(pairs)


def manifests_of(file):
    """The runs of a `<page>.json`: an object with a line for each of them."""
    text = file.read_text(encoding="utf-8")
    runs = json.loads(text, object_pairs_hook=unique)
    lines = text.splitlines()
    if lines[0] != "{" or lines[-1] != "}" or len(lines) != len(runs) + 2:
        raise ValueError(f"{file.name}: expected a line for each of {len(runs)} runs, found {len(lines) - 2} lines")
    for name, line in zip(runs, lines[1:-1]):
        if json.loads("{" + line.rstrip(",") + "}") != {name: runs[name]}:
            raise ValueError(f"{file.name}: '{name}' is not on a line of its own")
        if missing := REQUIRED - runs[name].keys():
            raise ValueError(f"{file.name}: '{name}': missing: {sorted(missing)}")
        if re.fullmatch("[0-9a-f]{40}", runs[name]["build"]["commit"].removesuffix("-dirty")) is None:
            raise ValueError(f"{file.name}: '{name}': build.commit: expected a commit")
        seeds = runs[name].get("seeds") or [runs[name]["seed"]]
        if [int(seed) for seed in re.findall(r"\d+", re.split(r"\bseeds? ", name)[-1])] != seeds:
            raise ValueError(f"{file.name}: '{name}' is of the seeds {seeds}")
    return runs


def rows(text, title):
    """The cells of the table under `**title**`, without its header."""
    found = re.search(rf"^\*\*{re.escape(title)}\*\*\n\n(?:\|.*\n){{2}}((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()] if found else []


def check_page(page):
    """Whether a page that a program of examples/ wrote agrees with the file beside it; returns its number of runs."""
    text = page.read_text(encoding="utf-8")
    if "```json" in text:
        raise ValueError(f"{page.name}: a manifest in the page, expected a line of {page.stem}.json")
    file = page.with_suffix(".json")
    linked = f"]({file.name})" in text
    if linked != file.exists():
        raise ValueError(f"{page.name}: {file.name} is " + ("missing" if linked else "not linked to"))
    if not linked:
        return 0
    runs = manifests_of(file)
    columns = "| model | seed |" in text
    tested = [row for row in rows(text, "Runs") if not columns or row[-1] == "yes"]
    names = {f"{row[0]}, seed {row[1]}" if columns else f"S2GRU, seed {row[0]}" for row in tested}
    if names and names != runs.keys():
        raise ValueError(f"{page.name}: runs {sorted(names)}, {file.name} has {sorted(runs)}")
    return len(runs)


class Pages(unittest.TestCase):
    def test_every_page_leads_to_its_manifests(self):
        runs = {page.stem: check_page(page) for page in sorted(RESULTS.glob("*.md"))}
        self.assertLessEqual({"balls", "skirmish", "clip", "sensors_wind"}, {name for name, n in runs.items() if n > 0})
        for file in RESULTS.glob("*.json"):
            self.assertTrue(file.with_suffix(".md").exists(), file.name)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.page = pathlib.Path(self.folder.name) / "page.md"
        self.file = self.page.with_suffix(".json")
        self.addCleanup(self.folder.cleanup)
        self.manifest = {"program": "p", "command": [], "started": "", "data": {}, "seed": 1, "build": {"commit": "a" * 40}}
        self.write({"M, seed 1": self.manifest})

    def write(self, runs, tested="yes", link="page.json", lines=None):
        self.page.write_text(f"**Runs**\n\n| model | seed | tested |\n| - | - | - |\n| M | 1 | {tested} |\n\n[]({link})\n")
        lines = lines or [json.dumps(name) + ": " + json.dumps(run) for name, run in runs.items()]
        self.file.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    def refuses(self, words):
        with self.assertRaisesRegex(ValueError, words):
            check_page(self.page)

    def test_a_good_one_passes(self):
        self.assertEqual(check_page(self.page), 1)

    def test_faults(self):
        run = self.manifest
        line = '"M, seed 1": ' + json.dumps(run)
        for words, change in {
            "not linked to": {"link": "other.json"},
            "expected a line": {"lines": [line.replace('"seed"', '\n"seed"')]},
            "a key twice": {"lines": [line, line]},
            "page.json has": {"runs": {"M, seed 1": run, "N, seed 1": run}},
            "is of the seeds": {"runs": {"M, seed 2": run}},
            "missing: .'started'": {"runs": {"M, seed 1": {k: v for k, v in run.items() if k != "started"}}},
            "expected a commit": {"runs": {"M, seed 1": {**run, "build": {"commit": "unknown"}}}},
        }.items():
            with self.subTest(words):
                self.write(**{"runs": {"M, seed 1": run}, **change})
                self.refuses(words)
        self.write({"M, seed 1": run})
        self.file.unlink()
        self.refuses("page.json is missing")
        self.page.write_text("```json\n{}\n```\n")
        self.refuses("a manifest in the page")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
