"""convert.py of examples/sensors: lines of a binned file of GSHHG, distances to them, windows: python3 sensors_convert.py

Ends with status 77 where netCDF4 is missing.
"""
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import netCDF4
    import numpy as np
except ImportError as error:
    print(error)
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "sensors"))
sys.dont_write_bytecode = True

import convert

KILOMETRES_PER_DEGREE = convert.EARTH_RADIUS * np.pi / 180


def write_shores(path, segments):
    """A file of squares of 90 degrees, 4 x 2: segments (square, level, places) in the order of the squares."""
    counts = [sum(s[0] == square for s in segments) for square in range(8)]
    points = [len(places) for _, _, places in segments]
    with netCDF4.Dataset(path, "w") as file:
        def put(name, values, kind="i4"):
            file.createDimension(name, len(values))
            file.createVariable(name, kind, (name,))[:] = np.array(values).astype(kind)

        put("Bin_size_in_minutes", [90 * 60])
        put("N_bins_in_360_longitude_range", [4])
        put("Id_of_first_segment_in_a_bin", np.cumsum([0, *counts[:-1]]))
        put("N_segments_in_a_bin", counts, "i2")
        put("Embedded_npts_levels_exit_entry_for_a_segment", [n << 9 | s[1] << 6 | 0b101011 for n, s in zip(points, segments)])
        put("Id_of_first_point_in_a_segment", np.cumsum([0, *points[:-1]]))
        for axis, name in enumerate(("longitude", "latitude")):
            offsets = []
            for square, _, places in segments:
                corner = (square % 4 * 90, 90 - (square // 4 + 1) * 90)[axis]
                offsets += [round((p[axis] - corner) / 90 * 65535) for p in places]
            put(f"Relative_{name}_from_SW_corner_of_bin", np.array(offsets).astype(np.uint16).view(np.int16), "i2")


class Convert(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.path = Path(self.scratch.name) / "binned.nc"

    def test_lines_lie_where_they_were_put(self):
        # More than half a square from its corner: above 32767 of 65535.
        north, lake, west = [(10, 20), (80, 85)], [(20, 30), (21, 30), (21, 31)], [(350, -80), (271, -2), (359, -1)]
        write_shores(self.path, [(0, 1, north), (0, 2, lake), (7, 1, west)])
        lines = convert.outlines(self.path, (1,))
        self.assertEqual([line.shape for line in lines], [(2, 2), (3, 2)])
        np.testing.assert_allclose(lines[0], north, atol=0.001)
        np.testing.assert_allclose(lines[1], np.array(west) - [360, 0], atol=0.001)
        np.testing.assert_allclose(convert.outlines(self.path, (2,))[0], lake, atol=0.001)

    def test_distances_on_the_globe(self):
        along_equator = [np.stack([np.linspace(-5, 5, 501), np.zeros(501)], axis=1)]
        places = np.array([[0.0, 1.0], [0.013, -2.0], [7.0, 0.0], [2.0, 0.0], [180.0, 0.0]])
        found = convert.distance_to(along_equator, places)
        np.testing.assert_allclose(found, np.array([1, 2, 2, 0, 175]) * KILOMETRES_PER_DEGREE, atol=0.01)
        # Half a degree around the pole and over the date line.
        far = convert.distance_to([np.array([[179.9, 89.0], [179.95, 89.0]])], np.array([[-0.1, 89.5], [-179.9, 89.0]]))
        np.testing.assert_allclose(far[0], 1.5 * KILOMETRES_PER_DEGREE, atol=0.01)
        np.testing.assert_allclose(far[1], 0.15 * KILOMETRES_PER_DEGREE * np.cos(np.radians(89)), atol=0.01)

    def test_windows_keep_a_point_beyond_their_edge(self):
        line = np.stack([np.arange(10.0), np.zeros(10)], axis=1)
        kept = convert.inside([line], 2.5, -1, 4.5, 1)
        np.testing.assert_array_equal(kept[:, 0], [2, 3, 4, 5, np.nan])
        twice = convert.inside([np.concatenate([line, line[::-1] + [0, 0.5]])], 2.5, -1, 4.5, 1)
        np.testing.assert_array_equal(twice[:, 0], [2, 3, 4, 5, np.nan, 5, 4, 3, 2, np.nan])
        # A window over the date line has its lines on one side.
        across = convert.inside([np.array([[-179.0, 0.0], [-178.0, 0.0]])], 170, -1, 190, 1)
        np.testing.assert_array_equal(across[:2, 0], [181, 182])
        self.assertEqual(convert.inside([line], 20, -1, 30, 1).shape, (0, 2))


if __name__ == "__main__":
    unittest.main()
