// The task of the oversubscription benchmark: one product of two 512 × 512 matrices. The matrix is
// the workers' model, which they share; where the result goes is each worker's own.
import { matmulSync } from 'heddle/linalg';

const n = 512;
const out = { data: new Float64Array(n * n), shape: [n, n] };

/** Multiplies, and returns one element to check. */
export function product(a) {
  matmulSync(a, a, { out });
  return out.data[0];
}
