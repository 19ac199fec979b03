"""One step of the relational memory core as DeepMind's Sonnet v1 has it, in numpy.

Written from sonnet/python/modules/relational_memory.py (version 1, Apache 2.0) operation by operation, with its names
and its order, for one input row, one block, `unit` gates; it shares no line with s2rm_reference.py. Its two linear maps
of the gates have a bias each; here the one of the input is 0 (`gate.bias` of a checkpoint is their sum).
"""
from __future__ import annotations

import numpy as np


def linear(p, name, x, bias=None):
    y = x @ p[f"{name}.weight"].T
    return y if bias is None else y + p[bias]


def layer_norm(p, name, x):
    """snt.LayerNorm under snt.BatchApply: each row over its features, epsilon 1e-5."""
    mean = np.mean(x, axis=1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    return p[f"{name}.weight"] * (x - mean) / np.sqrt(variance + 1e-5) + p[f"{name}.bias"]


def multihead_attention(p, memory, num_heads):
    mem_slots, width = memory.shape
    head_size = width // num_heads
    qkv = layer_norm(p, "qkv_norm", linear(p, "qkv", memory, "qkv.bias"))
    key_size = (qkv.shape[1] // num_heads - head_size) // 2
    qkv_reshape = qkv.reshape(mem_slots, num_heads, 2 * key_size + head_size)
    qkv_transpose = np.transpose(qkv_reshape, (1, 0, 2))  # [H, N, qkv]
    q, k, v = np.split(qkv_transpose, [key_size, 2 * key_size], axis=-1)
    q = q * key_size ** -0.5
    dot_product = np.matmul(q, np.transpose(k, (0, 2, 1)))
    weights = np.exp(dot_product - dot_product.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    output = np.matmul(weights, v)  # [H, N, V]
    return np.transpose(output, (1, 0, 2)).reshape(mem_slots, width)


def attend_over_memory(p, memory, num_heads):
    attended_memory = multihead_attention(p, memory, num_heads)
    memory = layer_norm(p, "attention_norm", memory + attended_memory)
    hidden = np.maximum(linear(p, "mlp.0", memory, "mlp.0.bias"), 0.0)
    return layer_norm(p, "mlp_norm", memory + linear(p, "mlp.1", hidden, "mlp.1.bias"))


def create_gates(p, inputs, memory, input_bias=0.0, forget_bias=1.0):
    gate_inputs = linear(p, "gate.input", inputs.reshape(1, -1))
    gate_memory = linear(p, "gate.memory", np.tanh(memory), "gate.bias")
    input_gate, forget_gate = np.split(gate_memory + gate_inputs, 2, axis=1)
    return 1 / (1 + np.exp(-(input_gate + input_bias))), 1 / (1 + np.exp(-(forget_gate + forget_bias)))


def step(p, inputs, memory, num_heads, carried=None):
    """p: parameters of one module; inputs [I], memory [slots, F] -> next memory. `carried`: what the forget gate
    multiplies, where it is not the memory that attention and gates see."""
    inputs_reshape = linear(p, "input", inputs.reshape(1, -1), "input.bias")
    memory_plus_input = np.concatenate([memory, inputs_reshape], axis=0)
    next_memory = attend_over_memory(p, memory_plus_input, num_heads)
    next_memory = next_memory[:-inputs_reshape.shape[0], :]
    input_gate, forget_gate = create_gates(p, inputs_reshape, memory)
    return input_gate * np.tanh(next_memory) + forget_gate * (memory if carried is None else carried)


def initial_state(mem_slots, mem_size):
    """tf.eye(slots), padded with zeros or cut to the width of a slot."""
    state = np.eye(mem_slots)
    if mem_size > mem_slots:
        return np.concatenate([state, np.zeros((mem_slots, mem_size - mem_slots))], axis=1)
    return state[:, :mem_size]
