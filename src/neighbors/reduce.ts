/**
 * What neighbours say together, without keeping them: votes of classes, and means of values.
 */
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { planArgKmin } from './argkmin.ts';
import { type Call, mapCall, type Operands, settings } from './call.ts';
import type { Measure } from './metric.ts';
import { planRadius } from './radius.ts';
import type { Classification } from './targets.ts';

/**
 * How neighbours count: all the same (`'uniform'`), each by the inverse of its distance (`'distance'`;
 * where some are at distance 0, only those count), or as a function says.
 *
 * The function is called for each row with the distances of its neighbours and which rows they are:
 * nearest first, or in the order of the fitted rows where all within a radius count. It returns as many
 * weights, finite and not adding up to 0. With a function, neighbours are kept in memory.
 */
export type Weights =
  | 'uniform'
  | 'distance'
  | ((distances: Float64Array, indices: Int32Array) => ArrayLike<number>);

/** Checks how neighbours count. */
export function checkedWeights(weights: unknown, measure: Measure): Weights {
  const right = "'uniform', 'distance' or a function of distances";
  if (weights === undefined) return 'uniform';
  if (typeof weights === 'function') return weights as Weights;
  if (typeof weights !== 'string') throw typeError('weights', weights, right);
  if (weights !== 'uniform' && weights !== 'distance') throw rangeError('weights', weights, right);
  if (weights === 'distance' && measure.name === 'dot') {
    throw rangeError('weights', weights, "'uniform' for 'dot', which is no distance");
  }
  return weights;
}

/** Which rows are neighbours. */
export type Which = { readonly k: number } | { readonly radius: number };

/** What is made of neighbours' targets. */
export type Reduction =
  /** The share of each class. */
  | { readonly make: 'votes'; readonly of: Classification }
  /** The class with the largest share; of several the first. */
  | { readonly make: 'winners'; readonly of: Classification }
  /** Of m × outputs values. */
  | { readonly make: 'means'; readonly of: Float64Array; readonly outputs: number };

/** What neighbours said. */
export interface Reduced {
  /** n × classes of all outputs (votes), or n × outputs (means; NaN where there are no neighbours). */
  readonly numbers: Float64Array;
  /** n × outputs: numbers of classes; -1 where there are no neighbours. */
  readonly winners: Int32Array;
  /** n: how many neighbours there were. */
  readonly counts: Int32Array;
}

/** In the order of `Result` in `native/neighbors/reduce.cpp`. */
const results = ['votes', 'winners', 'means'] as const;

function sizes(reduction: Reduction): { readonly outputs: number; readonly width: number } {
  if (reduction.make === 'means') return { outputs: reduction.outputs, width: reduction.outputs };
  const { starts } = reduction.of;
  return { outputs: starts.length - 1, width: starts[starts.length - 1] as number };
}

/** The call that reduces the neighbours of each row of X. */
export function planReduce(
  of: Operands,
  which: Which,
  measure: Measure,
  weights: Weights,
  reduction: Reduction,
  threads: number | undefined,
): Call<Reduced> {
  if (typeof weights === 'function') {
    return planByFunction(of, which, measure, weights, reduction, threads);
  }
  const n = of.x.rows;
  const { outputs, width } = sizes(reduction);
  const winners = new Int32Array(reduction.make === 'winners' ? n * outputs : 0);
  const numbers = new Float64Array(reduction.make === 'winners' ? 0 : n * width);
  const counts = new Int32Array(n);
  const within = 'radius' in which;
  return {
    operation: native.neighbors.reduce,
    operands: [of.x, of.y],
    numbers: [
      ...settings(measure, of.own),
      within ? 1 : 0,
      within ? which.radius : which.k,
      results.indexOf(reduction.make),
      weights === 'distance' ? 1 : 0,
      outputs,
    ],
    buffers: [
      measure.scale,
      reduction.make === 'means' ? reduction.of : reduction.of.codes,
      reduction.make === 'means' ? undefined : reduction.of.starts,
      reduction.make === 'winners' ? winners : numbers,
      counts,
    ],
    threads,
    finish: () => ({ numbers, winners, counts }),
  };
}

