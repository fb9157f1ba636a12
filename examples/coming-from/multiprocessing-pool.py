# What multiprocessing-pool.ts does, with multiprocessing: the pools of its guide
import os
import time
from multiprocessing import Pool, TimeoutError

from show import show


def f(x):
    return x * x


def add(a, b):
    return a + b


def fail(x):
    raise ValueError(f"no {x}")


if __name__ == "__main__":
    with Pool(2) as pool:
        show("map", pool.map(f, range(10)))
        show("imap_unordered", sorted(pool.imap_unordered(f, range(10))))
        show("apply_async", pool.apply_async(f, (20,)).get(timeout=60))
        pids = {pool.apply_async(os.getpid, ()).get(timeout=60) for _ in range(4)}
        show("pids", [len(pids) <= 2, os.getpid() not in pids])
        try:
            pool.apply_async(time.sleep, (30,)).get(timeout=0.2)
        except TimeoutError as error:
            show("get", type(error).__name__)
    with Pool(2) as pool:
        show("starmap", pool.starmap(add, [(1, 10), (2, 20), (3, 30)]))
        told = []
        results = [
            pool.apply_async(f, (3,), callback=told.append),
            pool.apply_async(fail, (4,), error_callback=lambda error: told.append(str(error))),
        ]
        for result in results:
            result.wait()
        show("successful", [result.successful() for result in results])
        pool.close()
        pool.join()
        show("callbacks", sorted(told, key=str))
        try:
            pool.apply_async(f, (1,))
        except ValueError:
            show("closed", True)
