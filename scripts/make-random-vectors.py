#!/usr/bin/env python3
"""Makes test/data/numpy-random-more.json: what NumPy draws, for the cases that
test/data/numpy-random-vectors.json lacks.

    python3 scripts/make-random-vectors.py

Needs NumPy 2.4, whose numbers are followed: in Debian, python3-numpy of a suite that has it.
Integers are decimal strings where they can pass 2^53; float32 numbers are written as the exact
float64; `sha256` is over the little-endian bytes of an array.
"""

import hashlib
import json
import os
import sys
import warnings

import numpy as np
from numpy.random import PCG64, PCG64DXSM, SFC64, Generator, Philox, SeedSequence

SEEDS = [0, 42, 20240229]
KINDS = {"PCG64": PCG64, "PCG64DXSM": PCG64DXSM, "Philox": Philox, "SFC64": SFC64}


def plain(value):
    """The state of a bit generator, or any other value, as JSON with decimal strings."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**32 else str(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    return value


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def state(kind):
    s = plain(kind.state)
    for key in ("state", "inc", "counter", "key"):
        if key in s["state"]:
            v = s["state"][key]
            s["state"][key] = [str(x) for x in v] if isinstance(v, list) else str(v)
    if "buffer" in s:
        s["buffer"] = [str(x) for x in s["buffer"]]
    return s


def bit_generators():
    cases = []
    for name, kind in KINDS.items():
        for seed in SEEDS:
            case = {"kind": name, "seed": seed, "init": state(kind(seed))}
            g = Generator(kind(seed))
            mixed = []
            for _ in range(3):
                mixed.append(["random", plain(g.random(5))])
                mixed.append(["float", plain(g.random(3, dtype=np.float32))])
                mixed.append(["normal", plain(g.standard_normal(4))])
                mixed.append(["integers", plain(g.integers(0, 100, 3))])
                mixed.append(["scalar", plain(g.random())])
                mixed.append(["scalar integer", plain(g.integers(0, 7))])
            case["mixed"] = mixed
            case["after"] = state(g.bit_generator)
            if hasattr(kind, "jumped"):
                case["jumped"] = [
                    {"jumps": n, "state": state(g.bit_generator.jumped(n))} for n in (1, 2, 5)
                ]
            if hasattr(kind, "advance"):
                case["advanced"] = []
                for delta in (1, 3, 2**40 + 7, 2**127 + 5):
                    b = kind(seed)
                    b.random_raw(2)
                    b.advance(delta)
                    case["advanced"].append(
                        {"delta": str(delta), "state": state(b), "raw": str(b.random_raw())}
                    )
            for dist, dtype in (("random", "f8"), ("random", "f4"), ("standard_normal", "f8"),
                                ("standard_normal", "f4"), ("standard_exponential", "f8"),
                                ("standard_exponential", "f4")):
                g = Generator(kind(seed))
                g.random(dtype=np.float32)
                out = getattr(g, dist)(100_003, dtype=np.dtype(dtype))
                case.setdefault("bulk", []).append(
                    {"name": dist, "dtype": dtype, "sha256": digest(out),
                     "after": state(g.bit_generator)}
                )
            cases.append(case)
    keyed = [
        {"key": str(k), "counter": str(c), "raw": [str(x) for x in Philox(key=k, counter=c).random_raw(9)]}
        for k, c in ((0, 0), (1, 2), (2**128 - 1, 2**256 - 1), (12345678901234567890123, 2**64 - 1))
    ]
    return cases, keyed


DISTRIBUTIONS = [
    ("standard_gamma", [[0.0], [0.05], [0.5], [0.999], [1.0], [1.5], [3.0], [50.0], [1e6]]),
    ("gamma", [[0.3, 2.0], [1.0, 3.0], [7.5, 0.1], [2.0, 0.0]]),
    ("beta", [[0.5, 0.5], [1.0, 1.0], [0.01, 0.02], [2.0, 3.0], [0.5, 4.0], [100.0, 0.1], [1e-5, 1e-4]]),
    ("chisquare", [[0.5], [1.0], [2.0], [3.0], [30.0]]),
    ("poisson", [[0.0], [0.001], [1.0], [4.5], [9.999], [10.0], [11.5], [100.0], [12345.6], [1e12]]),
    ("binomial", [[0, 0.5], [10, 0.0], [10, 1.0], [1, 0.3], [20, 0.3], [20, 0.9], [100, 0.29], [100, 0.31],
                  [61, 0.5], [1000, 0.4], [1000, 0.97], [100000, 0.5], [100000, 0.001], [2**40, 0.25],
                  [2**52, 1e-15], [4000000000, 0.9999]]),
    ("lognormal", [[0.0, 1.0], [1.5, 0.25], [0.0, 0.0]]),
    ("laplace", [[0.0, 1.0], [5.0, 0.5]]),
    ("standard_t", [[0.5], [1.0], [5.0], [100.0]]),
    ("geometric", [[1.0], [0.5], [0.34], [0.33], [0.1], [1e-6]]),
    ("normal", [[-3.0, 0.0], [1e10, 1e-3]]),
    ("uniform", [[-5.0, 5.0], [3.0, 3.0], [-1e300, 1e300 * 0.5]]),
    ("exponential", [[0.0], [7.0]]),
]


def distributions():
    cases = []
    for name, parameter_lists in DISTRIBUTIONS:
        for parameters in parameter_lists:
            g = Generator(PCG64(7))
            method = getattr(g, name)
            values = method(*parameters, 12)
            scalars = [method(*parameters) for _ in range(3)]
            bulk = method(*parameters, 20_000)
            cases.append({
                "name": name, "parameters": parameters, "values": plain(values),
                "scalars": plain(scalars), "sha256": digest(bulk),
                "after": state(g.bit_generator),
            })
    floats = []
    for shape in (0.0, 0.3, 1.0, 2.5, 40.0):
        g = Generator(PCG64(7))
        values = g.standard_gamma(shape, 5003, dtype=np.float32)
        floats.append({"name": "standard_gamma", "parameters": [shape],
                       "values": plain(values[:12].astype(float)), "sha256": digest(values),
                       "after": state(g.bit_generator)})
    g = Generator(PCG64(7))
    values = g.standard_exponential(5003, dtype=np.float32, method="inv")
    floats.append({"name": "standard_exponential_inv", "parameters": [],
                   "values": plain(values[:12].astype(float)), "sha256": digest(values),
                   "after": state(g.bit_generator)})
    dirichlet = []
    for alpha in ([1.0, 2.0, 3.0], [0.05, 0.02, 0.09], [0.5], [0.01, 5.0]):
        g = Generator(PCG64(7))
        dirichlet.append({"alpha": alpha, "values": plain(g.dirichlet(alpha, 4)),
                          "after": state(g.bit_generator)})
    return cases, floats, dirichlet


def integer_cases():
    cases = []
    for dtype in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        info = (0, 1) if dtype == "bool" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
        low, high = info
        bounds = [(low, high), (low, low), (max(low, 0), high), (0, 1)]
        if dtype != "bool":
            bounds += [(0, 99), (low + 3, high - 5), (0, high // 2 + 1), (max(low, -7), 7)]
        if dtype.endswith("64"):
            bounds += [(5, 2**32 + 4), (0, 2**32 - 1), (0, 2**32), (1, 3 * 2**61)]
        for a, b in bounds:
            g = Generator(PCG64(11))
            values = g.integers(a, b, 9, dtype=dtype, endpoint=True)
            scalars = [int(g.integers(a, b, dtype=dtype, endpoint=True)) for _ in range(3)]
            bulk = g.integers(a, b, 3001, dtype=dtype, endpoint=True)
            cases.append({"dtype": dtype, "low": str(a), "high": str(b),
                          "values": [str(int(x)) for x in values], "scalars": [str(x) for x in scalars],
                          "sha256": digest(bulk), "after": state(g.bit_generator)})
    byte_cases = []
    for n in (0, 1, 3, 4, 5, 17):
        g = Generator(PCG64(11))
        g.random(dtype=np.float32)
        byte_cases.append({"n": n, "hex": g.bytes(n).hex(), "after": state(g.bit_generator)})
    return cases, byte_cases


def orders():
    cases = []
    for seed in SEEDS:
        a = np.arange(24).reshape(4, 6)
        for axis in (0, 1):
            g = Generator(PCG64(seed))
            x = a.copy()
            g.shuffle(x, axis=axis)
            cases.append({"seed": seed, "what": "shuffle", "axis": axis, "values": plain(x.ravel()),
                          "after": state(g.bit_generator)})
            g = Generator(PCG64(seed))
            cases.append({"seed": seed, "what": "permutation", "axis": axis,
                          "values": plain(g.permutation(a, axis=axis).ravel()),
                          "after": state(g.bit_generator)})
        b = np.arange(24).reshape(2, 3, 4)
        for axis in (None, 0, 1, 2, -1):
            g = Generator(PCG64(seed))
            cases.append({"seed": seed, "what": "permuted", "axis": axis,
                          "values": plain(g.permuted(b, axis=axis).ravel()),
                          "after": state(g.bit_generator)})
        g = Generator(PCG64(seed))
        words = "the quick brown fox jumps over the lazy dog".split()
        g.shuffle(words)
        cases.append({"seed": seed, "what": "list", "values": words, "after": state(g.bit_generator)})
        g = Generator(PCG64(seed))
        c = g.choice(a, 3, axis=1)
        cases.append({"seed": seed, "what": "choice", "axis": 1, "values": plain(c.ravel()),
                      "after": state(g.bit_generator)})
        g = Generator(PCG64(seed))
        c = [g.choice(10), g.choice(5, p=[0.1, 0.2, 0.3, 0.2, 0.2]), g.choice(9, replace=False)]
        cases.append({"seed": seed, "what": "choice scalars", "values": plain(c),
                      "after": state(g.bit_generator)})
        g = Generator(PCG64(seed))
        p = np.arange(1, 51) / np.arange(1, 51).sum()
        c = [g.choice(50, 40, replace=False, p=p), g.choice(50, 30, p=p)]
        cases.append({"seed": seed, "what": "choice p", "values": plain(c),
                      "after": state(g.bit_generator)})
    return cases


def multivariate():
    cases = []
    a = np.array([[2.0, 0.3, -0.5], [0.3, 1.0, 0.2], [-0.5, 0.2, 0.7]])
    mean = [1.0, -2.0, 0.5]
    for method in ("svd", "eigh", "cholesky"):
        g = Generator(PCG64(3))
        values = g.multivariate_normal(mean, a, 5, method=method)
        cases.append({"method": method, "mean": mean, "cov": plain(a), "values": plain(values),
                      "after": state(g.bit_generator)})
    return cases


def spawned_blocks():
    """What fillBlocks must give: each block from the next child of the seed sequence."""
    cases = []
    for name in ("standard_normal", "standard_exponential", "random"):
        for dtype in ("f8", "f4"):
            children = SeedSequence(99).spawn(4)
            parts = [getattr(Generator(PCG64(c)), name)(1000 if i < 3 else 17, dtype=np.dtype(dtype))
                     for i, c in enumerate(children)]
            cases.append({"name": name, "dtype": dtype, "block": 1000, "n": 3017,
                          "sha256": digest(np.concatenate(parts))})
    return cases


def main():
    if not np.__version__.startswith("2.4."):
        sys.exit(f"NumPy 2.4 is wanted, this is {np.__version__}")
    warnings.simplefilter("ignore")
    generators, keyed = bit_generators()
    dists, floats, dirichlet = distributions()
    ints, byte_cases = integer_cases()
    result = {
        "about": "Made by scripts/make-random-vectors.py with NumPy " + np.__version__,
        "bit_generators": generators,
        "philox_keys": keyed,
        "distributions": dists,
        "float32": floats,
        "dirichlet": dirichlet,
        "integers": ints,
        "bytes": byte_cases,
        "orders": orders(),
        "multivariate": multivariate(),
        "blocks": spawned_blocks(),
    }
    path = os.path.join(os.path.dirname(__file__), "..", "test", "data", "numpy-random-more.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")
    print(os.path.getsize(path), "bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
