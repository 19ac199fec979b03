#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz targets: tests/fuzz/corpus/<target>/seed_*. Nothing but Python is needed.

    python3 tests/fuzz/make_seeds.py

Inputs that a fuzzer found (find_*) stand beside them and are kept by hand.
"""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, content):
    path = CORPUS / target / f"seed_{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(tensors, metadata=None):
    header, payload = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(payload), len(payload) + len(data)]}
        payload += data
    text = json.dumps(header, separators=(",", ":"))
    text += " " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text.encode() + payload


def fnv1a(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}".encode()


def checkpoint(tensors):
    blank = b"0" * 16
    data = safetensors(tensors, {"s2rm.format": "1", "s2rm.version": "0.1.0", "s2rm.model": "tiny",
                                 "s2rm.checksum": blank.decode()})
    return data.replace(blank, fnv1a(data), 1)


def floats(count, letter="f"):
    return struct.pack(f"<{count}{letter}", *(i / 3 for i in range(count)))


def npy(descr, shape, data, version=1, order="False"):
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    start = 10 if version == 1 else 12
    text += " " * (-(start + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode() + data


def recording(fields):
    return b"".join(struct.pack("<H", len(field)) + field for field in fields)


def main():
    model = {"encoder.0.weight": ("F32", [2, 3], floats(6)), "encoder.0.bias": ("F32", [2], floats(2)),
             "kernel.log_epsilon": ("F32", [1], floats(1))}
    training = {"train.counters": ("I64", [3], struct.pack("<3q", 5, 4, 1)),
                "train.cursor": ("I64", [2], struct.pack("<2q", 7, 8)), **model,
                "train.weights": ("F32", [9], floats(9))}
    write("checkpoint", "weights", checkpoint(model))
    write("checkpoint", "training", checkpoint(training))
    write("checkpoint", "foreign", safetensors(model, {"format": "pt"}))
    write("checkpoint", "double", safetensors({k: ("F64", s, floats(len(d) // 4, "d")) for k, (_, s, d) in model.items()}))

    write("safetensors", "empty", safetensors({}))
    write("safetensors", "two", safetensors({"a": ("F32", [2], floats(2)), "b": ("U8", [], b"\1")}, {"k": "v"}))
    every = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4,
             "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
    write("safetensors", "types", safetensors({t: (t, [1, 0, 2] if i % 3 == 0 else [1], b"" if i % 3 == 0 else b"\1" * w)
                                               for i, (t, w) in enumerate(every.items())}))
    write("safetensors", "escapes", safetensors({"a\"\\\n\u00e9": ("F64", [1], floats(1, "d"))}))

    write("npy", "floats", npy("<f4", "(2, 3)", floats(6)))
    write("npy", "bytes", npy("|u1", "(3,)", b"\1\0\xff"))
    write("npy", "flags", npy("|b1", "(2,)", b"\1\0", version=2))
    write("npy", "doubles", npy("<f8", "(1, 2, 1)", floats(2, "d")))
    write("npy", "integers", npy("<i4", "(1,)", struct.pack("<i", -5)))
    write("npy", "scalar", npy("<f4", "()", floats(1)))
    write("npy", "fortran", npy("<f4", "(2, 3)", floats(6), order="True"))

    stations = "station,x,y\nA,-8,52\n\"B, \"\"north\"\"\",-6.5,53\n\n==\n"
    write("csv", "days", stations + "time,station,value\n2001-01-01,A,1.5\n2001-01-03,\"B, \"\"north\"\"\",NA\n")
    write("csv", "hours", stations + "\ufeffvalue,who,station,time\r\n# c\r\n+1e1,x,A,2001-01-01T06:00:00Z\r\n,y,A,2001-01-01 09:00\r\n")
    write("csv", "far", stations + "time,station,value\n0001-01-01,A,1\n9999-12-31T23:59:59,A,2\n")
    write("csv", "quote", stations + "time,station,value\n2001-01-01,\"A,1\n")

    fit = {"steps": 4, "batch": 2, "window": 8, "warm_up": 1, "rate": 1e-3, "floor": 0.1, "clip": 1.0, "curriculum": 0,
           "few_views": 0.5, "blind_spans": 0.2, "validate_every": 2}
    record = {"model": "s2gru", "title": "S2GRU", "seed": 1, "fit": fit, "data_seed": 1, "steps": 4, "parameters": 10,
              "skipped": 0, "dead_modules": 0, "seconds": 1.5, "reach": 0.5, "threads": 1, "step": [2, 4],
              "loss": [0.5, 0.25], "validation_step": [4], "validation_bce": [0.1], "validation_f1": [0.9],
              "test": {"views 10.f1": 0.9, "nothing": None}, "manifest": "{}", "failure": ""}
    log = [{"what": "forecast", "seed": 1, "step": [1, 2], "loss": [1.5, None], "validation_step": [2],
            "validation": [0.5], "steps": 2, "seconds": 0.5, "reach": 0.5, "dead_modules": 0, "skipped": 0,
            "parameters": 10}]
    write("json", "record", json.dumps(record))
    write("json", "log", json.dumps(log))
    write("json", "twice", json.dumps(log).replace('"steps"', '"seconds"'))
    write("json", "deep", "[" * 40 + "]" * 40)

    two = struct.pack("<2i", 48, 48)
    states = 3
    fields = [npy("<i4", "(1,)", struct.pack("<i", states)), npy("|u1", "(1,)", b"\1"), npy("<i4", "(2,)", two),
              npy("|u1", "(2,)", b"\0\1"), npy("<f4", "(2,)", struct.pack("<2f", 32, 32)),
              npy("<f4", "(2, 2)", struct.pack("<4f", 0, 0, 32, 32)), npy("|u1", f"({states}, 2)", b"\1" * 6),
              npy("<f4", f"({states}, 2, 2)", floats(12))]
    fields += [npy("<f4", f"({states}, 2)", struct.pack("<6f", *[0.5] * 6))] * 4
    fields += [npy("|u1", f"({states}, 1)", b"\1\1\0")]
    write("recording", "battle", recording(fields))
    write("recording", "missing", recording(fields[:5]) + b"\xff\xff")


if __name__ == "__main__":
    main()
