#!/usr/bin/env python3
"""Vector autoregressions by statsmodels, one step ahead at every station: order 1, and the order that AIC chooses up to 5.

    statsmodels_var.py TASK OUT

f(y) less its season (two harmonics of the mean over stations) and each station's mean, fitted on training and validation. Needs every
reading: of a set with gaps it says so and ends with an error.
"""

from __future__ import annotations

import sys

import numpy as np
import statsmodels
from statsmodels.tsa.api import VAR

from task import Answer, Task, climate


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    y = task.target()
    if np.isnan(y[task.fit.min() :]).any():
        sys.exit(f"VAR needs every reading, {np.isnan(y[task.fit.min():]).sum()} are missing")
    season = climate(y.mean(1, keepdims=True), task.year(), task.fit)
    level = (y - season)[task.fit].mean(0)
    z = y - season - level
    for choice in (1, "aic"):
        model = VAR(z[task.fit])
        fitted = model.fit(1, trend="c") if choice == 1 else model.fit(maxlags=5, ic="aic", trend="c")
        order = fitted.k_ar
        step = lambda t: fitted.forecast(z[t - order : t], 1)[0]
        mean = np.stack([step(t) for t in task.test]) + season[task.test] + level
        variance = np.asarray(fitted.resid).var(0)
        answer.write("VAR(1), statsmodels" if choice == 1 else "VAR, order by AIC, statsmodels", mean, variance,
                     note=f"statsmodels {statsmodels.__version__}, order {order}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
