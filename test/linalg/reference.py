"""What NumPy and SciPy compute, for the tests to compare with.

    reference.py < cases.json > results.json     (what the tests do)
    reference.py --vectors > vectors.json        (what is committed, for machines without NumPy)

A case names an operation, an element type, a seed, a kind of matrix and shapes. The matrices are
made here, rounded to the element type, and the results computed from them in double precision. With
each result comes how far one of that element type may be from it, in units of its precision: the
factor by which a backward stable algorithm may magnify a rounding error, that is sizes, norms and
condition numbers.
"""

import base64
import json
import sys
import warnings

import numpy as np
import scipy.linalg

# Rounding errors are random and add up slowly; this is room for the constants.
SLACK = 30


def orthogonal(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0] if n else np.zeros((0, 0))


def spectrum(rng, kind, k, smallest):
    if kind == "ill":
        return np.logspace(0, smallest, k) if k > 1 else np.ones(k)
    if kind == "deficient":
        values = np.linspace(2, 1, k)
        values[(k + 1) // 2 :] = 0
        return values
    if kind == "repeated":
        return np.repeat([3.0, 1.0], [(k + 1) // 2, k // 2])
    raise ValueError(kind)


def matrix(rng, kind, m, n, smallest=-7):
    if kind == "random":
        return rng.uniform(-1, 1, (m, n))
    if kind == "zero":
        return np.zeros((m, n))
    if kind == "identity":
        return np.eye(m, n)
    k = min(m, n)
    middle = np.zeros((m, n))
    np.fill_diagonal(middle, spectrum(rng, kind, k, smallest))
    return orthogonal(rng, m) @ middle @ orthogonal(rng, n)


def symmetric(rng, kind, n, smallest=-7):
    if kind == "random":
        a = rng.uniform(-1, 1, (n, n))
        return (a + a.T) / 2
    if kind in ("zero", "identity"):
        return matrix(rng, kind, n, n)
    q = orthogonal(rng, n)
    a = q @ np.diag(spectrum(rng, kind, n, smallest)) @ q.T
    return (a + a.T) / 2


def definite(rng, kind, n, smallest=-7):
    a = symmetric(rng, kind, n, smallest)
    return a @ a + np.eye(n) if kind != "ill" else a


def size(a):
    """The largest element, but at least a little: what absolute errors are measured by."""
    return max(float(np.abs(a).max(initial=0)), 1e-3)


def condition(a, limit):
    s = np.linalg.svd(a, compute_uv=False)
    s = s[s > limit * s.max(initial=0)]
    return float(s[0] / s[-1]) if len(s) else 1.0


class Case:
    """One case: its matrices, and the results that operations below add."""

    def __init__(self, case):
        self.case = case
        self.dtype = np.dtype(case["dtype"])
        self.eps = float(np.finfo(self.dtype).eps)
        self.rng = np.random.default_rng(case["seed"])
        self.kind = case.get("kind", "random")
        self.shape = case.get("shape")
        self.options = case.get("options", {})
        self.inputs = {}
        self.outputs = {}

    def make(self, maker, *shape):
        # As ill-conditioned as the element type leaves room for.
        return maker(self.rng, self.kind, *shape, -7 if self.eps < 1e-10 else -3)

    def take(self, name, a):
        a = np.asarray(a).astype(self.dtype)
        self.inputs[name] = a
        return a.astype(np.float64)

    def give(self, name, value, factor):
        value = np.asarray(value, dtype=np.float64)
        tiny = float(np.finfo(self.dtype).tiny) if factor else 0.0
        self.outputs[name] = (value, factor * SLACK * self.eps + tiny)

    def compute(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(self, self.case["op"])()

    # ---- products ------------------------------------------------------------------------------

    def matmul(self):
        shapes = self.case["shapes"]
        a = self.take("a", self.rng.uniform(-1, 1, shapes[0]))
        b = self.take("b", self.rng.uniform(-1, 1, shapes[1]))
        self.give("result", np.matmul(a, b), max(shapes[0][-1], 1))

    def gram(self):
        a = self.take("a", self.make(matrix, *self.shape))
        transpose = self.options.get("transpose", False)
        self.give("result", a @ a.T if transpose else a.T @ a, 4 * max(*self.shape, 1))

    def dot(self):
        (n,) = self.shape
        x = self.take("x", self.rng.uniform(-1, 1, n))
        y = self.take("y", self.rng.uniform(-1, 1, n))
        self.give("value", np.dot(x, y), max(n, 1))

    def axpy(self):
        x = self.take("x", self.rng.uniform(-1, 1, self.shape))
        y = self.take("y", self.rng.uniform(-1, 1, self.shape))
        self.give("result", self.options["alpha"] * x + y, 4)

    def scale(self):
        x = self.take("x", self.rng.uniform(-1, 1, self.shape))
        self.give("result", self.options["alpha"] * x, 4)

    def norm(self):
        a = self.take("a", self.rng.uniform(-1, 1, self.shape))
        ord = self.options.get("ord")
        ord = {"inf": np.inf, "-inf": -np.inf}.get(ord, ord)
        value = np.linalg.norm(a, ord)
        self.give("value", value, max(a.size, 1) * max(abs(value), 1))

    # ---- systems -------------------------------------------------------------------------------

    def cholesky(self):
        a = self.take("a", self.make(definite, self.shape[0]))
        a = np.tril(a) + np.tril(a, -1).T
        n = len(a)
        self.give("result", np.linalg.cholesky(a), max(n, 1) * size(a) * condition(a, 0))

    def square(self):
        assume = self.options.get("assume", "general")
        make = {"positive definite": definite, "symmetric": symmetric}.get(assume)
        n = self.shape[0]
        a = self.make(make, n) if make else self.make(matrix, n, n)
        if assume == "lower triangular":
            a = np.tril(a) + 2 * np.eye(n)
        if assume in ("upper triangular", "triangular"):
            a = np.triu(a) + 2 * np.eye(n)
        a = self.take("a", a)
        return np.tril(a) + np.tril(a, -1).T if make else a

    def right(self, m):
        p = self.case.get("columns")
        return self.take("b", self.rng.uniform(-1, 1, m if p is None else (m, p)))

    def solve(self):
        a = self.square()
        b = self.right(len(a))
        x = np.linalg.solve(a.T if self.options.get("transpose") else a, b)
        self.give("result", x, max(len(a), 1) * condition(a, 0) * size(x))

    def luSolve(self):
        self.solve()

    def inv(self):
        a = self.square()
        x = np.linalg.inv(a)
        self.give("result", x, max(len(a), 1) * condition(a, 0) * size(x))

    def det(self):
        a = self.square()
        sign, log = np.linalg.slogdet(a)
        s = np.linalg.svd(a, compute_uv=False)
        # A change of one singular value by a rounding error of the largest.
        factor = max(len(a), 1) * s.max(initial=1) * np.prod(np.sort(s)[1:])
        self.give("value", np.linalg.det(a), factor)
        if abs(np.linalg.det(a)) > 100 * SLACK * self.eps * factor:
            self.give("sign", sign, 1)
            self.give("logabsdet", log, len(a) * condition(a, 0))

    def lu(self):
        a = self.take("a", self.make(matrix, *self.shape))
        p, l, u = scipy.linalg.lu(a) if a.size else (np.eye(len(a)), None, None)
        if l is None:
            k = min(a.shape)
            l, u = np.eye(a.shape[0], k), np.zeros((k, a.shape[1]))
        factor = max(*a.shape, 1) * condition(a, 0) * max(size(a), 1)
        self.give("p", p, 0)
        self.give("l", l, factor)
        self.give("u", u, factor)

    # ---- factors -------------------------------------------------------------------------------

    def qr(self):
        a = self.take("a", self.make(matrix, *self.shape))
        mode = self.options.get("mode", "reduced")
        factor = max(*a.shape, 1) * condition(a, 0) * max(size(a), 1)
        if mode == "r":
            self.give("r", np.linalg.qr(a, mode="r"), factor)
            return
        q, r = np.linalg.qr(a, mode=mode)
        # The columns of a complete Q beyond those of A's are not unique.
        self.give("q", q[:, : min(a.shape)], factor)
        self.give("r", r, factor)

    def svd(self):
        a = self.take("a", self.make(matrix, *self.shape))
        self.give("s", np.linalg.svd(a, compute_uv=False), max(*a.shape, 1) * size(a))

    def matrixRank(self):
        a = self.take("a", self.make(matrix, *self.shape))
        rank = np.linalg.matrix_rank(a.astype(self.dtype)) if a.size else 0
        self.give("value", rank, 0)

    def pinv(self):
        a = self.take("a", self.make(matrix, *self.shape))
        limit = max(*a.shape, 1) * self.eps
        x = np.linalg.pinv(a, rcond=limit)
        c = condition(a, limit)
        self.give("result", x, max(*a.shape, 1) * c * c * size(x))

    def cond(self):
        a = self.take("a", self.make(matrix, *self.shape))
        p = self.options.get("p")
        p = {"inf": np.inf, "-inf": -np.inf}.get(p, p)
        value = np.linalg.cond(a, p)
        self.give("value", value, max(a.shape) * condition(a, 0) * max(value, 1))

    def lstsq(self):
        m, n = self.shape
        a = self.take("a", self.make(matrix, m, n))
        b = self.right(m)
        limit = max(m, n, 1) * self.eps
        x, residuals, rank, s = np.linalg.lstsq(a, b, rcond=limit)
        c = condition(a, limit)
        factor = max(m, n, 1) * c * c * max(size(x), size(b))
        self.give("x", x, factor)
        self.give("rank", rank, 0)
        self.give("s", s, max(m, n, 1) * size(a))
        self.give("residuals", residuals, factor)

    # ---- eigenvalues ---------------------------------------------------------------------------

    def eigh(self):
        a = self.take("a", self.make(symmetric, self.shape[0]))
        uplo = self.options.get("uplo", "L")
        half = np.tril(a, -1) if uplo == "L" else np.triu(a, 1)
        a = half + half.T + np.diag(np.diag(a))
        self.give("eigenvalues", np.linalg.eigvalsh(a), max(len(a), 1) * size(a))

    def eig(self):
        n = self.shape[0]
        a = self.take("a", self.make(matrix, n, n))
        values, vectors = np.linalg.eig(a)
        # Bauer and Fike: the vectors' condition number is how far a value may move.
        c = np.linalg.cond(vectors) if n else 1.0
        factor = min(max(n, 1) * size(a) * c, 1e6 / (SLACK * self.eps))
        order = np.lexsort((values.imag, values.real))
        self.give("re", values.real[order], factor)
        self.give("im", values.imag[order], factor)


def encode(a):
    """Shape and little-endian bytes."""
    return {"shape": list(a.shape), "data": base64.b64encode(a.tobytes()).decode()}


def answer(case):
    work = Case(case)
    try:
        work.compute()
    except np.linalg.LinAlgError as error:
        inputs = {name: encode(a) for name, a in work.inputs.items()}
        return {**case, "inputs": inputs, "error": str(error)}
    return {
        **case,
        "inputs": {name: encode(a) for name, a in work.inputs.items()},
        "outputs": {
            name: {**encode(a), "tolerance": tolerance}
            for name, (a, tolerance) in work.outputs.items()
        },
    }


def vectors():
    """A small choice of cases: each operation, both types, each kind of matrix."""
    cases = []
    add = lambda op, **more: cases.append({"op": op, "seed": 100 + len(cases), **more})
    for dtype in ("float64", "float32"):
        for shapes in (
            [[3, 4], [4, 2]], [[7], [7]], [[5], [5, 3]], [[2, 3], [3]], [[0, 3], [3, 2]],
            [[3, 0], [0, 2]], [[2, 3, 4], [2, 4, 5]], [[3, 1, 2, 3], [2, 3, 2]], [[2, 2, 3], [3]],
            [[1, 1], [1, 1]],
        ):
            add("matmul", dtype=dtype, shapes=shapes)
        add("gram", dtype=dtype, shape=[5, 3])
        add("gram", dtype=dtype, shape=[3, 5], options={"transpose": True})
        add("dot", dtype=dtype, shape=[9])
        add("axpy", dtype=dtype, shape=[3, 4], options={"alpha": -1.5})
        add("scale", dtype=dtype, shape=[7], options={"alpha": 0.25})
        for ord in (None, 0, 1, 2, 3, -1, "inf", "-inf", 0.5):
            add("norm", dtype=dtype, shape=[6], options={"ord": ord} if ord is not None else {})
        for ord in (None, "fro", "nuc", 1, -1, 2, -2, "inf", "-inf"):
            add("norm", dtype=dtype, shape=[4, 3], options={"ord": ord} if ord is not None else {})
        for kind in ("random", "ill", "repeated", "identity"):
            add("cholesky", dtype=dtype, shape=[4], kind=kind)
            add("inv", dtype=dtype, shape=[4], kind=kind)
            for assume in ("general", "positive definite", "symmetric", "lower triangular"):
                add("solve", dtype=dtype, shape=[4], kind=kind, options={"assume": assume})
        add("luSolve", dtype=dtype, shape=[5], columns=2, options={"transpose": True})
        add("solve", dtype=dtype, shape=[3], kind="zero")
        add("inv", dtype=dtype, shape=[3], kind="zero")
        for kind in ("random", "ill", "deficient", "repeated", "zero", "identity"):
            add("det", dtype=dtype, shape=[4], kind=kind)
            add("eigh", dtype=dtype, shape=[5], kind=kind)
            add("eig", dtype=dtype, shape=[4], kind=kind)
            for shape in ([5, 3], [3, 5], [4, 4]):
                add("svd", dtype=dtype, shape=shape, kind=kind)
                add("pinv", dtype=dtype, shape=shape, kind=kind)
                add("matrixRank", dtype=dtype, shape=shape, kind=kind)
                add("lstsq", dtype=dtype, shape=shape, kind=kind, columns=2)
        for shape in ([5, 3], [3, 5], [4, 4], [1, 1]):
            add("lu", dtype=dtype, shape=shape)
            for mode in ("reduced", "complete", "r"):
                add("qr", dtype=dtype, shape=shape, options={"mode": mode})
        for p in (None, 2, -2, 1, -1, "inf", "-inf", "fro"):
            add("cond", dtype=dtype, shape=[4, 4], options={"p": p} if p is not None else {})
    return cases


def main():
    if "--vectors" in sys.argv:
        results = [json.dumps(answer(case), separators=(",", ":")) for case in vectors()]
        print("[\n" + ",\n".join(results) + "\n]")
        return
    json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
