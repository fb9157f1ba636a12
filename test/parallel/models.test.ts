/**
 * An invoker gives what a loop gives, for every kind of model.
 */
import { heddle, invoker, shared, sharedMemoryInfo, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { range, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** Rows in compressed form: of row i the columns and values from pointers[i] to pointers[i + 1]. */
interface Sparse {
  readonly shape: readonly [number, number];
  readonly pointers: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

const sparse: Sparse = {
  shape: [4, 5],
  pointers: Int32Array.of(0, 2, 2, 3, 5),
  columns: Int32Array.of(0, 4, 2, 1, 3),
  values: Float64Array.of(1, 2, 3, 4, 5),
};

class Bias {
  readonly items: readonly number[];
  constructor(items: readonly number[]) {
    this.items = items;
  }
  score(item: number): number {
    return this.items[item % this.items.length]!;
  }
}

class Hidden {
  readonly #weights: Float64Array;
  constructor(weights: Float64Array) {
    this.#weights = weights;
  }
  score(item: number): number {
    return this.#weights[item % this.#weights.length]!;
  }
  [heddle.state]() {
    return this.#weights;
  }
  static [heddle.restore](weights: Float64Array) {
    return new Hidden(weights);
  }
}

const grid = Float64Array.from({ length: 60 }, (_, i) => i / 7);
const scores = new Map([
  [0, 'none'],
  [3, 'three'],
]);
const plusOne = (x: number) => x + 1;

/** Models with what a task does with them. */
const kinds: Record<string, [unknown, (model: never, x: number) => unknown]> = {
  nothing: [null, (model, x) => [model, x]],
  undefined: [undefined, (model, x) => [model, x]],
  'a number': [2.5, (model: number, x) => model * x],
  'a text': ['heddle', (model: string, x) => model[x]],
  'a list': [[1, [2, [3]], []], (model: unknown[], x) => [model, x]],
  'an object': [{ a: { b: -0 } }, (model: { a: { b: number } }, x) => [1 / model.a.b, x]],
  'a Map': [scores, (model: Map<number, string>, x) => model.get(x)],
  'a function': [plusOne, (model: (x: number) => number, x) => model(x)],
  'an instance': [new Bias([1, 2, 3]), (model: Bias, x) => model.score(x)],
  'an instance with hidden state': [
    new Hidden(Float64Array.of(4, 5)),
    (model: Hidden, x) => model.score(x),
  ],
  'empty arrays': [
    [new Float64Array(0), new Int32Array(0), new ArrayBuffer(0), []],
    (model: unknown[], x) => [model, x],
  ],
  'a dense matrix': [
    { data: grid, shape: [6, 10] },
    ({ data, shape }: { data: Float64Array; shape: number[] }, x) =>
      data.slice(x * shape[1]!, (x + 1) * shape[1]!),
  ],
  'a view with offset and strides': [
    { data: grid.subarray(7, 50), shape: [3, 4], stride: [1, 3], offset: 2 },
    (m: { data: Float64Array; stride: number[]; offset: number }, x) => [
      m.data.length,
      m.data[m.offset + (x % 3) * m.stride[0]! + m.stride[1]!],
    ],
  ],
  'a sparse matrix': [
    sparse,
    ({ shape, pointers, columns, values }: Sparse, x) => {
      const row = new Float64Array(shape[1]);
      const i = x % shape[0];
      for (let k = pointers[i]!; k < pointers[i + 1]!; k++) row[columns[k]!] = values[k]!;
      return row;
    },
  ],
  'shared memory': [
    shared.from(grid, { mode: 'copyonwrite' }),
    (model: Float64Array, x) => model.subarray(x, x + 3),
  ],
};

const cases = Object.keys(kinds).flatMap((kind) =>
  (['sequential', 'threads', 'processes'] as const).map((backend) => [kind, backend] as const),
);

describe('a model', () => {
  it.each(cases)('%s: %s', async (kind, backend) => {
    const [model, fn] = kinds[kind]!;
    const tasks = range(6);
    const expected = tasks.map((x) => fn(model as never, x));
    const jobs = backend === 'sequential' ? [1] : [1, 2, -1, -2];
    for (const count of jobs) {
      // Arrays of every size are shared, or none is.
      for (const maxBytes of [0, 1, 2 ** 20]) {
        const options = { backend, jobs: count, maxBytes };
        await using calls = invoker(model, fn as (model: unknown, x: number) => unknown, options);
        expect(await calls.map(tasks).toArray()).toEqual(expected);
        // It is there for the next call, too.
        expect(await calls.map(tasks.slice(2)).toArray()).toEqual(expected.slice(2));
      }
    }
  });
});

describe.each(workerBackends)('arrays of a model: %s', (backend, options) => {
  it('are one segment each, however many workers have them, or none where they are small', async () => {
    // Sizes of their own: what the test before has left may still wait to be used again.
    const table = new Float64Array(backend === 'processes' ? 300_001 : 300_003).fill(1);
    const small = new Float64Array(1001).fill(2);
    const arrived = shared.zeros('int32', 1);
    // Each worker takes one task: they wait for each other.
    const look = async (m: { table: Float64Array; small: Float64Array }, x: number) => {
      Atomics.add(arrived, 0, 1);
      while (Atomics.load(arrived, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      return m.table[x]! + m.small[x]!;
    };
    const settings = { ...options, batchSize: 1 };
    await using calls = invoker({ table, small }, look, settings);
    expect(await calls.map([0, 1]).toArray()).toEqual([3, 3]);
    const { segments } = sharedMemoryInfo();
    const found = segments.filter(({ bytes }) => bytes === table.byteLength);
    expect(found).toHaveLength(1);
    const others = found[0]!.mappedBy.filter((pid) => pid !== process.pid);
    expect(others).toHaveLength(backend === 'processes' ? 2 : 0);
    expect(segments.filter(({ bytes }) => bytes === small.byteLength)).toEqual([]);
  });

  it('come back as ordinary arrays', async () => {
    const table = new Float64Array(300_002).fill(1);
    await using calls = invoker(table, (model, x: number) => (x ? model : model[5]), options);
    const [one, two] = (await calls.map([1, 2]).toArray()) as Float64Array[];
    expect(one).toEqual(table);
    one![5] = 9;
    expect([table[5], two![5]]).toEqual([1, 1]);
    expect(await calls.map([0, 0, 0]).toArray()).toEqual([1, 1, 1]);
  });
});
