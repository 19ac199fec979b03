"""The model of the design page in scalar loops: one element, one module, one head, one source at a time.

Written apart from `s2rm_reference.py` and sharing no line with it, so that the two can be held against each other.
Forward only, double only, no thought of speed. The RMC is that of sonnet_rmc.py. Absent things are skipped by `continue`, never multiplied by zero.
"""
from __future__ import annotations

import math

import numpy as np

import sonnet_rmc


def matvec(w, x):
    return [sum(float(w[i][j]) * x[j] for j in range(len(x))) for i in range(len(w))]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def gelu(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def mlp(p, prefix, x):
    layers = sum(1 for name in p if name.startswith(prefix + ".") and name.endswith(".weight"))
    for i in range(layers):
        y = matvec(p[f"{prefix}.{i}.weight"], x)
        x = [a + float(b) for a, b in zip(y, p[f"{prefix}.{i}.bias"])]
        if i + 1 < layers:
            x = [gelu(a) for a in x]
    return x


def normalise(v):
    length = math.sqrt(dot(v, v))
    return [a / max(length, 1e-12) for a in v]


def harmonics(x, degree):
    """Y_lm by angles and the recurrence of unnormalised Legendre functions in l, in the order l² + l + m."""
    r = math.sqrt(dot(x, x))
    if r == 0:
        return [math.sqrt(1 / (4 * math.pi))] + [0.0] * ((degree + 1) ** 2 - 1)
    longitude, cosine = math.atan2(x[1], x[0]), x[2] / r
    sine = math.hypot(x[0], x[1]) / r
    y = [0.0] * (degree + 1) ** 2
    for m in range(degree + 1):
        legendre = {m - 1: 0.0, m: math.prod(range(1, 2 * m, 2)) * sine**m}
        for l in range(m + 1, degree + 1):
            legendre[l] = ((2 * l - 1) * cosine * legendre[l - 1] - (l + m - 1) * legendre[l - 2]) / (l - m)
        for l in range(m, degree + 1):
            norm = math.sqrt((2 * l + 1) / (4 * math.pi) * math.factorial(l - m) / math.factorial(l + m))
            if m == 0:
                y[l * l + l] = norm * legendre[l]
            else:
                y[l * l + l + m] = math.sqrt(2) * norm * legendre[l] * math.cos(m * longitude)
                y[l * l + l - m] = math.sqrt(2) * norm * legendre[l] * math.sin(m * longitude)
    return y


def place_code(c, p, x):
    if c.harmonics:
        return normalise(mlp(p, "place", harmonics([float(a) for a in x], c.harmonics)))
    features = []
    for coordinate in x:
        for k in range(c.octaves):
            features.append(math.sin(2**k * math.pi * coordinate / 2))
            features.append(math.cos(2**k * math.pi * coordinate / 2))
    return normalise(mlp(p, "place", features))


def features(time, unit):
    x = time / unit
    return [math.log(1 + x), math.exp(-x), math.exp(-x / 4), math.exp(-x / 16)]


def relax(p, start, state, time):
    """Every number of every module, towards where it started."""
    return [[s0 + (s - s0) * math.exp(-math.log(1 + math.exp(float(rho))) * time) for s, s0, rho in zip(now, begin, own)]
            for now, begin, own in zip(state, start, p["time.rate"])]


def proper(numbers):
    """What a masked query has: zeros, where one of them is not finite."""
    numbers = [float(a) for a in numbers]
    return numbers if all(math.isfinite(a) for a in numbers) else [0.0] * len(numbers)


def attention(c, p_i, q_i, sources, epsilon, product):
    """sources: list of (s_j, k_j, v_j), the present ones only; q_i None: weights by the kernel alone."""
    y = []
    for head in range(c.heads):
        cut = slice(head * c.head_width, (head + 1) * c.head_width)
        z, logit, value = [], [], []
        for s_j, k_j, v_j in sources:
            cosine = dot(p_i, s_j)
            z.append(math.exp(-2 * epsilon * (1 - cosine)) if cosine >= c.tau or c.tau <= -1 else 0.0)
            logit.append(0.0 if q_i is None else dot(q_i[cut], k_j[cut]) / math.sqrt(c.head_width))
            value.append(v_j[cut])
        if product and q_i is not None:
            total = sum(math.exp(x) for x in logit)
            n = [z_j * math.exp(x) / total for z_j, x in zip(z, logit)]
            bottom = sum(n) + 1e-6
        else:
            n = [z_j * math.exp(x) for z_j, x in zip(z, logit)]
            bottom = sum(n)
        if any(z_j > 0 for z_j in z):
            y += [sum(n_j * v_j[i] for n_j, v_j in zip(n, value)) / bottom for i in range(c.head_width)]
        else:
            y += [0.0] * c.head_width
    return y


def state_for_projection(c, h):
    if c.state_norm == "none":
        return list(h)
    return [a / math.sqrt(sum(b * b for b in h) / len(h) + 1e-4) for a in h]


def gates_of(w_ih, u, phi):
    """W u, and the features of the time through weights of their own: the columns behind those of u."""
    a = matvec([row[:len(u)] for row in w_ih], u)
    return [x + dot([float(w) for w in row[len(u):]], phi) for x, row in zip(a, w_ih)]


def gru_cell(c, w_ih, w_hh, b_ih, b_hh, u, phi, h, h_bar):
    size = len(h)
    a, b = gates_of(w_ih, u, phi), matvec(w_hh, h_bar)
    new = []
    for i in range(size):
        r = sigmoid(a[i] + b_ih[i] + b[i] + b_hh[i])
        z = sigmoid(a[size + i] + b_ih[size + i] + b[size + i] + b_hh[size + i])
        n = math.tanh(a[2 * size + i] + b_ih[2 * size + i] + r * (b[2 * size + i] + b_hh[2 * size + i]))
        new.append((1 - z) * n + z * (h[i] if c.carry == "bounded" else h_bar[i]))
    return new


def lstm_cell(w_ih, w_hh, b_ih, b_hh, u, phi, memory, h_bar):
    size = len(memory)
    a, b = gates_of(w_ih, u, phi), matvec(w_hh, h_bar)
    total = [x + float(b_i) + y + float(b_h) for x, b_i, y, b_h in zip(a, b_ih, b, b_hh)]
    new, new_memory = [], []
    for j in range(size):
        i, f, g, o = (total[j], total[size + j], total[2 * size + j], total[3 * size + j])
        new_memory.append(sigmoid(f) * memory[j] + sigmoid(i) * math.tanh(g))
        new.append(sigmoid(o) * math.tanh(new_memory[j]))
    return new, new_memory


def rmc_cell(c, p, m, u, h, h_bar):
    own = {name[len("cell."):]: value[m].astype(np.float64) for name, value in p.items() if name.startswith("cell.")}
    seen, old = (np.array(x).reshape(c.slots, -1) for x in (h_bar, h if c.carry == "bounded" else h_bar))
    return [float(x) for x in sonnet_rmc.step(own, np.array(u), seen, c.memory_heads, old).reshape(-1)]


def interact(c, p, modules, h, epsilon):
    seen = [state_for_projection(c, row) for row in h]
    q, k, v = ([matvec(p[f"interaction.{name}.weight"][m], seen[m]) for m in range(c.modules)]
               for name in ("query", "key", "value"))
    result = []
    for m in range(c.modules):
        g = attention(c, modules[m], q[m], list(zip(modules, k, v)), epsilon, c.normalisation == "product")
        result.append([x + y for x, y in zip(h[m], matvec(p["interaction.out.weight"][m], g))])
    return result


def step(c, p, modules, epsilon, state, views, phi):
    """state: per module its h and, of an LSTM, its memory behind it; views: list of (place, observation, context) that are
    there; phi: features of the time, or none."""
    product = c.normalisation == "product"
    sources = []
    for x, o, context in views:
        s = place_code(c, p, x)
        both = mlp(p, "encoder", [float(a) for a in o.reshape(-1)]) + s + context
        sources.append((s, matvec(p["views.key.weight"], both), matvec(p["views.value.weight"], both)))
    h, memory = [row[:c.hidden] for row in state], [row[c.hidden:] for row in state]
    h_bar = interact(c, p, modules, h, epsilon) if c.interaction == "before_update" else h
    new = []
    for m in range(c.modules):
        q = matvec(p["views.query.weight"][m], state_for_projection(c, h[m]))
        u = attention(c, modules[m], q, sources, epsilon, product)
        if c.cell == "rmc":
            new.append(rmc_cell(c, p, m, u + phi, h[m], h_bar[m]))
            continue
        weights = [p[f"cell.{name}"][m] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        if c.cell == "lstm":
            own, memory[m] = lstm_cell(*weights, u, phi, memory[m], h_bar[m])
            new.append(own)
        else:
            new.append(gru_cell(c, *weights, u, phi, h[m], h_bar[m]))
    if c.interaction == "after_update":
        new = interact(c, p, modules, new, epsilon)
    return [row + more for row, more in zip(new, memory)]


def answer(c, p, modules, epsilon, h, x, more):
    """more: what the decoder reads behind the place."""
    s = place_code(c, p, x)
    seen = [state_for_projection(c, row[:c.hidden]) for row in h]
    v = [matvec(p["readout.value.weight"][m], seen[m]) for m in range(c.modules)]
    if c.readout == "kernel_mean":
        r = attention(c, s, None, [(e, None, a) for e, a in zip(modules, v)], epsilon, False)
    else:
        k = [matvec(p["readout.key.weight"][m], seen[m]) for m in range(c.modules)]
        q = matvec(p["readout.query.weight"], s)
        r = attention(c, s, q, list(zip(modules, k, v)), epsilon, c.normalisation == "product")
    return mlp(p, "decoder", r + s + more)


def negative_log_likelihood(c, row, target):
    """Sum over the elements of one target (a flat list)."""
    total, n = 0.0, len(target)
    for i, y in enumerate(target):
        if c.likelihood == "bernoulli":
            total += math.log1p(math.exp(-abs(row[i]))) + max(row[i], 0.0) - row[i] * y
        elif c.likelihood == "gaussian":
            mean, log_variance = row[i], row[n + i]
            total += 0.5 * (math.log(2 * math.pi) + log_variance + (y - mean) ** 2 / math.exp(log_variance))
        else:
            scores = [row[k * n + i] for k in range(c.classes)]
            total += math.log(sum(math.exp(a) for a in scores)) - scores[int(y)]
    return total


def run(c, p, batch):
    """p: arrays by checkpoint name; batch: arrays by field -> prediction [T][B][Q][n], state [T][B][M][H], loss."""
    steps, size, count = batch["places"].shape[:3]
    if c.weights == "shared":  # a copy for each module
        own = ("views.query.", "interaction.", "cell.", "initial_", "time.", "readout.key.", "readout.value.")
        p = {name: np.repeat(value, c.modules, 0) if name.startswith(own) else value for name, value in p.items()}
    epsilon = math.exp(float(p["kernel.log_epsilon"][0]))
    modules = [normalise([float(a) for a in row]) for row in p["modules.embedding"]]
    if c.initial_state == "learned":
        fields = ("initial_state", "initial_cell") if c.cell == "lstm" else ("initial_state",)
        start = [[float(a) for name in fields for a in p[name][m]] for m in range(c.modules)]
    elif c.cell == "rmc":
        identity = sonnet_rmc.initial_state(c.slots, c.hidden // c.slots).reshape(-1)
        start = [[float(a) for a in identity] for _ in range(c.modules)]
    else:
        start = [[0.0] * c.state for _ in range(c.modules)]
    predictions = [[[None] * batch["query_places"].shape[2] for _ in range(size)] for _ in range(steps)]
    states = [[None] * size for _ in range(steps)]
    total, elements = 0.0, 0
    for b in range(size):
        h = start
        for t in range(steps):
            past = 0.0
            if t > 0 and not batch["reset"][t, b]:
                past = float(batch["elapsed"][t, b]) if "elapsed" in batch else 1.0
                if c.time == "elapsed":
                    h = relax(p, start, h, past)
            if batch["reset"][t, b]:
                h = start
            phi = features(past, c.time_unit) if c.time == "elapsed" and c.time_features else []
            views = []
            for a in range(count):
                if batch["blind"][t, b] or not batch["view_mask"][t, b, a]:
                    continue
                context = [float(x) for x in batch["view_context"][t, b, a]] if c.context else []
                views.append(([float(x) for x in batch["places"][t, b, a]], batch["views"][t, b, a], context))
            h = step(c, p, modules, epsilon, h, views, phi)
            states[t][b] = h
            for q in range(batch["query_places"].shape[2]):
                x = [float(a) for a in batch["query_places"][t, b, q]]
                lead = proper([batch["query_lead"][t, b, q]])[0] if "query_lead" in batch else 1.0
                more = features(lead, c.lead_unit) if c.lead == "learned" else []
                more = more + (proper(batch["query_context"][t, b, q]) if c.context else [])
                then = relax(p, start, h, lead) if c.lead == "learned" and c.time == "elapsed" else h
                predictions[t][b][q] = answer(c, p, modules, epsilon, then, x, more)
                if batch["target_mask"][t, b, q]:
                    target = [float(a) for a in batch["targets"][t, b, q].reshape(-1)]
                    total += negative_log_likelihood(c, predictions[t][b][q], target)
                    elements += len(target)
    return predictions, states, total / elements if elements else 0.0
