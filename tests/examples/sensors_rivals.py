"""The rivals' scripts that need numpy and scipy alone: what is asked, kriging, variograms, interpolation of a field."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

import numpy as np

FOLDER = pathlib.Path(__file__).parents[2] / "examples" / "sensors" / "rivals"
sys.path.insert(0, str(FOLDER))
import fields  # noqa: E402
from task import Answer, Task  # noqa: E402


def write_task(folder, values, places, side_values=(), lost=(), **about):
    """A task folder as the program writes it."""
    count = len(places)
    standard = {"set": "test", "task": "unseen", "fold": "draw 0", "seed": 1, "budget": "tiny", "lead": 0, "transform": "identity",
                "channel": 0, "channels": ["temperature"], "sides": ["height"] if len(side_values) else [], "degrees": True,
                "times": [3600 * t for t in range(len(values))], "train": [0, len(values) - 4],
                "validation": [len(values) - 4, len(values) - 2], "test": [len(values) - 2, len(values)],
                "sensors": list(range(count)), "asked": list(range(count)), "validation_stations": [], "settings_sensors": []}
    (folder / "task.json").write_text(json.dumps({**standard, **about}))
    np.save(folder / "values.npy", values)
    np.save(folder / "places.npy", places)
    np.save(folder / "sides.npy", np.asarray(side_values, dtype=float).reshape(count, -1))
    np.save(folder / "weights.npy", np.cos(np.radians(places[:, 1])))
    np.save(folder / "lost.npy", np.array(lost, dtype=np.int64).reshape(-1, 2))
    return Task(folder)


class Tests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.draw = np.random.default_rng(0)

    def test_distances_along_the_ground(self):
        task = write_task(self.path, np.zeros((6, 3, 1)), np.array([[0.0, 0.0], [180.0, 0.0], [0.0, 90.0]]))
        quarter = np.pi / 2 * 6371
        np.testing.assert_allclose(task.kilometres(np.arange(3), np.arange(3)),
                                   [[0, 2 * quarter, quarter], [2 * quarter, 0, quarter], [quarter, quarter, 0]], atol=1e-3)

    def test_side_inputs_are_drifts_heights_in_kilometres_others_as_logarithms_where_they_can_be(self):
        sides = [[1500.0, 3.0, -2.0], [0.0, 0.0, 5.0]]
        task = write_task(self.path, np.zeros((6, 2, 1)), np.zeros((2, 2)), sides, sides=["height", "coast", "slope"])
        names, drifts = task.drifts()
        self.assertEqual(names, ["height", "coast", "slope"])
        np.testing.assert_allclose(drifts, [[1.5, np.log(4), -2], [0, 0, 5]])
        names, drifts = write_task(self.path, np.zeros((6, 2, 1)), np.zeros((2, 2))).drifts()
        self.assertEqual((names, drifts.shape), ([], (2, 0)))

    def test_kriging_returns_readings_without_a_nugget_and_a_drift_exactly(self):
        x = self.draw.uniform(0, 1000, (40, 2))
        d = np.linalg.norm(x[:, None] - x[None], axis=-1)
        y = self.draw.normal(size=40)
        c = np.exp(-d / 300)
        mean, variance = fields.krige(c, c, 1.0, y)
        np.testing.assert_allclose(mean, y, atol=1e-6)
        np.testing.assert_allclose(variance, 0, atol=1e-6)
        drift = np.c_[np.ones(40), x / 1000]
        y = drift @ [1, 2, -3]
        mean, variance = fields.krige(c[:30, :30] + 0.1 * np.eye(30), c[:30, 30:], 1.1, y[:30], drift[:30], drift[30:])
        np.testing.assert_allclose(mean, y[30:], atol=1e-8)
        simple = fields.krige(c[:30, :30] + 0.1 * np.eye(30), c[:30, 30:], 1.1, y[:30])[1]
        self.assertTrue((variance > simple).all())  # what is estimated is not known

    def test_variogram_of_a_known_field(self):
        x = self.draw.uniform(0, 1500, (700, 2))
        d = np.linalg.norm(x[:, None] - x[None], axis=-1)
        c = 4 * np.exp(-d / 200) + 0.5 * np.eye(700)
        nugget, sill, length = fields.exponential_variogram(d, np.linalg.cholesky(c) @ self.draw.normal(size=700),
                                                            np.ones((700, 1)), 2500.0)
        self.assertLess(nugget, 1.5)
        self.assertAlmostEqual(sill, 4, delta=2)
        self.assertTrue(70 < length < 600, length)

    def test_inverse_distance(self):
        np.testing.assert_allclose(fields.inverse_distance(np.array([[1.0, 2.0]]), np.array([0.0, 5.0]), 2), [1.0])

    def test_climate_leaves_gaps_out(self):
        phase = 2 * np.pi * np.arange(48) / 12
        y = (3 + 2 * np.sin(phase))[:, None] * np.array([1.0, -1.0])
        gaps = y.copy()
        gaps[5:9, 1] = np.nan
        np.testing.assert_allclose(fields.climate(gaps, phase, np.arange(36)), y, atol=1e-9)

    def test_height_explains_what_it_made(self):
        places = np.c_[self.draw.uniform(-110, -100, 120), self.draw.uniform(35, 42, 120)]
        height = self.draw.uniform(0, 3000, 120)
        values = 15 - 0.0065 * height[None] + self.draw.normal(0, 0.1, (12, 120)) + np.arange(12)[:, None]
        task = write_task(self.path, values[:, :, None], places, height, sensors=list(range(100)), asked=list(range(100, 120)))
        fields.by_itself(task, Answer(self.path / "out"), False)
        fields.with_the_past(task, Answer(self.path / "out"), False)
        truth = values[task.test][:, task.asked]
        error = {}
        for about in (self.path / "out").glob("*/about.json"):
            made = np.load(about.parent / "mean.npy")
            self.assertEqual(made.shape, truth.shape)
            self.assertTrue((np.load(about.parent / "variance.npy") > 0).all())
            error[json.loads(about.read_text())["name"]] = np.sqrt(((made - truth) ** 2).mean())
        for name in ("kriging, drift height", "kriging, drift lon lat height", "nearest, 6.5 K a km",
                     "kriging, drift lon lat height, two steps before too"):
            self.assertLess(error[name], 0.3, name)
        self.assertGreater(error["ordinary kriging"], 3)

    def test_a_field_from_sensors_with_and_without_half_of_them(self):
        y, x = (a.ravel() for a in np.meshgrid(np.linspace(-80, 80, 17), np.arange(-180, 180, 20.0), indexing="ij"))
        waves = np.stack([np.sin(np.radians(x)), np.cos(np.radians(y)), np.cos(np.radians(2 * x))])
        times = 1970 + np.arange(96) / 12
        values = self.draw.normal(size=(96, 3)) @ waves + 0.05 * self.draw.normal(size=(96, len(x)))
        sensors = [int(s) for s in self.draw.choice(len(x), 30, replace=False)]
        both = np.stack([values, -values], axis=-1)
        lost = [(t, s) for t in (94, 95) for s in sensors[:15]]
        task = write_task(self.path, both, np.c_[x, y], lost=lost, sensors=sensors, channels=["u", "v"], validation=[70, 94],
                          train=[0, 70], times=[int((t - 1970) * 365.25 * 86400) for t in times])
        error = {}
        for half in (False, True):
            with contextlib.redirect_stderr(io.StringIO()):
                fields.reconstruct(task, Answer(self.path / str(half)), half)
            for about in (self.path / str(half)).glob("*/about.json"):
                made = np.load(about.parent / "mean.npy")
                name = json.loads(about.read_text())["name"]
                error[name, half] = fields.mean_error(task, values[task.test], made, task.asked)
        name = "optimal interpolation, tapered"
        self.assertLess(error[name, False], 0.5 * error["climatology", False])
        self.assertLess(error[name, True], 0.6 * error["climatology", True])
        self.assertLess(error[name, False], error[name, True])
        self.assertIn(("optimal interpolation, tapered, u and v", False), error)


if __name__ == "__main__":
    unittest.main()
