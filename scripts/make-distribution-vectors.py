#!/usr/bin/env python3
"""Makes test/data/numpy-distributions.json: what NumPy 2.4 draws from every distribution, also with
arrays for parameters and with parameters at the ends of their range, and with MT19937.

    python3 scripts/make-distribution-vectors.py

Numbers that JSON has no names for are strings; `sha256` is over the little-endian bytes of float64
or int64 numbers.
"""

import hashlib
import itertools
import json
import os
import sys
import warnings

import numpy as np
from numpy.random import MT19937, PCG64, PCG64DXSM, SFC64, Generator, Philox
from numpy.random.bit_generator import ISeedSequence

KINDS = {"PCG64": PCG64, "PCG64DXSM": PCG64DXSM, "Philox": Philox, "SFC64": SFC64,
         "MT19937": MT19937}

# Each distribution with parameters for every branch of its algorithm.
DISTRIBUTIONS = {
    "logistic": [[0, 1], [-3, 0.5], [1, 0]],
    "gumbel": [[0, 1], [2, 3], [1, 0]],
    "rayleigh": [[1], [0.01], [0]],
    "f": [[1, 1], [5, 2.5], [0.3, 100]],
    "hypergeometric": [[5, 7, 3], [5, 7, 11], [0, 7, 3], [7, 0, 3], [20, 20, 0], [15, 15, 15],
                       [100, 5, 20], [5, 100, 90], [999999999, 999999999, 1000000],
                       [3000000, 400, 2999999], [999999999, 999999999, 5], [1000, 30000, 25000]],
    "logseries": [[0], [0.1], [0.5], [0.95], [0.999999]],
    "negative_binomial": [[1, 0.5], [0.3, 0.01], [100, 0.9], [1e9, 0.3], [5, 1]],
    "noncentral_chisquare": [[0.5, 3], [1, 20], [1.5, 0.2], [7, 100], [3, 0], [0.2, 1e-3]],
    "noncentral_f": [[1, 2, 3], [0.5, 7, 40], [20, 5, 0]],
    "pareto": [[0.5], [3], [100]],
    "power": [[0.5], [1], [7]],
    "weibull": [[0], [0.5], [1], [9]],
    "standard_cauchy": [[]],
    "triangular": [[0, 0.2, 1], [-5, -5, 3], [-5, 3, 3], [1, 2, 1e9]],
    "vonmises": [[0, 0], [1, 1e-9], [0.5, 1e-6], [-2, 0.3], [3, 4], [1, 1e5], [3.1, 1e7], [20, 2]],
    "wald": [[1, 1], [0.1, 5], [50, 0.2]],
    "zipf": [[1.0000001], [1.1], [2], [4.5], [30], [1025], [2000]],
    "beta": [[1e-3, 1e-3], [0.01, 0.3], [1e-9, 3e-9], [1e-105, 1e-104], [1, 0.02], [1e-5, 1]],
    "binomial": [[20, 0.7], [60, 0.5], [61, 0.51], [10**9, 1e-9], [10**6, 0.3], [2**50, 0.9]],
    "poisson": [[1e15], [1e18]],
    "normal": [[1, 2]],
    "uniform": [[-1, 3]],
    "exponential": [[2]],
    "standard_gamma": [[0.2], [4]],
    "gamma": [[0.2, 3], [4, 2]],
    "chisquare": [[0.7]],
    "lognormal": [[0.5, 2]],
    "laplace": [[1, 2]],
    "standard_t": [[2.5]],
    "geometric": [[0.01], [0.7]],
}
COUNTS = {"hypergeometric", "logseries", "negative_binomial", "zipf", "binomial", "poisson",
          "geometric"}
ARITY = {"hypergeometric": 3, "noncentral_f": 3, "triangular": 3, "standard_cauchy": 0,
         "chisquare": 1, "exponential": 1, "geometric": 1, "logseries": 1, "pareto": 1,
         "poisson": 1, "power": 1, "rayleigh": 1, "standard_gamma": 1, "standard_t": 1,
         "weibull": 1, "zipf": 1}

# What parameters are tried at: for one or two of them, and for three.
NAN, INF = float("nan"), float("inf")
ENDS = {1: [NAN, INF, -INF, 5e-324, 1e-310, 0.0, -0.0, -1.0, 1.0000000000000002, 0.5, 2.5, 1e308],
        3: [NAN, INF, -INF, 5e-324, 0.0, -1.0, 0.5, 2.5]}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**53 else str(value)
    if isinstance(value, (float, np.floating)):
        if value != value or value in (INF, -INF):
            return {INF: "Infinity", -INF: "-Infinity"}.get(value, "NaN")
        return float(value)
    return value


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def place(generator):
    """Where a generator stands, in short: the next two raw outputs."""
    return [str(x) for x in generator.bit_generator.random_raw(2)]


