# What numpy-streams.ts does, with NumPy and multiprocessing: streams of random numbers for workers
from multiprocessing import Pool

from numpy.random import PCG64, Generator, SeedSequence
from show import show


def draw(bits):
    rng = Generator(bits)
    return [rng.random(), rng.standard_normal(), int(rng.integers(1_000_000))]


def draw_seeded(seed):
    return draw(PCG64(seed))


if __name__ == "__main__":
    root = SeedSequence(12345)
    children = root.spawn(4)
    bits = PCG64(12345)
    with Pool(2) as pool:
        for stream in pool.map(draw_seeded, children):
            show("spawn", stream)
        for stream in pool.map(draw_seeded, children[0].spawn(2)):
            show("grandchild", stream)
        for stream in pool.map(draw, [bits.jumped(i) for i in range(4)]):
            show("jumped", stream)
