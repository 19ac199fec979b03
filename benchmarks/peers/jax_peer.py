#!/usr/bin/env python3
"""JAX on XLA's CPU backend: jit, scan over time. See peer.py for the command line.

The same arrangement as torch_model.py: modules first, one product for the four projections of the state, everything
that does not read the state outside the scan, all buffers of a step donated.
"""
from __future__ import annotations

import math
import os
import sys

from configs import PROBLEMS, Problem
from peer import Golden, arguments, tell

ARGS = arguments(("scan", "unrolled", "jit"))
if ARGS.threads == 1:  # XLA has no switch for its pool that covers every kind of operation: one core is one thread
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

FAR = -1e30
Weights = dict[str, jax.Array]


def unit_of(x: jax.Array) -> jax.Array:
    """Rows of length one; a gradient at 0 would be no number, and no row is 0."""
    return x * jax.lax.rsqrt((x * x).sum(-1, keepdims=True))


def perceptron(w: Weights, prefix: str, x: jax.Array) -> jax.Array:
    """Layers with GELU between."""
    i = 0
    while f"{prefix}.{i}.weight" in w:
        x = jax.nn.gelu(x, approximate=True) if i else x
        x = x @ w[f"{prefix}.{i}.weight"].T + w[f"{prefix}.{i}.bias"]
        i += 1
    return x


def place(p: Problem, w: Weights, x: jax.Array) -> jax.Array:
    """Places [..., P] to the sphere [..., S]."""
    angle = x[..., None] * (2.0 ** jnp.arange(p.octaves) * (math.pi / 2))
    features = jnp.stack((jnp.sin(angle), jnp.cos(angle)), -1)
    return unit_of(perceptron(w, "place", features.reshape(*x.shape[:-1], -1)))


def bias_of(p: Problem, w: Weights, cosine: jax.Array) -> tuple[jax.Array, jax.Array]:
    """log Z, FAR where out of reach, and whether a row reaches anything."""
    reach = cosine >= p.tau
    epsilon = 2 * jnp.exp(w["kernel.log_epsilon"])
    return jnp.where(reach, epsilon * (cosine - 1), FAR), reach.any(-1, keepdims=True).astype(cosine.dtype)


def attend(q: jax.Array, k: jax.Array, v: jax.Array, bias: jax.Array, alive: jax.Array) -> jax.Array:
    """q [..., N, I, C], k and v [..., N, J, C], bias [..., 1, I, J]; q is scaled already."""
    return (jax.nn.softmax(q @ jnp.swapaxes(k, -1, -2) + bias, -1) @ v) * alive


def rms(h: jax.Array) -> jax.Array:
    """The state as projections read it."""
    return h * jax.lax.rsqrt((h * h).mean(-1, keepdims=True) + 1e-4)


def fuse(p: Problem, w: Weights) -> Weights:
    """The products that share an input, side by side."""
    scale = 1 / math.sqrt(p.head_width)
    return {"kv": jnp.concatenate((w["views.key.weight"], w["views.value.weight"])),
            "project": jnp.concatenate((w["views.query.weight"] * scale, w["interaction.query.weight"] * scale,
                                        w["interaction.key.weight"], w["interaction.value.weight"]), 1),
            "read": jnp.concatenate((w["readout.key.weight"], w["readout.value.weight"]), 1),
            "read_query": w["readout.query.weight"] * scale}


def per_module(x: jax.Array, w: jax.Array) -> jax.Array:
    """x [M, B, in], w [M, out, in] -> [M, B, out]."""
    return jnp.einsum("mbi,moi->mbo", x, w)


def heads(x: jax.Array, parts: int, p: Problem) -> jax.Array:
    """[M, B, parts N C] -> [parts, B, N, M, C]."""
    m, b = x.shape[:2]
    return x.reshape(m, b, parts, p.heads, p.head_width).transpose(2, 1, 3, 0, 4)


