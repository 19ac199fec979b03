#!/usr/bin/env python3
"""Self-test of python/s2rm_reference.py: plain `python3 tests/python/test_reference.py`."""
from __future__ import annotations

import math
import struct
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "python")]
import make_goldens as goldens  # noqa: E402
import naive_s2rm as naive  # noqa: E402
import sonnet_rmc as sonnet  # noqa: E402
import s2rm_reference as ref  # noqa: E402

torch.set_num_threads(1)
F64 = torch.float64


def small_case(options: dict[str, object], seed: int = 5) -> tuple[ref.Config, goldens.Arrays, goldens.Arrays]:
    """The goldens' tiny shape, other numbers than theirs, with masks, NaN, resets, blind steps."""
    config = ref.Config(**{**goldens.TINY, **options})
    batch = goldens.golden_batch(config, seed + 100)
    if config.context or config.time != "uniform" or config.lead != "none":
        batch = goldens.with_fields(batch, config.context or 1, seed + 200)
    return config, goldens.random_checkpoint(config, seed), batch


class AgainstLoops(unittest.TestCase):
    """The same numbers as scalar loops written from the design page."""

    def check(self, **options: object) -> None:
        config, checkpoint, batch = small_case(options)
        out = ref.evaluate(goldens.make_model(config, checkpoint), ref.to_batch(batch, F64))
        prediction, state, loss = naive.run(config, checkpoint, batch)
        for found, expected in ((out["state"], np.array(state)), (out["prediction"], np.array(prediction))):
            scale = max(1.0, np.abs(expected).max())  # the state of the residual carry has no bound
            np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=0, atol=1e-12 * scale)
        self.assertLess(abs(out["loss"][0] - loss), 1e-12 * abs(loss))

    def test_every_golden_case(self) -> None:
        for case, options in {**goldens.CASES, **goldens.FIELDS}.items():
            with self.subTest(case):
                self.check(**options)

    def test_mixtures(self) -> None:
        self.check(carry="residual", normalisation="product", interaction="after_update")
        self.check(state_norm="none", readout="kernel_mean", normalisation="product", tau=-1.0)
        self.check(carry="residual", likelihood="gaussian", target=(2,), octaves=3, heads=1)
        self.check(cell="lstm", state_norm="none", initial_state="zero")
        self.check(cell="rmc", hidden=8, slots=4, memory_heads=2, interaction="after_update")
        self.check(cell="rmc", hidden=10, slots=5, memory_heads=1, key_width=4, initial_state="zero")
        self.check(place=1, view=(4,), encoder=(4,), decoder=(), interaction="none", tau=0.5)


