// The pools of multiprocessing's guide: map, results as they come, one call at a time, time-outs, starmap,
// callbacks, and a pool that is closed.
// `npx tsx examples/coming-from/multiprocessing-pool.ts`; multiprocessing-pool.py is the same with Python.
import { setTimeout as sleep } from 'node:timers/promises';
import { executor, imap, map, TaskError, wait } from 'heddle';
import { show } from './show.ts';

const f = (x: number): number => x * x;
const add = (a: number, b: number): number => a + b;
const fail = (x: number): number => {
  throw new RangeError(`no ${x}`);
};
const ten = [...Array(10).keys()];

show('map', await map(ten, f, { jobs: 2 }));
const unordered: number[] = [];
for await (const y of imap(ten, f, { jobs: 2, ordered: false })) unordered.push(y);
show(
  'imap_unordered',
  unordered.sort((a, b) => a - b),
);

{
  await using pool = executor({ jobs: 2 });
  show('apply_async', await pool.submit(f, 20));
  const pids = new Set(
    await Promise.all(ten.slice(0, 4).map(() => pool.submit(() => process.pid))),
  );
  show('pids', [pids.size <= 2, !pids.has(process.pid)]);
  const slow = pool.submit(() => sleep(30_000));
  const { done } = await wait([slow], { timeout: 200 });
  show('get', done.size === 0 ? 'TimeoutError' : 'done');
  slow.cancel(); // as terminate() at the end of `with`
  await slow.catch(() => {});
}

const pairs: [number, number][] = [
  [1, 10],
  [2, 20],
  [3, 30],
];
show('starmap', await map(pairs, ([a, b]) => add(a, b), { jobs: 2 }));

const told: (string | number)[] = [];
const pool = executor({ jobs: 2 });
const futures = [pool.submit(f, 3), pool.submit(fail, 4)];
const tell = (y: number): unknown => told.push(y);
const tellError = (error: unknown): unknown =>
  told.push(error instanceof TaskError ? (error.cause as Error).message : 'another error');
await Promise.all(futures.map((future) => future.then(tell, tellError)));
show(
  'successful',
  futures.map((future) => future.outcome?.status === 'fulfilled'),
);
await pool.close();
show('callbacks', told.sort());
try {
  await pool.submit(f, 1);
} catch {
  show('closed', true);
}

/* multiprocessing-pool.py prints, with Debian 12's Python 3.11.2:
map [0,1,4,9,16,25,36,49,64,81]
imap_unordered [0,1,4,9,16,25,36,49,64,81]
apply_async 400
pids [true,true]
get "TimeoutError"
starmap [11,22,33]
successful [true,false]
callbacks [9,"no 4"]
closed true
*/