def advance(p: Problem, w: Weights, f: Weights, inner: tuple[jax.Array, jax.Array], h: jax.Array, k_view: jax.Array,
            v_view: jax.Array, bias: jax.Array, alive: jax.Array) -> jax.Array:
    """h [M, B, H] to the next; keys and values of the views [B, N, A, C]."""
    m, b, width = p.modules, h.shape[1], p.width
    q_view, q, k, v = heads(per_module(rms(h), f["project"]), 4, p)
    u = attend(q_view, k_view, v_view, bias, alive).transpose(2, 0, 1, 3).reshape(m, b, width)
    g = attend(q, k, v, *inner).transpose(2, 0, 1, 3).reshape(m, b, width)
    h_bar = h + per_module(g, w["interaction.out.weight"])
    gates_u = per_module(u, w["cell.weight_ih"]) + w["cell.bias_ih"][:, None]
    gates_h = per_module(h_bar, w["cell.weight_hh"]) + w["cell.bias_hh"][:, None]
    n = p.hidden
    r, z = jnp.split(jax.nn.sigmoid(gates_u[..., :2 * n] + gates_h[..., :2 * n]), 2, -1)
    new = jnp.tanh(gates_u[..., 2 * n:] + r * gates_h[..., 2 * n:])
    return new + z * (h - new)


def read_out(p: Problem, w: Weights, f: Weights, unit: jax.Array, h: jax.Array, query_places: jax.Array) -> jax.Array:
    """h [M, R, H], query_places [R, Q, P] -> logits [R, Q, V]."""
    k, v = heads(per_module(rms(h), f["read"]), 2, p)
    s = place(p, w, query_places)
    rows, queries = s.shape[:2]
    q = (s @ f["read_query"].T).reshape(rows, queries, p.heads, p.head_width).transpose(0, 2, 1, 3)
    r = attend(q, k, v, *bias_of(p, w, (s @ unit.T)[:, None]))
    return perceptron(w, "decoder", jnp.concatenate((r.transpose(0, 2, 1, 3).reshape(rows, queries, p.width), s), -1))


def view_side(p: Problem, w: Weights, f: Weights, unit: jax.Array, views: jax.Array, places: jax.Array):
    """Keys, values [R, N, A, C], bias [R, 1, M, A], alive of views [R, A, V]."""
    s = place(p, w, places)
    kv = jnp.concatenate((perceptron(w, "encoder", views), s), -1) @ f["kv"].T
    k, v = kv.reshape(*kv.shape[:2], 2, p.heads, p.head_width).transpose(2, 0, 3, 1, 4)
    return (k, v, *bias_of(p, w, (unit @ jnp.swapaxes(s, -1, -2))[:, None]))


def predict(p: Problem, w: Weights, views: jax.Array, places: jax.Array, query_places: jax.Array,
            unroll: int) -> jax.Array:
    """A whole sequence: views [T, B, A, V] -> logits [T, B, Q, V]."""
    t, b = views.shape[:2]
    f, unit = fuse(p, w), unit_of(w["modules.embedding"])
    inner = bias_of(p, w, unit @ unit.T)
    rows = view_side(p, w, f, unit, views.reshape(t * b, *views.shape[2:]), places.reshape(t * b, *places.shape[2:]))
    steps = tuple(x.reshape(t, b, *x.shape[1:]) for x in rows)

    def step(h, now):
        h = advance(p, w, f, inner, h, *now)
        return h, h

    start = jnp.broadcast_to(w["initial_state"][:, None], (p.modules, b, p.hidden))
    _, states = jax.lax.scan(step, start, steps, unroll=unroll)  # [T, M, B, H]
    states = states.transpose(1, 0, 2, 3).reshape(p.modules, t * b, p.hidden)
    return read_out(p, w, f, unit, states, query_places.reshape(t * b, *query_places.shape[2:])).reshape(
        t, b, query_places.shape[2], p.pixels)


def loss_of(p: Problem, unroll: int, w: Weights, views, places, query_places, targets) -> tuple[jax.Array, jax.Array]:
    """Binary cross-entropy of the logits, and the logits."""
    y = predict(p, w, views, places, query_places, unroll)
    return (jnp.maximum(y, 0) - y * targets + jnp.log1p(jnp.exp(-jnp.abs(y)))).mean(), y