class FilesRead(unittest.TestCase):
    """What is read of a file, and what is refused by name."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "file.safetensors")

    def write(self, header: str, payload: bytes) -> None:
        Path(self.path).write_bytes(struct.pack("<Q", len(header)) + header.encode() + payload)

    def test_types_beside_those_that_are_wanted(self) -> None:
        self.write('{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":true},'
                   '"b":{"dtype":"U32","shape":[1],"data_offsets":[4,8]},'
                   '"c":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[8,10]}}', b"\0\0\0\x40" + bytes(6))
        tensors, metadata = ref.load_safetensors(self.path, {"a": ref.FLOATS}.get)
        self.assertEqual((list(tensors), metadata, tensors["a"].item()), (["a"], {}, 2.0))
        for name, found in (("b", "U32"), ("c", "F8_E8M0")):
            with self.assertRaisesRegex(ValueError, f"tensor '{name}': expected dtype F64 or F32, found {found}"):
                ref.load_safetensors(self.path, {name: ref.FLOATS}.get)
        with self.assertRaisesRegex(ValueError, "tensor 'b': expected dtype F64 or .* found U32"):
            ref.load_safetensors(self.path)

    def test_weights_of_another_type(self) -> None:
        config = ref.Config(**goldens.TINY)
        model = ref.S2RM(config)
        model.save_file(self.path)
        model.load_file(self.path)
        raw = Path(self.path).read_bytes()
        Path(self.path).write_bytes(raw.replace(b'"kernel.log_epsilon": {"dtype": "F32"', b'"kernel.log_epsilon": {"dtype": "U32"'))
        with self.assertRaisesRegex(ValueError, "tensor 'kernel.log_epsilon': expected dtype F64 or F32, found U32"):
            model.load_file(self.path)

    def test_masks_may_be_left_out(self) -> None:
        config, checkpoint, batch = small_case({})
        present = {name: array for name, array in batch.items() if name in ("views", "places", "query_places", "targets")}
        present = {name: np.nan_to_num(array) for name, array in present.items()}
        model = goldens.make_model(config, checkpoint)
        explicit = {**present, "view_mask": np.ones(batch["places"].shape[:3], np.float32),
                    "target_mask": np.ones(batch["query_places"].shape[:3], np.int64),
                    "reset": np.zeros(batch["places"].shape[:2], bool), "blind": np.zeros(batch["places"].shape[:2])}
        without, given = (ref.evaluate(model, ref.to_batch(one, F64)) for one in (present, explicit))
        for name in without:
            np.testing.assert_array_equal(without[name], given[name])


class AgainstSonnet(unittest.TestCase):
    """The golden cell, computed by PyTorch, is the memory core of Sonnet."""

    def test_golden_memory(self) -> None:
        tensors, metadata = ref.load_safetensors(str(goldens.GOLDEN / "rmc.safetensors"))
        slots, heads = int(metadata["slots"]), int(metadata["heads"])
        data = {name: value.astype(np.float64) for name, value in tensors.items()}
        rows, modules, _ = data["h"].shape
        for m in range(modules):
            p = {name: data[name][m] for name in data if name.endswith((".weight", ".bias")) and "grad." not in name}
            for r in range(rows):
                seen, carried = (data[name][r, m].reshape(slots, -1) for name in ("h", "c"))
                expected = sonnet.step(p, data["u"][r, m], seen, heads, carried)
                np.testing.assert_allclose(data["output"][r, m], expected.reshape(-1), rtol=0, atol=1e-13)

    def test_slots_start_as_rows_of_the_identity(self) -> None:
        for slots, width in ((2, 4), (4, 4), (5, 3)):
            config = ref.Config(**{**goldens.TINY, "cell": "rmc", "hidden": slots * width, "slots": slots})
            start = ref.cell_start(config, F64)["initial_state"].numpy().reshape(-1, slots, width)
            for own in start:
                np.testing.assert_array_equal(own, sonnet.initial_state(slots, width))


class AgainstTorch(unittest.TestCase):
    def test_one_module_is_a_gru_fed_by_attention_pooling(self) -> None:
        config, checkpoint, batch = small_case({"modules": 1, "tau": -1.0, "interaction": "none"})
        checkpoint["kernel.log_epsilon"][:] = -800  # exp of it is 0 in double: Z = 1
        batch["view_mask"][2], batch["blind"][:] = 1, 0
        out = ref.evaluate(goldens.make_model(config, checkpoint), ref.to_batch(batch, F64))
        p = {name: torch.from_numpy(value).to(F64) for name, value in checkpoint.items()}
        cell = torch.nn.GRUCell(6, 5).to(F64)
        cell.load_state_dict({name: p[f"cell.{name}"][0] for name in cell.state_dict()})
        for b in range(goldens.SIZE):
            h = p["initial_state"]
            for t in range(goldens.STEPS):
                h = p["initial_state"] if batch["reset"][t, b] else h
                there = batch["view_mask"][t, b] != 0
                pooled = torch.zeros(6, dtype=F64)
                if there.any():
                    o = torch.from_numpy(batch["views"][t, b][there]).to(F64).flatten(1)
                    e = torch.nn.functional.gelu(o @ p["encoder.0.weight"].T + p["encoder.0.bias"], approximate="tanh")
                    e = e @ p["encoder.1.weight"].T + p["encoder.1.bias"]
                    s = torch.tensor([naive.place_code(config, checkpoint, [float(a) for a in x])
                                      for x in batch["places"][t, b][there]], dtype=F64)
                    read = torch.cat((e, s), 1)
                    q = p["views.query.weight"][0] @ (h[0] / (h[0].square().mean() + 1e-4).sqrt())
                    k, v = read @ p["views.key.weight"].T, read @ p["views.value.weight"].T
                    pooled = torch.cat([torch.softmax(k[:, i] @ q[i] / math.sqrt(3), 0) @ v[:, i]
                                        for i in (slice(0, 3), slice(3, 6))])
                h = cell(pooled[None], h)
                np.testing.assert_allclose(out["state"][t, b], h.detach().numpy(), rtol=0, atol=1e-12)

    def test_gradients(self) -> None:
        for options in ({}, {"normalisation": "product"}, {"interaction": "after_update", "carry": "residual"},
                        {"cell": "lstm"}, {"time": "elapsed", "lead": "learned", "context": 2}, {"cell": "rmc", "hidden": 6, "slots": 2, "memory_heads": 1}):
            with self.subTest(**options):
                config, checkpoint, batch = small_case(
                    {"modules": 2, "hidden": 3, "heads": 1, "head_width": 2, "sphere": 3, "place_hidden": 3,
                     "octaves": 1, "view": (2,), "encoder": (2,), "decoder": (3,), **options}, seed=8)
                batch = {name: value[:4, :, :2] if value.ndim > 2 else value[:4] for name, value in batch.items()}
                model = goldens.make_model(config, checkpoint)
                self.assertGreater(goldens.margin(model, batch), 1e-4)
                names = [name for name, _ in model.named_parameters()]
                values = [value.detach().clone().requires_grad_() for value in model.parameters()]
                tensors = ref.to_batch(batch, F64)

                def run(*parameters: torch.Tensor) -> tuple[torch.Tensor, ...]:
                    out = model(tensors, dict(zip(names, parameters)))
                    return out.loss, out.state[1:3], out.prediction[-1]

                self.assertTrue(torch.autograd.gradcheck(run, values, eps=1e-6, atol=1e-7, rtol=1e-6))


class StraightThrough(unittest.TestCase):
    def test_forward_unchanged_and_gradient_as_written(self) -> None:
        """d log Z of cut sources against scalar loops; nothing else moves."""
        for form in ("log_space", "product"):
            rng = np.random.default_rng(3)
            logits, values = rng.normal(size=(4, 6)), rng.normal(size=(4, 6, 3))
            log_z, upstream = -2 * rng.uniform(size=(4, 6)), rng.normal(size=(4, 3))
            present, reach = rng.uniform(size=(4, 6)) < 0.8, rng.uniform(size=(4, 6)) < 0.5
            reach[1] = False  # nobody in reach: no gradient at all
            self.assertTrue((present & ~reach)[[0, 2, 3]].any())
            grads, outputs = [], []
            for flag in (False, True):
                leaf = [torch.from_numpy(x[:, None]).clone().requires_grad_() for x in (logits, log_z)]
                v = torch.from_numpy(values).clone().requires_grad_()
                y = ref.kmdpa(leaf[0], v, leaf[1], torch.from_numpy(reach[:, None]),
                              torch.from_numpy(present[:, None]), form, flag)[:, 0]
                y.backward(torch.from_numpy(upstream))
                outputs.append(y.detach().numpy())
                grads.append([leaf[0].grad[:, 0].numpy(), leaf[1].grad[:, 0].numpy(), v.grad.numpy()])
            np.testing.assert_array_equal(outputs[0], outputs[1])
            np.testing.assert_array_equal(grads[0][0], grads[1][0])
            np.testing.assert_array_equal(grads[0][2], grads[1][2])
            expected = grads[0][1].copy()
            for i in (0, 2, 3):
                live = [j for j in range(6) if present[i, j] and reach[i, j]]
                if form == "log_space":
                    bottom = sum(math.exp(logits[i, j] + log_z[i, j]) for j in live)
                else:
                    total = sum(math.exp(logits[i, j]) for j in range(6) if present[i, j])
                    bottom = sum(math.exp(logits[i, j] + log_z[i, j]) / total for j in live) + 1e-6
                    bottom *= total
                mean = sum(math.exp(logits[i, j] + log_z[i, j]) / bottom * (upstream[i] @ values[i, j]) for j in live)
                for j in range(6):
                    if present[i, j] and not reach[i, j]:
                        ghost = math.exp(logits[i, j] + log_z[i, j]) / bottom
                        expected[i, j] += ghost * (upstream[i] @ values[i, j] - mean)
            np.testing.assert_allclose(grads[1][1], expected, rtol=0, atol=1e-13)
            np.testing.assert_array_equal(grads[1][1][1], np.zeros(6))


class Exactness(unittest.TestCase):
    def test_masked_slots_change_no_bit(self) -> None:
        for case in ("default", "product", "straight_through", "straight_through_product", "categorical_zero_state"):
            config, checkpoint, batch = small_case(goldens.CASES[case])
            model, results = goldens.make_model(config, checkpoint), []
            absent = (batch["view_mask"] == 0) | (batch["blind"] != 0)[..., None]
            for filler in (np.nan, 0.0, -3e30, np.inf):
                batch["views"][absent] = batch["places"][absent] = filler
                if batch["targets"].dtype.kind == "f":
                    batch["targets"][batch["target_mask"] == 0] = filler
                results.append(ref.evaluate(model, ref.to_batch(batch, F64)))
            for other in results[1:]:
                for name, value in results[0].items():
                    self.assertTrue(np.isfinite(value).all(), name)
                    np.testing.assert_array_equal(value, other[name], err_msg=f"{case}: {name}")

    def test_no_source_gives_exactly_zero(self) -> None:
        for form, through in (("log_space", False), ("product", False), ("log_space", True), ("product", True)):
            leaf = [torch.randn(shape, dtype=F64, requires_grad=True) for shape in ((2, 3, 4), (2, 4, 5), (2, 3, 4))]
            no, yes = torch.zeros(2, 3, 4, dtype=torch.bool), torch.ones(2, 3, 4, dtype=torch.bool)
            for reach, present in ((no, yes), (yes, no)):
                y = ref.kmdpa(leaf[0], leaf[1], leaf[2], reach, present, form, through)
                self.assertEqual(float(y.abs().max()), 0.0)
                for grad in torch.autograd.grad(y.sum() * 3, leaf, allow_unused=True):
                    self.assertTrue(grad is None or float(grad.abs().max()) == 0.0)

    def test_empty_sets(self) -> None:
        config, checkpoint, batch = small_case({})
        model = goldens.make_model(config, checkpoint)
        none = {**batch, **{name: batch[name][:, :, :0] for name in ("views", "places", "view_mask")}}
        masked = {**batch, "view_mask": np.zeros_like(batch["view_mask"])}
        a, b = (ref.evaluate(model, ref.to_batch(x, F64)) for x in (none, masked))
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        self.assertEqual(float(np.abs(a["grad.encoder.0.weight"]).max()), 0.0)
        mute = {**batch, **{name: batch[name][:, :, :0] for name in ("query_places", "targets", "target_mask")}}
        out = ref.evaluate(model, ref.to_batch(mute, F64))
        self.assertEqual(out["prediction"].shape, (goldens.STEPS, goldens.SIZE, 0, 1, 3, 3))
        self.assertEqual(float(out["loss"][0]), 0.0)
        self.assertTrue(all(float(np.abs(v).max()) == 0.0 for k, v in out.items() if k.startswith("grad.")))


class Harmonics(unittest.TestCase):
    """The reference's spherical harmonics against the exact ones, and those against SciPy's, where it is installed."""

    def test_exact(self) -> None:
        tensors, _ = goldens.harmonic_files(8)["spherical_harmonics"]
        found = ref.spherical_harmonics(torch.from_numpy(tensors["x"]), 8).numpy()
        np.testing.assert_allclose(found, tensors["harmonics"], rtol=0, atol=1e-12)
        for x, y in zip(tensors["x"], tensors["harmonics"]):
            np.testing.assert_allclose(naive.harmonics(list(x), 8), y, rtol=0, atol=1e-12)
        zero = ref.spherical_harmonics(torch.zeros(3, dtype=F64), 2).numpy()
        np.testing.assert_allclose(zero, [1 / math.sqrt(4 * math.pi)] + 8 * [0], atol=1e-16)
        np.testing.assert_array_equal(naive.harmonics([0, 0, 0], 2), zero)

    def test_scipy(self) -> None:
        try:
            import scipy.special as special
        except ImportError:
            self.skipTest("no SciPy")
        # Since SciPy 1.15; before, by another name and with other arguments.
        harmonic = getattr(special, "sph_harm_y", None) or (
            lambda degree, order, theta, phi: special.sph_harm(order, degree, phi, theta))
        (tensors, metadata), = goldens.harmonic_files().values()
        x, y = tensors["x"], tensors["harmonics"]
        colatitude = np.arctan2(np.hypot(x[:, 0], x[:, 1]), x[:, 2])
        longitude = np.arctan2(x[:, 1], x[:, 0])
        for l in range(int(metadata["degree"]) + 1):
            for m in range(-l, l + 1):
                their = harmonic(l, abs(m), colatitude, longitude)  # with the Condon-Shortley phase
                part = their.imag if m < 0 else their.real
                expected = part * (math.sqrt(2) * (-1) ** m if m else 1)
                np.testing.assert_allclose(y[:, l * l + l + m], expected, rtol=0, atol=2e-13)


class Files(unittest.TestCase):
    def test_round_trip_and_names(self) -> None:
        for config in ref.PARITY_CELLS.values():
            shapes = {k: tuple(v.shape) for k, v in ref.S2RM(config).state_dict().items()}
            self.assertEqual(shapes, ref.parameter_shapes(config))
        config = ref.PARITY
        torch.manual_seed(2)
        model, other = ref.S2RM(config), ref.S2RM(config)
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/c.safetensors"
            model.save_file(path, {"note": "ä"})
            other.load_file(path)
            for name, value in model.state_dict().items():
                self.assertTrue(torch.equal(value, other.state_dict()[name]), name)
            tensors, metadata = ref.load_safetensors(path)
            self.assertEqual(metadata, {"note": "ä"})
            odd = {"f64": np.arange(6.0).reshape(2, 3).T, "u8": np.ones(3, np.uint8),
                   "none": np.zeros((0, 4), np.float32), "i64": np.array([2**40]),
                   "scalar": np.float32(2.5), "train.step": np.array([3])}
            ref.save_safetensors(path, odd)
            back, _ = ref.load_safetensors(path)
            for name, value in odd.items():
                np.testing.assert_array_equal(back[name], value)
                self.assertEqual(back[name].dtype, np.asarray(value).dtype)
            raw = Path(path).read_bytes()
            for length in (0, 7, 8, 40, len(raw) - 1):
                Path(path).write_bytes(raw[:length])
                with self.assertRaises(ValueError):
                    ref.load_safetensors(path)

    def test_whitened_places(self) -> None:
        """At the start the unnormalised codes on the grid have mean 0 and variance 1 in each component."""
        torch.manual_seed(4)
        model = ref.S2RM(ref.PARITY, F64)
        grid = torch.cartesian_prod(torch.linspace(-1, 1, 17, dtype=F64), torch.linspace(-1, 1, 17, dtype=F64))
        codes = model._place_codes(dict(model.named_parameters()), grid).detach()
        self.assertLess(float(codes.mean(0).abs().max()), 1e-10)
        self.assertLess(float((codes.var(0, unbiased=False) - 1).abs().max()), 1e-10)

    def test_goldens_are_fresh(self) -> None:
        self.assertEqual(goldens.differences(1e-11), [])


if __name__ == "__main__":
    unittest.main()
