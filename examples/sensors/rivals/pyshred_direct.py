#!/usr/bin/env python3
"""PySHRED, a shallow recurrent decoder: from the last 20 steps of fixed sensors to a state.

    pyshred_direct.py TASK OUT [half]

Forecast: the state is every station one step ahead. Unseen, where the training field is known everywhere: the field of the same
step, from 60 sensors. It knows no missing reading: a lost one is filled by its mean of the season (anomaly 0), and a set
with gaps in training is refused. The weights of the best epoch are kept by us (its own copy of them is of the last epoch). Variance: mean
squared error of every output over the validation part.

Budget tiny: does it run; small: its defaults for at most 60 epochs; full: its defaults (200 epochs), three widths and both recurrent cells.
"""

from __future__ import annotations

import copy
import importlib.metadata
import itertools
import sys

import numpy as np
import torch
from pyshred import SHRED
from pyshred.models.decoder_models.mlp_model import MLP
from pyshred.models.sequence_models.gru_model import GRU
from pyshred.models.sequence_models.lstm_model import LSTM
from pyshred.objects.dataset import TimeSeriesDataset

from task import Answer, Task, climate


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    torch.manual_seed(task.seed)
    torch.set_num_threads(1)
    y = task.target()
    if np.isnan(y[task.fit]).any():
        sys.exit(f"it has no mask: {np.isnan(y[task.fit]).sum()} readings of the training are missing")
    forecast = task.kind == "forecast"
    if not forecast and len(task.asked) != y.shape[1]:
        sys.exit("its outputs are fixed places whose training values must be known: no unseen station")
    z = y - climate(y, task.year(), task.fit)
    scale = z[task.fit].std()
    lags = 20 if len(task.fit) > 1000 else 12
    seen = z[:, task.sensors] / scale
    if "half" in sys.argv[3:]:
        column = {s: i for i, s in enumerate(task.sensors)}
        for t, s in task.lost:
            seen[t, column[s]] = 0
    shift = 0 if forecast else 1

    def data(times):
        times = times[times >= lags]
        x = np.stack([seen[t - lags + shift : t + shift] for t in times])
        return TimeSeriesDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(z[times] / scale, dtype=torch.float32))

    train, validation, test = data(task.train), data(task.validation), data(task.test)
    full = task.budget == "full"
    choices = list(itertools.product((LSTM, GRU), (32, 64, 128)) if full else [(LSTM, 64)])
    best = None
    for cell, width in choices:
        torch.manual_seed(task.seed)
        model = SHRED(sequence_model=cell(hidden_size=width), decoder_model=MLP())
        # Epoch by epoch would start its optimiser anew; so its fit is watched from the outside.
        kept = {"error": np.inf}
        original = model.eval

        def watch():
            original()
            with torch.no_grad():
                error = float(((model(validation.X) - validation.Y) ** 2).mean())
            if error < kept["error"]:
                kept.update(error=error, weights=copy.deepcopy(model.state_dict()))
            return model

        model.eval = watch
        model.fit(train, validation, num_epochs={"tiny": 2, "small": 60, "full": 200}[task.budget], verbose=False)
        model.eval = original
        model.load_state_dict(kept["weights"])
        if best is None or kept["error"] < best[0]:
            best = (kept["error"], model, f"{cell.__name__} {width}")
    _, model, chosen = best
    model.eval()
    with torch.no_grad():
        variance = ((model(validation.X) - validation.Y) ** 2).mean(0).numpy() * scale**2
        made = model(test.X).numpy() * scale
    at = np.arange(y.shape[1]) if forecast else task.asked
    mean = (y - z)[task.test][:, at] + made[:, at]
    answer.write("PySHRED, direct", mean, variance[at] + 1e-6,
                 note=f"pyshred {importlib.metadata.version('pyshred')}, {chosen}, {lags} lags, budget {task.budget}, best epoch kept by us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
