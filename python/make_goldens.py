#!/usr/bin/env python3
"""Write the golden vectors of the tests.

    python3 python/make_goldens.py            # (re)writes tests/golden/*.safetensors
    python3 python/make_goldens.py --check    # compares the files with a fresh computation, writes nothing

Checkpoints and batches are F32 (masks U8, class indices I64); everything computed from them is F64, computed in double
from the same F32 numbers. Random numbers come from numpy's PCG64 with fixed seeds.

Files:
  gru.safetensors                   M torch.nn.GRUCell side by side, with gradients for `grad.output`
  gru_<carry>.safetensors           the same cell with h_bar apart from h
  lstm.safetensors                  M torch.nn.LSTMCell side by side; c and output are h and memory of each module
  rmc.safetensors                   M relational memory cores (s2rm_reference.rmc)
  conv_down, conv_up.safetensors    networks of torch.nn.functional.conv2d, conv_transpose2d and linear
  spherical_harmonics.safetensors   Y_lm to degree 32 of a few vectors, from exact sums of rational numbers
  attention_<form>.safetensors      one KMDPA with masked (NaN) sources, p and s taken as free vectors
  batch.safetensors                 the batch of the whole-model files; batch_categorical: targets are class indices;
                                    batch_fields: with context, elapsed times and leads;
                                    batch_harmonics: places on the globe
  model_<case>.out.safetensors      prediction, state, loss, grad.<name>; its metadata names the case's options and the
                                    checkpoint and batch files it was computed from
  model_<case>.checkpoint.safetensors   where the case's parameters are not those of model_default
"""
from __future__ import annotations

import argparse
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
import comparison_reference as compared  # noqa: E402
import s2rm_reference as ref  # noqa: E402

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
TINY = dict(modules=3, hidden=5, heads=2, head_width=3, sphere=4, place=2, octaves=2, place_hidden=7, view=(1, 3, 3),
            encoder=(6, 4), decoder=(8,))
