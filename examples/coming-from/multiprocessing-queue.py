# What multiprocessing-queue.ts does, with multiprocessing: queues, pipes and shared numbers of its guide
from multiprocessing import Array, Lock, Pipe, Process, Queue, Value

from show import show


def f(q):
    q.put([42, None, "hello"])


def g(conn):
    conn.send([43, None, "hello"])
    conn.send(conn.recv() * 2)
    conn.close()


def count(lock, n):
    for _ in range(100):
        with lock:
            n.value += 1


def change(n, a):
    n.value = 2.5
    for i in range(len(a)):
        a[i] = -a[i]


def mul(a, b):
    return a * b


def plus(a, b):
    return a + b


def worker(tasks, done):
    for func, args in iter(tasks.get, "STOP"):
        done.put(f"{func.__name__}{args} = {func(*args)}")


if __name__ == "__main__":
    q = Queue()
    p = Process(target=f, args=(q,))
    p.start()
    show("queue", q.get())
    p.join()

    ours, theirs = Pipe()
    p = Process(target=g, args=(theirs,))
    p.start()
    show("pipe", ours.recv())
    ours.send(21)
    show("answer", ours.recv())
    p.join()

    lock, n = Lock(), Value("i", 0, lock=False)
    both = [Process(target=count, args=(lock, n)) for _ in range(2)]
    for p in both:
        p.start()
    for p in both:
        p.join()
    show("lock", n.value)

    num, arr = Value("d", 0.0), Array("i", range(10))
    p = Process(target=change, args=(num, arr))
    p.start()
    p.join()
    show("shared", [num.value, arr[:]])

    tasks, done = Queue(), Queue()
    todo = [(mul, (i, 7)) for i in range(5)] + [(plus, (i, 8)) for i in range(5)]
    for task in todo:
        tasks.put(task)
    for _ in range(2):
        Process(target=worker, args=(tasks, done)).start()
    show("workers", sorted(done.get() for _ in todo))
    for _ in range(2):
        tasks.put("STOP")
