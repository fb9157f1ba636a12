// The examples of joblib's page on Parallel: roots, functions with two results, the progress meter, the
// traceback of a task that fails, and a producer that is read no further than there is room.
// `npx tsx examples/coming-from/joblib-parallel.ts`; joblib-parallel.py is the same with joblib.
import { setTimeout as sleep } from 'node:timers/promises';
import { imap, map, TaskError } from 'heddle';
import { Value } from 'heddle/sync';
import { show } from './show.ts';

const squares = Array.from({ length: 10 }, (_, i) => i ** 2);
show('sqrt', await map(squares, Math.sqrt, { jobs: 1 }));
show('sqrt', await map(squares, Math.sqrt, { jobs: 2 }));

const halves = Array.from({ length: 10 }, (_, i) => i / 2);
const parts = await map(halves, (x) => [x % 1, Math.trunc(x)], { jobs: 2 });
show('modf', [parts.map(([fraction]) => fraction), parts.map(([, whole]) => whole)]);

await map(Array(10), () => sleep(200), { jobs: 2, verbose: 10 });

function nlargest(n: number, values: Iterable<string | number>): (string | number)[] {
  return [...values].sort((a, b) => (a < b ? 1 : -1)).slice(0, n);
}
const inputs = [Array(4).keys(), 'abcde', 3].map((n) => (typeof n === 'object' ? [...n] : n));
try {
  await map(inputs, (n) => nlargest(2, n as string), { jobs: 2 });
} catch (error) {
  if (!(error instanceof TaskError)) throw error;
  const cause = error.cause as Error;
  show('traceback', [cause.name, cause.stack?.includes('nlargest')]);
}

const finished = new Value('int32', 0);
const ahead: number[] = [];
function* producer(): Generator<number> {
  for (let i = 0; i < 6; i++) {
    ahead.push(i + 1 - finished.value);
    yield i;
  }
}
const root = (x: number): number => {
  finished.updateSync((n) => n + 1);
  return Math.sqrt(x);
};
const out: number[] = [];
const options = { jobs: 2, preDispatch: '1.5*jobs', batchSize: 1 };
for await (const y of imap(producer(), root, options)) out.push(y);
show('producer', [out, Math.max(...ahead) <= 3]);

/* joblib-parallel.py prints, with Debian 12's python3-joblib 1.2.0:
sqrt [0,1,2,3,4,5,6,7,8,9]
sqrt [0,1,2,3,4,5,6,7,8,9]
modf [[0,0.5,0,0.5,0,0.5,0,0.5,0,0.5],[0,0,1,1,2,2,3,3,4,4]]
traceback ["TypeError",true]
producer [[0,1,1.4142135623730951,1.7320508075688772,2,2.23606797749979],true]
*/
/* and on standard error:
[Parallel(n_jobs=2)]: Done   1 tasks      | elapsed:    0.2s
[Parallel(n_jobs=2)]: Done  10 out of  10 | elapsed:    1.0s finished
*/
