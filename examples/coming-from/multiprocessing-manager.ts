// Managers of multiprocessing's guide: containers, a lock, a queue, a class of one's own, another program.
// `npx tsx examples/coming-from/multiprocessing-manager.ts`; multiprocessing-manager.py is the same with Python.
import { map, submit } from 'heddle';
import { type ListProxy, Manager } from 'heddle/cluster';
import { show } from './show.ts';

class Maths {
  add(x: number, y: number): number {
    return x + y;
  }
  mul(x: number, y: number): number {
    return x * y;
  }
}

{
  await using manager = await Manager.start();
  const d = await manager.dict<string | number, string | number | null>();
  const items = await manager.list(Array(10).keys());
  await submit(async () => {
    await d.set(1, '1');
    await d.set('2', 2);
    await d.set(0.25, null);
    await items.reverse();
  });
  show('dict', (await d.entries()).map(([k, v]) => [String(k), v]).sort());
  show('list', await items.copy());

  const ns = await manager.namespace<{ x: number; y: string; z: number }>({ x: 10, y: 'hello' });
  await ns.set('z', 12.3);
  show('namespace', await Promise.all([ns.get('x'), ns.get('y'), ns.get('z')]));

  const rows = await manager.list<ListProxy<number>>([
    await manager.list([0, 1]),
    await manager.list([0, 1]),
  ]);
  await (await rows.at(0))!.set(1, 55);
  await (await rows.at(1))!.push(100);
  show('nested', await Promise.all((await rows.copy()).map((row) => row.copy())));

  const [lock, totals] = [await manager.lock(), await manager.dict({ all: 0 })];
  const count = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) {
      await lock.run(async () => totals.set('all', (await totals.get('all'))! + 1));
    }
  };
  await map([50, 50], count, { jobs: 2 });
  show('lock', await totals.get('all'));

  const [tasks, results] = [await manager.queue<number>(), await manager.list<number>()];
  const workers = map(
    [0, 1],
    async () => {
      for await (const n of tasks) await results.push(n * n);
    },
    { jobs: 2 },
  );
  for (let n = 0; n < 6; n++) await tasks.put(n);
  await tasks.close(); // there is nothing like None to be put
  await workers;
  await results.sort();
  show('queue', await results.copy());

  const maths = await manager.create(Maths);
  show('maths', [await maths.add(4, 3), await maths.mul(7, 8)]);

  show('empty', (await (await manager.dict()).popItem()) === null);
}

const key = 'a key of both programs';
await using server = await Manager.start({ address: { port: 0 }, key });
const shared = await server.list(['first']);
await server.publish('shared', shared);
{
  await using other = await Manager.connect(server.address, { key });
  await (await other.named<ListProxy<string>>('shared')).push('second');
}
show('remote', await shared.copy());

/* multiprocessing-manager.py prints, with Debian 12's Python 3.11.2:
dict [["0.25",null],["1","1"],["2",2]]
list [9,8,7,6,5,4,3,2,1,0]
namespace [10,"hello",12.3]
nested [[0,55],[0,1,100]]
lock 100
queue [0,1,4,9,16,25]
maths [7,56]
empty true
remote ["first","second"]
*/
