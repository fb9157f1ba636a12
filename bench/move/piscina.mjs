// The task of bench/move.bench.ts: adds one, and gives the memory back.
import { move } from 'piscina';

/** @type {(array: Float64Array) => unknown} */
export default (array) => {
  array[0] += 1;
  return move(array);
};
