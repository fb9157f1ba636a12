/**
 * Captured arrays in SharedArrayBuffers: the same memory in threads, refused for processes.
 */
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { map } from 'heddle';

const counting = (counts: Int32Array) => (task: number) => Atomics.add(counts, task % 2, 1);

it('are the same memory in threads', async () => {
  const one = new Int32Array(new SharedArrayBuffer(8));
  const other = new Int32Array(new SharedArrayBuffer(8));
  const tasks = Array.from({ length: 100 }, (_, i) => i);
  // Two functions of one text, which differ in their memory alone.
  await map(tasks, counting(one), { backend: 'threads', jobs: 2 });
  await map(tasks.slice(0, 10), counting(other), { backend: 'threads', jobs: 2 });
  await map(tasks, counting(one), { backend: 'threads', jobs: 2 });
  expect([...one, ...other]).toEqual([100, 100, 5, 5]);
});

it('are refused by name for processes', async () => {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  await expect(map([1], counting(counts), { backend: 'processes', jobs: 2 })).rejects.toThrow(
    /captures 'counts', on a SharedArrayBuffer/,
  );
});
