#!/usr/bin/env python3
"""A GRU with a mask, in PyTorch: reads every station's anomaly and whether it was there, and the season; predicts all stations one
step ahead as Gaussians.

    torch_gru.py TASK OUT

Budget tiny: does it run; small: one width, rates 1e-3 and 3e-3; full: widths 32 to 256, three rates, dropout, weight decay. Chosen, with the number of
epochs, by the likelihood of the validation part; then fitted anew on both parts.
"""

from __future__ import annotations

import copy
import itertools
import sys

import numpy as np
import torch
from torch import nn

from task import Answer, Task, climate


class Net(nn.Module):
    """[z, mask, season] -> GRU -> mean, log variance; the mean is a change from a share of what was read last."""

    def __init__(self, stations: int, width: int, dropout: float) -> None:
        super().__init__()
        self.gru = nn.GRU(2 * stations + 2, width, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, 2 * stations)
        self.keep = nn.Parameter(torch.full((stations,), 0.5))

    def forward(self, x: torch.Tensor, z: torch.Tensor, h=None):
        state, h = self.gru(x, h)
        mean, log_variance = self.out(self.drop(state)).chunk(2, -1)
        return mean + self.keep * z, log_variance.clamp(-8, 6), h


def likelihood(mean, log_variance, target, there):
    """Gaussian, nats a reading."""
    loss = 0.5 * (log_variance + (target - mean) ** 2 * torch.exp(-log_variance))
    return (loss * there).sum() / there.sum().clamp(min=1)


def main() -> int:
    """Command line."""
    task, answer = Task(sys.argv[1]), Answer(sys.argv[2])
    torch.manual_seed(task.seed)
    torch.set_num_threads(1)
    y = task.target()
    phase = task.year()
    full = task.budget == "full"
    grid = list(itertools.product((32, 64, 128, 256) if full else (64,), (1e-3, 3e-3, 1e-2) if full else (1e-3, 3e-3),
                                  (0.0, 0.3) if full else (0.1,), (0.0, 1e-2) if full else (1e-3,)))
    length, batch = 32, 32

    def prepare(rows):
        season = climate(np.nan_to_num(np.nanmean(y - np.nanmean(y[rows], axis=0), axis=1))[:, None], phase, rows)
        level = np.nanmean((y - season)[rows], axis=0)
        z = y - season - level
        scale = np.nanstd(z[rows])
        z = z / scale
        there = ~np.isnan(z)
        x = np.concatenate([np.nan_to_num(z), there, np.sin(phase)[:, None], np.cos(phase)[:, None]], axis=1)
        as_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
        return as_tensor(x), as_tensor(np.nan_to_num(z)), as_tensor(there), season + level, scale

    def over(net, x, z, begin, end):
        """Mean and log variance of the times begin to end, from one pass that begins 60 before."""
        net.eval()
        with torch.no_grad():
            first = max(0, begin - 61)
            mean, log_variance, _ = net(x[None, first : end - 1], z[None, first : end - 1])
        return mean[0, begin - 1 - first :], log_variance[0, begin - 1 - first :]

    def train(rows, epochs, choice, watch=None):
        width, rate, dropout, decay = choice
        x, z, there, *_ = prepare(rows)
        torch.manual_seed(task.seed)
        draw = np.random.default_rng(task.seed)
        net = Net(z.shape[1], width, dropout)
        optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
        best, best_epoch, patience = np.inf, 0, 0
        steps = max(1, len(rows) // (length * batch))
        for epoch in range(1, epochs + 1):
            net.train()
            for _ in range(steps):
                starts = draw.integers(rows[0], rows[-1] - length, batch)
                index = starts[:, None] + np.arange(length)[None]
                mean, log_variance, _ = net(x[index], z[index])
                # The first steps only set the state.
                loss = likelihood(mean[:, 8:], log_variance[:, 8:], z[index + 1][:, 8:], there[index + 1][:, 8:])
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimiser.step()
            if watch is not None:
                made = over(net, x, z, watch[0], watch[-1] + 1)
                error = float(likelihood(*made, z[watch], there[watch]))
                patience += 1
                if error < best:
                    best, best_epoch, patience = error, epoch, 0
                if patience >= 15:
                    break
        return net, best, best_epoch

    tried = [(*train(task.train, 3 if task.budget == "tiny" else 300, choice, task.validation)[1:], choice) for choice in grid]
    best, epochs, choice = min(tried, key=lambda t: t[0])
    net, *_ = train(task.fit, epochs, choice)
    x, z, there, climate_of, scale = prepare(task.fit)
    mean, log_variance = over(net, x, z, task.test[0], task.test[-1] + 1)
    answer.write("GRU with a mask, PyTorch", mean.numpy() * scale + climate_of[task.test], np.exp(log_variance.numpy()) * scale**2,
                 note=f"torch {torch.__version__.split('+')[0]}, {len(grid)} settings tried; width {choice[0]}, rate {choice[1]}, "
                      f"dropout {choice[2]}, decay {choice[3]}, {epochs} epochs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
