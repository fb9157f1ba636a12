import { describe, expect, it } from 'vitest';
import type { Elements, MatrixLike } from '../../src/linalg/index.ts';
import * as linalg from '../../src/linalg/index.ts';
import { collect } from '../helpers/collect.ts';
import { seededNumbers } from '../helpers/seeds.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types could pass
type Anything = any;
type Operation = (...args: Anything[]) => Anything;

/** Every operation, with what it takes before its options; `m` stands for a matrix. */
const operations: Record<string, string> = {
  matmul: 'mm',
  gram: 'm',
  dot: 'mm',
  norm: 'm',
  axpy: 'nmm',
  scale: 'nm',
  cholesky: 'm',
  solve: 'mm',
  lu: 'm',
  luFactor: 'm',
  luSolve: 'fm',
  qr: 'm',
  svd: 'm',
  svdvals: 'm',
  eigh: 'm',
  eigvalsh: 'm',
  eig: 'm',
  eigvals: 'm',
  lstsq: 'mm',
  inv: 'm',
  pinv: 'm',
  det: 'm',
  slogdet: 'm',
  matrixRank: 'm',
  cond: 'm',
};

const next = seededNumbers(1);
const below = (n: number) => Math.floor(next() * n);
const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)]!;

const hostileNumbers = [
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  2 ** 32 + 1,
  2 ** 53,
  -(2 ** 53),
  2 ** 62,
  1e300,
  '3',
  null,
  undefined,
  4n,
  {},
  [2],
];
const size = () => pick<unknown>([0, 1, 2, 3, 3, 4, 4, 7, ...(next() < 0.1 ? hostileNumbers : [])]);
const step = () =>
  pick<unknown>([0, 1, 1, 2, 4, 7, -1, -3, ...(next() < 0.1 ? hostileNumbers : [])]);
const place = () => pick<unknown>([0, 0, 1, 5, ...(next() < 0.1 ? hostileNumbers : [])]);

/** Buffers whose bytes are all accounted for: the margins must stay as they are. */
const MARGIN = 64;
const PATTERN = 0.123;

function buffer(): Elements {
  const Type = next() < 0.8 ? Float64Array : Float32Array;
  const length = pick([0, 1, 9, 16, 49, 100]);
  const all =
    next() < 0.2
      ? new Type(new SharedArrayBuffer((length + 2 * MARGIN) * Type.BYTES_PER_ELEMENT) as never)
      : new Type(length + 2 * MARGIN);
  all.fill(PATTERN);
  const inner = all.subarray(MARGIN, MARGIN + length) as Elements;
  for (let i = 0; i < length; i++) inner[i] = 2 * next() - 1;
  watched.push({ all: all as Elements, length });
  return inner;
}

let watched: { all: Elements; length: number }[] = [];

function strangeData(): unknown {
  return pick<() => unknown>([
    () => undefined,
    () => [1, 2, 3, 4],
    () => new Int32Array(16),
    () => new DataView(new ArrayBuffer(128)),
    () => new Proxy(new Float64Array(16), {}),
    () => {
      const data = new Float64Array(16);
      structuredClone(data.buffer, { transfer: [data.buffer] });
      return data; // taken away
    },
    () => {
      const resizable = new (ArrayBuffer as Anything)(128, { maxByteLength: 1024 });
      const data = new Float64Array(resizable, 0, 16);
      resizable.resize(64);
      return data; // out of bounds
    },
    () => {
      const resizable = new (ArrayBuffer as Anything)(128, { maxByteLength: 1024 });
      const data = new Float64Array(resizable);
      resizable.resize(pick([0, 8, 40, 512]));
      return data; // tracks its buffer's length
    },
    () => {
      const growable = new (SharedArrayBuffer as Anything)(128, { maxByteLength: 1024 });
      const data = new Float64Array(growable);
      growable.grow(256);
      return data;
    },
  ])();
}

