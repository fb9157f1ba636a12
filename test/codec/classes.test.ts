/**
 * Instances: of classes that extend the language's and Node's, with members of every kind.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CloneError, decode, encode, heddle, share } from '../../src/codec/index.ts';
import { fc } from '../helpers/seeds.ts';
import '../../src/functions/index.ts';

const maxBytes = 1 << 20;

function viaProcess(value: unknown): unknown {
  const { message, release } = encode(value, { to: 'process', maxBytes, path: 'task' });
  const result = decode(v8.deserialize(v8.serialize(message)));
  release();
  return result;
}

function viaThread(value: unknown): unknown {
  const { message, release } = encode(value, { to: 'thread', maxBytes, path: 'task' });
  const result = decode(structuredClone(message));
  release();
  return result;
}

/** Constructors that must not run again, and that take something else than their base. */
const counter = globalThis as unknown as { heddleTestMade: number };
counter.heddleTestMade = 0;
class Rows extends Array<number> {
  unit: string;
  constructor(options: { unit: string }) {
    super();
    this.unit = options.unit;
    (globalThis as unknown as { heddleTestMade: number }).heddleTestMade++;
  }
  total(): number {
    return this.reduce((sum, x) => sum + x, 0);
  }
}
class Signal extends Float64Array {
  rate = 0;
  constructor(length: number) {
    super(2 * length);
    (globalThis as unknown as { heddleTestMade: number }).heddleTestMade++;
  }
}
class Bytes extends Buffer {}
class Counts extends Map<string, number> {
  name = 'counts';
  total(): number {
    return [...this.values()].reduce((sum, x) => sum + x, 0);
  }
}
class Bag extends Set<unknown> {
  size2(): number {
    return this.size * 2;
  }
}
class Day extends Date {
  zone = 'UTC';
  tag(): string {
    return this.toISOString().slice(0, 10) + this.zone;
  }
}
class Pattern extends RegExp {
  count = 0;
}
class Meters extends Number {
  plus(x: number): number {
    return this.valueOf() + x;
  }
}
class Endpoint extends URL {
  tries = 3;
}
class Late extends DOMException {
  after: number;
  constructor(after: number) {
    super(`after ${after}`, 'TimeoutError');
    this.after = after;
    (globalThis as unknown as { heddleTestMade: number }).heddleTestMade++;
  }
}
class Bad extends RangeError {
  override readonly name = 'Bad';
  readonly at: { row: number };
  constructor(at: { row: number }) {
    super(`bad row ${at.row}`);
    this.at = at;
    (globalThis as unknown as { heddleTestMade: number }).heddleTestMade++;
  }
}
class View extends (DataView as new (buffer: ArrayBuffer) => DataView) {
  big = true;
}

const rows = new Rows({ unit: 'm' });
rows.push(1, 2, 3);
rows[5] = 4;
const signal = Object.assign(new Signal(2), { rate: 44.1 });
signal.set([1, 2, 3, 4]);
const counts = new Counts([
  ['a', 1],
  ['b', 2],
]);
const bag = new Bag([1, { x: 1 }]);

const instances: Readonly<Record<string, readonly [object, (v: never) => unknown]>> = {
  Array: [rows, (v: Rows) => [v.length, 4 in v, v.unit, v.total(), v.map((x) => x).length]],
  Float64Array: [signal, (v: Signal) => [v.length, v.rate, [...v], v.byteLength]],
  DataView: [new View(new ArrayBuffer(8)), (v: View) => [v.byteLength, v.big]],
  Map: [counts, (v: Counts) => [v.total(), v.name, [...v]]],
  Set: [bag, (v: Bag) => [v.size2(), [...v]]],
  Date: [new Day(0), (v: Day) => v.tag()],
  RegExp: [
    new Pattern('a+', 'gi'),
    (v: Pattern) => [v.test('caat'), v.lastIndex, v.count, v.flags],
  ],
  Number: [new Meters(2.5), (v: Meters) => v.plus(1)],
  URL: [new Endpoint('http://a/b'), (v: Endpoint) => [v.href, v.tries]],
  DOMException: [new Late(3), (v: Late) => [v.name, v.message, v.code, v.after]],
  RangeError: [new Bad({ row: 3 }), (v: Bad) => [v.name, v.message, v.at, v.stack, String(v)]],
};

