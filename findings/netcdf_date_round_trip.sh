#!/usr/bin/env bash
# Behaviour: date2num takes the calendar of the date (a Python datetime is proleptic Gregorian), num2date takes
# "standard" (Julian before 1582): with an epoch before 1582 the round trip of 2000-01-01 gives 1999-12-30, and xarray
# decodes the number so too.
# One would guess: two functions of one module with the same units are inverse to each other.
# Seen with: netCDF4 1.7.5.1.post1, cftime 1.6.6.1
# For a modeller: "days since 1-1-1" is a common epoch of ocean and climate files: write the calendar attribute, and
# pass it to both functions.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'netCDF4==1.7.5.1.post1' 'cftime==1.6.6.1' \
  'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import netCDF4

date = datetime.datetime(2000, 1, 1)
print("netCDF4", version("netCDF4"), "cftime", version("cftime"), "guess: 2000-01-01 four times")
seen = {}
for units in ("days since 1900-01-01", "days since 1-1-1"):
    seen[units] = str(netCDF4.num2date(netCDF4.date2num(date, units), units))[:10]
    named = str(netCDF4.num2date(netCDF4.date2num(date, units, "standard"), units, "standard"))[:10]
    print(units, "->", seen[units], "; with the calendar named in both calls ->", named)
ok = list(seen.values()) == ["2000-01-01", "1999-12-30"] and named == "2000-01-01"
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
