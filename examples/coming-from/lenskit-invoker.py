# What lenskit-invoker.ts does, with NumPy: a model that each worker gets once, and users whose best items
# it finds, as LensKit's invoker runs them (Debian has no LensKit; its invoker is a pool whose initializer
# keeps the model)
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from show import digits, show

rng = np.random.default_rng(42)
users, items, features = 100, 50, 8
model = {
    "users": rng.normal(size=(users, features)),
    "items": rng.normal(size=(items, features)),
    "bias": rng.normal(size=items),
}
kept = None


def keep(value):
    global kept
    kept = value


def recommend(user):
    scores = kept["items"] @ kept["users"][user] + kept["bias"]
    best = np.argsort(-scores, kind="stable")[:3]
    return [best.tolist(), scores[best].tolist()]


if __name__ == "__main__":
    for jobs in (1, 2):
        with ProcessPoolExecutor(jobs, initializer=keep, initargs=(model,)) as pool:
            results = list(pool.map(recommend, range(users)))
        show("first", [results[0][0], digits(results[0][1], 10)])
        show("last", [results[-1][0], digits(results[-1][1], 10)])
        show("items", [sum(index == item for best, _ in results for index in best) for item in range(10)])
