// Engines as ipyparallel's tutorial has them: hello, push and execute, scatter and gather, a load-balanced
// map. `npx tsx examples/engines/main.ts`; hello.py beside it is the same with ipyparallel.
import { Cluster } from 'heddle/cluster';

declare const a: number;
declare const b: number;

await using cluster = await Cluster.start({ n: 4 });
const client = await cluster.client();
console.log('ids', JSON.stringify(client.ids));

const view = client.directView();
console.log('hello', JSON.stringify(await view.apply(() => 'Hello, World')));

await view.push({ a: 5, b: 10 });
console.log('apply', JSON.stringify(await view.apply((x: number) => a + b + x, 27)));
await view.execute('c = a + b');
console.log('execute', JSON.stringify(await view.pull('c')));

await view.scatter('part', Array(16).keys());
console.log('scatter', JSON.stringify(await view.pull('part')));
await view.execute('part = part.map((x) => x ** 2)');
console.log('gather', JSON.stringify(await view.gather('part')));

const balanced = client.loadBalancedView();
const powers = balanced.map(Array(32).keys(), (x) => x ** 10);
console.log(
  'map',
  (await powers).reduce((sum, x) => sum + x, 0),
);
