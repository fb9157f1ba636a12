/**
 * Every distribution, compared with vectors that NumPy 2.4 made; scripts/make-distribution-vectors.py
 * makes them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logFactorialsHeader } from '../../scripts/log-factorials.mjs';
import { type BitGenerator, Generator, PCG64 } from '../../src/random/index.ts';
import { kinds, sha256, vectors } from './helpers.ts';

const all = vectors('numpy-distributions.json');

type Any = (...call: unknown[]) => unknown;

const camel = (name: string) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/** A method by NumPy's name. */
function method(g: Generator, name: string): Any {
  return (g as unknown as Record<string, Any>)[camel(name)]!.bind(g);
}

const COUNTS = [
  'hypergeometric',
  'logseries',
  'negative_binomial',
  'zipf',
  'binomial',
  'poisson',
  'geometric',
];

/** Numbers as the vectors write them. */
function number(value: number | string): number {
  return Number(value);
}

function place(g: { bitGenerator: BitGenerator }): string[] {
  return [...g.bitGenerator.randomRaw(2)].map(String);
}

function generator(kind: string, seed: number): Generator {
  const g = new Generator(new kinds[kind as keyof typeof kinds](seed));
  g.integers(0, 10, { dtype: 'uint32' });
  return g;
}

describe('distributions, compared with NumPy', () => {
  it('of parameters that are numbers, from every bit generator', () => {
    for (const one of all.distributions) {
      const { name, kind, parameters, values, scalar } = one;
      const label = `${name}(${parameters}) of ${kind}`;
      const g = generator(kind, 7);
      const draw = method(g, name);
      const counts = COUNTS.includes(name);
      const filled = draw(...parameters, 3) as Float64Array;
      expect(filled, label).toEqual(Float64Array.from(values, number));
      expect(draw(...parameters), label).toBe(number(scalar));
      const bulk = draw(
        ...parameters,
        kind === 'PCG64' ? 2000 : 200,
        counts ? { dtype: 'int64' } : {},
      );
      expect(sha256(bulk as Float64Array), label).toBe(one.sha256);
      expect(place(g), label).toEqual(one.after);
    }
  });

  it('counts beyond 2^53 come exactly as bigints', () => {
    for (const one of all.distributions) {
      if (!COUNTS.includes(one.name)) continue;
      const g = generator(one.kind, 7);
      const draw = method(g, one.name);
      const values = draw(...one.parameters, 3, { dtype: 'int64' });
      expect([...(values as BigInt64Array)].map(String)).toEqual(one.values.map(String));
      expect(String(draw(...one.parameters, { dtype: 'int64' }))).toBe(String(one.scalar));
    }
  });

  it('of arrays of parameters, in the order of their elements', () => {
    for (const one of all.broadcasts) {
      const label = `${one.name} ${JSON.stringify(one.parameters)} ${one.size}`;
      const parameters = one.parameters.map(
        ({ shape, data }: { shape: number[]; data: number[] }) => {
          if (shape.length === 0) return data[0];
          return shape.length === 1 ? data : { data: Float64Array.from(data), shape };
        },
      );
      const g = new Generator(new PCG64(5));
      const call = one.size === null ? parameters : [...parameters, one.size];
      const drawn = method(g, one.name)(...call);
      if (typeof drawn === 'number') {
        expect([drawn], label).toEqual(one.values);
        continue;
      }
      const result = drawn as object;
      const flat =
        typeof one.size === 'number' ||
        (one.size === null && parameters.every((p: object) => !('shape' in Object(p))));
      const data = (flat ? result : (result as { data: Float64Array }).data) as Float64Array;
      if (flat) expect([data.length], label).toEqual(one.shape);
      else expect((result as { shape: number[] }).shape, label).toEqual(one.shape);
      expect(data, label).toEqual(Float64Array.from(one.values, number));
      expect(place(g), label).toEqual(one.after);
    }
    const g = new Generator(new PCG64(5));
    const { shapes, values, after } = all.float32_shapes;
    const result = g.standardGamma(shapes, [shapes.length], { dtype: 'float32' });
    expect([...result.data]).toEqual(values);
    expect(place(g)).toEqual(after);
  });

  it('integers of arrays of bounds', () => {
    for (const one of all.integers) {
      const g = new Generator(new kinds[one.kind as keyof typeof kinds](3));
      const wide = one.dtype.endsWith('64');
      const bounds = (list: string[]): never =>
        list.map((text) => (wide ? BigInt(text) : Number(text))) as never;
      const options = { dtype: one.dtype, endpoint: true };
      const result = g.integers(bounds(one.low), bounds(one.high), [3, 7], options);
      const { data, shape } = result as unknown as { data: Uint8Array; shape: number[] };
      expect(shape).toEqual([3, 7]);
      expect(Array.from(data, String), one.dtype).toEqual(one.values);
      expect(place(g), one.dtype).toEqual(one.after);
    }
  });

  it('vectors of counts and of shares', () => {
    for (const one of all.vectors) {
      const label = JSON.stringify(one).slice(0, 120);
      const g = 'kind' in one ? generator(one.kind, 9) : new Generator(new PCG64(9));
      const size = one.size ?? undefined;
      let result: unknown;
      if (one.what === 'multinomial') result = g.multinomial(one.n, one.p, size);
      else if (one.what === 'dirichlet') result = g.dirichlet(one.p, size);
      else if (one.what === 'multinomial arrays') {
        const grid = (rows: number[] | number[][]) =>
          Array.isArray(rows[0])
            ? {
                data: Float64Array.from((rows as number[][]).flat()),
                shape: [rows.length, rows[0].length],
              }
            : rows;
        result = g.multinomial(grid(one.n) as never, grid(one.p) as never, size);
      } else {
        const options = { method: one.what };
        result = g.multivariateHypergeometric(one.colors, one.n, size, options);
      }
      const flat = result instanceof Float64Array;
      expect(
        flat ? [(result as Float64Array).length] : (result as { shape: number[] }).shape,
        label,
      ).toEqual(one.shape);
      const data = flat ? (result as Float64Array) : (result as { data: Float64Array }).data;
      expect([...data], label).toEqual(one.values);
      expect(place(g), label).toEqual(one.after);
    }
    expect(new Generator(new PCG64(9)).multinomial(20, [0.2, 0.8], { dtype: 'int64' })).toEqual(
      BigInt64Array.from(new Generator(new PCG64(9)).multinomial(20, [0.2, 0.8]), BigInt),
    );
  });

  it('choices along axes, in sizes of any shape', () => {
    const array = { data: Int32Array.from({ length: 24 }, (_, i) => i), shape: [2, 3, 4] };
    for (const { axis, size, replace, p, shape, values, after } of all.choices) {
      const g = new Generator(new PCG64(9));
      const options = { axis, replace, ...(p ? { p } : {}) };
      const result = g.choice(array, size ?? undefined, options);
      expect(result.shape).toEqual(shape);
      expect([...result.data]).toEqual(values);
      expect(place(g)).toEqual(after);
    }
  });
});