function matrix(): Anything {
  const axes = pick([1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 0]);
  const shape: unknown[] = Array.from({ length: axes }, size);
  if (axes === 2 && next() < 0.6) shape[1] = shape[0];
  const like: Record<string, unknown> = {
    data: next() < 0.15 ? strangeData() : buffer(),
    shape,
  };
  if (next() < 0.4) like.stride = Array.from({ length: next() < 0.9 ? axes : 3 }, step);
  if (next() < 0.4) like.offset = place();
  if (next() < 0.03) return pick<unknown>([null, undefined, 7, [], {}, { data: like.data }]);
  if (next() < 0.05) {
    // Answers that change from one question to the next.
    const other = matrix();
    let asked = 0;
    return new Proxy(like, {
      get: (target, key) => (asked++ % 2 === 0 ? target[key as string] : other?.[key]),
    });
  }
  return like;
}

function argument(kind: string): unknown {
  switch (kind) {
    case 'm':
      return matrix();
    case 'n':
      return pick<unknown>([1, -2.5, 0, Number.NaN, '1', undefined]);
    default: {
      const n = below(5);
      return pick<unknown>([
        {
          lu: { data: new Float64Array(n * n).fill(1.5), shape: [n, n], stride: [1, n] },
          pivots: Int32Array.from({ length: n }, () => pick([0, 1, n - 1, n, -1, 2 ** 31 - 1])),
        },
        { lu: matrix(), pivots: new Int32Array(below(5)) },
        { lu: matrix(), pivots: [0, 1, 2] },
        null,
      ]);
    }
  }
}

const optionValues: Record<string, readonly unknown[]> = {
  threads: [1, 2, 0, -1, 1.5, 'all', 1e9],
  transpose: [true, 'yes'],
  assume: ['general', 'positive definite', 'symmetric', 'triangular', 'lower triangular', 'no'],
  unitDiagonal: [true],
  mode: ['reduced', 'complete', 'r', 'raw'],
  fullMatrices: [true, false],
  computeUv: [true, false],
  permuteL: [true],
  pIndices: [true],
  uplo: ['L', 'U', 'X'],
  ord: [0, 1, 2, -2, 'fro', 'nuc', Number.NaN, Number.POSITIVE_INFINITY, 'x'],
  p: [1, 2, -2, 'fro', 'nuc', Number.NaN],
  rcond: [0, 0.1, -1, Number.NaN, 'x'],
  rtol: [0, 0.1, -1, Number.NaN, 'x'],
  tol: [0, 0.1, -1, Number.NaN, 'x'],
};

function someOptions(): unknown {
  if (next() < 0.3) return undefined;
  const options: Record<string, unknown> = {};
  for (const [key, values] of Object.entries(optionValues)) {
    if (next() < 0.15) options[key] = pick(values);
  }
  if (next() < 0.3) options.out = matrix();
  return options;
}

/** Only what a call is allowed to end with; a wrong message from inside would be one of ours. */
function requireKnown(error: unknown, told: string): void {
  const known =
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof linalg.LinAlgError ||
    // A few numbers and strides of zero make a matrix of any size.
    (error as { code?: unknown } | null)?.code === 'ERR_HEDDLE_OUT_OF_MEMORY';
  if (!known) expect.fail(`${told} ended with ${String(error)}`);
}

function requireMargins(told: string): void {
  for (const { all, length } of watched) {
    if (all.length === 0) continue;
    for (let i = 0; i < MARGIN; i++) {
      const expected = Math.fround(PATTERN) === all[i] ? Math.fround(PATTERN) : PATTERN;
      if (all[i] !== expected || all[MARGIN + length + i] !== expected) {
        expect.fail(`${told} wrote outside a view`);
      }
    }
  }
}