def train(p: Problem, golden: Golden) -> None:
    """forward, backward, Adam in one compiled function."""
    unroll = p.time if ARGS.variant == "unrolled" else 1
    w = {k: jnp.asarray(v) for k, v in golden.weights.items()}
    differentiate = jax.value_and_grad(lambda *x: loss_of(p, unroll, *x), has_aux=True)
    names = ("views", "places", "query_places", "targets")
    batch = golden.batch(p)
    (loss, y), grads = jax.jit(differentiate)(w, *(jnp.asarray(batch[n]) for n in names))
    golden.expect_training(float(loss), np.asarray(y), {k: np.asarray(v) for k, v in grads.items()})

    def update(w, m, v, count, *batch):
        (loss, _), g = differentiate(w, *batch)
        count = count + 1
        rate = 1e-7 * jnp.sqrt(1 - 0.999 ** count) / (1 - 0.9 ** count)
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in g}
        v = {k: 0.999 * v[k] + 0.001 * g[k] * g[k] for k in g}
        return {k: w[k] - rate * m[k] / (jnp.sqrt(v[k]) + 1e-8) for k in g}, m, v, count, loss

    run = jax.jit(update, donate_argnums=(0, 1, 2, 3))
    draw = np.random.default_rng(1)
    shape, asked = (p.time, p.batch, p.views), (p.time, p.batch, p.queries)
    full = [jnp.asarray(x) for x in (draw.random((*shape, p.pixels), dtype=np.float32),
                                     draw.random((*shape, p.place), dtype=np.float32) * 2 - 1,
                                     draw.random((*asked, p.place), dtype=np.float32) * 2 - 1,
                                     draw.random((*asked, p.pixels), dtype=np.float32))]
    state = [w, {k: jnp.zeros_like(x) for k, x in w.items()}, {k: jnp.zeros_like(x) for k, x in w.items()},
             jnp.zeros((), jnp.float32)]

    def step() -> None:
        *state[:], loss = run(*state, *full)
        loss.block_until_ready()
        jax.block_until_ready(state)

    tell(ARGS, step, {**about(), "parameters": sum(x.size for x in golden.weights.values())})


def stream(p: Problem, golden: Golden) -> None:
    """One step of batch 1; what depends on the weights alone is derived once."""
    w = {k: jnp.asarray(v) for k, v in golden.weights.items()}
    f, unit = fuse(p, w), unit_of(w["modules.embedding"])
    inner = bias_of(p, w, unit @ unit.T)

    def one(w, f, unit, inner, h, views, places, query_places):
        h = advance(p, w, f, inner, h, *view_side(p, w, f, unit, views[None], places[None]))
        return h, read_out(p, w, f, unit, h, query_places[None])[0]

    run = jax.jit(one, donate_argnums=4)
    start = w["initial_state"][:, None]
    state = {"h": jnp.array(start)}

    def check(views, places, query_places):
        state["h"], y = run(w, f, unit, inner, state["h"], views, places, query_places)
        return np.asarray(y)

    golden.expect_stream(check, p)
    batch = golden.batch(p)
    feed = [tuple(jnp.asarray(batch[n][t, 0]) for n in ("views", "places", "query_places"))
            for t in range(p.check_time)]
    state["t"] = 0

    def step() -> None:
        state["t"] = (state["t"] + 1) % len(feed)
        state["h"], y = run(w, f, unit, inner, state["h"], *feed[state["t"]])
        y.block_until_ready()

    tell(ARGS, step, about())


def about() -> dict[str, object]:
    """Versions."""
    import jaxlib
    return {"peer": "JAX", "version": jax.__version__, "jaxlib": jaxlib.__version__}


def main() -> None:
    problem, golden = PROBLEMS[ARGS.config], Golden(ARGS.golden)
    if ARGS.what == "train" and ARGS.variant == "jit" or ARGS.what == "stream" and ARGS.variant != "jit":
        sys.exit(f"{ARGS.what}: no variant {ARGS.variant}")
    (train if ARGS.what == "train" else stream)(problem, golden)


if __name__ == "__main__":
    main()
