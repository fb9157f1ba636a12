import { expect, it } from 'vitest';
import { zeros } from '../../src/executor/index.ts';
import { type Matrix, matmulSync } from '../../src/linalg/index.ts';
import { defaultRng } from '../../src/random/index.ts';
import { randomMatrix } from '../helpers/matrices.ts';

/** Page faults of `count` calls. */
function faults(count: number, body: () => unknown): number {
  const before = process.resourceUsage().minorPageFault;
  for (let i = 0; i < count; i++) body();
  return process.resourceUsage().minorPageFault - before;
}

// A page is 4 KiB where the system gives no larger ones.
it('large results use memory again that was freed, instead of taking new pages', () => {
  const n = 600;
  const pages = (n * n * 8) / 4096;
  const a = randomMatrix(n, n);
  const product = () => matmulSync(a, a, { threads: 1 });
  faults(20, product);
  expect(faults(60, product)).toBeLessThan(0.4 * 60 * pages);
});

// Memory of external buffers would be held until the event loop turns.
it.each([
  ['products', (rows: number) => matmulSync(randomMatrix(rows, 1), randomMatrix(1, 1024))],
  ['random numbers', (rows: number) => defaultRng(1).random(rows * 1024)],
])('a loop of %s that never lets the event loop turn gives memory back', (_name, make) => {
  const mebibytes = 8;
  make(mebibytes * 128);
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 120; i++) make(mebibytes * 128);
  expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(0.5 * 120 * mebibytes);
});

it('results of all sizes are independent of each other and of what lay there before', () => {
  for (const n of [8, 16, 40, 130, 300, 800]) {
    const a = { data: new Float64Array(n * n).fill(1), shape: [n, n] };
    const first: Matrix = matmulSync(a, a);
    const second: Matrix = matmulSync(a, a);
    expect(first.data.buffer).not.toBe(second.data.buffer);
    expect(first.data.buffer.byteLength).toBe(n * n * 8);
    expect(first.data.every((value) => value === n)).toBe(true);
    second.data.fill(Number.NaN);
    expect(first.data.every((value) => value === n)).toBe(true);
    expect(matmulSync(a, a).data.every((value) => value === n)).toBe(true);
  }
});

it('results that no memory can hold are refused with a code, and what would be needed', () => {
  const column = (rows: number) => ({
    data: new Float64Array(1),
    shape: [rows, 1],
    stride: [0, 1],
  });
  const row = (columns: number) => ({
    data: new Float64Array(1),
    shape: [1, columns],
    stride: [1, 0],
  });
  const tooLarge = { name: 'RangeError', code: 'ERR_HEDDLE_TOO_LARGE' };
  expect(() => matmulSync(column(2 ** 30), row(2 ** 30))).toThrow(
    expect.objectContaining(tooLarge),
  );
  expect(() => defaultRng(1).random(2 ** 52)).toThrow(expect.objectContaining(tooLarge));
  expect(() => defaultRng(1).random(2 ** 52)).toThrow(`takes ${2 ** 55} bytes: `);
  // 16 TiB is an array's size like any other, and more than there is.
  expect(() => zeros(Float64Array, 2 ** 41)).toThrow(
    expect.objectContaining({
      name: 'RangeError',
      code: expect.stringMatching(/OUT_OF_MEMORY|TOO_LARGE/),
    }),
  );
  // After a refusal the next one is as good as before.
  expect(matmulSync(column(3), row(3)).data.every((value) => value === 0)).toBe(true);
});
