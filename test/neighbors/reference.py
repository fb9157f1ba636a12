"""What scikit-learn computes, for the tests to compare with.

    reference.py < cases.json > results.json     (what the tests do)
    reference.py --vectors > neighbors.json      (what is committed, for machines without it)

A case names data, an element type, a metric and numbers of rows; its result has what scikit-learn
finds, and the rows themselves where the data is made here.
"""

import base64
import gzip
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

ROOT = Path(__file__).resolve().parents[2]
FASHION = Path("/usr/share/datasets/fashion-mnist")


def digits():
    with gzip.open(ROOT / "examples/data/digits.csv.gz", "rt") as file:
        return np.loadtxt(file, delimiter=",")


def images(name):
    with gzip.open(FASHION / f"{name}-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784) / 255.0


def rows(case):
    """X and Y, and whether the test has them already."""
    kind, n, m = case["data"], case["n"], case["m"]
    if kind == "digits":
        table = digits()[:, :64]
        return table[:n], table[-m:], True
    if kind == "fashion":
        return images("t10k")[:n], images("train")[:m], True
    rng = np.random.default_rng(case["seed"])
    shape = lambda count: (count, case["d"])  # noqa: E731
    if kind == "real":
        return rng.standard_normal(shape(n)), rng.standard_normal(shape(m)), False
    if kind == "ties":
        return rng.integers(0, 3, shape(n)) * 1.0, rng.integers(0, 3, shape(m)) * 1.0, False
    if kind == "sets":
        return rng.integers(0, 2, shape(n)) * 1.0, rng.integers(0, 2, shape(m)) * 1.0, False
    if kind == "sphere":
        return rng.uniform(-1.5, 1.5, shape(n)), rng.uniform(-1.5, 1.5, shape(m)), False
    if kind == "duplicates":
        y = rng.standard_normal(shape(m))
        y = y[rng.integers(0, max(m // 4, 1), m)]
        return y[rng.integers(0, m, n)], y, False
    if kind == "offset":
        small = lambda count: rng.integers(0, 4096, shape(count)) / 4096 + 1e8  # noqa: E731
        return small(n), small(m), False
    raise ValueError(kind)


def encode(array):
    data = np.ascontiguousarray(array)
    if data.dtype.kind == "i":
        data = data.astype(np.int32)
    return {"shape": data.shape, "data": base64.b64encode(data.tobytes()).decode()}


def options_of(case):
    """A metric and its parameters, as estimators take them."""
    options = {"algorithm": "brute", "metric": case["metric"]}
    given = case.get("params", {})
    if "p" in given:
        options["p"] = given["p"]
    if "w" in given or "V" in given:
        options["metric_params"] = {k: np.array(v) for k, v in given.items() if k != "p"}
    return options


def nearest(x, y, case):
    metric, k = case["metric"], case["k"]
    if metric == "dot":
        products = x.astype(float) @ y.astype(float).T
        indices = np.argsort(-products, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(products, indices, 1), indices
    return NearestNeighbors(n_neighbors=k, **options_of(case)).fit(y).kneighbors(x)


def run(case):
    x, y, known = rows(case)
    dtype = case["dtype"]
    x, y = x.astype(dtype), y.astype(dtype)
    result = dict(case)
    if not known:
        result["X"], result["Y"] = encode(x), encode(y)
    metric = case["metric"]
    distances, indices = nearest(x, y, case)
    result["indices"], result["distances"] = encode(indices), encode(distances.astype(float))
    if case["data"] == "offset":
        # scikit-learn's own products lose all digits here: the truth, from exact differences.
        exact = ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, : case["k"]]
        result["truth"] = encode(order)
    if case.get("pairwise"):
        if metric == "dot":
            full = x.astype(float) @ y.astype(float).T
        else:
            full = pairwise_distances(x.astype(float), y.astype(float), metric=metric)
        result["pairwise"] = encode(full.astype(float))
    if case.get("radius"):
        search = NearestNeighbors(radius=case["radius"], **options_of(case)).fit(y)
        near, which = search.radius_neighbors(x, sort_results=True)
        result["counts"] = [len(row) for row in which]
        result["near"] = encode(np.concatenate([np.asarray(row, float) for row in near]))
    return result


def models(case):
    table = digits()
    x, labels = table[:, :64], table[:, 64].astype(int)
    train, test = slice(0, case["m"]), slice(case["m"], None)
    options = {"weights": case["weights"], **options_of(case)}
    values = np.stack([labels, x.sum(axis=1)], axis=1)
    if "radius" in case:
        options["radius"] = case["radius"]
        classifier = RadiusNeighborsClassifier(outlier_label=0, **options)
        regressor = RadiusNeighborsRegressor(**options)
    else:
        options["n_neighbors"] = case["k"]
        classifier, regressor = KNeighborsClassifier(**options), KNeighborsRegressor(**options)
    classifier.fit(x[train], labels[train])
    regressor.fit(x[train], values[train])
    result = dict(case)
    result["classes"] = encode(classifier.predict(x[test]))
    result["probabilities"] = encode(classifier.predict_proba(x[test]))
    result["values"] = encode(regressor.predict(x[test]))
    return result


WEIGHTS = [0, 1, 0.5, 2, 3, 1, 0.25]
# Metrics with parameters, and those of certain kinds of data.
MORE = [
    ("minkowski", {"p": 3}, "real"),
    ("minkowski", {"p": 1.5}, "real"),
    ("minkowski", {"p": 4.2}, "real"),
    ("minkowski", {"p": 3, "w": WEIGHTS}, "real"),
    ("minkowski", {"p": 1.5, "w": WEIGHTS}, "ties"),
    ("seuclidean", {"V": [1, 2, 3, 4, 0.5, 0.25, 1]}, "real"),
    ("l1", {}, "real"),
    ("l2", {}, "real"),
    ("cityblock", {}, "ties"),
    ("hamming", {}, "ties"),
    ("jaccard", {}, "sets"),
    ("correlation", {}, "real"),
    ("haversine", {}, "sphere"),
]


def vectors():
    metrics = ["sqeuclidean", "euclidean", "cosine", "dot", "manhattan", "chebyshev"]
    for number, metric in enumerate(metrics):
        for dtype in ("float64", "float32"):
            case = {"data": "real", "dtype": dtype, "seed": number, "metric": metric}
            yield {**case, "n": 5, "m": 40, "d": 15, "k": 6, "pairwise": True}
    for number, (metric, params, data) in enumerate(MORE):
        case = {"data": data, "dtype": "float64", "seed": 20 + number, "metric": metric}
        d = 2 if data == "sphere" else 7
        yield {**case, "params": params, "n": 5, "m": 40, "d": d, "k": 6, "pairwise": not params}
    yield {"data": "ties", "dtype": "float64", "seed": 9, "metric": "euclidean", "n": 8, "m": 60,
           "d": 5, "k": 7, "pairwise": True}
    yield {"data": "digits", "dtype": "float64", "metric": "euclidean", "n": 10, "m": 1700, "k": 5}
    yield {"data": "digits", "dtype": "float32", "metric": "cosine", "n": 10, "m": 1700, "k": 5}
    yield {"model": True, "m": 1750, "k": 5, "weights": "uniform", "metric": "euclidean"}
    yield {"model": True, "m": 1750, "k": 5, "weights": "distance", "metric": "manhattan"}
    yield {"model": True, "m": 1750, "radius": 24.4, "weights": "uniform", "metric": "euclidean"}
    yield {"model": True, "m": 1750, "radius": 140.5, "weights": "distance", "metric": "manhattan"}


def main():
    warnings.simplefilter("ignore")
    cases = list(vectors()) if "--vectors" in sys.argv else json.load(sys.stdin)
    results = [models(case) if case.get("model") else run(case) for case in cases]
    lines = ",\n".join(json.dumps(result) for result in results)
    print(f"[\n{lines}\n]")


if __name__ == "__main__":
    main()
