#!/usr/bin/env python3
"""The comparison models (`dynamics::gru`, `lstm`, ...) in plain PyTorch, after s2rm_reference.py: the oracle of their tests.

Encoder, place encoder, read-out, decoder and loss are those of S2RM with Z = 1 everywhere; names and shapes of parameters
are those of the library's checkpoints.
"""
from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent))
import s2rm_reference as ref  # noqa: E402


@dataclass(frozen=True)
class Config(ref.Config):
    """`modules` and `hidden` are those of the state: for the pooled models its pieces and their width."""

    dynamics: str = "pooled"  # pooled | rim | memory (`modules` are its slots, `hidden` their width) | observer
    pool: str = "attention"  # attention | mean | sum
    active: int = 0  # of a RIM's modules
    # An observer: `modules` are the slots of its memory, `hidden` is width + ages.
    width: int = 0
    layers: int = 0
    feedforward: int = 0
    ages: int = 0


def whole(c: Config) -> Config:
    """The one cell of a pooled model: its pieces are one state."""
    return replace(c, modules=1, hidden=c.modules * c.hidden)


def observer_shapes(c: Config) -> dict[str, tuple[int, ...]]:
    w, kv = c.width, c.width - c.heads * c.ages
    layer = {"attention_norm.weight": (w,), "attention_norm.bias": (w,), "query.weight": (w, w), "key.weight": (kv, w),
             "value.weight": (kv, w), "out.weight": (w, w), "mlp_norm.weight": (w,), "mlp_norm.bias": (w,),
             "mlp.0.weight": (c.feedforward, w), "mlp.0.bias": (c.feedforward,), "mlp.1.weight": (w, c.feedforward),
             "mlp.1.bias": (w,)}
    shapes: dict[str, tuple[int, ...]] = {"tokens.weight": (w, c.source), "tokens.bias": (w,)}
    for i in range(c.layers):
        shapes.update({f"layers.{i}.{name}": shape for name, shape in layer.items()})
    return {**shapes, "norm.weight": (w,), "norm.bias": (w,)}


