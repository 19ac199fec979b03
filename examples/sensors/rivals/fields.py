#!/usr/bin/env python3
"""The classical methods on the sets that are kept as arrays: climatology, inverse distance, kriging with and without height,
optimal interpolation with a tapered empirical covariance.

    fields.py TASK OUT [half]

TASK and OUT as task.py says; with `half` the test does without the readings of lost.npy. Needs numpy and scipy.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import linalg, optimize

from task import Answer, Task, climate

# ---- kriging ------------------------------------------------------------------------------------------------------


def krige(c_ss: np.ndarray, c_sq: np.ndarray, c_qq: np.ndarray, y: np.ndarray, drift_s=None, drift_q=None):
    """Mean and variance at queries from readings y; `drift` (n, k) has the columns whose coefficients are estimated. c_ss holds
    the nugget, c_qq the sill with it."""
    factor = linalg.cholesky(c_ss, lower=True)
    whiten = lambda a: linalg.solve_triangular(factor, a, lower=True)
    half, white = whiten(c_sq), whiten(y)
    mean, variance = half.T @ white, c_qq - (half**2).sum(0)
    if drift_s is None:
        return mean, variance
    f = whiten(drift_s)
    gram = f.T @ f
    beta = np.linalg.solve(gram, f.T @ white)
    left = drift_q - half.T @ f
    return mean + left @ beta, variance + (left * np.linalg.solve(gram, left.T).T).sum(1)


def exponential_variogram(d: np.ndarray, y: np.ndarray, drift: np.ndarray, longest: float) -> tuple[float, float, float]:
    """Nugget, partial sill and range (an e-fold, kilometres) that fit the variogram of what least squares leaves of the
    readings of one time, in classes of 50 km up to 1 200 km weighted by pairs over squared value."""
    rest = y - drift @ np.linalg.lstsq(drift, y, rcond=None)[0]
    pairs = np.triu_indices(len(y), 1)
    far, half = d[pairs], 0.5 * (rest[pairs[0]] - rest[pairs[1]]) ** 2
    number = np.minimum((far / 50).astype(int), 24)
    count = np.bincount(number, minlength=25)[:24]
    use = count > 30
    gamma = (np.bincount(number, half, 25)[:24] / np.maximum(count, 1))[use]
    lag = (np.bincount(number, far, 25)[:24] / np.maximum(count, 1))[use]
    weight = np.sqrt(count[use]) / np.maximum(gamma, 1e-12)

    def misfit(p: np.ndarray) -> np.ndarray:
        nugget, sill, length = np.exp(p)
        return weight * (nugget + sill * (1 - np.exp(-lag / length)) - gamma)

    top = np.log(max(gamma.max(), 1e-6))
    bounds = ([top - 9, top - 5, np.log(20.0)], [top + 0.1, top + 4, np.log(longest)])
    best = optimize.least_squares(misfit, [top - 2.5, top, np.log(longest / 4)], bounds=bounds)
    nugget, sill, length = np.exp(best.x)
    return float(nugget), float(sill), float(length)


def inverse_distance(d: np.ndarray, y: np.ndarray, power: float) -> np.ndarray:
    """d (queries, readings)."""
    weight = 1 / np.maximum(d, 1e-3) ** power
    return weight @ y / weight.sum(1)


# ---- stations with heights, each time by itself: reports, colorado ------------------------------------------------------


def by_itself(task: Task, answer: Answer, half: bool) -> None:
    """Kriging and inverse distance of every time's readings."""
    y = task.target()
    height = task.sides[:, task.about["sides"].index("height")] / 1000
    x = task.places * [np.cos(np.radians(task.places[:, 1].mean())), 1]
    x = (x - x.mean(0)) / x.std(0)
    names = ["mean of the time", "nearest station", "nearest, 6.5 K a km", "inverse distance, p = 2", "inverse distance, p = 3",
             "inverse distance, p = 4", "regression + inverse distance, p = 3", "ordinary kriging", "kriging, drift lon lat",
             "kriging, drift height", "kriging, drift lon lat height"]
    temperature = "temperature" in task.about["channels"][task.channel]
    if not temperature:
        names.remove("nearest, 6.5 K a km")
    made = {name: np.full((2, len(task.test), len(task.asked)), np.nan) for name in names}
    y_all = y.copy()
    if half:
        y[task.lost[:, 0], task.lost[:, 1]] = np.nan
    far = task.kilometres(task.sensors, task.sensors)
    across = task.kilometres(task.asked, task.sensors)
    longest = 2500.0
    for row, t in enumerate(task.test):
        here = ~np.isnan(y[t, task.sensors])
        want = ~np.isnan(y_all[t, task.asked])
        if here.sum() < 10 or not want.any():
            for name in names:
                made[name][0][row], made[name][1][row] = np.nanmean(y[t, task.sensors]), 1
            continue
        s, q, r = task.sensors[here], task.asked[want], y[t, task.sensors[here]]
        d_ss, d_qs = far[np.ix_(here, here)], across[np.ix_(want, here)]

        def put(name: str, mean: np.ndarray, variance: np.ndarray | float) -> None:
            made[name][0][row, want], made[name][1][row, want] = mean, variance

        off = d_ss + 1e9 * np.eye(len(s))  # to leave each out in turn
        put("mean of the time", r.mean(), r.var())
        near = d_qs.argmin(1)
        put("nearest station", r[near], ((r - r[off.argmin(1)]) ** 2).mean())
        if temperature:
            lapse = lambda a, b: 6.5 * (height[b] - height[a])
            own = r - (r[off.argmin(1)] + lapse(s, s[off.argmin(1)]))
            put("nearest, 6.5 K a km", r[near] + lapse(q, s[near]), (own**2).mean())
        for p in (2, 3, 4):
            put(f"inverse distance, p = {p}", inverse_distance(d_qs, r, p), ((r - inverse_distance(off, r, p)) ** 2).mean())
        one = lambda i: np.ones((len(i), 1))
        flat = lambda i: np.c_[one(i), x[i]]
        high = lambda i: np.c_[one(i), height[i]]
        full = lambda i: np.c_[flat(i), height[i]]
        beta = np.linalg.lstsq(full(s), r, rcond=None)[0]
        rest = r - full(s) @ beta
        put("regression + inverse distance, p = 3", full(q) @ beta + inverse_distance(d_qs, rest, 3),
            ((rest - inverse_distance(off, rest, 3)) ** 2).mean())
        for name, drift in (("ordinary kriging", one), ("kriging, drift lon lat", flat), ("kriging, drift height", high),
                            ("kriging, drift lon lat height", full)):
            nugget, sill, length = exponential_variogram(d_ss, r, drift(s), longest)
            c_ss = sill * np.exp(-d_ss / length) + nugget * np.eye(len(s))
            put(name, *krige(c_ss, sill * np.exp(-d_qs.T / length), sill + nugget, r, drift(s), drift(q)))
    for name in names:
        answer.write(name, *made[name], note="each time by itself; the time is that of all these methods, at the first")