STEPS, SIZE, VIEWS, QUERIES = 6, 2, 4, 3
CASES: dict[str, dict[str, object]] = {
    "default": {},
    "product": {"normalisation": "product"},
    "after_update": {"interaction": "after_update"},
    "none": {"interaction": "none"},
    "paper_like": {"carry": "residual", "state_norm": "none"},
    "kernel_mean": {"readout": "kernel_mean"},
    "straight_through": {"straight_through": True},
    "straight_through_product": {"straight_through": True, "normalisation": "product"},
    "gaussian": {"likelihood": "gaussian"},
    "tau": {"tau": 0.25},
    "categorical_zero_state": {"likelihood": "categorical", "classes": 3, "initial_state": "zero"},
    "lstm": {"cell": "lstm"},
    "lstm_after_update": {"cell": "lstm", "interaction": "after_update"},
    "rmc": {"cell": "rmc", "hidden": 6, "slots": 2, "memory_heads": 1},
    "rmc_residual": {"cell": "rmc", "hidden": 12, "slots": 3, "memory_heads": 2, "key_width": 3, "carry": "residual",
                     "initial_state": "zero"},
    "harmonics": {"harmonics": 3, "place": 3},
    "shared": {"weights": "shared"},
    "shared_lstm": {"weights": "shared", "cell": "lstm", "interaction": "after_update"},
    "shared_rmc": {"weights": "shared", "cell": "rmc", "hidden": 6, "slots": 2, "memory_heads": 1, "carry": "residual",
                   "initial_state": "zero", "readout": "kernel_mean"},
}
# Side inputs, elapsed and lead times: these have `batch_fields`.
FIELDS: dict[str, dict[str, object]] = {
    "context": {"context": 2},
    "elapsed": {"time": "elapsed"},
    "elapsed_lstm": {"time": "elapsed", "time_features": False, "cell": "lstm", "interaction": "after_update"},
    "elapsed_rmc": {"time": "elapsed", "time_unit": 2.0, "cell": "rmc", "hidden": 6, "slots": 2, "memory_heads": 1},
    "elapsed_zero_state": {"time": "elapsed", "initial_state": "zero", "carry": "residual"},
    "lead": {"lead": "learned", "lead_unit": 2.0},
    "fields": {"context": 2, "time": "elapsed", "lead": "learned"},
    "shared_fields": {"weights": "shared", "time": "elapsed", "lead": "learned"},
    "fields_lstm": {"context": 2, "time": "elapsed", "lead": "learned", "cell": "lstm", "readout": "kernel_mean",
                    "likelihood": "gaussian"},
}
# The comparison models (comparison_reference.py), by their own options.
COMPARED: dict[str, dict[str, object]] = {
    "pooled_gru": {"modules": 1, "hidden": 7, "readout": "kernel_mean"},
    "pooled_lstm": {"modules": 1, "hidden": 6, "readout": "kernel_mean", "cell": "lstm", "state_norm": "none"},
    "pooled_mean": {"modules": 1, "hidden": 6, "readout": "kernel_mean", "pool": "mean"},
    "rim": {"dynamics": "rim", "active": 2},
    "rim_lstm": {"dynamics": "rim", "active": 1, "cell": "lstm", "state_norm": "none", "readout": "kernel_mean"},
    "memory": {"dynamics": "memory", "modules": 4, "hidden": 6, "memory_heads": 2},
    "memory_keys": {"dynamics": "memory", "modules": 2, "hidden": 5, "memory_heads": 1, "key_width": 7,
                    "state_norm": "none", "initial_state": "zero", "readout": "kernel_mean"},
    "pooled_sum": {"modules": 1, "hidden": 6, "readout": "kernel_mean", "pool": "sum", "initial_state": "zero"},
    "pooled_pieces": {"modules": 3, "hidden": 2, "cell": "lstm"},
    "observer": {"dynamics": "observer", "modules": 7, "width": 8, "hidden": 10, "layers": 2, "feedforward": 5, "ages": 2,
                 "state_norm": "none", "initial_state": "zero"},
    "pooled_fields": {"modules": 3, "hidden": 2, "cell": "lstm", "context": 2, "time": "elapsed", "lead": "learned"},
    "rim_fields": {"dynamics": "rim", "active": 2, "context": 2, "time": "elapsed", "lead": "learned"},
    "observer_lead": {"dynamics": "observer", "modules": 7, "width": 8, "hidden": 10, "layers": 1, "feedforward": 5,
                      "ages": 2, "state_norm": "none", "initial_state": "zero", "context": 2, "lead": "learned"},
    "pooled_context": {"modules": 1, "hidden": 6, "readout": "kernel_mean", "context": 2},
    "observer_forgets": {"dynamics": "observer", "modules": 3, "width": 6, "hidden": 7, "layers": 1, "feedforward": 9,
                         "ages": 1, "state_norm": "none", "initial_state": "zero", "readout": "kernel_mean"},
}
MARGIN = 1e-3  # no p.s this close to the cut: float must take the same side

Arrays = dict[str, np.ndarray]


def random_checkpoint(config: ref.Config, seed: int, epsilon: float = 1.5) -> Arrays:
    """Random float32 parameters of the size of an ordinary start, biases and initial state not zero."""
    rng = np.random.default_rng(seed)
    result: Arrays = {}
    shapes = compared.parameter_shapes if isinstance(config, compared.Config) else ref.parameter_shapes
    for name, shape in shapes(config).items():
        if name == "kernel.log_epsilon":
            value = np.full(shape, math.log(epsilon))
        elif name.endswith("norm.weight"):
            value = 1 + 0.4 * rng.normal(size=shape)
        elif name.endswith(("embedding", "bias")) or name.startswith(("cell.bias", "initial")):
            value = rng.normal(size=shape) * (1.0 if name.endswith("embedding") else 0.4)
        else:
            value = rng.normal(size=shape) * 1.2 / math.sqrt(shape[-1])
        result[name] = value.astype(np.float32)
    return result


def random_batch(config: ref.Config, steps: int, size: int, views: int, queries: int, seed: int) -> Arrays:
    """All present, targets in [0, 1] (half of them exactly 0 or 1), or class indices."""
    rng = np.random.default_rng(seed)
    targets = rng.uniform(size=(steps, size, queries, *config.target_shape))
    targets = np.where(rng.uniform(size=targets.shape) < 0.5, np.round(targets), targets).astype(np.float32)
    if config.likelihood == "categorical":
        targets = rng.integers(config.classes, size=targets.shape)
    batch = {
        "views": rng.normal(size=(steps, size, views, *config.view)).astype(np.float32),
        "places": rng.uniform(-1, 1, size=(steps, size, views, config.place)).astype(np.float32),
        "view_mask": np.ones((steps, size, views), np.uint8),
        "query_places": rng.uniform(-1, 1, size=(steps, size, queries, config.place)).astype(np.float32),
        "targets": targets,
        "target_mask": np.ones((steps, size, queries), np.uint8),
        "reset": np.zeros((steps, size), np.uint8),
    }
    if config.harmonics:  # on the globe
        for name in ("places", "query_places"):
            batch[name] = unit_vectors(rng.normal(size=batch[name].shape))
    return batch