describe.each([
  ['process', viaProcess],
  ['thread', viaThread],
] as const)('to a %s', (_way, through) => {
  it.each(Object.entries(instances))('a class that extends %s is kept', (_name, [value, look]) => {
    const before = counter.heddleTestMade;
    const output = through([value, value]) as [object, object];
    expect(counter.heddleTestMade).toBe(before);
    expect(output[0]).toBe(output[1]);
    expect(output[0].constructor).toBe(value.constructor);
    if (value instanceof RegExp) Object.assign(output[0], { lastIndex: 0 });
    if (value instanceof RegExp) value.lastIndex = 0;
    expect(look(output[0] as never)).toEqual(look(value as never));
  });

  it('a class that extends one and has private members, or is Buffer, is refused or hooked', () => {
    class Secret extends Map<string, number> {
      #n = 1;
      get n(): number {
        return this.#n;
      }
    }
    class Hooked extends Float64Array {
      #gain = 2;
      gain(x?: number): number {
        if (x !== undefined) this.#gain = x;
        return this.#gain;
      }
      [heddle.state](): unknown {
        return { values: Float64Array.from(this), gain: this.#gain };
      }
      static [heddle.restore](state: { values: Float64Array; gain: number }): Hooked {
        const copy = new Hooked(state.values);
        copy.gain(state.gain);
        return copy;
      }
    }
    expect(() => through({ s: new Secret() })).toThrow(/'task\.s'.*a Secret with #private members/);
    const hooked = new Hooked([1, 2]);
    hooked.gain(7);
    const output = through(hooked) as Hooked;
    expect([output instanceof Hooked, output.gain(), [...output]]).toEqual([true, 7, [1, 2]]);
    const bytes = Object.setPrototypeOf(Buffer.from('abc'), Bytes.prototype) as Bytes;
    expect((through(bytes) as Bytes).toString()).toBe('abc');
    expect(through(bytes)).toBeInstanceOf(Bytes);
    class Memory extends ArrayBuffer {}
    expect(() => through([new Memory(8)])).toThrow(/'task\[0\]'.*a Memory, a kind of ArrayBuffer/);
  });

  it('an error whose class can not travel arrives as the nearest that can', () => {
    class Base extends TypeError {
      override name = 'Base';
    }
    class Hidden extends Base {
      #n = 1;
      get n(): number {
        return this.#n;
      }
    }
    const output = through([new Hidden('x')]) as [Base];
    expect(output[0].constructor).toBe(Base);
    expect(output[0].message).toBe('x');
  });

  it('members of every kind are kept', () => {
    class Thing {
      [key: symbol]: unknown;
      shown = 1;
      declare hidden: number;
      declare twice: number;
      constructor() {
        Object.defineProperty(this, 'hidden', { value: 2, enumerable: false });
        Object.defineProperty(this, 'twice', {
          get(this: Thing) {
            return this.shown * 2;
          },
          enumerable: true,
        });
        this[Symbol.for('note')] = { deep: [this] };
        this[Symbol.toStringTag] = 'Thing!';
      }
    }
    const output = through(new Thing()) as Thing;
    expect(output.hidden).toBe(2);
    expect(Object.keys(output)).toEqual(Object.keys(new Thing()));
    output.shown = 5;
    expect(output.twice).toBe(10);
    expect((output[Symbol.for('note')] as { deep: Thing[] }).deep[0]).toBe(output);
    expect(String(output)).toBe('[object Thing!]');
  });

  it('members with symbols for keys are kept on every kind of object, or refused', () => {
    const note = Symbol.for('note');
    const holders = [
      {},
      new Array(2),
      new Map([[1, 2]]),
      new Set([1]),
      new Date(0),
      /a/g,
      new Error('x'),
      Object.create(null) as object,
      new URL('http://a/'),
    ];
    for (const holder of holders) {
      Object.assign(holder, { [note]: { n: 1 }, named: true });
      const output = through({ holder }) as { holder: Record<string | symbol, unknown> };
      expect(output.holder[note]).toEqual({ n: 1 });
      expect(output.holder.named).toBe(true);
    }
    expect(() => through({ a: { [Symbol('own')]: 1 } })).toThrow(
      /'task\.a\[Symbol\(own\)\]'.*unregistered symbol/,
    );
    // What an error has under such a key is nobody's business, and the error has to arrive.
    const error = Object.assign(new Error('x'), { [Symbol('own')]: 1 });
    expect((through([error]) as [Error])[0].message).toBe('x');
  });

  it('values of other realms arrive as those of this one', () => {
    const values = vm.runInNewContext(`({
      list: [1, { a: 1 }], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(0), re: /a/g,
      array: new Float64Array([1, 2]), error: new RangeError('x'), bare: Object.create(null),
      boxed: Object(3), big: Object(3n), plain: { [Symbol.for('s')]: 1 }
    })`) as Record<string, object>;
    const output = through(values) as Record<string, object>;
    for (const [key, value] of Object.entries(output)) {
      if (key === 'bare') continue;
      const type = value.constructor as unknown as { name: keyof typeof globalThis };
      expect(globalThis[type.name]).toBe(type);
      expect(Object.prototype.toString.call(value)).toBe(
        Object.prototype.toString.call(values[key]),
      );
    }
    expect(output.array).toEqual(new Float64Array([1, 2]));
    expect((output.plain as Record<symbol, unknown>)[Symbol.for('s')]).toBe(1);
    class Far extends (vm.runInNewContext('Map') as MapConstructor)<number, number> {}
    expect(() => through([new Far([[1, 2]])])).not.toThrow(TypeError);
  });

  it('no setter on a prototype takes what is written, and a frozen one is in no way', () => {
    const names = ['alpha', '3'];
    let taken = 0;
    const undo = names.map((name) => {
      Object.defineProperty(Object.prototype, name, {
        set: () => taken++,
        get: () => undefined,
        configurable: true,
      });
      return () => Reflect.deleteProperty(Object.prototype, name);
    });
    const value = { x: new Date(0), toString: Symbol.for('s') } as Record<string, unknown>;
    for (const key of names) {
      Object.defineProperty(value, key, { value: Symbol.for(key), enumerable: true });
    }
    let output: Record<string, unknown>;
    try {
      output = through(value) as typeof output;
    } finally {
      for (const one of undo) one();
    }
    expect(Object.keys(output)).toEqual(Object.keys(value));
    for (const key of names) expect(output[key]).toBe(Symbol.for(key));
    expect(taken).toBe(0);
  });

  it('any mixture of members comes back', () => {
    class Mixed {
      [key: string | symbol]: unknown;
    }
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '0'),
      fc.string().map((name) => Symbol.for(name)),
      fc.constantFrom(Symbol.iterator, Symbol.toStringTag, Symbol.toPrimitive),
    );
    const members = fc.array(fc.tuple(key, fc.oneof(fc.integer(), fc.string()), fc.boolean()));
    const bases = [() => new Mixed(), () => ({}), () => [], () => new Map(), () => new Error('x')];
    fc.assert(
      fc.property(members, fc.nat(4), (list, which) => {
        const value = bases[which]!();
        for (const [name, item, enumerable] of list) {
          if (name === 'length' && Array.isArray(value)) continue;
          // Structured clone, by which plain objects go, takes what is enumerable.
          const shown = enumerable || (which !== 0 && which < 3);
          Object.defineProperty(value, name, {
            value: item,
            enumerable: shown,
            configurable: true,
            writable: true,
          });
        }
        const output = through([value, Symbol.for('special')]) as [object];
        const own = (object: object) =>
          Object.fromEntries(
            Reflect.ownKeys(object)
              .filter((one) => one !== 'stack')
              .map((one) => {
                const { value: item, enumerable } = Object.getOwnPropertyDescriptor(object, one)!;
                return [`${typeof one} ${String(one)}`, [item, enumerable]];
              }),
          );
        expect(own(output[0])).toEqual(own(value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('share()', () => {
  it('keeps the class of what holds arrays, and runs no constructor of it', () => {
    const before = counter.heddleTestMade;
    const copy = share(signal);
    expect(copy).toBeInstanceOf(Signal);
    expect([copy.length, [...copy], copy.rate]).toEqual([4, [1, 2, 3, 4], 44.1]);
    const nested = share({ rows: Object.assign(new Counts(), { data: new Float64Array([1]) }) });
    expect(nested.rows.total()).toBe(0);
    expect(nested.rows).toBeInstanceOf(Counts);
    const error = share(Object.assign(new Bad({ row: 1 }), { data: new Float64Array(2) }));
    expect(Object.prototype.toString.call(error)).toBe('[object Error]');
    expect(error.message).toBe('bad row 1');
    const list = Object.assign(new Rows({ unit: 'm' }), { data: new Float64Array([5]) });
    list.push(7);
    const shared = share(list);
    expect([shared.total(), shared.data[0], shared.unit]).toEqual([7, 5, 'm']);
    expect(counter.heddleTestMade).toBe(before + 2);
  });

  it('takes an instance with private members apart by its hooks, or refuses it', () => {
    class Model {
      #gain = 3;
      weights = new Float64Array([1, 2]);
      score(): number {
        return this.#gain * this.weights[1]!;
      }
    }
    expect(() => share({ m: new Model() })).toThrow(CloneError);
    expect(() => share({ m: new Model() })).toThrow(/'value\.m'.*a Model with #private members/);
    class Hooked {
      #weights: Float64Array;
      constructor(weights: Float64Array) {
        this.#weights = weights;
      }
      get weights(): Float64Array {
        return this.#weights;
      }
      [heddle.state](): unknown {
        return [this.#weights];
      }
      static [heddle.restore]([weights]: [Float64Array]): Hooked {
        return new Hooked(weights);
      }
    }
    const original = new Hooked(new Float64Array([1, 2]));
    const copy = share({ m: original, again: original });
    expect(copy.m).toBe(copy.again);
    expect(copy.m.weights).toEqual(original.weights);
    expect(copy.m.weights.buffer).not.toBe(original.weights.buffer);
    expect(share(copy.m)).toBe(copy.m);
    class Idle {
      #n = 1;
      get n(): number {
        return this.#n;
      }
    }
    const idle = { idle: new Idle(), data: new Float64Array(1) };
    expect(share(idle).idle).toBe(idle.idle);
  });
});

describe('what takes no more members', () => {
  class Model {
    k = 1;
    list: unknown[] = [];
    run = (x: number) => x + 1;
  }
  const kinds: Readonly<Record<string, () => object>> = {
    instance: () => new Model(),
    Array: () => Object.assign(new Rows({ unit: 'm' }), { 0: 1, more: { x: 1 } }),
    Map: () => Object.assign(new Counts([['a', 1]]), { more: [] }),
    Date: () => new Day(0),
  };
  const hows: Readonly<Record<string, (value: object) => void>> = {
    freeze: (value) => Object.freeze(value),
    seal: (value) => Object.seal(value),
    preventExtensions: (value) => Object.preventExtensions(value),
  };
  const ways = { viaProcess, viaThread, share: (value: unknown) => share(value) };

  describe.each(Object.entries(kinds))('%s', (_, make) => {
    it.each(Object.entries(hows))('%s', (_how, close) => {
      const value = make() as { self?: object; array?: Float64Array };
      value.self = value;
      value.array = new Float64Array(3);
      close(value);
      for (const [name, send] of Object.entries(ways)) {
        const got = send(value) as typeof value;
        expect(got, name).not.toBe(value);
        expect(got.self, name).toBe(got);
        expect(Object.isExtensible(got), name).toBe(false);
        expect(Object.isSealed(got), name).toBe(Object.isSealed(value));
        expect(Object.isFrozen(got), name).toBe(Object.isFrozen(value));
        expect(Reflect.ownKeys(got), name).toEqual(Reflect.ownKeys(value));
      }
      for (const send of Object.values(ways))
        expect(Object.isExtensible(send(Object.assign(make(), { a: new Float64Array(1) })))).toBe(
          true,
        );
    });
  });
});