def with_the_past(task: Task, answer: Answer, half: bool) -> None:
    """Kriging with drifts in place and height from the readings of the hundred nearest stations, at a time and at the two before it:
    covariance in space times 0.95 a step, coefficients of the drifts of each time."""
    y = task.target()
    height = task.sides[:, task.about["sides"].index("height")] / 1000
    x = task.places * [np.cos(np.radians(task.places[:, 1].mean())), 1]
    full = np.c_[np.ones(len(x)), (x - x.mean(0)) / x.std(0), height]
    want = ~np.isnan(y)
    if half:
        y[task.lost[:, 0], task.lost[:, 1]] = np.nan
    far, across = task.kilometres(task.sensors, task.sensors), task.kilometres(task.sensors, task.asked)
    mean, variance = np.full((2, len(task.test), len(task.asked)), np.nan)
    for row, t in enumerate(task.test):
        now = np.flatnonzero(~np.isnan(y[t, task.sensors]))
        if len(now) < 30:
            continue
        nugget, sill, length = exponential_variogram(far[np.ix_(now, now)], y[t, task.sensors[now]], full[task.sensors[now]],
                                                     2500.0)
        past = {age: ~np.isnan(y[t - age, task.sensors]) for age in range(3)}
        for column in np.flatnonzero(want[t, task.asked]):
            near = np.argsort(across[:, column])[:100]
            age, i = np.array([(a, k) for a in range(3) for k in near if past[a][k]]).T
            c_ss = sill * np.exp(-far[np.ix_(i, i)] / length) * 0.95 ** np.abs(age[:, None] - age[None])
            c_ss[np.diag_indices(len(i))] += nugget
            c_sq = sill * np.exp(-across[i, column] / length) * 0.95**age
            drift_s = np.concatenate([full[task.sensors[i]] * (age == k)[:, None] for k in range(3) if (age == k).any()], axis=1)
            drift_q = np.zeros((1, drift_s.shape[1]))
            drift_q[0, : full.shape[1]] = full[task.asked[column]]
            made = krige(c_ss, c_sq[:, None], sill + nugget, y[t - age, task.sensors[i]], drift_s, drift_q)
            mean[row, column], variance[row, column] = made[0][0], made[1][0]
    answer.write("kriging, drift lon lat height, two steps before too", mean, variance, note="0.95 a step")