def unit_vectors(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def poison(batch: Arrays) -> None:
    """NaN into every masked slot (a class index becomes -1)."""
    absent = batch["view_mask"] == 0
    if "blind" in batch:
        absent = absent | (batch["blind"][..., None] != 0)
    batch["views"][absent] = np.nan
    batch["places"][absent] = np.nan
    batch["targets"][batch["target_mask"] == 0] = np.nan if batch["targets"].dtype.kind == "f" else -1


def golden_batch(config: ref.Config, seed: int) -> Arrays:
    """Masks, a step without views, a blind step, a reset in the middle, and NaN wherever nothing may look."""
    batch = random_batch(config, STEPS, SIZE, VIEWS, QUERIES, seed)
    rng = np.random.default_rng(seed + 1)
    batch["view_mask"] = (rng.uniform(size=batch["view_mask"].shape) < 0.75).astype(np.uint8)
    batch["view_mask"][2, 0] = 0
    batch["view_mask"][3] = 1
    batch["target_mask"] = (rng.uniform(size=batch["target_mask"].shape) < 0.8).astype(np.uint8)
    batch["target_mask"][5, 1] = (1, 0, 1)
    batch["reset"][3, 1] = batch["reset"][1, 0] = 1
    batch["blind"] = np.zeros((STEPS, SIZE), np.uint8)
    batch["blind"][4, 0] = batch["blind"][3, 1] = 1
    poison(batch)
    return batch


def with_fields(batch: Arrays, context: int, seed: int) -> Arrays:
    """The batch with context, elapsed times and leads, some of them 0, one long, and NaN wherever nothing may look."""
    rng = np.random.default_rng(seed)
    shape = batch["view_mask"].shape, batch["target_mask"].shape
    batch = dict(batch)
    for name, extents in zip(("view_context", "query_context"), shape):
        batch[name] = rng.normal(size=(*extents, context)).astype(np.float32)
    batch["elapsed"] = np.maximum(rng.uniform(-0.5, 3, size=shape[0][:2]), 0).astype(np.float32)
    batch["elapsed"][2, 1] = 40
    batch["query_lead"] = np.maximum(rng.uniform(-1, 4, size=shape[1]), 0).astype(np.float32)
    absent = (batch["view_mask"] == 0) | (batch["blind"][..., None] != 0)
    batch["view_context"][absent] = np.nan
    batch["elapsed"][batch["reset"] != 0] = np.nan
    for name in ("query_context", "query_lead"):
        batch[name][batch["target_mask"] == 0] = np.nan
    return batch


def make_model(config: ref.Config, checkpoint: Arrays, dtype: torch.dtype = torch.float64) -> ref.S2RM:
    model = (compared.Model if isinstance(config, compared.Config) else ref.S2RM)(config, dtype)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in checkpoint.items()})
    return model


