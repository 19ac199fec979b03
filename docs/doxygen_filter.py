"""Markdown as this repository's host shows it, to Markdown as doxygen takes it (docs/Doxyfile calls it for every page).

Headings get labels that are unique over all pages, links between pages and to headings lead to these labels, and what a
page shows in angle brackets outside code is not taken for HTML.
"""

import os
import re
import sys

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^(#{1,6}) (.*?)\s*$")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
CODE = re.compile(r"(`+[^`]*`+)")
MAIN = "README.md"


def anchor(title):
    """GitHub's anchor of a heading."""
    title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-")


def numbered(name, seen):
    """The anchor of a heading that may stand on its page before: added, added-1, added-2."""
    seen[name] = seen.get(name, -1) + 1
    return f"{name}-{seen[name]}" if seen[name] else name


def label(page, heading=""):
    parts = ["page", os.path.splitext(page)[0].lower()] + ([heading] if heading else [])
    return "_".join(re.sub(r"\W", "_", part) for part in parts)


def link(page, match):
    picture, text, target = match.groups()
    if picture or re.match(r"[a-z]+:", target):
        return match.group(0)
    path, _, heading = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if os.path.isdir(path):
        path = os.path.join(path, "README.md")
    if not path.endswith(".md"):
        return text  # a file of the repository, which the pages do not hold
    if not os.path.exists(path):
        raise SystemExit(f"{page}: a link to {target}, which does not exist")
    if path == MAIN and not heading:
        return f"[{text}](@ref index)"
    return f"[{text}](#{label(path, heading.lower())})"


def outside_html(piece):
    if piece.startswith("`"):  # an apostrophe would end it: doxygen knows `this' as a quotation
        return f"`{piece}`" if "'" in piece and not piece.startswith("``") else piece
    return piece if piece.startswith("    ") else re.sub(r"<(?=/?[A-Za-z])", r"\\<", piece)


def main():
    page = os.path.relpath(sys.argv[1])
    code = first = False
    seen = {}
    for line in open(page, encoding="utf-8"):
        line = line.rstrip("\n")
        if FENCE.match(line):
            code = not code
        elif not code:
            heading = HEADING.match(line)
            # Links may hold code in their text, and angle brackets stand beside it: links first, then what is not code.
            line = LINK.sub(lambda match: link(page, match), line)
            line = "".join(outside_html(p) for p in CODE.split(line))
            if heading and (page != MAIN or first):
                name = label(page) if not first else label(page, numbered(anchor(heading.group(2)), seen))
                line = f"{line} {{#{name}}}"
            first = first or heading is not None
        print(line)


main()