describe('hostile arguments', () => {
  const COUNT = Number(process.env.HEDDLE_TEST_FUZZ ?? 400);

  for (const [name, kinds] of Object.entries(operations)) {
    it(`${name}: ${COUNT} calls end with a result or an error, and nothing else is touched`, async () => {
      for (let round = 0; round < COUNT; round++) {
        watched = [];
        const seen: unknown[] = [...kinds].map(argument);
        const options = someOptions();
        const queued = next() < 0.4;
        const told = `${name} in round ${round}`;
        const operation = (linalg as unknown as Record<string, Operation>)[
          queued ? name : `${name}Sync`
        ]!;
        try {
          const result = operation(...seen, options);
          if (queued) await result;
        } catch (error) {
          requireKnown(error, told);
        }
        requireMargins(told);
      }
    });
  }
});

describe('buffers that change while a call waits', () => {
  const square = (data: Elements): MatrixLike => ({ data, shape: [200, 200] });
  const random = (length: number) => Float64Array.from({ length }, () => next());

  it('resizable ones are refused when queued, and taken when blocking', async () => {
    const resizable = new (ArrayBuffer as Anything)(32, { maxByteLength: 1024 }) as ArrayBuffer;
    const small = { data: new Float64Array(resizable), shape: [2, 2] };
    expect(linalg.detSync(small)).toBe(0);
    await expect(linalg.det(small)).rejects.toThrow(/can not be resized/);
    await expect(linalg.matmul(small, small)).rejects.toThrow(TypeError);
  });

  it('growable shared ones may grow', async () => {
    const growable = new (SharedArrayBuffer as Anything)(320_000, { maxByteLength: 640_000 });
    const data = new Float64Array(growable).fill(1);
    const product = linalg.matmul(square(data), square(data));
    (growable as Anything).grow(640_000);
    expect((await product).data[0]).toBe(200);
  });

  it('one that is transferred makes the call fail, and harms nobody else', async () => {
    const work = Array.from({ length: 8 }, () => square(random(40_000)));
    const kept = square(random(40_000));
    const expected = linalg.matmulSync(kept, kept).data[5];
    const calls = work.map((one) => linalg.svdvals(one));
    const other = linalg.matmul(kept, kept);
    const owners = work
      .slice(4)
      .map(({ data }) => structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.slice(0, 4).map((one) => one.status)).toEqual(Array(4).fill('fulfilled'));
    for (const one of outcomes.slice(4)) {
      expect(one.status).toBe('rejected');
      expect(String((one as PromiseRejectedResult).reason)).toMatch(/was transferred/);
    }
    expect(owners.map((owner) => owner.byteLength)).toEqual(Array(4).fill(320_000));
    expect((await other).data[5]).toBeCloseTo(expected!, 10);
  });

  it('one that is transferred, and then freed by its new owner, is there until it is done', async () => {
    const shape = [60, 60];
    const work = Array.from({ length: 20 }, () => {
      const a = { data: random(3600), shape };
      // The transpose of a view with gaps is packed by code that sanitizers see.
      const gaps = { data: random(7200), shape, stride: [2, 120] };
      const out = { data: new Float64Array(3600), shape };
      const expected = linalg.matmulSync(a, gaps).data;
      return { a, gaps, out, expected };
    });
    // Half a second each on one core.
    const long = { data: random(250_000), shape: [500, 500] };
    const busy = Array.from({ length: 2 }, () => linalg.eig(long, { threads: 1 }));
    const calls = Promise.allSettled(
      work.map(({ a, gaps, out }) => linalg.matmul(a, gaps, { out })),
    );
    expect(linalg.executorStats().queued).toBeGreaterThanOrEqual(work.length);
    for (const { a, gaps } of work) {
      structuredClone(null, { transfer: [a.data.buffer, gaps.data.buffer] });
      expect([a.data.length, gaps.data.length]).toEqual([0, 0]);
    }
    collect();
    const others = Array.from({ length: 100 }, () => new Float64Array(3600).fill(Number.NaN));
    for (const one of await calls) {
      expect(one.status).toBe('rejected');
      expect(String((one as PromiseRejectedResult).reason)).toMatch(/was transferred/);
    }
    for (const { out, expected } of work) expect(out.data).toEqual(expected);
    expect(others[0]![0]).toBeNaN();
    await Promise.all(busy);
  });
});