def cosines(model: ref.S2RM, batch: Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every p.s of a run: modules with present views [n, M], modules [M, M], queries with modules [n, M]."""
    p = {name: value.detach() for name, value in model.named_parameters()}
    present = batch["view_mask"] != 0
    if "blind" in batch:
        present = present & (batch["blind"][..., None] == 0)
    module = ref.unit(p["modules.embedding"])
    queries = batch["query_places"].reshape(-1, model.config.place)
    queries = np.where(np.isfinite(queries), queries, 0)
    s, q = (ref.unit(model._place_codes(p, torch.from_numpy(x).to(module.dtype)))
            for x in (batch["places"][present], queries))
    return tuple((a @ module.T).numpy() for a in (s, module, q))


def margin(model: ref.S2RM, batch: Arrays) -> float:
    """Distance of the nearest p.s from the cut."""
    return min((float(np.abs(a - model.config.tau).min()) for a in cosines(model, batch) if a.size), default=math.inf)


def covers(model: ref.S2RM, batch: Arrays) -> bool:
    """Is everything in it: cut and uncut pairs, a module out of reach of every view it could have, a lone query?"""
    tau = model.config.tau
    present = (batch["view_mask"] != 0) & (batch["blind"][..., None] == 0)
    views, modules, queries = (a >= tau for a in cosines(model, batch))
    reach = np.zeros((*present.shape, model.config.modules), bool)
    reach[present] = views
    unreached = (~reach.any(2) & present.any(2)[..., None]).any()
    off = ~np.eye(model.config.modules, dtype=bool)
    return bool(unreached and 0.2 < views.mean() < 0.8 and modules[off].any() and not modules[off].all()
                and 0.2 < queries.mean() < 0.8)


def model_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """The whole-model goldens. One seed of places and parameters serves all cases; it is the first that covers."""
    base = ref.Config(**TINY)
    tight = ref.Config(**TINY, tau=0.25)
    seed = next(s for s in range(1, 2000) if all(
        margin(m, b) > MARGIN and covers(m, b) for c in (base, tight)
        for m, b in [(make_model(c, random_checkpoint(c, s)), golden_batch(c, s))]))
    shared, batch = random_checkpoint(base, seed), golden_batch(base, seed)
    files: dict[str, tuple[Arrays, dict[str, str]]] = {"batch": (batch, {}),
                                                       "batch_fields": (with_fields(batch, 2, seed), {})}
    for case, options in {**CASES, **FIELDS, **COMPARED}.items():
        config = (compared if case in COMPARED else ref).Config(**{**TINY, **options})
        own, mine, mine_name = random_checkpoint(config, seed + 1), batch, "batch"
        checkpoint = {name: shared[name] if name in shared and shared[name].shape == value.shape else value
                      for name, value in own.items()}
        if config.likelihood == "categorical":
            mine = {**batch, "targets": np.random.default_rng(seed).integers(3, size=batch["targets"].shape)}
            mine["targets"][mine["target_mask"] == 0] = -1
            mine_name = "batch_categorical"
            files[mine_name] = (mine, {})
        if case in FIELDS or config.context:
            mine_name = "batch_fields"
            mine = files[mine_name][0]
        if config.harmonics:  # other places, so a seed of its own
            mine_name = f"batch_{case}"
            mine = next(b for b in (golden_batch(config, s) for s in range(1, 2000))
                        if margin(make_model(config, checkpoint), b) > MARGIN and covers(make_model(config, checkpoint), b))
            files[mine_name] = (mine, {})
        model = make_model(config, checkpoint)
        out = ref.evaluate(model, ref.to_batch(mine, torch.float64))
        assert all(np.isfinite(value).all() for value in out.values()), case
        assert all(np.abs(value).max() > 0 for value in out.values()), case
        text = ", ".join(f"{key}={value}" for key, value in options.items()) or "defaults"
        source = "model_default.checkpoint"
        if case == "default" or any(checkpoint.get(name) is not value for name, value in shared.items()):
            source = f"model_{case}.checkpoint"
            files[source] = (checkpoint, {})
        files[f"model_{case}.out"] = (out, {"options": text, "checkpoint": source, "batch": mine_name})
    return files


def gru_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """Cells of torch.nn.GRUCell, one per module; with h_bar apart from h by the carry rule on top of them."""
    m, h, inputs, rows = 3, 5, 6, 4
    files = {}
    for name in ("gru", "gru_bounded", "gru_residual"):
        rng = np.random.default_rng(11)

        def draw(*shape: int) -> torch.Tensor:
            return torch.from_numpy(rng.normal(size=shape).astype(np.float32)).double().requires_grad_()

        leaf = {"u": draw(rows, m, inputs), "h": draw(rows, m, h), "h_bar": draw(rows, m, h),
                "weight_ih": draw(m, 3 * h, inputs), "weight_hh": draw(m, 3 * h, h),
                "bias_ih": draw(m, 3 * h), "bias_hh": draw(m, 3 * h)}
        upstream = draw(rows, m, h).detach()
        if name == "gru":
            leaf.pop("h_bar")
        carried = leaf["h"] if name == "gru" else leaf["h_bar"]
        outputs, grads = [], {key: torch.zeros_like(value) for key, value in leaf.items()}
        for i in range(m):
            cell = torch.nn.GRUCell(inputs, h).double()
            with torch.no_grad():
                for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(cell, key).copy_(leaf[key][i])
            out = cell(leaf["u"][:, i], carried[:, i])
            if name == "gru_bounded":  # the cell carried h_bar; put h in its place
                gates = leaf["u"][:, i] @ cell.weight_ih.T + cell.bias_ih
                gates = gates + carried[:, i] @ cell.weight_hh.T + cell.bias_hh
                z = torch.sigmoid(gates[:, h:2 * h])
                out = out + z * (leaf["h"][:, i] - leaf["h_bar"][:, i])
            outputs.append(out)
            (out * upstream[:, i]).sum().backward()
            for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                grads[key][i] = getattr(cell, key).grad
        for key in ("u", "h", "h_bar"):
            if key in leaf and leaf[key].grad is not None:
                grads[key] = leaf[key].grad
        tensors = {key: value.detach().numpy().astype(np.float32) for key, value in leaf.items()}
        tensors["grad.output"] = upstream.numpy().astype(np.float32)
        tensors["output"] = torch.stack(outputs, 1).detach().numpy()
        tensors.update({f"grad.{key}": value.numpy() for key, value in grads.items()})
        files[name] = (tensors, {"gates": "r, z, n"})
    return files


def lstm_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """Cells of torch.nn.LSTMCell, one per module. c [rows, M, 2H]: the first half, the old h, is not read."""
    m, h, inputs, rows = 3, 5, 6, 4
    rng = np.random.default_rng(12)

    def draw(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32)).double().requires_grad_()

    leaf = {"u": draw(rows, m, inputs), "h": draw(rows, m, h), "c": draw(rows, m, 2 * h),
            "weight_ih": draw(m, 4 * h, inputs), "weight_hh": draw(m, 4 * h, h),
            "bias_ih": draw(m, 4 * h), "bias_hh": draw(m, 4 * h)}
    upstream, outputs = draw(rows, m, 2 * h).detach(), []
    for i in range(m):
        cell = torch.nn.LSTMCell(inputs, h).double()
        weights = {key: leaf[key][i] for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        state = (leaf["h"][:, i], leaf["c"][:, i, h:])
        outputs.append(torch.cat(torch.nn.utils.stateless.functional_call(cell, weights, (leaf["u"][:, i], state)), -1))
    return {"lstm": (with_gradients(leaf, torch.stack(outputs, 1), upstream), {"gates": "i, f, g, o"})}


def rmc_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """Relational memory cores, h_bar (h) apart from what is carried (c): 3 slots of width 4, 2 heads, keys of width 3."""
    config = ref.Config(**{**TINY, "cell": "rmc", "hidden": 12, "slots": 3, "memory_heads": 2, "key_width": 3})
    m, h, inputs, rows = 3, 12, 6, 4
    rng = np.random.default_rng(13)
    shapes = {"u": (rows, m, inputs), "h": (rows, m, h), "c": (rows, m, h), **ref.cell_shapes(config)}
    leaf = {name: torch.from_numpy(rng.normal(size=shape).astype(np.float32)).double().requires_grad_()
            for name, shape in shapes.items()}
    upstream = torch.from_numpy(rng.normal(size=(rows, m, h)).astype(np.float32)).double()
    out = ref.rmc(leaf["u"], leaf["c"], leaf["h"], leaf, config.slots, config.memory_heads)
    return {"rmc": (with_gradients(leaf, out, upstream), {"slots": "3", "heads": "2", "key_width": "3"})}


def conv_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """Networks of torch.nn.functional's convolutions, GELU between, on maps that are not square."""
    conv = torch.nn.functional.conv2d
    up = torch.nn.functional.conv_transpose2d
    linear = torch.nn.functional.linear
    networks = {
        "conv_down": ((4, 2, 7, 6), [((3, 2, 3, 3), lambda x, w, b: conv(x, w, b, stride=2, padding=1)),
                                     ((4, 3, 2, 2), conv),
                                     ((5, 4 * 3 * 2), lambda x, w, b: linear(x.flatten(1), w, b))]),
        "conv_up": ((4, 7), [((4 * 2 * 3, 7), lambda x, w, b: linear(x, w, b).reshape(-1, 4, 2, 3)),
                             ((4, 3, 4, 4), lambda x, w, b: up(x, w, b, stride=2, padding=1)),
                             ((3, 2, 3, 3), lambda x, w, b: up(x, w, b, stride=2, padding=1))]),
    }
    files = {}
    for name, (shape, layers) in networks.items():
        rng = np.random.default_rng(14)

        def draw(*extents: int) -> torch.Tensor:
            return torch.from_numpy(rng.normal(size=extents).astype(np.float32)).double().requires_grad_()

        leaf = {"x": draw(*shape)}
        y = leaf["x"]
        for i, (weight, layer) in enumerate(layers):
            transposed = name == "conv_up" and i > 0
            leaf[f"{i}.weight"], leaf[f"{i}.bias"] = draw(*weight), draw(weight[1 if transposed else 0])
            y = torch.nn.functional.gelu(y, approximate="tanh") if i else y
            y = layer(y, leaf[f"{i}.weight"], leaf[f"{i}.bias"])
        files[name] = (with_gradients(leaf, y, draw(*y.shape).detach()), {})
    return files


def with_gradients(leaf: dict[str, torch.Tensor], output: torch.Tensor, upstream: torch.Tensor) -> Arrays:
    """Input, upstream gradient, output and the gradient of every leaf."""
    output.backward(upstream)
    tensors = {key: value.detach().numpy().astype(np.float32) for key, value in leaf.items()}
    tensors["grad.output"] = upstream.numpy().astype(np.float32)
    tensors["output"] = output.detach().numpy()
    tensors.update({f"grad.{key}": value.grad.numpy() for key, value in leaf.items()})
    return tensors


def harmonic_files(degree: int = 32) -> dict[str, tuple[Arrays, dict[str, str]]]:
    """Y_lm of vectors whose squared length is a square, by the sum for d^m P_l / dz^m: exact up to the last division."""
    points = [(0, 0, 1), (0, 0, -2), (-1, 0, 0), (2, -3, 6), (-4, 4, -7), (8, 9, 12), (60, -120, 895)]
    x = np.array(points, np.float64)
    y = np.zeros((len(points), (degree + 1) ** 2))
    for row, point in enumerate(points):
        r = math.isqrt(sum(c * c for c in point))
        assert r * r == sum(c * c for c in point)
        a, b, z = (Fraction(c, r) for c in point)
        cosine, sine = Fraction(1), Fraction(0)  # sin^m theta (cos m lambda, sin m lambda)
        for m in range(degree + 1):
            for l in range(m, degree + 1):
                slope = sum(Fraction((-1) ** k * math.comb(l, k) * math.comb(2 * l - 2 * k, l)
                                     * math.perm(l - 2 * k, m), 2 ** l) * z ** (l - 2 * k - m)
                            for k in range((l - m) // 2 + 1))
                norm = math.sqrt(Fraction((2 * l + 1) * math.factorial(l - m), math.factorial(l + m)) * (2 if m else 1)
                                 ) / math.sqrt(4 * math.pi)
                y[row, l * l + l + m] = norm * float(slope * cosine)
                if m:
                    y[row, l * l + l - m] = norm * float(slope * sine)
            cosine, sine = a * cosine - b * sine, a * sine + b * cosine
    return {"spherical_harmonics": ({"x": x, "harmonics": y}, {"degree": str(degree)})}


def attention_files() -> dict[str, tuple[Arrays, dict[str, str]]]:
    """One KMDPA: q [R,I,NC], k and v [R,J,NC], p [I,S], s [R,J,S], mask [R,J] -> output [R,I,NC]; tau = 0."""
    rows, targets, sources, heads, width, sphere = 5, 3, 6, 2, 3, 4
    forms = {"log_space": ("log_space", False, True), "product": ("product", False, True),
             "straight_through": ("log_space", True, True), "straight_through_product": ("product", True, True),
             "kernel_mean": ("log_space", False, False)}
    for seed in range(1, 2000):
        rng = np.random.default_rng(seed)
        data = {"p": rng.normal(size=(targets, sphere)), "s": rng.normal(size=(rows, sources, sphere))}
        data = {key: (value / np.linalg.norm(value, axis=-1, keepdims=True)).astype(np.float32)
                for key, value in data.items()}
        data.update({key: (1.5 * rng.normal(size=(rows, n, heads * width))).astype(np.float32)
                     for key, n in (("q", targets), ("k", sources), ("v", sources))})
        data["mask"] = (rng.uniform(size=(rows, sources)) < 0.7).astype(np.uint8)
        data["mask"][0], data["mask"][1] = 1, 0  # a full row and an empty one
        cosine = np.einsum("is,rjs->rij", data["p"], data["s"])
        there = data["mask"][:, None] != 0
        lone = (~((cosine >= 0) & there).any(-1) & there.any(-1)).any()
        if np.abs(cosine).min() > MARGIN and lone:
            break
    data["log_epsilon"] = np.array([math.log(1.5)], np.float32)
    data["grad.output"] = rng.normal(size=(rows, targets, heads * width)).astype(np.float32)
    for key in ("k", "v", "s"):
        data[key][data["mask"] == 0] = np.nan
    files = {}
    for name, (normalisation, straight_through, keyed) in forms.items():
        leaf = {key: torch.from_numpy(data[key]).double().requires_grad_()
                for key in ("q", "k", "v", "p", "s", "log_epsilon") if keyed or key not in "qk"}
        present = torch.from_numpy(data["mask"]) != 0
        clean = {key: torch.where(present[..., None], leaf[key], torch.zeros(())) if key in "kvs" else leaf[key]
                 for key in leaf}

        def split(x: torch.Tensor) -> torch.Tensor:
            return x.reshape(*x.shape[:-1], heads, width).transpose(1, 2)

        log_z, reach = ref.kernel(clean["p"], clean["s"], leaf["log_epsilon"], 0.0)
        logits = split(clean["q"]) @ split(clean["k"]).transpose(-1, -2) / math.sqrt(width) if keyed \
            else torch.zeros(rows, heads, targets, sources, dtype=torch.float64)
        y = ref.kmdpa(logits, split(clean["v"]), log_z[:, None], reach[:, None], present[:, None, None, :],
                      normalisation, straight_through).transpose(1, 2).reshape(rows, targets, heads * width)
        y.backward(torch.from_numpy(data["grad.output"]).double())
        tensors = {key: value for key, value in data.items() if keyed or key not in ("q", "k")}
        tensors["output"] = y.detach().numpy()
        tensors.update({f"grad.{key}": value.grad.numpy() for key, value in leaf.items()})
        assert all(np.isfinite(tensors[f"grad.{key}"]).all() for key in leaf)
        files[f"attention_{name}"] = (tensors, {"tau": "0", "heads": str(heads)})
    return files


def make_all() -> dict[str, tuple[Arrays, dict[str, str]]]:
    torch.set_num_threads(1)
    return {**gru_files(), **lstm_files(), **rmc_files(), **conv_files(), **harmonic_files(), **attention_files(),
            **model_files()}


def differences(tolerance: float = 1e-12) -> list[str]:
    """What the files on disk do not share with a fresh computation."""
    found = []
    fresh = make_all()
    on_disk = {path.name[:-len(".safetensors")] for path in GOLDEN.glob("*.safetensors")}
    found += [f"{name}: no such file" for name in sorted(set(fresh) - on_disk)]
    for name in sorted(set(fresh) & on_disk):
        stored, _ = ref.load_safetensors(str(GOLDEN / f"{name}.safetensors"))
        if list(stored) != list(fresh[name][0]):
            found.append(f"{name}: other tensors")
            continue
        for key, value in fresh[name][0].items():
            scale = max(1e-300, float(np.nanmax(np.abs(value), initial=0)))
            if stored[key].dtype != value.dtype or not np.allclose(stored[key], value, rtol=0, atol=tolerance * scale,
                                                                   equal_nan=True):
                found.append(f"{name}: {key} differs")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="golden vectors of the tests")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        found = differences()
        print("\n".join(found) or "golden files are up to date")
        return 1 if found else 0
    GOLDEN.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, (tensors, metadata) in make_all().items():
        path = GOLDEN / f"{name}.safetensors"
        ref.save_safetensors(str(path), tensors, {"made_by": "python/make_goldens.py", **metadata})
        total += path.stat().st_size
        print(f"{path.name:52s} {path.stat().st_size:7d} bytes")
    print(f"{total} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
