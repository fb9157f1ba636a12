/**
 * `hash`: equal values have one hash, in every process; different values have different ones.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { HashError, hash, heddle, memory, shared, task } from '../../src/index.ts';
import { builtUrl } from '../helpers/built.ts';
import { difference } from '../helpers/isomorphic.ts';
import { fc } from '../helpers/seeds.ts';
import { anyValue } from '../helpers/values.ts';

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

class Pair {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

class Hidden {
  readonly #n: number;
  constructor(n: number) {
    this.#n = n;
  }
  [heddle.state](): number {
    return this.#n;
  }
  static [heddle.restore](n: number): Hidden {
    return new Hidden(n);
  }
}

class Closed {
  readonly #n = 1;
  get n(): number {
    return this.#n;
  }
}

/** Each makes a value anew; no two are equal. */
const DIFFERENT: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -0,
  () => 1,
  () => NaN,
  () => Infinity,
  () => 2 ** 53,
  () => 1n,
  () => -1n,
  () => '1',
  () => '',
  () => 'NaN',
  () => '\ud800',
  () => '\ud801',
  () => Symbol.iterator,
  () => Symbol.for('a'),
  () => [],
  () => {
    const list = [1, 2];
    delete list[0];
    return list;
  },
  () => [undefined, 2],
  () => [null, 2],
  () => [[1], 2],
  () => [[1, 2]],
  () => [1, [2]],
  () => Object.assign([1, 2], { extra: 1 }),
  () => ({}),
  () => Object.create(null),
  () => ({ a: 1 }),
  () => ({ a: undefined }),
  () => ({ b: 1 }),
  () => ({ [Symbol.for('a')]: 1 }),
  () => ({ a: { b: 1 } }),
  () => ({ a: 1, b: 2 }),
  () => ({ ab: 12 }),
  () => new Map([[1, 2]]),
  () =>
    new Map([
      [1, 2],
      [3, 4],
    ]),
  () =>
    new Map([
      [3, 4],
      [1, 2],
    ]),
  () => new Set([1, 2]),
  () => new Set([2, 1]),
  () => new Float64Array([1, 2]),
  () => new Float64Array([1, 2, 0]),
  () => new Float64Array([-0, 2]),
  () => new Float64Array([0, 2]),
  () => new Float32Array([1, 2]),
  () => new Int32Array(2),
  () => new Uint32Array(2),
  () => new Uint8Array(8),
  () => Buffer.alloc(8),
  () => new ArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => ({ data: new Float64Array(6), shape: [2, 3] }),
  () => ({ data: new Float64Array(6), shape: [3, 2] }),
  () => new Date(5),
  () => new Date(Number.NaN),
  () => /a/g,
  () => /a/i,
  () => new URL('http://a/'),
  () => new Error('a'),
  () => new TypeError('a'),
  () => new Error('a', { cause: 1 }),
  () => new Point(1, 2),
  () => new Pair(1, 2),
  () => new Hidden(1),
  () => new Hidden(2),
  () => Object(1),
  () => Object('1'),
  () => (x: number) => x + 1,
  () => (x: number) => x + 2,
  () => Point,
  () => Math.max,
  () => Math.min,
  () => task(new URL('file:///a.js'), 'f'),
  () => task(new URL('file:///a.js'), 'g'),
  () => memory(null).cache((x: number) => x),
  () => memory(null).cache((x: number) => x, { version: 2 }),
  () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    return circle;
  },
  () => {
    const circle: { self: { self?: unknown } } = { self: {} };
    circle.self.self = circle;
    return circle;
  },
  () => {
    const circle: { self: { self?: unknown } } = { self: {} };
    circle.self.self = circle.self;
    return circle;
  },
];

