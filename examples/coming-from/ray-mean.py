# What ray-mean.ts does, with NumPy and a pool of Python's: Debian has no Ray, whose calc_mean this is
from concurrent.futures import ProcessPoolExecutor
from functools import reduce

import numpy as np
from show import digits, show


def calc_mean(i, n):
    rng = np.random.default_rng(i)
    data = rng.normal(size=n)
    return [float(np.mean(data)), float(np.std(data))]


def larger(a, b):
    return a if a[1] > b[1] else b


class Totals:
    def __init__(self):
        self.count, self.sum = 0, 0

    def add(self, pair):
        self.sum += pair[0]
        self.count += 1

    def mean(self):
        return self.sum / self.count


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        pairs = list(pool.map(calc_mean, range(5), [100_000] * 5))
    show("calc_mean", digits(pairs, 10))
    show("largest", digits(reduce(larger, pairs), 10))
    totals = Totals()
    for pair in pairs:
        totals.add(pair)
    show("actor", digits(totals.mean(), 10))
