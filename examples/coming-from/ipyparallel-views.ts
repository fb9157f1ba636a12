// Engines as ipyparallel's tutorial has them: hello, push and execute, scatter and gather, a load-balanced
// map. `npx tsx examples/coming-from/ipyparallel-views.ts`; ipyparallel-views.py is the same with ipyparallel.
import { Cluster } from 'heddle/cluster';
import { show } from './show.ts';

declare const a: number;
declare const b: number;

await using cluster = await Cluster.start({ n: 4 });
const client = await cluster.client();
show('ids', client.ids);

const view = client.directView();
show('hello', await view.apply(() => 'Hello, World'));

await view.push({ a: 5, b: 10 });
show('apply', await view.apply((x: number) => a + b + x, 27));
await view.execute('c = a + b');
show('execute', await view.pull('c'));

await view.scatter('part', Array(16).keys());
show('scatter', await view.pull('part'));
await view.execute('part = part.map((x) => x ** 2)');
show('gather', await view.gather('part'));

const balanced = client.loadBalancedView();
const powers = balanced.map(Array(32).keys(), (x) => x ** 10);
show(
  'map',
  (await powers).reduce((sum, x) => sum + x, 0),
);

/* ipyparallel-views.py prints, with Debian 12's python3-ipyparallel 7.1.0:
ids [0,1,2,3]
hello ["Hello, World","Hello, World","Hello, World","Hello, World"]
apply [42,42,42,42]
execute [15,15,15,15]
scatter [[0,1,2,3],[4,5,6,7],[8,9,10,11],[12,13,14,15]]
gather [0,1,4,9,16,25,36,49,64,81,100,121,144,169,196,225]
map 2741681213994576
*/
