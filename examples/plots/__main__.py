"""Draws the pages and pictures that an example described: python3 examples/plots <folder or .page.json file> ...

A description is JSON that a program wrote beside its results; report.py says what is in it. Needs matplotlib (3.6 or
newer), Pillow and jinja2: Debian's python3-matplotlib and python3-jinja2.
"""
import sys
from pathlib import Path


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if arguments else 2
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
        import PIL  # noqa: F401
    except ImportError as error:
        print(f"missing: the Python package {error.name} (Debian: python3-{error.name.lower()})", file=sys.stderr)
        return 3
    import report

    for argument in map(Path, arguments):
        descriptions = sorted(argument.glob("*.page.json")) if argument.is_dir() else [argument]
        if not descriptions:
            print(f"{argument}: expected a .page.json file in this folder, found none", file=sys.stderr)
            return 1
        for description in descriptions:
            try:
                for path in report.draw(description):
                    print(f"wrote {path}")
            except (OSError, ValueError, KeyError) as error:
                print(f"{description}: {type(error).__name__}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
