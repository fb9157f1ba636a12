/**
 * Stacks of the threads that a BLAS makes: its parallel factorizations put their work there, and a
 * system's usual stack may be too small for it (musl's, of 128 KiB).
 */
import { expect, it } from 'vitest';
import { lu, matmulSync } from '../../src/linalg/index.ts';

it('large factorizations at once fit into the stacks of their threads', async () => {
  const n = 700;
  const data = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * 1.7) + (i % 5));
  const a = { data, shape: [n, n] };
  const [first, second] = await Promise.all([lu(a), lu(a)]);
  expect(second.u.data).toEqual(first.u.data);
  const product = matmulSync(matmulSync(first.p, first.l), first.u).data;
  const worst = data.reduce((most, x, i) => Math.max(most, Math.abs(x - product[i]!)), 0);
  expect(worst).toBeLessThan(1e-9);
}, 60_000);
