# What dask-mean.ts does, with Dask: delayed calls of one function, and one that needs all of them
import dask
import numpy as np
from dask import delayed
from show import digits, show


def calc_mean(i, n):
    rng = np.random.default_rng(i)
    data = rng.normal(size=n)
    return [float(np.mean(data)), float(np.std(data))]


def overall(pairs):
    return [sum(mean for mean, _ in pairs) / len(pairs), max(std for _, std in pairs)]


if __name__ == "__main__":
    calls = [delayed(calc_mean)(i, 100_000) for i in range(5)]
    for scheduler in ("processes", "threads", "synchronous"):
        show("calc_mean", digits(list(dask.compute(*calls, scheduler=scheduler)), 10))
    show("overall", digits(delayed(overall)(calls).compute(scheduler="processes"), 10))
