#!/usr/bin/env bash
# Behaviour: the binned shore lines of GSHHG are a netCDF-4 file whose offsets run from 0 to 65535 of a bin, kept as signed
# shorts without _Unsigned or another word of it but "1/65535 of 5 degrees relative to south-west corner of bin": xarray and
# netCDF4 hand over -32768 to 32767.
# One would guess: netCDF-4 has unsigned shorts, and for signed ones there is _Unsigned: a reader shows 0 to 65535.
# Seen with: gmt-gshhg-low 2.3.7-6 (Debian), netCDF4 1.7.5.1.post1, xarray 2026.9.0, numpy 2.4.6
# For a modeller: half of all points lie one bin (5 degrees) too far west or south, on other lines; distances to the coast are
# plausible numbers: of Galway 56 km in place of 0.7. View the numbers as uint16 first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q -o APT::Sandbox::User=root download gmt-gshhg-low=2.3.7-6 >apt.log
dpkg-deb -x gmt-gshhg-low_*.deb files
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'netCDF4==1.7.5.1.post1' 'xarray==2026.9.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import netCDF4
import numpy as np
import xarray

path = "files/usr/share/gmt-gshhg/binned_GSHHS_i.nc"
names = [f"Relative_{axis}_from_SW_corner_of_bin" for axis in ("longitude", "latitude")]
with netCDF4.Dataset(path) as file:
    read = {name: variable[...] for name, variable in file.variables.items()}
    kinds = [(file[name].dtype, file[name].ncattrs()) for name in names]
ranges = []
with xarray.open_dataset(path) as file:
    ranges += [(int(file[name].min()), int(file[name].max())) for name in names]
size, across = 5.0, 72


def nearest(longitude, latitude, kind):
    """Kilometres to the nearest point of a shore of an ocean."""
    least = np.inf
    for b, (first, count) in enumerate(zip(read["Id_of_first_segment_in_a_bin"], read["N_segments_in_a_bin"])):
        corner = np.array([(b % across * size + 180) % 360 - 180, 90 - (b // across + 1) * size])
        if np.abs(corner - [longitude, latitude]).max() > 15:
            continue
        for s in range(first, first + count):
            packed = int(read["Embedded_npts_levels_exit_entry_for_a_segment"][s])
            if packed >> 6 & 7 != 1:
                continue
            begin = int(read["Id_of_first_point_in_a_segment"][s])
            part = slice(begin, begin + (packed >> 9))
            x, y = (corner[i] + np.asarray(read[n])[part].view(kind) / 65535 * size for i, n in enumerate(names))
            far = np.hypot((x - longitude) * np.cos(np.radians(latitude)), y - latitude) * 111.2
            least = min(least, float(far.min()))
    return least


print("netCDF4", version("netCDF4"), "xarray", version("xarray"), "numpy", np.__version__)
print("types and attributes:", kinds)
print("guess: 0 to 65535; xarray shows", ranges)
as_read, as_meant = (nearest(-9.05, 53.27, kind) for kind in (np.int16, np.uint16))
print(f"from Galway to the sea: as read {as_read:.1f} km, as unsigned numbers {as_meant:.1f} km")
signed = all(str(kind) == "int16" and attributes == ["units"] for kind, attributes in kinds)
ok = signed and all(low < -32000 and high < 32768 for low, high in ranges) and as_read > 10 > 3 > as_meant
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