def distributions():
    cases = []
    for name, lists in DISTRIBUTIONS.items():
        for parameters in lists:
            for kind in KINDS:
                g = Generator(KINDS[kind](7))
                g.integers(0, 10, dtype="u4")  # half of an output is left over
                method = getattr(g, name)
                case = {"name": name, "kind": kind, "parameters": plain(parameters),
                        "values": plain(method(*parameters, size=3)),
                        "scalar": plain(method(*parameters)),
                        "sha256": digest(method(*parameters, size=2000 if kind == "PCG64" else 200))}
                case["after"] = place(g)
                cases.append(case)
    return cases


def broadcasts():
    """Parameters as arrays, in shapes that broadcast, with and without a size."""
    cases = []
    shapes = [[[3], []], [[], [3]], [[3], [3]], [[2, 1], [3]], [[1], [4]], [[2, 1, 3], [4, 1]],
              [[1, 1], [1]], [[0], []]]
    sizes = {0: [None, 3, [2, 3]], 3: [None, [5, 2, 3]]}
    for name, lists in DISTRIBUTIONS.items():
        arity = ARITY.get(name, 2)
        if arity == 0:
            continue
        for k, shape in enumerate(shapes):
            shape = (shape + [[]])[:arity]
            for size in sizes.get(k, [None]):
                parameters = []
                for i, one in enumerate(shape):
                    count = int(np.prod(one))
                    column = [lists[j % len(lists)][i] for j in range(count)]
                    parameters.append({"shape": one, "data": plain(column)})
                arrays = [np.array(p["data"], dtype=int if name in ("hypergeometric",) or
                                   (name == "binomial" and i == 0) else float).reshape(p["shape"])
                          for i, p in enumerate(parameters)]
                g = Generator(PCG64(5))
                try:
                    values = getattr(g, name)(*arrays, size=size)
                except ValueError:
                    continue  # rows of the parameters that don't go together
                cases.append({"name": name, "parameters": parameters, "size": size,
                              "shape": list(np.shape(values)), "values": plain(np.ravel(values)),
                              "after": place(g)})
    g = Generator(PCG64(5))
    shapes32 = np.array([0.3, 1.0, 2.5, 40.0], dtype="f4")
    values = g.standard_gamma(shapes32, dtype="f4")
    floats = {"shapes": plain(shapes32.astype(float)), "values": plain(values.astype(float)),
              "after": place(g)}
    return cases, floats


def integer_broadcasts():
    cases = []
    for kind in ("PCG64", "MT19937"):
        for dtype in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
                      "uint64"):
            top = 1 if dtype == "bool" else int(np.iinfo(dtype).max)
            low = 0 if dtype in ("bool",) or dtype.startswith("u") else -5
            lows = [0, 0, low, 1, 0, 0, 0]
            highs = [0, 1, 1, 1, min(top, 99), top, min(top, 2**33)]
            g = Generator(KINDS[kind](3))
            values = g.integers(np.array(lows, dtype=object), np.array(highs, dtype=object),
                                size=(3, 7), dtype=dtype, endpoint=True)
            cases.append({"kind": kind, "dtype": dtype, "low": [str(x) for x in lows],
                          "high": [str(x) for x in highs],
                          "values": [str(int(x)) for x in values.ravel()], "after": place(g)})
    return cases


