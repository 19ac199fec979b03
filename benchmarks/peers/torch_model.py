"""The model in PyTorch, written for speed on a CPU; runs on 1.13 and on current versions.

Modules are the first axis (one `baddbmm` for all of them), the four projections of the normalised state are one
product, everything that does not read the state is done for all time steps at once, time is taken apart by `unbind`
(indexing `x[t]` would make the backward pass quadratic in T), and the read-out follows the loop for all steps at once.
"""
from __future__ import annotations

import math
from typing import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from configs import Problem
from torch import Tensor, nn

FAR = -1e30  # log of a weight that is nothing beside any other


def parameter(array: np.ndarray) -> nn.Parameter:
    """A trainable copy."""
    return nn.Parameter(torch.from_numpy(np.array(array)))


class Common(nn.Module):
    """What training and streaming share: weights by the names of a checkpoint, dots written as underscores."""

    def __init__(self, problem: Problem, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.problem = problem
        for name, array in weights.items():
            self.register_parameter(name.replace(".", "_"), parameter(array))
        octaves = 2.0 ** torch.arange(problem.octaves, dtype=torch.float32) * (math.pi / 2)
        self.register_buffer("octaves", octaves, persistent=False)

    def place(self, x: Tensor) -> Tensor:
        """Places [..., P] to the sphere [..., S]."""
        angle = x.unsqueeze(-1) * self.octaves
        features = torch.stack((angle.sin(), angle.cos()), -1).flatten(-3)
        z = F.linear(F.gelu(F.linear(features, self.place_0_weight, self.place_0_bias), approximate="tanh"),
                     self.place_1_weight, self.place_1_bias)
        return F.normalize(z, dim=-1)

    def perceptron(self, prefix: str, count: int, x: Tensor) -> Tensor:
        """`count` layers with GELU between."""
        for i in range(count):
            x = F.gelu(x, approximate="tanh") if i else x
            x = F.linear(x, getattr(self, f"{prefix}_{i}_weight"), getattr(self, f"{prefix}_{i}_bias"))
        return x

    def bias_of(self, cosine: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
        """log Z [..., I, J], FAR where out of reach, and whether a row reaches anything [..., I, 1]."""
        reach = cosine >= self.problem.tau
        bias = torch.where(reach, epsilon * (cosine - 1), torch.full_like(cosine, FAR))
        return bias, reach.any(-1, keepdim=True).to(cosine.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, alive: Tensor) -> Tensor:
    """softmax(q k + bias) v; q is scaled already. A row that reaches nothing is 0."""
    return torch.matmul(torch.softmax(torch.matmul(q, k) + bias, -1), v) * alive


def rms(h: Tensor) -> Tensor:
    """The state as projections read it."""
    return h * torch.rsqrt((h * h).mean(-1, keepdim=True) + 1e-4)


class Sequence(Common):
    """Whole sequences, for training."""

    def forward(self, views: Tensor, places: Tensor, query_places: Tensor) -> Tensor:
        """views [T,B,A,V], places [T,B,A,P], query_places [T,B,Q,P] -> logits [T,B,Q,V]."""
        p = self.problem
        T, B, A = views.shape[:3]
        Q, M, H, N, C, W = query_places.shape[2], p.modules, p.hidden, p.heads, p.head_width, p.width
        scale = 1 / math.sqrt(C)
        unit = F.normalize(self.modules_embedding, dim=-1)
        epsilon = 2 * self.kernel_log_epsilon.exp()

        # What does not read the state, for all time steps.
        s = self.place(places)
        source = torch.cat((self.perceptron("encoder", len(p.encoder), views), s), -1)
        kv = F.linear(source, torch.cat((self.views_key_weight, self.views_value_weight)))
        kv = kv.view(T, B, A, 2, N, C).permute(3, 0, 1, 4, 2, 5)
        keys = kv[0].transpose(-1, -2).contiguous().unbind(0)  # [B, N, C, A]
        values = kv[1].contiguous().unbind(0)
        bias, alive = self.bias_of(torch.matmul(unit, s.transpose(-1, -2)).unsqueeze(2), epsilon)  # [T, B, 1, M, A]
        biases, alives = bias.unbind(0), alive.unbind(0)
        inner, inner_alive = self.bias_of(unit @ unit.t(), epsilon)  # [M, M]

        # W^q of the views and W^q, W^k, W^v of the interaction, side by side: [M, H, 4 NC].
        project = torch.cat((self.views_query_weight * scale, self.interaction_query_weight * scale,
                             self.interaction_key_weight, self.interaction_value_weight), 1).transpose(1, 2)
        out = self.interaction_out_weight.transpose(1, 2)
        w_ih, w_hh = self.cell_weight_ih.transpose(1, 2), self.cell_weight_hh.transpose(1, 2)
        b_ih, b_hh = self.cell_bias_ih.unsqueeze(1), self.cell_bias_hh.unsqueeze(1)
        h = self.initial_state.unsqueeze(1).expand(M, B, H)
        states = []
        for t in range(T):
            four = torch.bmm(rms(h), project).view(M, B, 4, N, C).permute(2, 1, 3, 0, 4)  # [4, B, N, M, C]
            q_view, q, k, v = four.contiguous().unbind(0)
            u = attend(q_view, keys[t], values[t], biases[t], alives[t])  # [B, N, M, C]
            g = attend(q, k.transpose(-1, -2), v, inner, inner_alive)
            u = u.permute(2, 0, 1, 3).reshape(M, B, W)
            g = g.permute(2, 0, 1, 3).reshape(M, B, W)
            h = self.cell(u, torch.baddbmm(h, g, out), h, w_ih, w_hh, b_ih, b_hh)
            states.append(h)

        # The read-out of all steps.
        state = torch.stack(states, 1).view(M, T * B, H)
        read = torch.cat((self.readout_key_weight, self.readout_value_weight), 1).transpose(1, 2)
        kv = torch.bmm(rms(state), read).view(M, T * B, 2, N, C).permute(2, 1, 3, 0, 4)  # [2, TB, N, M, C]
        s = self.place(query_places)
        q = F.linear(s, self.readout_query_weight * scale).view(T * B, Q, N, C).transpose(1, 2)
        bias, alive = self.bias_of(torch.matmul(s.view(T * B, 1, Q, -1), unit.t()), epsilon)  # [TB, 1, Q, M]
        r = attend(q, kv[0].transpose(-1, -2), kv[1], bias, alive).transpose(1, 2).reshape(T, B, Q, W)
        return self.perceptron("decoder", len(p.decoder) + 1, torch.cat((r, s), -1))

    @staticmethod
    def cell(u: Tensor, h_bar: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        """M gated recurrent units; the state itself is carried over."""
        i_rz, i_n = torch.baddbmm(b_ih, u, w_ih).split((2 * h.shape[-1], h.shape[-1]), -1)
        h_rz, h_n = torch.baddbmm(b_hh, h_bar, w_hh).split((2 * h.shape[-1], h.shape[-1]), -1)
        r, z = torch.sigmoid(i_rz + h_rz).chunk(2, -1)
        n = torch.tanh(torch.addcmul(i_n, r, h_n))
        # Under autocast n is bf16, the state float32; elsewhere this changes nothing.
        return torch.lerp(n.to(h.dtype), h, z.to(h.dtype))


class Step(Common):
    """One step of batch 1, for streaming: what depends on the weights alone is derived once."""

    def __init__(self, problem: Problem, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__(problem, weights)
        self.requires_grad_(False)
        scale = 1 / math.sqrt(problem.head_width)
        unit = F.normalize(self.modules_embedding, dim=-1)
        epsilon = 2 * self.kernel_log_epsilon.exp()
        inner, inner_alive = self.bias_of(unit @ unit.t(), epsilon)
        derived = {
            "unit": unit, "epsilon": epsilon, "inner": inner, "inner_alive": inner_alive,
            "view_kv": torch.cat((self.views_key_weight, self.views_value_weight)),
            "project": torch.cat((self.views_query_weight * scale, self.interaction_query_weight * scale,
                                  self.interaction_key_weight, self.interaction_value_weight), 1),
            "read": torch.cat((self.readout_key_weight, self.readout_value_weight), 1),
            "read_query": self.readout_query_weight * scale,
        }
        for name, tensor in derived.items():
            self.register_buffer(name, tensor.contiguous(), persistent=False)
        used = ("views_key", "views_value", "views_query", "interaction_query", "interaction_key", "interaction_value",
                "readout_key", "readout_value", "readout_query")
        for name in used:  # held once, as a user would hold them
            delattr(self, f"{name}_weight")

    def forward(self, h: Tensor, views: Tensor, places: Tensor, query_places: Tensor) -> tuple[Tensor, Tensor]:
        """h [M,1,H], views [A,V], places [A,P], query_places [Q,P] -> h', logits [Q,V]."""
        p = self.problem
        M, N, C, W = p.modules, p.heads, p.head_width, p.width
        A, Q = p.views, p.queries
        s = self.place(torch.cat((places, query_places)))
        cosine = s @ self.unit.t()  # [A + Q, M]
        bias, alive = self.bias_of(cosine[:A].t(), self.epsilon)
        kv = F.linear(torch.cat((self.perceptron("encoder", len(p.encoder), views), s[:A]), -1), self.view_kv)
        k_view, v_view = kv.view(A, 2, N, C).permute(1, 2, 0, 3).unbind(0)  # [N, A, C]
        four = torch.bmm(rms(h), self.project.transpose(1, 2)).view(M, 4, N, C).permute(1, 2, 0, 3)
        q_view, q, k, v = four.unbind(0)  # [N, M, C]
        u = attend(q_view, k_view.transpose(-1, -2), v_view, bias, alive).transpose(0, 1).reshape(M, 1, W)
        g = attend(q, k.transpose(-1, -2), v, self.inner, self.inner_alive).transpose(0, 1).reshape(M, 1, W)
        h_bar = torch.baddbmm(h, g, self.interaction_out_weight.transpose(1, 2))
        h = Sequence.cell(u, h_bar, h, self.cell_weight_ih.transpose(1, 2), self.cell_weight_hh.transpose(1, 2),
                          self.cell_bias_ih.unsqueeze(1), self.cell_bias_hh.unsqueeze(1))
        k, v = torch.bmm(rms(h), self.read.transpose(1, 2)).view(M, 2, N, C).permute(1, 2, 0, 3).unbind(0)
        s = s[A:]
        bias, alive = self.bias_of(cosine[A:], self.epsilon)
        q = F.linear(s, self.read_query).view(Q, N, C).transpose(0, 1)
        r = attend(q, k.transpose(-1, -2), v, bias, alive).transpose(0, 1).reshape(Q, W)
        return h, self.perceptron("decoder", len(p.decoder) + 1, torch.cat((r, s), -1))