# ---- fields that are known everywhere in training: winds -----------------------------------------------------------------


def markov(d: np.ndarray, length: float) -> np.ndarray:
    """Second-order Markov covariance."""
    return (1 + d / length) * np.exp(-d / length)


class Reconstruction:
    """The field of a time from that time's sensors, from anomalies of the climate that `rows` have."""

    def __init__(self, task: Task, rows: np.ndarray) -> None:
        self.task, self.rows = task, rows
        values = task.f(task.values)
        # A few days have no season.
        self.climate = climate(values, task.year(), rows, 2 if np.ptp(task.times[rows]) > 3 * 365 * 86400 else 0)
        self.anomaly = values - self.climate
        past = self.anomaly[rows]
        # Times that miss a channel say nothing of covariances.
        past = past[~np.isnan(past).any(axis=(1, 2))]
        self.past = past - past.mean(0)
        self.n = max(len(past) - 5, 1)
        self.scale = np.sqrt((self.past[:, :, task.channel] ** 2).sum(0) / self.n)
        self.vectors = task.vectors() / 6371.0

    def angle(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Radians between cells."""
        return np.arccos(np.clip(self.vectors[a] @ self.vectors[b].T, -1, 1))

    def stretched(self, a: np.ndarray, b: np.ndarray, stretch: float) -> np.ndarray:
        """Radians, with differences of the latitude counted `stretch` times."""
        along = self.angle(a, b)
        north = np.radians(self.task.places[:, 1])
        across = north[a][:, None] - north[b][None]
        return np.sqrt(along**2 + (stretch**2 - 1) * across**2)

    def columns(self, cells: np.ndarray, channels: list[int]) -> np.ndarray:
        """Past anomalies over their scales, (times, cells of the first channel then of the next)."""
        return np.concatenate([self.past[:, cells, c] / self.unit(c) for c in channels], axis=1)

    def readings(self, t: int, cells: np.ndarray, channels: list[int]) -> np.ndarray:
        """Anomalies of the time that is read for time t; 0 where a channel is missing."""
        at = t - self.task.lead
        return np.concatenate([np.nan_to_num(self.anomaly[at, cells, c]) / self.unit(c) for c in channels])

    def unit(self, c: int) -> float:
        """Channels are brought to one scale, that of the asked one."""
        spread = self.past.std(axis=(0, 1))
        return float(spread[c] / spread[self.task.channel])

    def empirical(self, sensors: np.ndarray, asked: np.ndarray, channels: list[int], taper: float, lag: int = 0):
        """Covariances sensors x sensors and sensors x asked (`lag` steps later), tapered by a Gaussian of the angle."""
        s, q = self.columns(sensors, channels), self.past[:, asked, self.task.channel]
        if lag > 0:
            s, q = s[:-lag], q[lag:]
        cut = lambda a, b: np.exp(-0.5 * (self.angle(a, b) / taper) ** 2)
        k = len(channels)
        c_ss = s.T @ s / self.n * np.tile(cut(sensors, sensors), (k, k))
        return c_ss, s.T @ q / self.n * np.tile(cut(sensors, asked), (k, 1))

    def modelled(self, sensors: np.ndarray, asked: np.ndarray, length: float, stretch: float, nugget: float):
        """The same from a fitted function and the local standard deviations."""
        a, b = self.scale[sensors], self.scale[asked]
        c_ss = (1 - nugget) * markov(self.stretched(sensors, sensors, stretch), length) + nugget * np.eye(len(sensors))
        c_sq = (1 - nugget) * markov(self.stretched(sensors, asked, stretch), length)
        return c_ss * np.outer(a, a), c_sq * np.outer(a, b)

    def fit_covariance(self) -> tuple[float, float, float]:
        """Length, stretch and nugget that fit the correlations of up to 600 cells."""
        count = min(600, int((self.task.weights > 0).sum()))
        cells = np.random.default_rng(0).choice(len(self.scale), count, replace=False,
                                                p=self.task.weights / self.task.weights.sum())
        z = self.past[:, cells, self.task.channel] / self.scale[cells]
        pairs = np.triu_indices(count, 1)
        r = (z.T @ z / self.n)[pairs]
        angle = self.angle(cells, cells)[pairs]
        north = np.radians(self.task.places[cells, 1])
        across = (north[:, None] - north[None])[pairs]
        near = angle < 1.0

        def loss(p: np.ndarray) -> float:
            length, stretch, nugget = np.exp(p[0]), np.exp(p[1]), 1 / (1 + np.exp(-p[2]))
            d = np.sqrt(np.maximum(angle**2 + (stretch**2 - 1) * across**2, 0))
            return ((r - (1 - nugget) * markov(d, length))[near] ** 2).sum()

        p = optimize.minimize(loss, [np.log(0.1), np.log(1.5), -2.0], method="Nelder-Mead").x
        return float(np.exp(p[0])), float(np.exp(p[1])), float(1 / (1 + np.exp(-p[2])))


def mean_error(task: Task, truth: np.ndarray, made: np.ndarray, cells: np.ndarray) -> float:
    """Root of the mean squared error weighted by area."""
    w = task.weights[cells]
    return float(np.sqrt((((made - truth) ** 2) * w).sum() / (w.sum() * len(truth))))


def reconstruct(task: Task, answer: Answer, half: bool) -> None:
    """Every method on the winds. What a method leaves open is chosen on the last 24 months of training, with other sensors."""
    asked, channel = task.asked, task.channel
    lead = task.lead
    lost = {t: set() for t in task.test}
    if half:
        for t, s in task.lost:
            lost[t].add(s)
    tuning = task.validation
    early = Reconstruction(task, task.train)
    late = Reconstruction(task, task.fit)
    others = [np.array(d) for d in task.about["settings_sensors"]] or [task.sensors]
    some = np.random.default_rng(1).choice(asked, min(2000, len(asked)), replace=False)  # of the field, for choosing

    def choose(make, grid) -> tuple:
        """The parameters with the least error over the months of validation and the sensors that serve to choose."""
        best = None
        for p in grid:
            errors = []
            for sensors in others:
                cov, channels, ridge = make(early, sensors, some, p)
                c_ss = cov[0] + ridge * np.diag(np.diag(cov[0]))
                w = np.linalg.solve(c_ss, cov[1])
                made = np.stack([w.T @ early.readings(t, sensors, channels) for t in tuning])
                truth = early.anomaly[np.ix_(tuning, some)][:, :, channel]
                known = ~np.isnan(truth).any(axis=1)
                errors.append(mean_error(task, truth[known], made[known], some) ** 2)
            error = np.mean(errors) ** 0.5
            if best is None or error < best[0]:
                best = (error, p)
        return best[1]

    def run(name, make, p, note) -> None:
        mean = np.empty((len(task.test), len(asked)))
        weights = None
        for row, t in enumerate(task.test):
            if weights is None or half:
                sensors = np.array([s for s in task.sensors if s not in lost[t]])
                cov, channels, ridge = make(late, sensors, asked, p)
                weights = np.linalg.solve(cov[0] + ridge * np.diag(np.diag(cov[0])), cov[1])
            mean[row] = late.climate[t, asked, channel] + weights.T @ late.readings(t, sensors, channels)
        explained = late.scale[asked] ** 2 - (weights * cov[1]).sum(0)
        answer.write(name, mean, np.maximum(explained, 0.01 * late.scale[asked] ** 2 + 1e-6), note=f"{note} {p}".strip())

    base = late.climate[task.test][:, asked, channel]
    grid = [(taper, ridge) for taper in (0.3, 0.4, 0.5, 0.7) for ridge in (0.05, 0.1, 0.2, 0.4)]
    both = [channel] + [c for c in range(task.values.shape[2]) if c != channel]
    all_of_them = " and ".join(task.about["channels"][c] for c in both)
    answer.write("climatology", base, late.scale[asked] ** 2 + 1e-6, note="mean and season of every cell")

    def distance(scale: float):
        mean = np.empty_like(base)
        for row, t in enumerate(task.test):
            sensors = np.array([s for s in task.sensors if s not in lost[t]])
            d = late.angle(asked, sensors)
            mean[row] = base[row] + scale * inverse_distance(d, late.readings(t, sensors, [channel]), 2)
        return mean

    if lead > 0:
        def lagged(channels, lag):
            def make(at, sensors, cells, p):
                taper, ridge, share = p
                c_ss, c_sq = at.empirical(sensors, cells, channels, taper)
                if lag:
                    c_sq = at.empirical(sensors, cells, channels, taper, lag)[1]
                return (c_ss, share * c_sq), channels, ridge

            return make

        wide = [(taper, ridge, share) for taper in (0.2, 0.4, 0.7) for ridge in (0.05, 0.2, 0.8) for share in (1.0, 0.7, 0.4)]
        plain = [p for p in wide if p[2] == 1.0]
        note = "taper (rad), ridge, share"
        run("persistence of the interpolation", lagged([channel], 0), choose(lagged([channel], 0), plain), note)
        run("damped persistence of it", lagged([channel], 0), choose(lagged([channel], 0), wide), note)
        run("lagged interpolation, tapered", lagged([channel], lead), choose(lagged([channel], lead), wide), note)
        run("lagged interpolation, tapered, " + all_of_them, lagged(both, lead), choose(lagged(both, lead), wide), note)
        return
    answer.start()
    answer.write("inverse distance of anomalies, p = 2", distance(1.0), late.scale[asked] ** 2 + 1e-6)
    answer.write("inverse distance of anomalies times 0.8", distance(0.8), late.scale[asked] ** 2 + 1e-6)

    fitted_early, fitted_late = early.fit_covariance(), late.fit_covariance()

    def kriging(at, sensors, cells, p):
        length, stretch, nugget = fitted_early if at is early else fitted_late
        return at.modelled(sensors, cells, p * length, stretch, nugget), [channel], 0.0

    run("simple kriging, fitted covariance", kriging, 1.0, "length, stretch, nugget fitted; factor on the length")
    run("simple kriging, length chosen", kriging, choose(kriging, (0.5, 0.7, 1.0, 1.4, 2.0)), "factor on the length")

    def tapered(channels):
        def make(at, sensors, cells, p):
            taper, ridge = p
            return at.empirical(sensors, cells, channels, taper), channels, ridge

        return make

    run("optimal interpolation, tapered", tapered([channel]), choose(tapered([channel]), grid), "taper (rad), ridge")
    run("optimal interpolation, tapered, " + all_of_them, tapered(both), choose(tapered(both), grid), "taper (rad), ridge")

    def ridge_map(channels):
        def make(at, sensors, cells, p):
            return at.empirical(sensors, cells, channels, 1e9), channels, p

        return make

    steps = (0.2, 0.5, 1.0, 2.0, 4.0)
    run("ridge from the sensors, " + all_of_them, ridge_map(both), choose(ridge_map(both), steps), "ridge")


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    half = "half" in sys.argv[3:]
    if not task.about["sides"]:
        reconstruct(task, answer, half)
        return 0
    by_itself(task, answer, half)
    if len(task.times) < 100:  # hours, not months
        with_the_past(task, answer, half)
    return 0


if __name__ == "__main__":
    sys.exit(main())