def vectors():
    cases = []
    for kind in KINDS:
        for n, p, size in ((20, [0.2, 0.3, 0.5], None), (1000, [0.1, 0.0, 0.7, 0.2], 3),
                           (0, [0.5, 0.5], 2), (7, [1.0], 2), (10**6, [1 / 6] * 6, [2, 2]),
                           (5, [0.0, 0.0], 1), (9, [0.1, 0.2, 0.7, 0.0], 4)):
            g = Generator(KINDS[kind](9))
            g.integers(0, 10, dtype="u4")
            v = g.multinomial(n, p, size)
            cases.append({"what": "multinomial", "kind": kind, "n": n, "p": p, "size": size,
                          "shape": list(v.shape), "values": plain(v.ravel()), "after": place(g)})
        for colors, sample in (([3, 4, 5], 6), ([3, 4, 5], 11), ([0, 9, 0], 4), ([16, 8, 4], 0),
                               ([100, 200, 300, 50], 77), ([7], 3), ([5000, 20000, 7], 20000)):
            for method in ("marginals", "count"):
                g = Generator(KINDS[kind](9))
                g.integers(0, 10, dtype="u4")
                v = g.multivariate_hypergeometric(colors, sample, 3, method=method)
                cases.append({"what": method, "kind": kind, "n": sample, "colors": colors, "size": 3,
                              "shape": list(v.shape), "values": plain(v.ravel()),
                              "after": place(g)})
    for n, p, size in (([5, 50, 500], [0.2, 0.3, 0.5], None), ([[5], [50]], [[0.5, 0.5], [0.1, 0.9]], None),
                       (9, [[0.5, 0.5], [0.1, 0.9]], [3, 2])):
        g = Generator(PCG64(9))
        v = g.multinomial(n, p, size)
        cases.append({"what": "multinomial arrays", "n": n, "p": p, "size": size,
                      "shape": list(v.shape), "values": plain(v.ravel()), "after": place(g)})
    for alpha, size in (([0.0, 1.0, 2.0], 3), ([0.0, 0.0], 2), ([0.05, 0.0, 0.0], 3), ([0.0, 0.05], 3),
                        ([0.01, 0.02, 0.0, 0.03], 3), ([3.0], None), ([], 2), ([1e-5, 1e-4], [2, 2])):
        g = Generator(PCG64(9))
        v = g.dirichlet(alpha, size)
        cases.append({"what": "dirichlet", "p": alpha, "size": size, "shape": list(v.shape),
                      "values": plain(v.ravel()), "after": place(g)})
    return cases


def choices():
    cases = []
    a = np.arange(24).reshape(2, 3, 4)
    for axis, size, replace, p in ((0, [2, 2], True, None), (1, [2, 1, 3], True, None), (-1, [2, 2], False, None),
                                   (2, 3, True, [0.1, 0.2, 0.3, 0.4]), (1, None, True, None), (0, [], True, None),
                                   (2, [2, 2], False, [0.1, 0.2, 0.3, 0.4])):
        g = Generator(PCG64(9))
        v = g.choice(a, size, replace=replace, p=p, axis=axis)
        cases.append({"axis": axis, "size": size, "replace": replace, "p": p, "shape": list(np.shape(v)),
                      "values": plain(np.ravel(v)), "after": place(g)})
    return cases


def twister():
    cases = {"seeds": [], "legacy": [], "mixed": []}
    for seed in (0, 42, 2**70 + 3):
        b = MT19937(seed)
        key = b.state["state"]
        case = {"seed": str(seed), "key": digest(key["key"].astype("u4")), "pos": int(key["pos"])}
        case["raw"] = [str(x) for x in b.random_raw(3)]
        b.random_raw(1700)
        case["jumped"] = []
        for jumps in (0, 1, 3):
            j = b.jumped(jumps)
            case["jumped"].append({"jumps": jumps, "key": digest(j.state["state"]["key"].astype("u4")),
                                   "pos": int(j.state["state"]["pos"]),
                                   "raw": [str(x) for x in j.random_raw(3)]})
        cases["seeds"].append(case)
    for seed in (0, 12345, 2**32 - 1, [1], [1, 2, 2**32 - 1], list(range(700))):
        b = MT19937()
        b._legacy_seeding(seed)
        cases["legacy"].append({"seed": seed, "key": digest(b.state["state"]["key"].astype("u4")),
                                "pos": int(b.state["state"]["pos"]),
                                "raw": [str(x) for x in b.random_raw(3)],
                                "random": plain(np.random.RandomState(seed).random_sample(3))})
    g = Generator(MT19937(11))
    for i in range(400):
        for name, call in (("random", lambda: g.random()), ("float", lambda: g.random(dtype="f4")),
                           ("normal", lambda: g.standard_normal()), ("integer", lambda: g.integers(0, 7)),
                           ("exponential", lambda: g.standard_exponential()),
                           ("bytes", lambda: g.integers(0, 200, 5, dtype="u1")),
                           ("fill", lambda: g.random(i % 7)), ("floats", lambda: g.random(i % 5, dtype="f4")),
                           ("shuffle", lambda: g.permutation(i % 9))):
            if (i * 7 + len(name)) % 3 == 0:
                value = call()
                if i % 40 < 3:
                    cases["mixed"].append([i, name, plain(np.asarray(value, dtype=float).ravel())])
                else:
                    cases["mixed"].append([i, name])
    cases["after"] = place(g)
    return cases


