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
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors

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


def nearest(x, y, metric, k):
    if metric == "dot":
        products = x.astype(float) @ y.astype(float).T
        indices = np.argsort(-products, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(products, indices, 1), indices
    search = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric).fit(y)
    return search.kneighbors(x)


def run(case):
    x, y, known = rows(case)
    dtype = case["dtype"]
    x, y = x.astype(dtype), y.astype(dtype)
    result = dict(case)
    if not known:
        result["X"], result["Y"] = encode(x), encode(y)
    metric = case["metric"]
    distances, indices = nearest(x, y, metric, case["k"])
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
        search = NearestNeighbors(radius=case["radius"], algorithm="brute", metric=metric).fit(y)
        near, which = search.radius_neighbors(x, sort_results=True)
        result["counts"] = [len(row) for row in which]
        result["near"] = encode(np.concatenate([np.asarray(row, float) for row in near]))
    return result


def models(case):
    table = digits()
    x, labels = table[:, :64], table[:, 64].astype(int)
    train, test = slice(0, case["m"]), slice(case["m"], None)
    options = {"n_neighbors": case["k"], "weights": case["weights"], "algorithm": "brute"}
    options["metric"] = case["metric"]
    classifier = KNeighborsClassifier(**options).fit(x[train], labels[train])
    values = np.stack([labels, x.sum(axis=1)], axis=1)
    regressor = KNeighborsRegressor(**options).fit(x[train], values[train])
    result = dict(case)
    result["classes"] = encode(classifier.predict(x[test]))
    result["probabilities"] = encode(classifier.predict_proba(x[test]))
    result["values"] = encode(regressor.predict(x[test]))
    return result


def vectors():
    metrics = ["sqeuclidean", "euclidean", "cosine", "dot", "manhattan", "chebyshev"]
    for number, metric in enumerate(metrics):
        for dtype in ("float64", "float32"):
            case = {"data": "real", "dtype": dtype, "seed": number, "metric": metric}
            yield {**case, "n": 5, "m": 40, "d": 15, "k": 6, "pairwise": True}
    yield {"data": "ties", "dtype": "float64", "seed": 9, "metric": "euclidean", "n": 8, "m": 60,
           "d": 5, "k": 7, "pairwise": True}
    yield {"data": "digits", "dtype": "float64", "metric": "euclidean", "n": 10, "m": 1700, "k": 5}
    yield {"data": "digits", "dtype": "float32", "metric": "cosine", "n": 10, "m": 1700, "k": 5}
    yield {"model": True, "m": 1750, "k": 5, "weights": "uniform", "metric": "euclidean"}
    yield {"model": True, "m": 1750, "k": 5, "weights": "distance", "metric": "manhattan"}


def main():
    warnings.simplefilter("ignore")
    cases = list(vectors()) if "--vectors" in sys.argv else json.load(sys.stdin)
    results = [models(case) if case.get("model") else run(case) for case in cases]
    lines = ",\n".join(json.dumps(result) for result in results)
    print(f"[\n{lines}\n]")


if __name__ == "__main__":
    main()