it('the table of log(k!) is what its script computes', () => {
  const header = new URL('../../native/random/log_factorials.h', import.meta.url);
  expect(readFileSync(header, 'utf8')).toBe(logFactorialsHeader());
});

describe('parameters at the ends of their range', () => {
  const { ends } = all;

  /** All combinations, in the order of nested loops. */
  function combinations(values: number[], count: number): number[][] {
    if (count === 0) return [[]];
    const rest = combinations(values, count - 1);
    return values.flatMap((value) => rest.map((others) => [value, ...others]));
  }

  for (const [name, { ends: given, rows }] of Object.entries<{
    ends: (number | string)[];
    rows: (0 | (number | string)[])[];
  }>(ends)) {
    it(`${name} gives NumPy's numbers or refuses them`, () => {
      const values = given.map(number);
      const arity = Math.round(Math.log(rows.length) / Math.log(values.length));
      for (const [i, parameters] of combinations(values, arity).entries()) {
        const label = `${name}(${parameters})`;
        const row = rows[i]!;
        const g = new Generator(new PCG64(11));
        const draw = () => method(g, name)(...parameters, 2);
        if (row === 0) {
          const before = g.bitGenerator.state;
          expect(draw, label).toThrow(RangeError);
          expect(draw, label).toThrow(
            expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
          );
          expect(g.bitGenerator.state, label).toEqual(before);
        } else {
          expect(draw(), label).toEqual(Float64Array.from(row.slice(0, 2), number));
          expect(place(g)[0]!.slice(-6), label).toBe(row[2]);
        }
      }
    });
  }
});