def parameter_shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """Every name with its shape, in file order."""
    m, h, nc, source = c.modules, c.hidden, c.heads * c.head_width, c.source
    own: dict[str, tuple[int, ...]] = {}
    if c.dynamics == "pooled":
        if c.pool == "attention":
            own.update({"pool.query": (c.heads, c.head_width), "pool.key.weight": (nc, source),
                        "pool.value.weight": (nc, source)})
        else:
            own.update({"pool.0.weight": (nc, source), "pool.0.bias": (nc,), "pool.1.weight": (nc, nc),
                        "pool.1.bias": (nc,)})
    elif c.dynamics == "rim":
        own.update({"views.query.weight": (m, nc, h), "views.key.weight": (nc, source), "views.value.weight": (nc, source)})
        own.update({f"interaction.{name}.weight": (m, nc, h) for name in ("query", "key", "value")})
        own["interaction.out.weight"] = (m, h, nc)
    if c.dynamics == "observer":
        own.update(observer_shapes(c))
    elif c.dynamics == "memory":
        qkv = c.memory_heads * 2 * (c.key_width or h // c.memory_heads) + h
        own.update({f"cell.{name}": shape for name, shape in {
            "input.weight": (h, source), "input.bias": (h,), "qkv.weight": (qkv, h), "qkv.bias": (qkv,),
            "qkv_norm.weight": (qkv,), "qkv_norm.bias": (qkv,), "attention_norm.weight": (h,),
            "attention_norm.bias": (h,), "mlp.0.weight": (h, h), "mlp.0.bias": (h,), "mlp.1.weight": (h, h),
            "mlp.1.bias": (h,), "mlp_norm.weight": (h,), "mlp_norm.bias": (h,), "gate.input.weight": (2 * h, h),
            "gate.memory.weight": (2 * h, h), "gate.bias": (2 * h,)}.items()})
    else:
        cell = whole(c) if c.dynamics == "pooled" else c
        own.update({f"cell.{name}": shape for name, shape in ref.cell_shapes(cell).items()})
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in ref.parameter_shapes(c).items():
        if name == "modules.embedding":  # here the recurrence begins
            shapes.update(own)
        elif not name.startswith(("kernel.", "views.", "interaction.", "cell.")):
            if c.dynamics == "observer" and name in ("readout.key.weight", "readout.value.weight"):
                shape = (1, *shape[1:])  # all slots share them
            if c.dynamics == "pooled" and name.startswith("initial_"):
                shape = (1, m * h)
            if c.dynamics == "pooled" and name == "time.rate":
                shape = (1, whole(c).state)
            if c.dynamics != "observer" or not name.startswith("initial_"):
                shapes[name] = shape
    return shapes


def softmax_of_present(logits: Tensor, present: Tensor) -> Tensor:
    return ref.masked_softmax(logits, present.expand(logits.shape))


class Model(ref.S2RM):
    """A comparison model. `state_dict()` has the names and shapes of a checkpoint."""

    def _start(self, p: Mapping[str, Tensor], dtype: torch.dtype) -> Tensor:
        if self.config.dynamics == "memory" and self.config.initial_state != "learned":
            return torch.eye(self.config.modules, self.config.hidden, dtype=dtype)
        c = self.config
        if c.dynamics == "observer":
            return torch.zeros(c.modules, c.hidden + 2 * c.layers * c.width, dtype=dtype)
        if c.dynamics == "pooled":
            begin = p if c.initial_state == "learned" else ref.cell_start(whole(c), dtype)
            return torch.cat([begin[name] for name in ("initial_state", "initial_cell") if name in begin], -1)
        return super()._start(p, dtype)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return parameter_shapes(self.config)

    def forward(self, batch: Mapping[str, Tensor], params: Mapping[str, Tensor] | None = None) -> ref.Output:
        """As ref.S2RM.forward; the state is [T, B, M, state]."""
        c, p = self.config, dict(self.named_parameters()) if params is None else params
        views, places, queries, present, asked, reset = self._cleaned(batch)
        zero = places.new_zeros(())
        s = ref.unit(self._place_codes(p, places))
        source = torch.cat((self._mlp(p, "encoder", views), s, *self._context(batch, "view", present)), -1)

        start, carried, states = self._start(p, places.dtype), None, []
        elapsed = batch["elapsed"] if "elapsed" in batch else places.new_ones(places.shape[:2])
        for t in range(places.shape[0]):
            begins = reset[t] | (t == 0)
            past = torch.where(begins, zero, elapsed[t])
            carried = start.expand(places.shape[1], -1, -1) if carried is None else carried
            if c.time == "elapsed":
                carried = ref.relaxed(carried, start, p["time.rate"], past[:, None, None])
            carried = torch.where(begins[:, None, None], start, carried)
            self._past = past  # [B], what `_cell` reads beside the views
            carried = self._step(p, carried, source[t], present[t])
            states.append(carried)
        state = torch.stack(states)

        s = ref.unit(self._place_codes(p, queries))
        width = c.hidden * (c.modules if c.dynamics == "pooled" else 1)
        seen = state[..., :width]
        everywhere = torch.ones(*queries.shape[:3], c.modules, dtype=torch.bool)
        apart = c.lead == "learned" and c.time == "elapsed"  # every query has its own state, [T, B, Q, ...]
        if apart:
            lead = self._leads(batch, asked)[..., None, None]
            seen = ref.relaxed(seen[:, :, None], start[..., :width], p["time.rate"][:, :width], lead)
            s, everywhere = s[..., None, :], everywhere[..., None, :]
        seen = self._normalised(seen.reshape(*seen.shape[:-2], c.modules, c.hidden))
        q = k = None
        if c.readout == "kernel_dot":
            q, k = F.linear(s, p["readout.query.weight"]), self._per_slot(p["readout.key.weight"], seen)
        r = self._attend(q, k, self._per_slot(p["readout.value.weight"], seen), torch.zeros_like(everywhere, dtype=s.dtype),
                         everywhere, everywhere)
        if apart:
            r, s = r[..., 0, :], s[..., 0, :]
        return self._answer(p, batch, r, s, asked, zero)._replace(state=state.reshape(*state.shape[:2], c.modules, -1))

    @staticmethod
    def _per_slot(weight: Tensor, x: Tensor) -> Tensor:
        return F.linear(x, weight[0]) if weight.shape[0] == 1 else ref.per_module(weight, x)

    def _step(self, p: Mapping[str, Tensor], carried: Tensor, source: Tensor, present: Tensor) -> Tensor:
        """carried [B, M, state], source [B, A, D + S + K], present [B, A] -> the next state."""
        hidden = self.config.hidden * (self.config.modules if self.config.dynamics == "pooled" else 1)
        h, memory = carried[..., :hidden], carried[..., hidden:]
        return getattr(self, f"_{self.config.dynamics}")(p, h, memory, source, present)

    def _cell(self, p: Mapping[str, Tensor], u: Tensor, h: Tensor, memory: Tensor) -> Tensor:
        shapes = ref.cell_shapes(whole(self.config) if self.config.dynamics == "pooled" else self.config)
        cell = {name: p[f"cell.{name}"] for name in shapes}
        if self.config.cell_input > u.shape[-1]:
            phi = ref.time_features(self._past, self.config.time_unit)
            u = torch.cat((u, phi[:, None].expand(-1, u.shape[1], -1)), -1)
        if self.config.cell == "lstm":
            return torch.cat(ref.lstm(u, h, memory, **cell), -1)
        return ref.gru(u, h, h, **cell)

    def _pooled(self, p: Mapping[str, Tensor], h: Tensor, memory: Tensor, source: Tensor, present: Tensor) -> Tensor:
        c = self.config
        if c.pool == "attention":
            k, v = (self._heads(F.linear(source, p[f"pool.{name}.weight"])) for name in ("key", "value"))  # [B, N, A, C]
            logits = (p["pool.query"][:, None] @ k.transpose(-1, -2)) / math.sqrt(c.head_width)  # [B, N, 1, A]
            u = (softmax_of_present(logits, present[:, None, None]) @ v).transpose(1, 2).flatten(-2)
        else:
            z = torch.where(present[..., None], self._mlp(p, "pool", source), source.new_zeros(()))
            u = z.sum(1, keepdim=True)
            if c.pool == "mean":
                u = u / present.sum(1).clamp_min(1)[:, None, None]
        return self._cell(p, u, h, memory)

    def _rim(self, p: Mapping[str, Tensor], h: Tensor, memory: Tensor, source: Tensor, present: Tensor) -> Tensor:
        c = self.config
        q = self._heads(ref.per_module(p["views.query.weight"], self._normalised(h)))  # [B, N, M, C]
        k, v = (self._heads(F.linear(source, p[f"views.{name}.weight"])) for name in ("key", "value"))
        k, v = (F.pad(x, (0, 0, 0, 1)) for x in (k, v))  # the null, behind the views
        there = F.pad(present, (0, 1), value=True)[:, None, None]
        weight = softmax_of_present(q @ k.transpose(-1, -2) / math.sqrt(c.head_width), there)
        u = (weight @ v).transpose(1, 2).flatten(-2)
        away = weight[..., -1].sum(1)  # [B, M]
        active = torch.zeros_like(away, dtype=torch.bool)
        active.scatter_(1, away.sort(dim=1, stable=True).indices[:, :c.active], True)
        old = torch.cat((h, memory), -1)
        mid = torch.where(active[..., None], self._cell(p, u, h, memory), old)
        everyone = torch.ones(h.shape[0], c.modules, c.modules, dtype=torch.bool)
        h = self._interact_everywhere(p, mid[..., :c.hidden], everyone)
        return torch.where(active[..., None], torch.cat((h, mid[..., c.hidden:]), -1), mid)

    def _interact_everywhere(self, p: Mapping[str, Tensor], h: Tensor, everyone: Tensor) -> Tensor:
        q, k, v = (ref.per_module(p[f"interaction.{n}.weight"], self._normalised(h)) for n in ("query", "key", "value"))
        g = self._attend(q, k, v, torch.zeros_like(everyone, dtype=h.dtype), everyone, everyone)
        return h + ref.per_module(p["interaction.out.weight"], g)

    def _memory(self, p: Mapping[str, Tensor], h: Tensor, _: Tensor, source: Tensor, present: Tensor) -> Tensor:
        """One relational memory whose input rows are the views: h [B, K, F]."""
        c, width = self.config, self.config.hidden

        def linear(name: str, x: Tensor) -> Tensor:
            return F.linear(x, p[f"cell.{name}.weight"], p.get(f"cell.{name}.bias"))

        def norm(name: str, x: Tensor) -> Tensor:
            return F.layer_norm(x, x.shape[-1:], p[f"cell.{name}.weight"], p[f"cell.{name}.bias"])

        x = torch.where(present[..., None], linear("input", source), source.new_zeros(()))
        qkv = norm("qkv_norm", linear("qkv", torch.cat((h, x), 1))).unflatten(-1, (c.memory_heads, -1)).transpose(1, 2)
        value = width // c.memory_heads
        keys = (qkv.shape[-1] - value) // 2
        q, k, v = qkv.split((keys, keys, value), -1)
        there = F.pad(present, (c.modules, 0), value=True)[:, None, None]
        weight = softmax_of_present(q @ k.transpose(-1, -2) / math.sqrt(keys), there)
        attention = (weight @ v).transpose(1, 2).flatten(-2)[:, :c.modules]
        y = norm("attention_norm", h + attention)
        y = norm("mlp_norm", y + linear("mlp.1", torch.relu(linear("mlp.0", y))))
        mean = x.sum(1, keepdim=True) / present.sum(1).clamp_min(1)[:, None, None]
        gates = F.linear(torch.tanh(h), p["cell.gate.memory.weight"], p["cell.gate.bias"]) + linear("gate.input", mean)
        i, f = gates.chunk(2, -1)
        return torch.sigmoid(i) * torch.tanh(y) + torch.sigmoid(f + 1) * h

    def _observer(self, p: Mapping[str, Tensor], read: Tensor, rest: Tensor, source: Tensor, present: Tensor) -> Tensor:
        """A transformer over tokens. A slot: [y, age | per layer k, v], each head's k and v ending in the token's age."""
        c = self.config
        decay = torch.exp(-torch.exp2(1 - torch.arange(c.ages, dtype=source.dtype)))

        def linear(name: str, x: Tensor) -> Tensor:
            return F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))

        def norm(name: str, x: Tensor) -> Tensor:
            return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])

        def grow_older(x: Tensor) -> Tensor:
            return torch.cat((x[..., :-c.ages], x[..., -c.ages:] * decay), -1)

        def heads(x: Tensor) -> Tensor:  # [J, N C] -> [N, J, C]
            return x.unflatten(-1, (c.heads, -1)).transpose(-2, -3)

        def aged(x: Tensor) -> Tensor:  # of new tokens: the age is 1
            return F.pad(x, (0, c.ages), value=1.0)

        after = []
        for b in range(source.shape[0]):  # every element has its own number of tokens
            tokens = source[b][present[b]]
            h = linear("tokens", tokens)
            old = rest[b].unflatten(-1, (c.layers, 2, c.heads, -1))  # [M, L, 2, N, C]
            new = []
            for i in range(c.layers):
                layer = f"layers.{i}"
                a = norm(f"{layer}.attention_norm", h)
                fresh = torch.stack([aged(linear(f"{layer}.{name}", a).unflatten(-1, (c.heads, -1)))
                                     for name in ("key", "value")], 1)  # [A, 2, N, C]
                slots = torch.cat((fresh, grow_older(old[:, i])))[:c.modules]
                k, v = slots[:, 0].transpose(0, 1), slots[:, 1].transpose(0, 1)  # [N, M, C]
                q = heads(linear(f"{layer}.query", a))
                z = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(c.width // c.heads), -1) @ v
                h = h + linear(f"{layer}.out", z.transpose(0, 1).flatten(1))
                f = norm(f"{layer}.mlp_norm", h)
                h = h + linear(f"{layer}.mlp.1", F.gelu(linear(f"{layer}.mlp.0", f), approximate="tanh"))
                new.append(slots.flatten(1))
            y = torch.cat((aged(norm("norm", h)), grow_older(read[b])))[:c.modules]
            after.append(torch.cat((y, *new), -1))
        return torch.stack(after)
