# What multiprocessing-manager.ts does, with multiprocessing: managers of its guide
from multiprocessing import Process
from multiprocessing.managers import BaseManager, SyncManager

from show import show


def f(d, items):
    d[1] = "1"
    d["2"] = 2
    d[0.25] = None
    items.reverse()


def count(lock, totals, n):
    for _ in range(n):
        with lock:
            totals["all"] += 1


def square(tasks, results):
    while (n := tasks.get()) is not None:
        results.append(n * n)


class MathsClass:
    def add(self, x, y):
        return x + y

    def mul(self, x, y):
        return x * y


class MyManager(SyncManager):
    pass


MyManager.register("Maths", MathsClass)


def run(target, *args):
    p = Process(target=target, args=args)
    p.start()
    return p


if __name__ == "__main__":
    with MyManager() as manager:
        d = manager.dict()
        items = manager.list(range(10))
        run(f, d, items).join()
        show("dict", sorted([[str(k), v] for k, v in d.items()]))
        show("list", items[:])

        ns = manager.Namespace(x=10, y="hello")
        ns.z = 12.3
        show("namespace", [ns.x, ns.y, ns.z])

        rows = manager.list([manager.list(range(2)) for _ in range(2)])
        rows[0][1] = 55
        rows[1].append(100)
        show("nested", [row[:] for row in rows])

        lock, totals = manager.Lock(), manager.dict(all=0)
        both = [run(count, lock, totals, 50) for _ in range(2)]
        for p in both:
            p.join()
        show("lock", totals["all"])

        tasks, results = manager.Queue(), manager.list()
        both = [run(square, tasks, results) for _ in range(2)]
        for n in [*range(6), None, None]:
            tasks.put(n)
        for p in both:
            p.join()
        show("queue", sorted(results))

        maths = manager.Maths()
        show("maths", [maths.add(4, 3), maths.mul(7, 8)])

        try:
            manager.dict().popitem()
        except KeyError:
            show("empty", True)

    class Remote(BaseManager):
        pass

    shared = ["first"]
    Remote.register("shared", callable=lambda: shared)
    with Remote(address=("127.0.0.1", 0), authkey=b"a key of both programs") as server:

        class Client(BaseManager):
            pass

        Client.register("shared")
        other = Client(address=server.address, authkey=b"a key of both programs")
        other.connect()
        other.shared().append("second")
        show("remote", server.shared()._getvalue())
