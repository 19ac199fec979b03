#!/usr/bin/env python3
"""PyTorch: eager, traced and frozen (streaming), or compiled. See peer.py for the command line."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from configs import PROBLEMS, Problem
from golden import batch_of
from peer import Golden, arguments, tell
from torch_model import Sequence, Step


def tensors(arrays: dict) -> list[torch.Tensor]:
    """views, places, query_places, targets."""
    return [torch.from_numpy(arrays[name]) for name in ("views", "places", "query_places", "targets")]


def gradients(model: torch.nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of every parameter, and the loss."""
    model.zero_grad(set_to_none=True)
    loss.backward()
    return {"loss": loss.detach(), **{name: p.grad for name, p in model.named_parameters()}}


def train(args, problem: Problem, golden: Golden) -> None:
    """forward, backward, Adam."""
    model = Sequence(problem, golden.weights)

    def loss_of(views, places, query_places, targets):
        return F.binary_cross_entropy_with_logits(model(views, places, query_places), targets)

    if not args.memory:
        batch = tensors(golden.batch(problem))
        loss = loss_of(*batch)
        loss.backward()
        names = dict(zip((n.replace(".", "_") for n in golden.weights), golden.weights))
        golden.expect_training(loss.item(), model(*batch[:3]).detach().numpy(),
                               {names[n]: p.grad.numpy() for n, p in model.named_parameters()})
        model.zero_grad(set_to_none=True)
    run = loss_of
    if args.variant == "compile":
        run = torch.compile(loss_of, dynamic=False)
    version = tuple(int(n) for n in torch.__version__.split(".")[:2])
    fused = {"fused": True} if version >= (2, 4) else {"foreach": True}
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-7, **fused)
    arrays = batch_of(problem, problem.time, problem.batch, 1)
    for name in ("views", "targets"):
        arrays[name] = arrays[name].reshape(*arrays[name].shape[:3], problem.pixels)
    batch = tensors(arrays)
    if args.variant == "compile":  # it compiles for these extents: compared at these, with what was compared above
        found = gradients(model, run(*batch))
        expected = gradients(model, loss_of(*batch))
        largest = max(float(g.abs().max()) for name, g in expected.items() if name != "loss")
        for name, grad in expected.items():
            if not float((grad - found[name]).abs().max()) <= 1e-4 * max(float(grad.abs().max()), 1e-3 * largest):
                raise SystemExit(f"torch.compile: {name} differs from eager")

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        run(*batch).backward()
        optimiser.step()

    tell(args, step, about(model, fused))


def stream(args, problem: Problem, golden: Golden) -> None:
    """One step of batch 1."""
    model = Step(problem, golden.weights).eval()
    start = model.initial_state.detach().clone().unsqueeze(1)
    batch = tensors(golden.batch(problem))
    first = (start, batch[0][0, 0], batch[1][0, 0], batch[2][0, 0])
    run = model
    if args.variant == "jit":
        run = torch.jit.freeze(torch.jit.trace(model, first))
    elif args.variant == "compile":
        import torch._inductor.config as inductor
        inductor.freezing = True
        inductor.cpp_wrapper = True
        run = torch.compile(model, dynamic=False)
    state = {"h": start}

    def check(views, places, query_places):
        with torch.inference_mode():
            state["h"], y = run(state["h"], *(torch.from_numpy(x) for x in (views, places, query_places)))
        return y.numpy().copy()

    with torch.inference_mode():
        golden.expect_stream(check, problem)
        feed = [tuple(x[t, 0].clone() for x in batch[:3]) for t in range(problem.check_time)]
        state["t"] = 0

        def step() -> None:
            state["t"] = (state["t"] + 1) % len(feed)
            state["h"], _ = run(state["h"], *feed[state["t"]])

        tell(args, step, about(model, {}))


def about(model: torch.nn.Module, fused: dict) -> dict[str, object]:
    """Versions."""
    return {"peer": "PyTorch", "version": torch.__version__, "mkl": torch.backends.mkl.is_available(),
            "adam": next(iter(fused), ""), "parameters": sum(p.numel() for p in model.parameters())}


def main() -> None:
    """Compares and times."""
    args = arguments(("eager", "jit", "compile"))
    torch.set_num_threads(args.threads)
    problem, golden = PROBLEMS[args.config], Golden(args.golden, weights_only=args.memory)
    (train if args.what == "train" else stream)(args, problem, golden)


if __name__ == "__main__":
    main()
