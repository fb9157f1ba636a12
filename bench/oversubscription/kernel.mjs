// The task of the oversubscription benchmark: one product of two 512 × 512 matrices.
import { matmulSync } from 'heddle/linalg';

const n = 512;
const a = { data: Float64Array.from({ length: n * n }, (_, i) => (i % 13) - 6), shape: [n, n] };
const out = { data: new Float64Array(n * n), shape: [n, n] };

/** Multiplies, and returns one element to check. */
export function product() {
  matmulSync(a, a, { out });
  return out.data[0];
}
