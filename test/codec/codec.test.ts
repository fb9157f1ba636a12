import v8 from 'node:v8';
import { describe, expect, it } from 'vitest';
import { CloneError, decode, encode, heddle, loading } from '../../src/codec/index.ts';
import { fc } from '../helpers/seeds.ts';
import '../../src/functions/index.ts';
import { anyValue } from '../helpers/values.ts';

const options = { to: 'process', maxBytes: 1 << 20, path: 'task' } as const;

/** Through the serialisation of child_process, as between two processes. */
function viaProcess(value: unknown): unknown {
  const { message, release } = encode(value, options);
  const result = decode(v8.deserialize(v8.serialize(message)));
  release();
  return result;
}

/** Through structured clone, as between two threads. */
function viaThread(value: unknown): unknown {
  const { message, release } = encode(value, { ...options, to: 'thread' });
  const result = decode(structuredClone(message));
  release();
  return result;
}

const ways = [
  ['process', viaProcess],
  ['thread', viaThread],
] as const;

describe.each(ways)('the codec to a %s', (_name, through) => {
  it('carries arbitrary values', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(
        anyValue,
        fc.constant(-0),
        fc.constant(undefined),
        fc.constant(Symbol.for('x')),
        fc.constant(Symbol.iterator),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.string().map((text) => new RangeError(text)),
      ),
      node: fc.oneof(
        { maxDepth: 4 },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('node'), { maxKeys: 4 }),
        fc.array(fc.tuple(tie('leaf'), tie('node')), { maxLength: 3 }).map((e) => new Map(e)),
        fc.array(tie('node'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    })).node;
    fc.assert(
      fc.property(value, (input) => {
        expect(through(input)).toStrictEqual(input);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps identity, cycles, holes, undefined and negative zero', () => {
    const shared = { n: 1 };
    const input: Record<string, unknown> = { a: shared, b: shared, list: [1, 0, -0, undefined] };
    delete (input.list as unknown[])[1];
    input.self = input;
    input.tag = Symbol.for('special');
    const output = through(input) as typeof input;
    expect(output.self).toBe(output);
    expect(output.a).toBe(output.b);
    expect(output.tag).toBe(Symbol.for('special'));
    const list = output.list as unknown[];
    expect(1 in list).toBe(false);
    expect(Object.is(list[2], -0)).toBe(true);
    expect(3 in list).toBe(true);
  });

  it('keeps views on one buffer together and sends only what is in view', () => {
    const buffer = new ArrayBuffer(4096);
    const all = new Float64Array(buffer, 1024, 8).fill(1);
    const part = new Uint8Array(buffer, 1030, 5);
    const output = through({ all, part, again: all }) as {
      all: Float64Array;
      part: Uint8Array;
      again: Float64Array;
    };
    expect(output.all).toEqual(all);
    expect(output.again).toBe(output.all);
    expect(output.part.buffer).toBe(output.all.buffer);
    output.all.fill(2);
    expect(output.part).toEqual(new Uint8Array(new Float64Array(8).fill(2).buffer, 6, 5));
    expect(output.all.buffer.byteLength).toBe(64);
  });

  it('carries errors with class, code, cause and properties', () => {
    const cause = new RangeError('inner');
    const input = Object.assign(new TypeError('outer', { cause }), { code: 'E_X', data: { n: 1 } });
    const output = through(input) as typeof input & { cause: Error };
    expect(output).toBeInstanceOf(TypeError);
    expect(output.message).toBe('outer');
    expect(output.stack).toBe(input.stack);
    expect(output.code).toBe('E_X');
    expect(output.data).toEqual({ n: 1 });
    expect(output.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(output)).toEqual(Object.keys(input));
    const many = through(new AggregateError([cause, 3], 'many')) as AggregateError;
    expect(many).toBeInstanceOf(AggregateError);
    expect(many.errors[0]).toBeInstanceOf(RangeError);
    expect(many.errors[1]).toBe(3);
  });

  it('brings instances back as instances of the same class', () => {
    class Node {
      next: Node | null = null;
      value: number;
      constructor(value: number) {
        this.value = value;
      }
    }
    class Secret {
      #weights: Float64Array;
      constructor(weights: Float64Array) {
        this.#weights = weights;
      }
      get weights() {
        return this.#weights;
      }
      [heddle.state]() {
        return { weights: this.#weights };
      }
      static [heddle.restore](state: { weights: Float64Array }) {
        return new Secret(state.weights);
      }
    }
    const first = new Node(1);
    first.next = new Node(2);
    first.next.next = first;
    const output = through([first, new Secret(new Float64Array([1, 2]))]) as [Node, Secret];
    expect(output[0]).toBeInstanceOf(Node);
    expect(output[0].next?.next).toBe(output[0]);
    expect(output[1].weights).toEqual(new Float64Array([1, 2]));
  });

  it('takes nothing for a private member that is none', () => {
    class Point {
      static #count = 0;
      // #region coordinates
      x = 1; /* as in #color */
      hash = ' #fff';
      // #endregion
      static get count() {
        return Point.#count;
      }
    }
    const output = through(new Point()) as Point;
    expect(output).toBeInstanceOf(Point);
    expect(output).toEqual(new Point());
    class Method {
      #own() {
        return Point.count;
      }
      call() {
        return this.#own();
      }
    }
    expect(() => through(new Method())).toThrow(/a Method with #private members.*heddle\.state/);
  });

  it('leaves plain values as they are', () => {
    for (const value of [1, 'x', null, undefined, [1, 2, 3], { a: [{ b: new Float64Array(3) }] }]) {
      expect(encode(value, options).message).toBe(value);
    }
    expect(through({ $heddle: 1 })).toEqual({ $heddle: 1 });
    expect(loading([1, 2])).toBeNull();
  });
});

it('names the path of what cannot travel', async () => {
  const { Socket } = await import('node:net');
  const cases: [unknown, string, RegExp][] = [
    [{ db: { conn: new Socket() } }, 'task.db.conn', /a Socket/],
    [[1, { p: Promise.resolve() }], 'task[1].p', /a Promise/],
    [new Map([['k', [Symbol('x')]]]), 'task.get("k")[0]', /unregistered symbol/],
    [{ w: new WeakMap() }, 'task.w', /WeakMap/],
    [{ 'two words': new Proxy({}, {}) }, 'task["two words"]', /a Proxy/],
    [{ t: setTimeout(() => {}, 0) }, 'task.t', /a Timeout/],
    [{ s: new Float64Array(new SharedArrayBuffer(8)) }, 'task.s', /SharedArrayBuffer/],
  ];
  for (const [value, path, message] of cases) {
    try {
      encode(value, options);
      expect.unreachable(path);
    } catch (error) {
      expect(error).toBeInstanceOf(CloneError);
      expect((error as CloneError).path).toBe(path);
      expect((error as Error).message).toMatch(message);
      expect(error).toHaveProperty('code', 'ERR_HEDDLE_CLONE');
    }
  }
});
