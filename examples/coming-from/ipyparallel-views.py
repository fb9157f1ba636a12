# What ipyparallel-views.ts does, with ipyparallel
import ipyparallel as ipp
from show import show

cluster = ipp.Cluster(n=4, log_level=40)
client = cluster.start_and_connect_sync()
show("ids", client.ids)

view = client[:]
view.block = True
show("hello", view.apply(lambda: "Hello, World"))

view.push({"a": 5, "b": 10})
show("apply", view.apply(lambda x: a + b + x, 27))
view.execute("c = a + b")
show("execute", view["c"])

view.scatter("part", list(range(16)))
show("scatter", view["part"])
view.execute("part = [x ** 2 for x in part]")
show("gather", view.gather("part"))

balanced = client.load_balanced_view()
show("map", sum(balanced.map_sync(lambda x: x**10, range(32))))
cluster.stop_cluster_sync()
