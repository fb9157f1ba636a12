import resource
from concurrent.futures import ThreadPoolExecutor

import numpy as np

N = 512


def setup(params):
    a = (np.arange(N * N) % 13 - 6).astype(float).reshape(N, N)
    outs = [np.empty((N, N)) for _ in range(params["workers"])]
    pool = ThreadPoolExecutor(params["workers"])
    share = params["tasks"] // params["workers"]

    def loop(out):
        for _ in range(share):
            np.matmul(a, a, out=out)  # releases the interpreter lock
        return out[0, 0]

    def run():
        list(pool.map(loop, outs))
        return float(outs[0][0, 0])

    return run
