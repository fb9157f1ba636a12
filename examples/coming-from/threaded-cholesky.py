# What threaded-cholesky.ts does, with NumPy and threadpoolctl: linear algebra with threads of its own, as
# many as one says, and with one thread in each worker
from multiprocessing.pool import ThreadPool

import numpy as np
from show import digits, show
from threadpoolctl import threadpool_limits

n = 400


def log_determinant(seed):
    x = np.random.default_rng(seed).normal(size=(n, n))
    factor = np.linalg.cholesky(x.T @ x)
    return float(2 * np.sum(np.log(np.diag(factor))))


for threads in (1, 2):
    with threadpool_limits(limits=threads, user_api="blas"):
        show("threads", [threads, digits(log_determinant(0), 9)])
with threadpool_limits(limits=1, user_api="blas"), ThreadPool(2) as pool:
    show("workers", digits(pool.map(log_determinant, range(4)), 9))
