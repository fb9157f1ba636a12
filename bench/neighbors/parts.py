"""scikit-learn's side of the rows for metrics and models: the same rows, the same question."""

import warnings

import numpy as np
from sklearn import neighbors
from threadpoolctl import threadpool_info

warnings.simplefilter("ignore")  # jaccard on numbers that are not booleans yet


def rows(kind, seed, n, d):
    values = np.random.default_rng(seed).random((n, d))
    if kind == "levels":
        return np.floor(values * 4)
    if kind == "sets":
        return (values > 0.7).astype(float)
    if kind == "sphere":
        return (values - 0.5) * 3
    return values


def setup(params):
    pools = {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()}
    assert set(pools.values()) == {params["threads"]}, pools
    n, m, d = params["n"], params["m"], params["d"]
    x, y = rows(params["rows"], 2, n, d), rows(params["rows"], 1, m, d)
    labels = np.arange(m) % 7
    common = {"algorithm": "brute", "metric": params["metric"], "n_jobs": params["threads"]}
    if "p" in params:
        common["p"] = params["p"]
    if params["metric"] == "seuclidean":
        common["metric_params"] = {"V": 0.25 + np.arange(d)}
    ask, size = params["ask"], params["size"]
    if ask == "search":
        search = neighbors.NearestNeighbors(n_neighbors=size, **common)
        if params["metric"] == "precomputed":
            x = rows("real", 2, n, m)
            y = np.zeros((m, m))
        search.fit(y)

        def run():
            distances, indices = search.kneighbors(x)
            return {"last": [*indices[-1], *distances[-1]]}

    elif ask == "indices":
        search = neighbors.NearestNeighbors(n_neighbors=size, **common).fit(y)

        def run():
            return {"last": search.kneighbors(x, return_distance=False)[-1]}

    else:
        within = ask.startswith("radius")
        values = np.sin(np.arange(m))
        kind = "Radius" if within else "K"
        role = "Classifier" if ask.endswith("classify") else "Regressor"
        model = getattr(neighbors, f"{kind}Neighbors{role}")
        sized = {"radius": size} if within else {"n_neighbors": size}
        model = model(weights=params["weights"], **sized, **common)
        model.fit(y, labels if role == "Classifier" else values)

        def run():
            return {"last": model.predict(x)[-20:].astype(float)}

    return run
