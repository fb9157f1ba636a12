"""The same grid search with scikit-learn, to compare the accuracies with.

Needs Debian's python3-sklearn: /usr/bin/python3 examples/grid-search/check_with_sklearn.py
Prints `gamma alpha mean deviation`, best first.
"""

import gzip
import pathlib

import numpy as np
from sklearn.kernel_ridge import KernelRidge

data = pathlib.Path(__file__).parent.parent / "data" / "digits.csv.gz"
table = np.loadtxt(gzip.open(data, "rt"), delimiter=",")
pixels, labels = table[:, :-1] / 16, table[:, -1].astype(int)
targets = np.eye(10)[labels]
fold_of_row = np.arange(len(labels)) % 5

rows = []
for gamma in [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]:
    for alpha in [1e-4, 1e-3, 1e-2, 1e-1, 1]:
        accuracies = []
        for fold in range(5):
            train, test = fold_of_row != fold, fold_of_row == fold
            model = KernelRidge(kernel="rbf", gamma=gamma, alpha=alpha)
            model.fit(pixels[train], targets[train])
            guesses = model.predict(pixels[test]).argmax(axis=1)
            accuracies.append((guesses == labels[test]).mean())
        rows.append((np.mean(accuracies), np.std(accuracies), gamma, alpha))
for mean, deviation, gamma, alpha in sorted(rows, key=lambda row: -row[0]):
    print(f"{gamma} {alpha} {mean:.4f} {deviation:.4f}")
