import { describe, expect, it } from 'vitest';
import { defaultRng, Generator, type NdArray, PCG64 } from '../../src/random/index.ts';
import { expectState, pcg, sha256, strings, vectors } from './helpers.ts';

const { generator } = vectors('numpy-random-vectors.json').cases;
const more = vectors('numpy-random-more.json');

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function grid(...shape: number[]): { data: Int32Array; shape: number[] } {
  return { data: Int32Array.from(upTo(shape.reduce((a, b) => a * b))), shape };
}

describe('orders and samples, compared with NumPy', () => {
  it('permutation', () => {
    for (const { seed, n, values } of generator.permutation) {
      expect([...pcg(seed).permutation(n as number)]).toEqual(values.map(Number));
      expect(pcg(seed).permutation(upTo(n))).toEqual(values.map(Number));
    }
    for (const { seed, n, sha256: hash } of generator.permutation_sha256_int64) {
      const places = BigInt64Array.from([...pcg(seed).permutation(n as number)].map(BigInt));
      expect(sha256(places)).toBe(hash);
    }
  });

  it('shuffle of every element size', () => {
    const arrays = {
      float64: Float64Array,
      int32: Int32Array,
      uint8: Uint8Array,
    } as const;
    for (const { seed, n, dtype, values, after } of generator.shuffle) {
      const g = pcg(seed);
      if (!(dtype in arrays)) {
        const axis = dtype.includes('axis1') ? 1 : 0;
        const rows = grid(4, 3);
        const list = upTo(n);
        if (dtype === 'list') g.shuffle(list);
        else if (dtype.startsWith('permuted')) g.permuted(rows, { axis, out: rows });
        else g.shuffle(rows, { axis });
        expect(dtype === 'list' ? list : [...rows.data], dtype).toEqual(values.flat().map(Number));
        if (after) expectState(g.bitGenerator, after);
        continue;
      }
      const typed = arrays[dtype as keyof typeof arrays].from(upTo(n));
      g.shuffle(typed);
      expect([...typed]).toEqual(values.map(Number));
      expectState(g.bitGenerator, after);
      const half = Int16Array.from(upTo(n));
      pcg(seed).shuffle(half);
      if (n < 256) expect([...half]).toEqual(values.map(Number));
    }
  });

  it('choice', () => {
    for (const { seed, n, k, replace, shuffle, p, values, after } of generator.choice) {
      const g = pcg(seed);
      const options = { replace, p, ...(shuffle === undefined ? {} : { shuffle }) };
      expect(strings(g.choice(Number(n), k as number, options)), `${n} ${k} ${shuffle}`).toEqual(
        values,
      );
      if (after) expectState(g.bitGenerator, after);
    }
  });

  it('arrays in shapes, lists, scalars, probabilities', () => {
    for (const { seed, what, axis, values, after } of more.orders) {
      const g = new Generator(new PCG64(seed));
      const label = `${what} ${axis} ${seed}`;
      if (what === 'shuffle') {
        const array = grid(4, 6);
        g.shuffle(array, { axis });
        expect([...array.data], label).toEqual(values);
      } else if (what === 'permutation') {
        expect([...g.permutation(grid(4, 6), { axis }).data], label).toEqual(values);
      } else if (what === 'permuted') {
        const options = axis === null ? {} : { axis };
        expect([...g.permuted(grid(2, 3, 4), options).data], label).toEqual(values);
      } else if (what === 'list') {
        const words = 'the quick brown fox jumps over the lazy dog'.split(' ');
        g.shuffle(words);
        expect(words).toEqual(values);
      } else if (what === 'choice') {
        const chosen = g.choice(grid(4, 6), 3, { axis });
        expect(chosen.shape).toEqual([4, 3]);
        expect([...chosen.data]).toEqual(values);
      } else if (what === 'choice scalars') {
        const p = [0.1, 0.2, 0.3, 0.2, 0.2];
        const chosen = [
          g.choice(10),
          g.choice(5, undefined, { p }),
          g.choice(9, undefined, { replace: false }),
        ];
        expect(chosen, label).toEqual(values);
      } else {
        const p = upTo(50).map((i) => (i + 1) / 1275);
        const chosen = [g.choice(50, 40, { replace: false, p }), g.choice(50, 30, { p })];
        expect(
          chosen.map((places) => [...places]),
          label,
        ).toEqual(values);
      }
      expectState(g.bitGenerator, after);
    }
  });
});