/** Neighbours one list after the other. */
interface Lists {
  readonly starts: ArrayLike<number>;
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

function planByFunction(
  of: Operands,
  which: Which,
  measure: Measure,
  weights: Exclude<Weights, string>,
  reduction: Reduction,
  threads: number | undefined,
): Call<Reduced> {
  const n = of.x.rows;
  if ('radius' in which) {
    const call = planRadius(of, which.radius, measure, { threads });
    return mapCall(call, (found) => reduceLists(found, n, weights, reduction));
  }
  const { k } = which;
  return mapCall(planArgKmin(of, k, measure, threads), ({ indices, distances }) => {
    const starts = Float64Array.from({ length: n + 1 }, (_, i) => i * k);
    const lists = { starts, indices: indices.data, distances: distances.data };
    return reduceLists(lists, n, weights, reduction);
  });
}

/** Does what `native/neighbors/reduce.cpp` does, with weights that a function gives. */
function reduceLists(
  { starts, indices, distances }: Lists,
  n: number,
  weights: Exclude<Weights, string>,
  reduction: Reduction,
): Reduced {
  const { outputs, width } = sizes(reduction);
  const votes = reduction.make === 'means' ? undefined : reduction.of;
  const winners = new Int32Array(reduction.make === 'winners' ? n * outputs : 0).fill(-1);
  const numbers = new Float64Array(reduction.make === 'winners' ? 0 : n * width);
  const counts = new Int32Array(n);
  const sums = new Float64Array(width);
  for (let i = 0; i < n; i++) {
    const [first, end] = [starts[i] as number, starts[i + 1] as number];
    counts[i] = end - first;
    if (first === end) {
      if (reduction.make === 'means') numbers.fill(Number.NaN, i * width, (i + 1) * width);
      continue;
    }
    const rows = indices.slice(first, end);
    const given = weights(distances.slice(first, end), rows);
    const total = checkedTotal(given, end - first, i);
    sums.fill(0);
    for (let at = 0; at < rows.length; at++) {
      const from = (rows[at] as number) * outputs;
      const weight = given[at] as number;
      for (let o = 0; o < outputs; o++) {
        if (votes) {
          const column = (votes.starts[o] as number) + (votes.codes[from + o] as number);
          sums[column] = (sums[column] as number) + weight;
        } else {
          sums[o] =
            (sums[o] as number) + weight * ((reduction.of as Float64Array)[from + o] as number);
        }
      }
    }
    if (votes && reduction.make === 'winners') {
      for (let o = 0; o < outputs; o++) {
        winners[i * outputs + o] = winner(
          sums.subarray(votes.starts[o], votes.starts[o + 1] as number),
        );
      }
    } else {
      for (let j = 0; j < width; j++) numbers[i * width + j] = (sums[j] as number) / total;
    }
  }
  return { numbers, winners, counts };
}

function winner(votes: Float64Array): number {
  let best = 0;
  for (let c = 1; c < votes.length; c++) {
    // Sums of weights that should be equal may differ in their last digits.
    if ((votes[c] as number) > (votes[best] as number) * (1 + 1e-12)) best = c;
  }
  return best;
}

function checkedTotal(given: ArrayLike<number>, count: number, row: number): number {
  if (typeof given !== 'object' || given === null || given.length !== count) {
    throw typeError('weights()', given, `an array of ${count}, one weight for each neighbour`);
  }
  let total = 0;
  for (let at = 0; at < count; at++) {
    const weight: unknown = given[at];
    if (typeof weight !== 'number') throw typeError('weights()', weight, 'made of numbers');
    total += weight;
  }
  if (!Number.isFinite(total) || total === 0) {
    throw rangeError('weights()', given, `finite and not of sum 0, for row ${row} of X`);
  }
  return total;
}
