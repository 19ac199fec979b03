#!/usr/bin/env python3
"""BayesNF (Saad et al. 2024), a Bayesian neural field over time and place, at unseen stations.

    bayesnf_field.py TASK OUT

Side inputs (height, coast) are features beside the place. It is fitted to readings, also those of the test time (of the other stations): a new time wants a new fit. Its variants are chosen by
the error at the fold's first validation group over the validation part: "fourier" has the package's Fourier features of place,
"no fourier" none, "mixed" two; all have the seasons of its own `wind` settings, a time Fourier degree of 11 and the interactions that its
page proposes. Budget tiny: does it run; small: width 128, 2 particles, rows of four years at most, 200 epochs in batches of 1024; full: width
512, 16 particles, 2000 epochs (its own settings, 64 particles and 10 000 full-batch epochs, are made for eight TPU cores).
"""

from __future__ import annotations

import sys

import jax
import numpy as np
import pandas as pd
from bayesnf.spatiotemporal import BayesianNeuralFieldMAP

from task import Answer, Task

VARIANTS = {"fourier": 5, "mixed": 2, "no fourier": 0}


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    y = task.target()
    full = task.budget == "full"
    day = np.median(np.diff(task.times)) / 86400
    when = pd.to_datetime(task.times, unit="s")
    freq = "D" if day < 2 else "M"
    longest = len(task.times) if full else int(4 * 365.25 / day)

    names, drifts = task.drifts()
    columns = ["latitude", "longitude", *names]

    def table(times, stations):
        t, s = np.meshgrid(times, stations, indexing="ij")
        rows = pd.DataFrame({"datetime": when[t.ravel()], "latitude": task.places[s.ravel(), 1],
                             "longitude": task.places[s.ravel(), 0], "y": y[t.ravel(), s.ravel()],
                             **{n: drifts[s.ravel(), k] for k, n in enumerate(names)}})
        return rows, t, s

    def fit(times, stations, degree):
        rows, *_ = table(times, stations)
        rows = rows[rows["y"].notna()].reset_index(drop=True)
        seasons = {"seasonality_periods": [7, 365.25 / 12, 365.25], "num_seasonal_harmonics": [3, 10, 10]} if freq == "D" else {
            "seasonality_periods": [12], "num_seasonal_harmonics": [5]}
        model = BayesianNeuralFieldMAP(feature_cols=["datetime", *columns], target_col="y", timetype="index",
                                       freq=freq, standardize=columns,
                                       fourier_degrees=[11, degree, degree] + [0] * len(names),
                                       interactions=[(0, 1), (0, 2), (1, 2)], observation_model="NORMAL", depth=2,
                                       width=512 if full else 128, **seasons)
        return model.fit(rows, seed=jax.random.PRNGKey(task.seed), ensemble_size=16 if full else 2, learning_rate=0.005,
                         num_epochs={"tiny": 2, "small": 200, "full": 2000}[task.budget], batch_size=min(1024, len(rows)))

    def predict(model, times, stations):
        """Mean and variance of the ensemble's mixture, (times, stations)."""
        rows, t, _ = table(times, stations)
        mixture = model.likelihood_model(rows)
        means, sds = np.asarray(mixture.mean()), np.asarray(mixture.stddev())
        means, sds = (np.asarray(a).reshape(-1, len(rows)) for a in (means, sds))
        mean = means.mean(0)
        return mean.reshape(t.shape), ((sds**2).mean(0) + means.var(0)).reshape(t.shape)

    # The last rows before the end of a part, so that both fits have as many.
    recent = lambda end: np.arange(max(task.train[0], end - longest), end)
    errors = {}
    if task.validation_stations and len(VARIANTS) > 1:
        group = task.validation_stations[0]
        seen = np.setdiff1d(task.sensors, group)
        for name, degree in VARIANTS.items():
            model = fit(recent(task.validation[-1] + 1), seen, degree)
            mean, _ = predict(model, task.validation, group)
            errors[name] = float(np.sqrt(np.nanmean((mean - y[np.ix_(task.validation, group)]) ** 2)))
    chosen = min(errors, key=errors.get) if errors else "fourier"
    model = fit(recent(task.test[-1] + 1), task.sensors, VARIANTS[chosen])
    mean, variance = predict(model, task.test, task.asked)
    answer.write("BayesNF", mean, variance, note=f"bayesnf 0.1.3, budget {task.budget}, variants by validation: "
                 + ", ".join(f"{k} {v:.3f}" for k, v in errors.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