describe('orders and samples', () => {
  it('choose elements of anything with elements', () => {
    const rng = defaultRng(1);
    expect(['a', 'b']).toContain(rng.choice(['a', 'b']));
    expect(rng.choice(['a', 'b'], 7)).toHaveLength(7);
    expect(rng.choice(Float32Array.of(1, 2, 3), 4)).toBeInstanceOf(Float32Array);
    expect(rng.choice(Float32Array.of(1.5))).toBe(1.5);
    const shaped: NdArray<Float64Array> = rng.choice(100, [3, 5]);
    expect(shaped.shape).toEqual([3, 5]);
    expect(shaped.stride).toEqual([5, 1]);
    expect([...rng.choice(1e12, 5, { replace: false })].every(Number.isSafeInteger)).toBe(true);
    expect(rng.choice([], 0)).toEqual([]);
    expect(rng.choice(0, 0)).toHaveLength(0);
    expect(new Set(rng.choice(20_000, 20_000, { replace: false })).size).toBe(20_000);
    expect(new Set(rng.choice(30_000, 9000, { replace: false, shuffle: false })).size).toBe(9000);
  });

  it('leave the argument as it is, but for shuffle', () => {
    const rng = defaultRng(1);
    const list = upTo(20);
    const copy = rng.permutation(list);
    expect(list).toEqual(upTo(20));
    expect(copy.sort((a, b) => a - b)).toEqual(list);
    const part = Float64Array.from(upTo(20)).subarray(5, 10);
    rng.shuffle(part);
    expect([...new Float64Array(part.buffer)].slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
    expect([...part].sort((a, b) => a - b)).toEqual([5, 6, 7, 8, 9]);
    const out = new Float64Array(20);
    expect(rng.permuted(Float64Array.from(list), { out })).toBe(out);
    expect([...out].sort((a, b) => a - b)).toEqual(list);
    const same = Float64Array.from(list);
    expect(rng.permuted(same, { out: same })).toBe(same);
    const empty = { data: new Float64Array(0), shape: [3, 0] };
    rng.shuffle(empty);
    expect(rng.permutation(empty).shape).toEqual([3, 0]);
  });

  it('refuse what can not be', () => {
    const rng = defaultRng(1);
    const range: (() => unknown)[] = [
      () => rng.choice(5, 6, { replace: false }),
      () => rng.choice(0),
      () => rng.choice([], 1),
      () => rng.choice(-1),
      () => rng.choice(5, -1),
      () => rng.choice(3, 1, { p: [0.5, 0.5] }),
      () => rng.choice(2, 1, { p: [0.5, 0.6] }),
      () => rng.choice(2, 1, { p: [1.5, -0.5] }),
      () => rng.choice(2, 1, { p: [Number.NaN, 0.5] }),
      () => rng.choice(3, 2, { replace: false, p: [1, 0, 0] }),
      () => rng.choice(grid(2, 2), 1, { axis: 2 }),
      () => rng.shuffle([1, 2], { axis: 1 }),
      () => rng.permutation(1.5),
      () => rng.permuted(grid(2, 2), { axis: 5 }),
      () => rng.shuffle({ data: new Float64Array(4), shape: [2, 2], stride: [1, 2] }),
      () => rng.shuffle({ data: new Float64Array(3), shape: [2, 2] }),
    ];
    for (const call of range) expect(call, String(call)).toThrow(RangeError);
    const type: (() => unknown)[] = [
      () => rng.choice('abc' as never),
      () => rng.choice(3, 1, { p: 0.5 as never }),
      () => rng.shuffle(5 as never),
      () => rng.shuffle('abc' as never),
      () => rng.permutation('abc' as never),
      () => rng.permuted(upTo(3), { out: new Float64Array(3) as never }),
    ];
    for (const call of type.slice(0, 5)) expect(call, String(call)).toThrow(TypeError);
  });
});

describe('what is copied is copied', () => {
  /** Bytes in memory whose first and last ones nobody may touch. */
  const bytes = () => Buffer.from(Uint8Array.from({ length: 34 }, (_, i) => i).buffer, 1, 32);

  it('a Buffer, whose slice() is a view, stays as it is', () => {
    const own = [...bytes()];
    const plain = Uint8Array.from(own);
    for (const [name, call] of [
      ['permutation', (g: Generator, array: Uint8Array) => g.permutation(array)],
      ['permuted', (g: Generator, array: Uint8Array) => g.permuted(array)],
      ['choice', (g: Generator, array: Uint8Array) => g.choice(array, 32, { replace: false })],
      [
        'permutation of rows',
        (g: Generator, data: Uint8Array) => g.permutation({ data, shape: [8, 4] }).data,
      ],
      [
        'permutation of columns',
        (g: Generator, data: Uint8Array) =>
          g.permutation({ data, shape: [8, 4] }, { axis: 1 }).data,
      ],
      [
        'permuted columns',
        (g: Generator, data: Uint8Array) => g.permuted({ data, shape: [8, 4] }, { axis: 1 }).data,
      ],
      [
        'choice of columns',
        (g: Generator, data: Uint8Array) => g.choice({ data, shape: [8, 4] }, 4, { axis: 1 }).data,
      ],
    ] as const) {
      const buffer = bytes();
      const result = call(pcg(0), buffer);
      expect([...buffer], name).toEqual(own);
      expect([...result], name).toEqual([...call(pcg(0), plain)]);
      expect(Buffer.isBuffer(result), name).toBe(true);
    }
    const buffer = bytes();
    pcg(0).shuffle({ data: buffer, shape: [8, 4] }, { axis: 1 });
    const array = { data: Uint8Array.from(own), shape: [8, 4] };
    pcg(0).shuffle(array, { axis: 1 });
    expect([...buffer]).toEqual([...array.data]);
  });

  it('out has the shape and the kind of the array', () => {
    const rows = grid(2, 3);
    const wrong: [unknown, unknown, ErrorConstructor][] = [
      [rows, { data: new Int32Array(6), shape: [3, 2] }, RangeError],
      [rows, { data: new Int32Array(6), shape: [6] }, RangeError],
      [rows, new Int32Array(6), RangeError],
      [new Int32Array(6), { data: new Int32Array(6), shape: [2, 3] }, RangeError],
      [new Int32Array(6), new Int32Array(5), RangeError],
      [upTo(6), upTo(5), RangeError],
      [rows, { data: new Float64Array(6), shape: [2, 3] }, TypeError],
      [upTo(6), new Float64Array(6), TypeError],
      [new Float64Array(6), upTo(6), TypeError],
    ];
    for (const [array, out, Kind] of wrong) {
      const g = pcg(0);
      const { state } = g.bitGenerator;
      const call = () => g.permuted(array as never, { out: out as never });
      expect(call).toThrow(Kind);
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
      expect(g.bitGenerator.state).toEqual(state);
    }
    const out = { data: new Int32Array(6), shape: [2, 3] };
    expect(pcg(0).permuted(rows, { axis: 1, out })).toBe(out);
    expect([...out.data]).toEqual([...pcg(0).permuted(rows, { axis: 1 }).data]);
    const bytesOut = Buffer.alloc(32);
    pcg(0).permuted(bytes(), { out: bytesOut });
    expect([...bytesOut]).toEqual([...pcg(0).permuted(bytes())]);
  });
});
