# What joblib-parallel.ts does, with joblib: the examples of its page on Parallel
from heapq import nlargest
from math import modf, sqrt
from time import sleep

from joblib import Parallel, delayed
from show import show

show("sqrt", Parallel(n_jobs=1)(delayed(sqrt)(i**2) for i in range(10)))
show("sqrt", Parallel(n_jobs=2)(delayed(sqrt)(i**2) for i in range(10)))

fractions, wholes = zip(*Parallel(n_jobs=2)(delayed(modf)(i / 2.0) for i in range(10)))
show("modf", [fractions, wholes])

Parallel(n_jobs=2, verbose=10)(delayed(sleep)(0.2) for _ in range(10))

try:
    Parallel(n_jobs=2)(delayed(nlargest)(2, n) for n in (range(4), "abcde", 3))
except TypeError as error:
    show("traceback", [type(error).__name__, "nlargest" in str(error.__cause__)])

finished, ahead = [], []


def producer():
    for i in range(6):
        ahead.append(i + 1 - len(finished))
        yield i


def root(x):
    y = sqrt(x)
    finished.append(x)
    return y


parallel = Parallel(n_jobs=2, backend="threading", pre_dispatch="1.5*n_jobs", batch_size=1)
out = parallel(delayed(root)(i) for i in producer())
show("producer", [out, max(ahead) <= 3])
