#!/usr/bin/env python3
"""Kriging of every time by itself with gstools: ordinary, and universal with side inputs (height, coast) where they are known.

    gstools_kriging.py TASK OUT [half]

What is kriged is f(y) less the season of the network and each station's own training mean, plus those means (ordinary kriging of the
readings, with the variogram of the anomalies), as the program's own kriging by gstat does. The covariance is exponential
with a nugget, fitted once by gstools to the variogram of up to 400 training times.
"""

from __future__ import annotations

import sys

import gstools
import numpy as np

from task import Answer, Task, climate


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    y = task.target()
    want = ~np.isnan(y)
    seen = task.sensors
    # One curve of the year for the network; a day has none.
    season = np.zeros((len(y), 1))
    if np.ptp(task.times) > 2 * 365 * 86400:
        own = y[:, seen] - np.nanmean(y[task.fit][:, seen], axis=0)
        network = np.array([np.nanmean(row) if not np.isnan(row).all() else np.nan for row in own])
        usable = task.fit[~np.isnan(network[task.fit])]
        season = climate(np.nan_to_num(network)[:, None], task.year(), usable)
    z = y - season
    anomaly = z[:, seen] - np.nanmean(z[task.fit][:, seen], axis=0)
    if "half" in sys.argv[3:]:
        z[task.lost[:, 0], task.lost[:, 1]] = np.nan
    degrees = task.about["degrees"]
    # gstools wants latitude before longitude, and lengths in the unit of the Earth's radius it is given.
    at = lambda i: (task.places[i, 1], task.places[i, 0]) if degrees else (task.places[i, 0], task.places[i, 1])
    space = {"latlon": True, "geo_scale": gstools.KM_SCALE} if degrees else {"dim": 2}
    fields = [row for row in anomaly[task.fit] if (~np.isnan(row)).sum() >= 5]
    fields = fields[:: max(1, len(fields) // 400)]
    # Where a time has too few stations for a variogram of anomalies of its own (a day of hours), readings serve.
    if len(task.fit) < 30:
        fields = [row - np.nanmean(row) for row in z[task.fit][:, seen]]
    some = np.random.default_rng(0).permutation(len(seen))[:300]
    widest = task.kilometres(seen[some], seen[some]).max()
    edges = np.linspace(0, min(widest / 2, 1200), 21)
    masked = np.ma.masked_invalid(np.array(fields)[:, some])
    lag, gamma = gstools.vario_estimate(at(seen[some]), masked, edges, latlon=degrees,
                                        **({"geo_scale": gstools.KM_SCALE} if degrees else {}))
    covariance = gstools.Exponential(**space)
    covariance.fit_variogram(lag[gamma > 0], gamma[gamma > 0], nugget=True)
    names, drifts = task.drifts()
    methods = {"ordinary kriging, gstools": None}
    if names:
        methods[f"universal kriging with {' and '.join(names)}, gstools"] = drifts.T
    def krige(side, here, asked, row):
        """Mean and variance at `asked` from the readings `row` at `here`."""
        if side is None:
            return gstools.krige.Ordinary(covariance, at(here), row, exact=False)(at(asked))
        kriging = gstools.krige.ExtDrift(covariance, at(here), row, side[:, here], exact=False)
        return kriging(at(asked), ext_drift=side[:, asked])

    draw = np.random.default_rng(0)
    for name, side in methods.items():
        # Its variance is that of the field; a reading's comes from leaving stations out over training times.
        errors, claimed = [], []
        for _ in range(300 if len(seen) <= 100 else 30):
            t = draw.choice(task.fit)
            here = seen[~np.isnan(z[t, seen])]
            if len(here) < 5:
                continue
            out = draw.choice(here)
            mean, variance = krige(side, here[here != out], np.array([out]), z[t, here[here != out]])
            errors.append((mean[0] - z[t, out]) ** 2)
            claimed.append(variance[0])
        ratio = np.mean(errors) / max(np.mean(claimed), 1e-9)
        mean, variance = np.full((2, len(task.test), len(task.asked)), np.nan)
        for row, t in enumerate(task.test):
            here = seen[~np.isnan(z[t, seen])]
            columns = np.flatnonzero(want[t, task.asked])
            if len(columns) == 0:
                continue
            if len(here) < 3:
                mean[row, columns], variance[row, columns] = season[t, 0] + np.nanmean(z[task.fit][:, seen]), np.mean(errors)
                continue
            made = krige(side, here, task.asked[columns], z[t, here])
            mean[row, columns], variance[row, columns] = made[0] + season[t, 0], ratio * np.maximum(made[1], 1e-6)
        answer.write(name, mean, variance,
                     note=f"gstools {gstools.__version__}, {covariance.name}, length {covariance.len_scale:.0f} km, "
                          f"nugget {covariance.nugget:.3g} of {covariance.sill:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
