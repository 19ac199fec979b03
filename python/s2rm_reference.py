#!/usr/bin/env python3
"""S2RM in plain PyTorch: what the C++ library computes, written to be read.

Parameter names and shapes are those of the library's checkpoints, so one safetensors file serves both::

    model = S2RM(Config(modules=5, hidden=16, ...), dtype=torch.float64)
    model.load_file("c.safetensors")
    out = model(batch)              # batch: dict of tensors, see S2RM.forward
    out.loss.backward()

As a program it stands in for `examples/parity` (same flags, same files; float unless --double)::

    python3 s2rm_reference.py --checkpoint c.safetensors --batch b.safetensors --out o.safetensors --double

Needs numpy and torch (1.13 or later). Speed is no goal: it is the oracle, not the product.
"""
from __future__ import annotations

import argparse
import json
import math
import struct
from dataclasses import dataclass, replace
from typing import Callable, Mapping, NamedTuple, Optional, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
FLOATS, MASKS = ("F64", "F32"), tuple(DTYPES)  # what parameters and what masks may be, as in examples/parity


def load_safetensors(path: str, expected: Optional[Callable[[str], Optional[tuple[str, ...]]]] = None
                     ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a safetensors file: (tensors by name, metadata). Raises ValueError if the file is not whole.

    expected: from a tensor's name to the types that it may have, or None where it is not wanted. Without it all are read,
    of the types of DTYPES.
    """
    with open(path, "rb") as file:
        raw = file.read()
    length = struct.unpack("<Q", raw[:8])[0] if len(raw) >= 8 else len(raw)
    if 8 + length > len(raw):
        raise ValueError(f"{path}: header of {length} bytes in a file of {len(raw)}")
    header = json.loads(raw[8:8 + length])
    metadata = header.pop("__metadata__", None) or {}  # some writers leave null
    data, tensors, used = memoryview(raw)[8 + length:], {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        (begin, end), code, shape = entry["data_offsets"], entry["dtype"], tuple(entry["shape"])
        size = math.prod(shape) * np.dtype(DTYPES[code]).itemsize if code in DTYPES else end - begin
        if begin != used or end > len(data) or end - begin != size:
            raise ValueError(f"{path}: {name}: offsets {begin}..{end} do not fit {code} {shape}")
        used = end
        types = tuple(DTYPES) if expected is None else expected(name)
        if types is None:
            continue
        if code not in types:
            raise ValueError(f"{path}: tensor '{name}': expected dtype {' or '.join(types)}, found {code}")
        tensors[name] = np.frombuffer(data[begin:end], dtype=DTYPES[code]).reshape(shape).copy()
    if used != len(data):
        raise ValueError(f"{path}: {len(data) - used} bytes belong to no tensor")
    return tensors, metadata


def save_safetensors(path: str, tensors: Mapping[str, Union[np.ndarray, Tensor]],
                     metadata: Optional[Mapping[str, str]] = None) -> None:
    """Write tensors (numpy or torch) in the given order, header padded with spaces to a multiple of 8 bytes."""
    names = {np.dtype(code): name for name, code in DTYPES.items()}
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    blobs, offset = [], 0
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().numpy() if isinstance(tensor, Tensor) else np.asarray(tensor)
        blob = array.tobytes()  # C order whatever the layout in memory
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


@dataclass(frozen=True)
class Config:
    """Sizes and options. Widths of `encoder` end with D; `decoder` lists the hidden widths only."""

    modules: int
    hidden: int
    heads: int
    head_width: int
    sphere: int
    place: int
    view: tuple[int, ...]
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    place_hidden: int
    octaves: int = 6
    harmonics: int = 0  # degree of the spherical harmonics in place of octaves (place = 3); 0: octaves
    target: Optional[tuple[int, ...]] = None  # None: as the view
    tau: float = 0.0
    epsilon: float = 4.0  # only where log_epsilon starts
    normalisation: str = "log_space"  # log_space | product
    interaction: str = "before_update"  # before_update | after_update | none
    carry: str = "bounded"  # bounded | residual
    state_norm: str = "rms"  # rms | none
    readout: str = "kernel_dot"  # kernel_dot | kernel_mean
    straight_through: bool = False
    initial_state: str = "learned"  # learned | zero (then there is no such parameter)
    likelihood: str = "bernoulli"  # bernoulli | gaussian | categorical
    classes: int = 0  # of the categorical likelihood
    cell: str = "gru"  # gru | lstm | rmc
    slots: int = 4  # of the RMC's memory, in one module; its attention heads and the width of their keys (0: of values)
    memory_heads: int = 2
    key_width: int = 0
    context: int = 0  # side inputs of a view, and of a query
    time: str = "uniform"  # uniform | elapsed: the state relaxes between steps, the cell reads the elapsed time
    time_features: bool = True  # whether the cell does
    time_unit: float = 1.0
    lead: str = "none"  # none | learned: the decoder reads how far ahead it is asked
    lead_unit: float = 1.0
    weights: str = "per_module"  # per_module | shared (then the modules' extent is 1 but in modules.embedding)

    def __post_init__(self) -> None:
        allowed = {"normalisation": ("log_space", "product"), "carry": ("bounded", "residual"),
                   "interaction": ("before_update", "after_update", "none"), "state_norm": ("rms", "none"),
                   "readout": ("kernel_dot", "kernel_mean"), "initial_state": ("learned", "zero"),
                   "likelihood": ("bernoulli", "gaussian", "categorical"), "cell": ("gru", "lstm", "rmc"),
                   "time": ("uniform", "elapsed"), "lead": ("none", "learned"),
                   "weights": ("per_module", "shared")}
        for field, values in allowed.items():
            if getattr(self, field) not in values:
                raise ValueError(f"{field}: expected one of {values}, found {getattr(self, field)!r}")

    @property
    def target_shape(self) -> tuple[int, ...]:
        return self.view if self.target is None else self.target

    @property
    def place_features(self) -> int:
        return (self.harmonics + 1) ** 2 if self.harmonics else 2 * self.place * self.octaves

    @property
    def own(self) -> int:
        """Sets of weights of the modules."""
        return 1 if self.weights == "shared" else self.modules

    @property
    def state(self) -> int:
        """Numbers a module carries."""
        return self.hidden * (2 if self.cell == "lstm" else 1)

    @property
    def source(self) -> int:
        """Numbers of an encoded view: [e; s; c]."""
        return self.encoder[-1] + self.sphere + self.context

    @property
    def cell_input(self) -> int:
        """Numbers that the cell reads beside the state: [u; phi(elapsed)]."""
        return self.heads * self.head_width + (4 if self.time == "elapsed" and self.time_features else 0)

    @property
    def prediction_shape(self) -> tuple[int, ...]:
        """bernoulli: target (logits); gaussian: [2, target] = mean, log-variance; categorical: [K, target] logits."""
        leading = {"bernoulli": (), "gaussian": (2,), "categorical": (self.classes,)}[self.likelihood]
        return (*leading, *self.target_shape)


class Output(NamedTuple):
    """prediction [T,B,Q,...], state [T,B,M,H] after each step (LSTM: [T,B,M,2H], h before the memory), loss [] (mean over unmasked target elements)."""

    prediction: Tensor
    state: Tensor
    loss: Tensor


def cell_shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """Parameters of the cell, without their prefix."""
    m, h, nc = c.own, c.hidden, c.cell_input
    if c.cell != "rmc":
        gates = {"gru": 3, "lstm": 4}[c.cell] * h
        return {"weight_ih": (m, gates, nc), "weight_hh": (m, gates, h), "bias_ih": (m, gates), "bias_hh": (m, gates)}
    f = h // c.slots
    qkv = c.memory_heads * 2 * (c.key_width or f // c.memory_heads) + f
    return {"input.weight": (m, f, nc), "input.bias": (m, f), "qkv.weight": (m, qkv, f), "qkv.bias": (m, qkv),
            "qkv_norm.weight": (m, qkv), "qkv_norm.bias": (m, qkv), "attention_norm.weight": (m, f),
            "attention_norm.bias": (m, f), "mlp.0.weight": (m, f, f), "mlp.0.bias": (m, f), "mlp.1.weight": (m, f, f),
            "mlp.1.bias": (m, f), "mlp_norm.weight": (m, f), "mlp_norm.bias": (m, f),
            "gate.input.weight": (m, 2 * f, f), "gate.memory.weight": (m, 2 * f, f), "gate.bias": (m, 2 * f)}


def cell_start(c: Config, dtype: torch.dtype) -> dict[str, Tensor]:
    """Where the cell starts by itself: `initial_state`, and `initial_cell` of an LSTM."""
    start = torch.zeros(c.own, c.hidden, dtype=dtype)
    if c.cell == "rmc":
        start[:] = torch.eye(c.slots, c.hidden // c.slots, dtype=dtype).flatten()
    return {"initial_state": start, **({"initial_cell": torch.zeros_like(start)} if c.cell == "lstm" else {})}


def parameter_shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """The checkpoint contract: every name with its shape, in file order."""
    m, h, nc = c.own, c.hidden, c.heads * c.head_width
    shapes: dict[str, tuple[int, ...]] = {}

    def mlp(prefix: str, widths: tuple[int, ...]) -> None:
        for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
            shapes[f"{prefix}.{i}.weight"], shapes[f"{prefix}.{i}.bias"] = (fan_out, fan_in), (fan_out,)

    mlp("encoder", (math.prod(c.view), *c.encoder))
    mlp("place", (c.place_features, c.place_hidden, c.sphere))
    shapes["modules.embedding"] = (c.modules, c.sphere)
    shapes["kernel.log_epsilon"] = (1,)
    shapes["views.query.weight"] = (m, nc, h)
    shapes["views.key.weight"] = shapes["views.value.weight"] = (nc, c.source)
    if c.interaction != "none":
        for name in ("query", "key", "value"):
            shapes[f"interaction.{name}.weight"] = (m, nc, h)
        shapes["interaction.out.weight"] = (m, h, nc)
    shapes.update({f"cell.{name}": shape for name, shape in cell_shapes(c).items()})
    if c.initial_state == "learned":
        shapes["initial_state"] = (m, h)
        if c.cell == "lstm":
            shapes["initial_cell"] = (m, h)
    if c.time == "elapsed":
        shapes["time.rate"] = (m, c.state)
    if c.readout == "kernel_dot":
        shapes["readout.query.weight"] = (nc, c.sphere)
        shapes["readout.key.weight"] = (m, nc, h)
    shapes["readout.value.weight"] = (m, nc, h)
    ahead = 4 if c.lead == "learned" else 0
    mlp("decoder", (nc + c.sphere + ahead + c.context, *c.decoder, math.prod(c.prediction_shape)))
    return shapes


def spherical_harmonics(x: Tensor, degree: int) -> Tensor:
    """Real spherical harmonics of the directions of x [..., 3] -> [..., (degree + 1)²], Y_lm at l² + l + m.

    Orthonormal on the unit sphere, without the Condon-Shortley phase: Y_1 is sqrt(3 / 4 pi) (y, z, x). By the derivatives
    d^m P_l / dz^m of the Legendre polynomials. The zero vector has Y_00 alone.
    """
    length = x.norm(dim=-1, keepdim=True)
    x = x / torch.where(length > 0, length, torch.ones_like(length))
    z, ring = x[..., 2], torch.complex(x[..., 0], x[..., 1])
    y = torch.zeros(*x.shape[:-1], (degree + 1) ** 2, dtype=x.dtype)
    for l in range(degree + 1):
        for m in range(l + 1):
            norm = math.sqrt((2 * l + 1) / (4 * math.pi) * math.factorial(l - m) / math.factorial(l + m))
            slope = np.polynomial.Legendre.basis(l).deriv(m).convert(kind=np.polynomial.Polynomial)
            value = torch.zeros_like(z)
            for coefficient in reversed(slope.coef):
                value = value * z + coefficient
            value = norm * (math.sqrt(2) if m else 1.0) * value * (1.0 if l == 0 else length[..., 0] > 0)
            y[..., l * l + l + m] = value * (ring ** m).real
            if m:
                y[..., l * l + l - m] = value * (ring ** m).imag
    return y


def kernel(p: Tensor, s: Tensor, log_epsilon: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    """Truncated spherical Gaussian of unit vectors p [..., I, S] and s [..., J, S].

    Returns (log of the uncut kernel, where it is not cut), both [..., I, J]. tau <= -1 cuts nothing.
    """
    cosine = p @ s.transpose(-1, -2)
    reach = cosine >= tau if tau > -1 else torch.ones_like(cosine, dtype=torch.bool)
    return -2 * log_epsilon.exp() * (1 - cosine), reach


def masked_softmax(logits: Tensor, keep: Tensor) -> Tensor:
    """Softmax over the last axis among `keep`; a row that keeps nothing is exactly 0 with gradient exactly 0."""
    if logits.shape[-1] == 0:
        return logits
    top = logits.masked_fill(~keep, -math.inf).amax(-1, keepdim=True).detach()
    top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
    weight = torch.where(keep, logits - top, torch.zeros_like(logits)).exp() * keep
    total = weight.sum(-1, keepdim=True)
    return weight / torch.where(total > 0, total, torch.ones_like(total))


def kmdpa(logits: Tensor, values: Tensor, log_z: Tensor, reach: Tensor, present: Tensor,
          normalisation: str = "log_space", straight_through: bool = False) -> Tensor:
    """Kernel-modulated dot-product attention.

    logits [..., N, I, J], values [..., N, J, C]; log_z, reach, present broadcast against the logits -> [..., N, I, C].
    Values of absent sources must be finite (the caller zeroes them); their weight is exactly 0.
    """
    log_z, keep = log_z.expand(logits.shape), (reach & present).expand(logits.shape)
    if normalisation == "log_space":
        weight = masked_softmax(logits + log_z, keep)
    else:
        share = masked_softmax(logits, present.expand(logits.shape))
        n = share * torch.where(keep, log_z.exp(), torch.zeros_like(log_z))
        total = n.sum(-1, keepdim=True) + 1e-6
        weight = n / total
    y = weight @ values
    if straight_through and logits.shape[-1] > 0:
        # A term that is 0 in value; its gradient lets log Z of a source that is present but cut feel the pull it
        # would have: d log Z_j = w~_j (dw_j - sum_k w_k dw_k), and dw_j = dy . v_j, sum_k w_k dw_k = dy . y.
        if normalisation == "log_space":
            level = (logits + log_z).masked_fill(~keep, -math.inf).logsumexp(-1, keepdim=True)
            ghost = torch.where(torch.isfinite(level), (logits + log_z - level).exp(), torch.zeros_like(logits))
        else:
            ghost = share * log_z.exp() / total
        ghost = ghost * (present & ~reach & keep.any(-1, keepdim=True))
        pull = ghost.detach() * (log_z - log_z.detach())
        y = y + (pull @ values.detach() - pull.sum(-1, keepdim=True) * y.detach())
    return y


def gru(u: Tensor, h: Tensor, h_bar: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor,
        carry: str = "bounded") -> Tensor:
    """One GRU per module: u [..., M, NC], h and h_bar [..., M, H]; gate order r, z, n as in PyTorch."""
    i_r, i_z, i_n = (per_module(weight_ih, u) + bias_ih).chunk(3, -1)
    h_r, h_z, h_n = (per_module(weight_hh, h_bar) + bias_hh).chunk(3, -1)
    r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
    n = torch.tanh(i_n + r * h_n)
    return (1 - z) * n + z * (h if carry == "bounded" else h_bar)


def lstm(u: Tensor, h_bar: Tensor, memory: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor,
         bias_hh: Tensor) -> tuple[Tensor, Tensor]:
    """One LSTM per module: new h and memory, all [..., M, H]; gate order i, f, g, o as in PyTorch."""
    i, f, g, o = (per_module(weight_ih, u) + bias_ih + per_module(weight_hh, h_bar) + bias_hh).chunk(4, -1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def rmc(u: Tensor, carried: Tensor, h_bar: Tensor, p: Mapping[str, Tensor], slots: int, heads: int) -> Tensor:
    """One relational memory core per module (Santoro et al. 2018, Sonnet's form, one block): [..., M, H].

    p: parameters by their names after `cell.`. h_bar is what attention and gates see, `carried` what is forgotten.
    """
    def linear(name: str, x: Tensor, bias: str = "") -> Tensor:  # x [..., M, rows, in]
        y = torch.einsum("moi,...mri->...mro", p[f"{name}.weight"], x)
        return y + p[bias or f"{name}.bias"][:, None] if (bias or f"{name}.bias") in p else y

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:]) * p[f"{name}.weight"][:, None] + p[f"{name}.bias"][:, None]

    memory = h_bar.unflatten(-1, (slots, -1))  # [..., M, K, F]
    width = memory.shape[-1]
    x = linear("input", u.unsqueeze(-2))  # [..., M, 1, F]
    y = torch.cat((memory, x), -2)
    qkv = norm("qkv_norm", linear("qkv", y)).unflatten(-1, (heads, -1)).transpose(-2, -3)  # [..., M, N, K+1, 2A+V]
    keys = (qkv.shape[-1] - width // heads) // 2
    q, k, v = qkv.split((keys, keys, width // heads), -1)
    attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(keys), -1) @ v
    y = norm("attention_norm", y + attention.transpose(-2, -3).flatten(-2))
    y = norm("mlp_norm", y + linear("mlp.1", torch.relu(linear("mlp.0", y))))
    i, f = (linear("gate.memory", torch.tanh(memory), "gate.bias") + linear("gate.input", x, "none")).chunk(2, -1)
    new = torch.sigmoid(i) * torch.tanh(y[..., :slots, :]) + torch.sigmoid(f + 1) * carried.unflatten(-1, (slots, -1))
    return new.flatten(-2)


def time_features(time: Tensor, unit: float) -> Tensor:
    """phi of times >= 0: [...] -> [..., 4]."""
    x = time / unit
    return torch.stack((torch.log1p(x), torch.exp(-x), torch.exp(-x / 4), torch.exp(-x / 16)), -1)


def relaxed(h: Tensor, start: Tensor, rate: Tensor, time: Tensor) -> Tensor:
    """h relaxed towards the initial state for a time: the state at rate 0, `start` after long. rate: before softplus."""
    factor = torch.exp(-F.softplus(rate) * time)
    return start + (h - start) * factor


def per_module(weight: Tensor, x: Tensor) -> Tensor:
    """weight [M, out, in], or [1, out, in] for all modules, applied to x [..., M, in]."""
    return torch.einsum("moi,...mi->...mo", weight, x)


def unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True).clamp_min(1e-12)


def loss_elements(prediction: Tensor, target: Tensor, likelihood: str, lead: int = 3) -> Tensor:
    """Negative log-likelihood per target element; axis `lead` of a gaussian or categorical prediction is its own."""
    if likelihood == "bernoulli":
        return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
    if likelihood == "gaussian":
        mean, log_variance = prediction.unbind(lead)
        return 0.5 * (math.log(2 * math.pi) + log_variance + (target - mean) ** 2 * torch.exp(-log_variance))
    picked = torch.log_softmax(prediction, lead).gather(lead, target.long().unsqueeze(lead))
    return -picked.squeeze(lead)


class S2RM(nn.Module):
    """The model. `state_dict()` has the names and shapes of a checkpoint."""

    def __init__(self, config: Config, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = c = config
        for name, shape in self.shapes().items():
            if name == "modules.embedding":
                start = torch.randn(shape, dtype=dtype)
            elif name == "kernel.log_epsilon":
                start = torch.full(shape, math.log(c.epsilon), dtype=dtype)
            elif name == "time.rate":
                start = torch.full(shape, math.log(math.expm1(0.02 / c.time_unit)), dtype=dtype)
            elif name.startswith("initial_"):
                start = cell_start(c, dtype)[name].reshape(shape)
            elif "norm." in name:
                start = torch.full(shape, float(name.endswith("weight")), dtype=dtype)
            else:  # U(+-1/sqrt(fan_in)), a bias with the fan_in of its layer; all of the cell U(+-1/sqrt(H))
                weight = self.shapes().get(name.replace(".bias", ".weight"), shape)
                if name == "cell.gate.bias":
                    weight = (c.hidden // c.slots,)
                fan_in = c.hidden if name.startswith("cell.") and c.cell != "rmc" else weight[-1]
                start = torch.empty(shape, dtype=dtype).uniform_(-1, 1) / math.sqrt(fan_in)
            *path, leaf = name.split(".")
            owner: nn.Module = self
            for part in path:  # by hand, because add_module refuses the name `modules`, which nn.Module has as a method
                owner = owner._modules.setdefault(part, nn.Module())
            owner.register_parameter(leaf, nn.Parameter(start))
        places = torch.cartesian_prod(*[torch.linspace(-1, 1, 17, dtype=dtype)] * c.place).reshape(-1, c.place)
        if c.harmonics:  # as many places, spread evenly over the sphere
            i = torch.arange(len(places), dtype=dtype) + 0.5
            z, turn = 1 - 2 * i / len(places), i * (math.pi * (3 - math.sqrt(5)))
            ring = (1 - z * z).sqrt()
            places = torch.stack((ring * turn.cos(), ring * turn.sin(), z), -1)
        self.whiten(places)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return parameter_shapes(self.config)

    def load_file(self, path: str) -> None:
        """Load a checkpoint. Training state (`train.*`) is passed over; any other difference in names is an error."""
        tensors, _ = load_safetensors(path, lambda name: None if name.startswith("train.") else FLOATS)
        self.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})

    def save_file(self, path: str, metadata: Optional[Mapping[str, str]] = None) -> None:
        save_safetensors(path, self.state_dict(), metadata)

    @torch.no_grad()
    def whiten(self, places: Tensor) -> None:
        """Scale the rows and shift the bias of place.1 so that codes at `places` [n, P] have mean 0, variance 1."""
        p = dict(self.named_parameters())
        codes = self._place_codes(p, places)
        scale = codes.std(0, unbiased=False).clamp_min(1e-12)
        p["place.1.weight"].div_(scale[:, None])
        p["place.1.bias"].sub_(codes.mean(0)).div_(scale)

    def _place_codes(self, p: Mapping[str, Tensor], x: Tensor) -> Tensor:
        if self.config.harmonics:
            return self._mlp(p, "place", spherical_harmonics(x, self.config.harmonics))
        angle = x[..., None] * (2.0 ** torch.arange(self.config.octaves, dtype=x.dtype) * (math.pi / 2))
        features = torch.stack((angle.sin(), angle.cos()), -1).flatten(-3)  # for each dimension, each k: sin, cos
        return self._mlp(p, "place", features)

    @staticmethod
    def _mlp(p: Mapping[str, Tensor], prefix: str, x: Tensor) -> Tensor:
        i = 0
        while f"{prefix}.{i}.weight" in p:
            x = F.gelu(x, approximate="tanh") if i else x
            x = F.linear(x, p[f"{prefix}.{i}.weight"], p[f"{prefix}.{i}.bias"])
            i += 1
        return x

    def _heads(self, x: Tensor) -> Tensor:
        """[..., J, N*C] -> [..., N, J, C]"""
        return x.unflatten(-1, (self.config.heads, self.config.head_width)).transpose(-2, -3)

    def _attend(self, q: Optional[Tensor], k: Optional[Tensor], v: Tensor, log_z: Tensor, reach: Tensor,
                present: Tensor) -> Tensor:
        """q [..., I, NC], k and v [..., J, NC], the rest [..., I, J] -> [..., I, NC]. No q and k: weights Z / sum Z."""
        log_z, reach, present = log_z.unsqueeze(-3), reach.unsqueeze(-3), present.unsqueeze(-3)
        if q is None or k is None:
            logits = torch.zeros_like(log_z).expand(*log_z.shape[:-3], self.config.heads, -1, -1)
            normalisation = "log_space"
        else:
            logits = self._heads(q) @ self._heads(k).transpose(-1, -2) / math.sqrt(self.config.head_width)
            normalisation = self.config.normalisation
        y = kmdpa(logits, self._heads(v), log_z, reach, present, normalisation, self.config.straight_through)
        return y.transpose(-2, -3).flatten(-2)

    def _normalised(self, h: Tensor) -> Tensor:
        if self.config.state_norm == "none":
            return h
        return h / torch.sqrt((h * h).mean(-1, keepdim=True) + 1e-4)

    def _interact(self, p: Mapping[str, Tensor], h: Tensor, log_z: Tensor, reach: Tensor) -> Tensor:
        """h [B, M, H] -> h + W_o KMDPA(modules -> modules)."""
        q, k, v = (per_module(p[f"interaction.{n}.weight"], self._normalised(h)) for n in ("query", "key", "value"))
        shape = (h.shape[0], *reach.shape)
        g = self._attend(q, k, v, log_z.expand(shape), reach.expand(shape), torch.ones_like(reach).expand(shape))
        return h + per_module(p["interaction.out.weight"], g)

    def forward(self, batch: Mapping[str, Tensor], params: Optional[Mapping[str, Tensor]] = None) -> Output:
        """Run a whole sequence from h_0.

        batch: views [T,B,A,*view], places [T,B,A,P], query_places [T,B,Q,P], and if there: view_mask [T,B,A],
        targets [T,B,Q,*target], target_mask [T,B,Q], reset [T,B], blind [T,B] (masks: non-zero is true; no view_mask
        or target_mask: all there), view_context [T,B,A,K], query_context [T,B,Q,K], elapsed [T,B], query_lead [T,B,Q]
        (times: 1 where they are not there). params: used in place of the module's own (for gradcheck).

        A masked slot may hold NaN. A masked query is still answered where its place is finite; where it is not,
        its place is taken as 0.
        """
        c, p = self.config, dict(self.named_parameters()) if params is None else params
        views, places, queries, present, asked, reset = self._cleaned(batch)
        (steps, size), zero = places.shape[:2], places.new_zeros(())

        # Everything that does not read the state, for all steps at once.
        module = unit(p["modules.embedding"])  # [M, S]
        s = unit(self._place_codes(p, places))  # [T, B, A, S]
        log_epsilon = p["kernel.log_epsilon"]
        view_z, view_reach = kernel(module, s, log_epsilon, c.tau)  # [T, B, M, A]
        inner_z, inner_reach = kernel(module, module, log_epsilon, c.tau)  # [M, M]
        read = torch.cat((self._mlp(p, "encoder", views), s, *self._context(batch, "view", present)), -1)
        keys, values = F.linear(read, p["views.key.weight"]), F.linear(read, p["views.value.weight"])
        present = present[..., None, :].expand(view_reach.shape)

        start = self._start(p, places.dtype).expand(c.modules, -1)
        elapsed = batch["elapsed"] if "elapsed" in batch else places.new_ones(places.shape[:2])
        cell = {name: p[f"cell.{name}"] for name in cell_shapes(c)}
        carried, states = start.expand(size, -1, -1), []
        for t in range(steps):
            begins = (reset[t] | (t == 0))[:, None, None]
            past = torch.where(begins[..., 0, 0], zero, elapsed[t])
            if c.time == "elapsed":
                carried = relaxed(carried, start, p["time.rate"], past[:, None, None])
            carried = torch.where(begins, start, carried)
            h, memory = carried[..., :c.hidden], carried[..., c.hidden:]
            q = per_module(p["views.query.weight"], self._normalised(h))
            u = self._attend(q, keys[t], values[t], view_z[t], view_reach[t], present[t])
            if c.cell_input > u.shape[-1]:
                u = torch.cat((u, time_features(past, c.time_unit)[:, None].expand(-1, c.modules, -1)), -1)
            h_bar = self._interact(p, h, inner_z, inner_reach) if c.interaction == "before_update" else h
            if c.cell == "gru":
                h = gru(u, h, h_bar, **cell, carry=c.carry)
            elif c.cell == "lstm":
                h, memory = lstm(u, h_bar, memory, **cell)
            else:
                h = rmc(u, h if c.carry == "bounded" else h_bar, h_bar, cell, c.slots, c.memory_heads)
            if c.interaction == "after_update":
                h = self._interact(p, h, inner_z, inner_reach)
            carried = torch.cat((h, memory), -1)
            states.append(carried)
        state = torch.stack(states)

        s = unit(self._place_codes(p, queries))
        z, reach = kernel(s, module, log_epsilon, c.tau)  # [T, B, Q, M]
        seen = state[..., :c.hidden]
        lead = self._leads(batch, asked)
        apart = c.lead == "learned" and c.time == "elapsed"  # every query has its own state, [T, B, Q, M, H]
        if apart:
            seen = relaxed(seen[:, :, None], start[..., :c.hidden], p["time.rate"][:, :c.hidden], lead[..., None, None])
            s, z, reach = s[..., None, :], z[..., None, :], reach[..., None, :]
        seen = self._normalised(seen)
        q = k = None
        if c.readout == "kernel_dot":
            q, k = F.linear(s, p["readout.query.weight"]), per_module(p["readout.key.weight"], seen)
        r = self._attend(q, k, per_module(p["readout.value.weight"], seen), z, reach, torch.ones_like(reach))
        if apart:
            r, s = r[..., 0, :], s[..., 0, :]
        return self._answer(p, batch, r, s, asked, zero)._replace(state=state)

    def _context(self, batch: Mapping[str, Tensor], of: str, there: Tensor) -> tuple[Tensor, ...]:
        """What joins the views or queries: nothing, or their context, 0 where nothing is."""
        if self.config.context == 0:
            return ()
        context = batch[f"{of}_context"]
        if of == "query":  # a masked query is answered where its context is finite
            there = there | context.isfinite().all(-1)
        return (torch.where(there[..., None], context, context.new_zeros(())),)

    @staticmethod
    def _leads(batch: Mapping[str, Tensor], asked: Tensor) -> Tensor:
        """[T, B, Q]; an improper lead of a masked query is taken as 0."""
        places = batch["query_places"]
        if "query_lead" not in batch:
            return places.new_ones(places.shape[:3])
        lead = batch["query_lead"]
        return torch.where(asked | (lead.isfinite() & (lead >= 0)), lead, lead.new_zeros(()))

    def _cleaned(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Views, places, queries with zeros where nothing is; which views are there, which targets, where a state starts."""
        views, places, queries = batch["views"], batch["places"], batch["query_places"]

        def flag(name: str, shape: torch.Size, default: bool) -> Tensor:
            return batch[name] != 0 if name in batch else torch.full(shape, default, dtype=torch.bool)

        present = flag("view_mask", places.shape[:3], True) & ~flag("blind", places.shape[:2], False)[..., None]
        asked = flag("target_mask", queries.shape[:3], True)
        zero = places.new_zeros(())
        views = torch.where(present[..., None], views.reshape(*places.shape[:3], math.prod(self.config.view)), zero)
        places = torch.where(present[..., None], places, zero)
        queries = torch.where((asked | queries.isfinite().all(-1))[..., None], queries, zero)
        return views, places, queries, present, asked, flag("reset", places.shape[:2], False)

    def _start(self, p: Mapping[str, Tensor], dtype: torch.dtype) -> Tensor:
        """The state before the first step, [M, state], or [1, state] for all modules."""
        c = self.config
        begin = p if c.initial_state == "learned" else cell_start(c, dtype)
        return torch.cat([begin[name] for name in ("initial_state", "initial_cell")[:c.state // c.hidden]], -1)

    def _answer(self, p: Mapping[str, Tensor], batch: Mapping[str, Tensor], r: Tensor, s: Tensor, asked: Tensor,
                zero: Tensor) -> Output:
        """Decoder and loss: r [T,B,Q,NC], s [T,B,Q,S]."""
        c = self.config
        ahead = (time_features(self._leads(batch, asked), c.lead_unit),) if c.lead == "learned" else ()
        read = torch.cat((r, s, *ahead, *self._context(batch, "query", asked)), -1)
        prediction = self._mlp(p, "decoder", read).reshape(*r.shape[:3], *c.prediction_shape)
        if "targets" not in batch:
            return Output(prediction, zero, zero)
        some = asked.reshape(*asked.shape, *[1] * len(c.target_shape))
        target = torch.where(some, batch["targets"], torch.zeros_like(batch["targets"]))
        elements = loss_elements(prediction, target, c.likelihood)
        loss = torch.where(some, elements, zero).sum() / max(1, int(some.sum()) * math.prod(c.target_shape))
        return Output(prediction, zero, loss)


# What `examples/parity` is compiled for.
PARITY = Config(modules=5, hidden=16, heads=2, head_width=8, sphere=6, place=2, octaves=6, place_hidden=32,
                view=(1, 5, 5), encoder=(24, 20), decoder=(24,), tau=0.0)
PARITY_CELLS = {"gru": PARITY, "lstm": replace(PARITY, cell="lstm"),
                "rmc": replace(PARITY, cell="rmc", slots=2, memory_heads=2)}


# The tensors of a batch file.
BATCH = {**{name: FLOATS for name in ("views", "places", "query_places", "targets", "view_context", "query_context",
                                      "elapsed", "query_lead")},
         **{name: MASKS for name in ("view_mask", "target_mask", "reset", "blind")}}


def to_batch(arrays: Mapping[str, np.ndarray], dtype: torch.dtype) -> dict[str, Tensor]:
    """Arrays of a batch file as tensors: floats in `dtype`, masks and class indices as they are."""
    return {name: torch.from_numpy(np.ascontiguousarray(a)).to(dtype) if a.dtype.kind == "f"
            else torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}


def evaluate(model: S2RM, batch: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """prediction, state, loss [1] and grad.<name> for every parameter (0 where nothing depends on it)."""
    named = dict(model.named_parameters())
    out = model(batch)
    grads = torch.autograd.grad(out.loss, list(named.values()), allow_unused=True) if out.loss.requires_grad \
        else [None] * len(named)
    result = {"prediction": out.prediction, "state": out.state, "loss": out.loss.reshape(1)}
    for (name, value), grad in zip(named.items(), grads):
        result[f"grad.{name}"] = torch.zeros_like(value) if grad is None else grad
    return {name: tensor.detach().numpy() for name, tensor in result.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="stand-in for examples/parity, computed by PyTorch")
    parser.add_argument("--cell", choices=PARITY_CELLS, default="gru")
    for name in ("checkpoint", "batch", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--double", action="store_true")
    args = parser.parse_args()
    dtype = torch.float64 if args.double else torch.float32
    model = S2RM(PARITY_CELLS[args.cell], dtype)
    try:
        model.load_file(args.checkpoint)
        batch = to_batch(load_safetensors(args.batch, BATCH.get)[0], dtype)
    except (OSError, ValueError) as error:
        parser.exit(1, f"s2rm_reference: {error}\n")
    save_safetensors(args.out, evaluate(model, batch))


if __name__ == "__main__":
    main()
