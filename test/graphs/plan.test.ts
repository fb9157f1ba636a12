/**
 * How graphs are read: needs, circles, chains.
 */
import { describe, expect, it } from 'vitest';
import { Call, delayed } from '../../src/graphs/call.ts';
import { withResults } from '../../src/graphs/containers.ts';
import { CycleError } from '../../src/graphs/errors.ts';
import { DEEP, DIRECT, expand, PLAIN } from '../../src/graphs/expand.ts';
import { makeTasks } from '../../src/graphs/plan.ts';
import { fc } from '../helpers/seeds.ts';

const named = (label: string) =>
  delayed((...args: unknown[]): unknown => args.length, { label }) as (...args: unknown[]) => Call;

const a = named('a');
const b = named('b');
const c = named('c');
const d = named('d');

/** What each call needs, by labels. */
function needsOf(value: unknown): Record<string, string[]> {
  const { calls, needsAt, needs } = expand(value);
  return Object.fromEntries(
    calls.map(({ label }, node) => [
      label,
      [...needs.subarray(needsAt[node], needsAt[node + 1])].map((need) => calls[need]!.label!),
    ]),
  );
}

describe('the graph of a value', () => {
  it('has each call once, behind what it needs', () => {
    const shared = a(1);
    const end = d(b(shared), c(shared, shared));
    expect(needsOf(end)).toEqual({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] });
    const { calls, users, wanted, kinds } = expand([end, shared]);
    expect(calls.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd']);
    expect([...users]).toEqual([2, 1, 1, 0]);
    expect([...wanted]).toEqual([1, 0, 0, 1]);
    expect([...kinds]).toEqual([PLAIN, DIRECT, DIRECT, DIRECT]);
  });

  it('finds calls in arrays, objects, maps and sets, as keys too, and nowhere else', () => {
    class Own {
      readonly call = a('in a class');
    }
    class OwnMap extends Map<unknown, unknown> {}
    // A class is what it is, whatever its name is.
    const { Map: NamedMap } = { Map: class extends Map<unknown, unknown> {} };
    expect(NamedMap.name).toBe('Map');
    const inside = [
      { deep: [[[{ x: a() }]]] },
      new Map<unknown, unknown>([[b(), new Set([c()])]]),
      Object.assign(Object.create(null) as object, { call: d() }),
      new Own(),
      new OwnMap([[1, a('in a class')]]),
      new NamedMap([[1, named('in a class of that name')()]]),
      {
        get lazy() {
          throw new Error('a getter was called');
        },
      },
      new Proxy([], {
        get() {
          throw new Error('a trap was called');
        },
      }),
      null,
      undefined,
      'text',
      1n,
      Symbol('s'),
      new Float64Array(2),
      new Date(),
      /x/,
    ];
    const { calls, kinds } = expand(named('e')(inside));
    expect(calls.map(({ label }) => label).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(kinds.at(-1)).toBe(DEEP);
  });

  it.each([
    [
      'itself',
      (list: unknown[]) => {
        const one = a(list);
        list.push(one);
        return one;
      },
      ['a'],
    ],
    [
      'through others',
      (list: unknown[]) => {
        const one = a(b({ x: [c(list)] }), 1);
        list.push(one);
        return d(one);
      },
      ['a', 'b', 'c'],
    ],
    [
      'in a map',
      (list: unknown[]) => {
        const one = a(new Map([[b(list), 1]]));
        list.push(new Set([one]));
        return [d(1), one];
      },
      ['a', 'b'],
    ],
  ] as const)('names a circle: %s', (_, make, labels) => {
    let error: unknown;
    try {
      expand(make([]));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(CycleError);
    expect(error).toMatchObject({ labels, code: 'ERR_HEDDLE_CYCLE' });
    expect((error as Error).message).toContain([...labels, labels[0]].join(' → '));
  });

  it('shortens the names of a long circle', () => {
    const list: unknown[] = [];
    let one = a(list);
    for (let i = 0; i < 1000; i++) one = b(one);
    list.push(one);
    expect(() => expand(one)).toThrow(/… \(990 more\)/);
  });

  it('goes as deep as memory does', () => {
    let one = a(0);
    for (let i = 0; i < 200_000; i++) one = b(one);
    expect(expand(one).calls).toHaveLength(200_001);
    let data: unknown = [a(0)];
    for (let i = 0; i < 100_000; i++) data = [data];
    expect(expand(b(data)).calls).toHaveLength(2);
    let result = withResults(data, () => 'result') as unknown[];
    for (let i = 0; i < 100_000; i++) result = result[0] as unknown[];
    expect(result).toEqual(['result']);
  });
});

describe('results in place of calls', () => {
  it('copies what has calls in it, once, and leaves the rest as it is', () => {
    const call = a();
    const plain = { x: [1, 2] };
    const twice = [call, plain];
    const value = {
      first: twice,
      second: twice,
      plain,
      map: new Map([[call, call]]),
      set: new Set([call, 1]),
    };
    const result = withResults(value, () => 7) as typeof value;
    expect(result).toEqual({
      first: [7, plain],
      second: [7, plain],
      plain,
      map: new Map([[7, 7]]),
      set: new Set([7, 1]),
    });
    expect(result.first).toBe(result.second);
    expect(result.plain).toBe(plain);
    expect(value.first[0]).toBe(call);
    expect(withResults(plain, () => 7)).toBe(plain);
  });

  it('keeps circles of data, holes of arrays, symbols, getters and prototypes', () => {
    const key = Symbol('key');
    const bare = Object.create(null) as Record<PropertyKey, unknown>;
    Object.defineProperty(bare, '__proto__', {
      value: a(),
      enumerable: true,
      writable: true,
      configurable: true,
    });
    bare[key] = a();
    const list: unknown[] = [a()];
    list[2] = bare;
    list.push(list);
    const object = {
      list,
      get now() {
        return 'got';
      },
    };
    const result = withResults(object, () => 'r') as { list: unknown[]; now: string };
    expect(result.list[3]).toBe(result.list);
    expect(1 in result.list).toBe(false);
    const copy = result.list[2] as typeof bare;
    expect(Object.getPrototypeOf(copy)).toBe(null);
    expect([copy[key], Object.getOwnPropertyDescriptor(copy, '__proto__')!.value]).toEqual([
      'r',
      'r',
    ]);
    expect(result.now).toBe('got');
  });

  it('is what a recursive copy gives, for any data', () => {
    const call = a();
    const data = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(call, 1, null, 'x'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
        fc
          .array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 })
          .map((pairs) => new Map(pairs)),
      ),
    })).value;
    const copy = (value: unknown): unknown => {
      if (value === call) return 'result';
      if (Array.isArray(value)) return value.map(copy);
      if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, copy(v)]));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)]));
    };
    fc.assert(
      fc.property(data, (value) => {
        expect(withResults(value, () => 'result')).toEqual(copy(value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('chains', () => {
  /** The labels of the calls of each task. */
  function tasksOf(value: unknown, fuse = true): string[] {
    const graph = expand(value);
    const { last, before } = makeTasks(graph, fuse);
    return Array.from(last, (node) => {
      const labels: string[] = [];
      for (let at: number = node; at >= 0; at = before[at]!)
        labels.unshift(graph.calls[at]!.label!);
      return labels.join('');
    }).sort();
  }
  const shared = a();
  const known = new Call(() => 0, [], 'k', { value: 0 });
  it.each([
    ['a chain is one task', d(c(b(a()))), ['abcd']],
    ['an argument twice is one need', b(shared, 2, shared), ['ab']],
    ['not where two need it', [b(shared), c(shared)], ['a', 'b', 'c']],
    ['not where it was asked for', [b(shared), shared], ['a', 'b']],
    ['not where two are needed', c(a(), b()), ['a', 'b', 'c']],
    ['not inside of an array', b([a()]), ['a', 'b']],
    ['not what is known', b(known), ['b', 'k']],
    ['the parts of a tree', d(b(a()), c(b(a()))), ['ab', 'abc', 'd']],
  ])('%s', (_, value, tasks) => {
    expect(tasksOf(value)).toEqual(tasks);
  });

  it('are not made where each call counts', () => {
    expect(tasksOf(d(c(b(a()))), false)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('end after 256 calls', () => {
    let one = a();
    for (let i = 1; i < 600; i++) one = a(one);
    expect(tasksOf(one).map(({ length }) => length)).toEqual([88, 256, 256]);
  });
});
