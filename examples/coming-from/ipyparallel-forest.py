# What ipyparallel-forest.ts does, with ipyparallel and scikit-learn: each row predicted by a random
# forest of all others
import sys

import ipyparallel as ipp
import numpy as np
from show import digits, show

rng = np.random.default_rng(0)
n, p = 60, 10
X = rng.normal(size=(n, p))
Y = X[:, 0] + np.abs(X[:, 1] * X[:, 2]) ** 0.5 + X[:, 1] - X[:, 2] + rng.normal(size=n)


def leave_out(index, X, Y):
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=20, random_state=1)
    forest.fit(np.delete(X, index, axis=0), np.delete(Y, index))
    return float(forest.predict(X[index : index + 1])[0])


if __name__ == "__main__":
    cluster = ipp.Cluster(n=2, log_level=40)
    client = cluster.start_and_connect_sync()
    direct, balanced = client[:], client.load_balanced_view()
    direct.push({"X": X, "Y": Y, "leave_out": leave_out}, block=True)
    one = lambda index: leave_out(index, X, Y)
    first = direct.map_sync(one, range(n))
    second = balanced.map_sync(one, range(n))
    show("same", [len(first), first == second])
    show("variance", digits(float(np.var(Y)), 10))
    error = float(np.mean((Y - first) ** 2))
    show("better than the mean", bool(error < np.var(Y)))
    print(f"mean squared error {error:.2f}", file=sys.stderr)
    cluster.stop_cluster_sync()