describe('hash', () => {
  it('tells different values apart, and gives equal ones the same', () => {
    const hashes = DIFFERENT.map((make) => hash(make()));
    expect(hashes).toEqual(DIFFERENT.map((make) => hash(make())));
    expect(hashes.every((one) => /^[0-9a-f]{64}$/.test(one))).toBe(true);
    const texts = new Map<string, number>();
    hashes.forEach((one, i) => {
      expect(texts.get(one), `values ${texts.get(one)} and ${i}`).toBeUndefined();
      texts.set(one, i);
    });
  });

  it('is the same for a clone of any value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        let clone: unknown;
        try {
          clone = structuredClone(value);
        } catch {
          return;
        }
        // Structured clone gives objects without a prototype one.
        if (difference(value, clone) !== null) return;
        expect(hash(clone)).toBe(hash(value));
      }),
    );
  });

  it('differs with any of two members that differ', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        if (hash(a) === hash(b)) {
          expect(hash([a, { b: a }])).toBe(hash([b, { b }]));
        } else {
          expect(hash([a, { b: a }])).not.toBe(hash([a, { b }]));
          expect(hash([a, b])).not.toBe(hash([b, a]));
        }
      }),
    );
  });

  it('does not look at the order of keys, at sharing, or at the buffer of a view', () => {
    expect(hash({ a: 1, b: [2] })).toBe(hash({ b: [2], a: 1 }));
    const one = { list: [1, 2, 3] };
    expect(hash([one, one])).toBe(hash([one, { list: [1, 2, 3] }]));
    const all = Float64Array.from({ length: 20 }, (_, i) => i);
    expect(hash(all.subarray(3, 5))).toBe(hash(Float64Array.of(3, 4)));
    const same = shared.from(Float64Array.of(3, 4));
    expect(hash(same)).toBe(hash(Float64Array.of(3, 4)));
    const text = ['he', 'ddle'].join('');
    expect(hash([text, text])).toBe(hash(['heddle', `${'hed'}dle`]));
  });

  it('takes circles for what they are, wherever they hang', () => {
    const ring = (names: string): unknown => {
      const nodes = [...names].map((name) => ({ name, next: null as unknown }));
      nodes.forEach((node, i) => {
        node.next = nodes[(i + 1) % nodes.length];
      });
      return nodes[0];
    };
    expect(hash(ring('abc'))).toBe(hash(ring('abc')));
    expect(hash(ring('abc'))).not.toBe(hash(ring('abd')));
    expect(hash(ring('aa'))).not.toBe(hash(ring('aaa')));
    const one = ring('abc') as { next: unknown };
    expect(hash([one, one, one.next])).toBe(hash([one, ring('abc'), one.next]));
    // A graph in which all know all would take n! steps if nothing were remembered.
    const all = Array.from({ length: 60 }, (_, id) => ({ id, others: [] as unknown[] }));
    for (const node of all) node.others = all;
    expect(hash(all)).toMatch(/^[0-9a-f]{64}$/);
    // Two halves of a doubled chain: 2^60 ways through it.
    let chain: unknown = 1;
    for (let i = 0; i < 60; i++) chain = [chain, chain];
    expect(hash(chain)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same in another process, with functions and classes too', () => {
    const script = `
      import { hash } from ${JSON.stringify(builtUrl)};
      class Point { constructor(x) { this.x = x; } }
      const rate = { a: 0.5, list: [new Point(3)] };
      const helper = (x) => x * rate.a;
      const values = [1, -0, NaN, 'é', 12n, { b: 1, a: [1,, 3] }, new Map([[{}, new Set([1])]]),
        new Float32Array([1.5]), new Point(1), (x) => helper(x) + rate.list.length, Symbol.for('q')];
      console.log(JSON.stringify(values.map(hash)));
    `;
    const run = (cwd: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd }).toString();
    const hashes = JSON.parse(run('/')) as string[];
    expect(hashes).toHaveLength(11);
    expect(new Set(hashes).size).toBe(11);
    expect(JSON.parse(run(process.cwd()))).toEqual(hashes);
    expect(hash(1)).toBe(hashes[0]);
    expect(hash(new Map([[{}, new Set([1])]]))).toBe(hashes[6]);
  });

  it('sees what a function takes from outside, and not what it assigns to', () => {
    const withFactor = (factor: number) => (x: number) => x * factor;
    expect(hash(withFactor(2))).toBe(hash(withFactor(2)));
    expect(hash(withFactor(2))).not.toBe(hash(withFactor(3)));
    const through = (inner: (x: number) => number) => (x: number) => inner(x) + 1;
    expect(hash(through(withFactor(2)))).not.toBe(hash(through(withFactor(3))));
    let calls = 0;
    const counting = (x: number) => {
      calls++;
      return x;
    };
    const before = hash(counting);
    counting(1);
    expect(calls).toBe(1);
    expect(hash(counting)).toBe(before);
    const table = { limit: 1 };
    const limited = (x: number) => Math.min(x, table.limit);
    const first = hash(limited);
    table.limit = 2;
    expect(hash(limited)).not.toBe(first);
    const even = (n: number): boolean => n === 0 || odd(n - 1);
    const odd = (n: number): boolean => n !== 0 && even(n - 1);
    expect(hash(even)).not.toBe(hash(odd));
    expect(hash(even)).toBe(hash(even));
  });

  it('sees that a class has changed', () => {
    const make = (factor: number) =>
      class Scaled {
        times(x: number) {
          return x * factor;
        }
      };
    const [Two, Three] = [make(2), make(3)];
    expect(hash(new Two())).toBe(hash(new (make(2))()));
    expect(hash(new Two())).not.toBe(hash(new Three()));
  });

  it.each([
    [Promise.resolve(1), /value\.list\[0\]' cannot be hashed: it is a Promise\. Await it first/],
    [new WeakMap(), /WeakMap/],
    [new Proxy({}, {}), /a Proxy/],
    [Symbol('a'), /unregistered symbol/],
    [new Closed(), /#private members/],
    [((x: number) => x).bind(null), /bound function/],
    [(function* () {})(), /generator/],
  ])('refuses %s with the path to it', (value, message) => {
    expect(() => hash({ list: [value] })).toThrow(HashError);
    expect(() => hash({ list: [value] })).toThrow(message);
    expect(() => hash({ list: [value] })).toThrow(
      expect.objectContaining({ code: 'ERR_HEDDLE_HASH', path: 'value.list[0]' }),
    );
  });

  it('names the captured value that has no hash', () => {
    const pending = Promise.resolve();
    expect(() => hash(() => pending)).toThrow(/'value\.pending' cannot be hashed/);
  });

  it('refuses what is nested without end', () => {
    let deep: unknown = 0;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => hash(deep)).toThrow(/nested too deeply/);
  });
});