class Counting(ISeedSequence):
    def generate_state(self, n_words, dtype=np.uint32):
        step = 0x9E3779B97F4A7C15 if np.dtype(dtype) == np.uint64 else 0x9E3779B9
        top = 2**64 if np.dtype(dtype) == np.uint64 else 2**32
        return np.array([(step * (i + 1)) % top for i in range(n_words)], dtype=dtype)


def sources():
    return {kind: place(Generator(KINDS[kind](Counting()))) for kind in KINDS}


def philox_words():
    out = []
    for key, counter in (([1, 2], [3, 4, 5, 6]), ([2**64 - 1, 0], [2**64 - 1] * 4)):
        b = Philox(key=np.array(key, dtype="u8"), counter=np.array(counter, dtype="u8"))
        out.append({"key": [str(x) for x in key], "counter": [str(x) for x in counter],
                    "raw": [str(x) for x in b.random_raw(9)]})
    return out


def ends():
    """Of each combination: 0 where it is refused, else the numbers and where the generator stands."""
    result = {}
    for name in DISTRIBUTIONS:
        arity = ARITY.get(name, 2)
        if arity == 0 or name in ("hypergeometric", "binomial"):
            continue
        values = ENDS[3 if arity == 3 else 1]
        rows = []
        for parameters in itertools.product(values, repeat=arity):
            g = Generator(PCG64(11))
            try:
                numbers = getattr(g, name)(*parameters, size=2)
                rows.append(plain([float(x) for x in numbers]) + [place(g)[0][-6:]])
            except (ValueError, OverflowError):
                rows.append(0)
        result[name] = {"ends": plain(values), "rows": rows}
    return result


# The calls of NumPy's own tests (TestRandomDist), each from MT19937(1234567890).
SUITE = [
    ("beta", [0.1, 0.9]), ("binomial", [100, 0.456]), ("chisquare", [50]), ("exponential", [1.1234]),
    ("f", [12, 77]), ("gamma", [5, 3]), ("geometric", [0.123456789]), ("gumbel", [0.123456789, 2.0]),
    ("hypergeometric", [10, 5, 14]), ("laplace", [0.123456789, 2.0]),
    ("logistic", [0.123456789, 2.0]), ("lognormal", [0.123456789, 2.0]), ("logseries", [0.923456789]),
    ("negative_binomial", [100, 0.12345]), ("noncentral_chisquare", [5, 5]),
    ("noncentral_chisquare", [0.5, 0.2]), ("noncentral_chisquare", [5, 0]),
    ("noncentral_f", [5, 2, 1]), ("normal", [0.123456789, 2.0]), ("pareto", [0.123456789]),
    ("poisson", [0.123456789]), ("power", [0.123456789]), ("rayleigh", [10]), ("standard_cauchy", []),
    ("standard_exponential", []), ("standard_gamma", [3]), ("standard_normal", []),
    ("standard_t", [10]), ("triangular", [5.12, 10.23, 20.34]), ("uniform", [1.23, 10.54]),
    ("vonmises", [1.23, 1.54]), ("wald", [1.23, 1.54]), ("weibull", [1.23]), ("zipf", [1.23]),
]


def suite():
    cases = []
    for name, parameters in SUITE:
        g = Generator(MT19937(1234567890))
        cases.append({"name": name, "parameters": parameters,
                      "values": plain(getattr(g, name)(*parameters, size=(3, 2)).ravel())})
    return cases


def main():
    if not np.__version__.startswith("2.4."):
        sys.exit(f"NumPy 2.4 is wanted, this is {np.__version__}")
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    cases, floats = broadcasts()
    result = {
        "about": "Made by scripts/make-distribution-vectors.py with NumPy " + np.__version__,
        "distributions": distributions(),
        "broadcasts": cases,
        "float32_shapes": floats,
        "integers": integer_broadcasts(),
        "vectors": vectors(),
        "choices": choices(),
        "mt19937": twister(),
        "sources": sources(),
        "philox_words": philox_words(),
        "ends": ends(),
        "suite": suite(),
    }
    path = os.path.join(os.path.dirname(__file__), "..", "test", "data", "numpy-distributions.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, separators=(",", ":"), allow_nan=False)
        file.write("\n")
    print(os.path.getsize(path), "bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
