// Queues, both ways between two processes, locks, shared numbers, and workers that take tasks of a queue, as
// multiprocessing's guide has them.
// `npx tsx examples/coming-from/multiprocessing-queue.ts`; multiprocessing-queue.py is the same with Python.
import { map, submit } from 'heddle';
import { Lock, Queue, Array as SharedArray, Value } from 'heddle/sync';
import { show } from './show.ts';

const q = new Queue<unknown>();
const f = submit(() => q.put([42, null, 'hello']));
show('queue', (await q.get())?.value);
await f;

const [there, back] = [new Queue<number>(), new Queue<unknown>()]; // a pipe is a queue each way
const g = submit(async () => {
  await back.put([43, null, 'hello']);
  await back.put((await there.get())!.value * 2);
});
show('pipe', (await back.get())?.value);
await there.put(21);
show('answer', (await back.get())?.value);
await g;

const [lock, n] = [new Lock(), new Value('int32', 0)];
const count = (): void => {
  for (let i = 0; i < 100; i++) {
    lock.runSync(() => {
      n.value += 1;
    });
  }
};
await map([0, 1], count, { jobs: 2 });
show('lock', n.value);

const num = new Value('float64', 0);
const arr = new SharedArray('int32', Array(10).keys());
await submit(() => {
  num.value = 2.5;
  arr.data.forEach((x, i) => {
    arr.data[i] = -x;
  });
});
show('shared', [num.value, [...arr.data]]);

const functions = {
  mul: (a: number, b: number) => a * b,
  plus: (a: number, b: number) => a + b,
};
type Task = readonly [keyof typeof functions, number, number];
const [tasks, done] = [new Queue<Task>(), new Queue<string>()];
const todo = (['mul', 'plus'] as const).flatMap((name) =>
  [...Array(5).keys()].map((i): Task => [name, i, name === 'mul' ? 7 : 8]),
);
for (const task of todo) await tasks.put(task);
tasks.close(); // there is nothing like 'STOP' to be put
const worker = async (): Promise<void> => {
  for await (const [name, a, b] of tasks) {
    await done.put(`${name}(${a}, ${b}) = ${functions[name](a, b)}`);
  }
};
await map([0, 1], worker, { jobs: 2 });
done.close();
const results: string[] = [];
for await (const result of done) results.push(result);
show('workers', results.sort());

/* multiprocessing-queue.py prints, with Debian 12's Python 3.11.2:
queue [42,null,"hello"]
pipe [43,null,"hello"]
answer 42
lock 200
shared [2.5,[0,-1,-2,-3,-4,-5,-6,-7,-8,-9]]
workers ["mul(0, 7) = 0","mul(1, 7) = 7","mul(2, 7) = 14","mul(3, 7) = 21","mul(4, 7) = 28","plus(0, 8) = 8","plus(1, 8) = 9","plus(2, 8) = 10","plus(3, 8) = 11","plus(4, 8) = 12"]
*/
