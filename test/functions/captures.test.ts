import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CloneError, decode, encode, share } from '../../src/codec/index.ts';
import { bind, decodeFunction, encodeFunction } from '../../src/functions/index.ts';

type Any = (...args: never[]) => unknown;

/** The function as a worker gets it: by way of plain data. */
async function ship<F extends Any>(fn: F): Promise<F> {
  const payload = structuredClone(encodeFunction(fn));
  // A worker has not seen it before.
  (payload as { id: string }).id += Math.random();
  return (await decodeFunction(payload)) as unknown as F;
}

const factor = 3;
const table = new Float64Array([1, 2, 3]);
const settings = { scale: 2, names: new Map([['a', 1]]), nested: { list: [1, [2]] } };
const half = (x: number) => x / 2;
const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);
function helper(x: number) {
  return half(x) * factor;
}
class Base {
  static unit = 10;
  value: number;
  constructor(value: number) {
    this.value = value;
  }
  twice() {
    return this.value * 2;
  }
}
class Derived extends Base {
  static table: number[] = [];
  static {
    Derived.table.push(factor, Base.unit);
  }
  #hidden = 1;
  override twice() {
    return super.twice() + this.#hidden + factor;
  }
}

describe('captures', () => {
  it('takes constants, arrays, objects and helpers, and helpers of helpers', async () => {
    const local = 5;
    const fn = await ship(
      (x: number) => helper(x) + local + table[1]! + settings.nested.list.length,
    );
    expect(fn(4)).toBe(6 + 5 + 2 + 2);
    expect((await ship(() => settings))()).toEqual(settings);
  });

  it('takes imports, whole namespaces and functions of Node', async () => {
    expect((await ship((f: string) => basename(f) + path.extname(f)))('/a/b.c')).toBe('b.c.c');
    expect((await ship(() => typeof readFileSync))()).toBe('function');
    // biome-ignore lint/performance/noDynamicNamespaceImportAccess: that is what is tested
    expect((await ship((k: 'sep') => path[k]))('sep')).toBe(path.sep);
    const { sqrt } = Math;
    const define = Object.defineProperty;
    const shipped = await ship((x: number) => define({ y: 0 }, 'y', { value: sqrt(x) }).y);
    expect(shipped(9)).toBe(3);
    const maths = Math;
    expect((await ship(() => maths.abs(-1)))()).toBe(1);
  });

  it('takes functions that call each other, and themselves', async () => {
    expect((await ship(isEven))(10)).toBe(true);
    expect((await ship((n: number) => isOdd(n)))(7)).toBe(true);
    const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
    expect((await ship(factorial))(5)).toBe(120);
    const tools = {
      a: (n: number): number => (n === 0 ? 0 : tools.b(n - 1)),
      b: (n: number): number => tools.a(n),
    };
    const shipped = (await ship(() => tools))();
    expect(shipped.a(3)).toBe(0);
    expect(shipped.b).not.toBe(tools.b);
  });

  it('takes classes with extends, static blocks and private members', async () => {
    const fn = await ship((x: number) => [
      new Derived(x).twice(),
      ...Derived.table,
      new Derived(1) instanceof Base,
    ]);
    expect(fn(2)).toEqual([4 + 1 + 3, 3, 10, true]);
  });

  it('imports what has a text, as import() does', async () => {
    const load = async (what: unknown) => Object.keys((await import(what as string)) as object);
    const shipped = await ship(load);
    const keys = await shipped('node:path');
    expect(keys).toContain('join');
    expect(await shipped(new URL('node:path'))).toEqual(keys);
    expect(await shipped({ toString: () => 'node:path' })).toEqual(keys);
    await expect(shipped(Symbol.iterator)).rejects.toThrow(TypeError);
    await expect(shipped({ toString: () => [] })).rejects.toThrow(TypeError);
  });

  it('takes import(), import.meta and what is beside the file', async () => {
    const fn = await ship(async () => {
      const { sep } = await import('node:path');
      const name = './apps/beside.mjs';
      const { beside } = (await import(name)) as { beside: string };
      return [sep, beside, import.meta.url];
    });
    expect(await fn()).toEqual([path.sep, 'beside', import.meta.url]);
  });

  it('takes async functions, generators and methods', async () => {
    expect(await (await ship(async (x: number) => (await Promise.resolve(x)) + factor))(1)).toBe(4);
    const generator = await ship(function* (n: number) {
      for (let i = 0; i < n; i++) yield i * factor;
    });
    expect([...generator(3)]).toEqual([0, 3, 6]);
    const later = await ship(async function* () {
      yield factor;
    });
    for await (const item of later()) expect(item).toBe(3);
    const key = 'computed';
    const object = {
      method(x: number) {
        return x * factor;
      },
      async [`${key}Name`](x: number) {
        return x + factor;
      },
      get property() {
        return factor;
      },
    };
    expect((await ship(object.method))(2)).toBe(6);
    expect(await (await ship(object.computedName as (x: number) => Promise<number>))(2)).toBe(5);
    const getter = Object.getOwnPropertyDescriptor(object, 'property')!.get!;
    expect((await ship(getter as () => number))()).toBe(3);
  });

  it('keeps names, own properties and negative zero', async () => {
    const named = Object.assign((x: number) => x * factor, { version: 3 });
    const shipped = await ship(named);
    expect(shipped.name).toBe(named.name);
    expect(shipped.version).toBe(3);
    const zero = -0;
    const other = 0;
    expect((await ship(() => [zero, other]))()).toEqual([-0, 0]);
    const outer = await ship(() => named.version);
    expect(outer()).toBe(3);
  });

  it('sees what changed since the last time, and knows what did not', () => {
    let level = 1;
    const fn = () => level;
    const first = encodeFunction(fn);
    expect(encodeFunction(fn).id).toBe(first.id);
    level = 2;
    expect(encodeFunction(fn).id).not.toBe(first.id);
    const free = (x: number) => x + 1;
    expect(encodeFunction(free)).toBe(encodeFunction(free));
  });

  it('shares captured arrays', async () => {
    const big = new Float64Array(1 << 18).fill(1);
    const payload = encodeFunction(() => big[7]);
    expect(JSON.stringify(payload).length).toBeLessThan(3000);
    expect((await decodeFunction(structuredClone(payload)))()).toBe(1);
    const out = share(new Float64Array(4), { mode: 'readwrite' });
    const write = await ship((i: number) => {
      out[i] = i;
    });
    write(2);
    expect(out[2]).toBe(2);
  });

  it('takes captures by name from bind()', async () => {
    const alpha = 1;
    const fn = bind({ alpha: 10, extra: 2 }, (x: number) => x * alpha);
    expect(fn(2)).toBe(2);
    expect((await ship(fn))(2)).toBe(20);
  });

  it('lets values contain functions and instances', async () => {
    const model = { predict: (x: number) => x * factor, base: new Derived(2) };
    expect(() => encode(model, { to: 'process', maxBytes: 1e6 })).toThrow(/#private/);
    const fine = { predict: (x: number) => x * factor, base: new Base(2) };
    const { message } = encode(fine, { to: 'process', maxBytes: 1e6 });
    const copy = decode(structuredClone(message)) as typeof fine;
    expect(copy.predict(2)).toBe(6);
    expect(copy.base).toBeInstanceOf(Base);
  });
});

describe('refusals name the path, the place and the remedy', () => {
  const refused = (fn: Any, message: RegExp, remedy: RegExp) => {
    try {
      encodeFunction(fn);
    } catch (error) {
      expect(error).toBeInstanceOf(CloneError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toMatch(remedy);
      expect((error as Error).message).toMatch(/captures\.test\.ts:\d+:\d+/);
      return;
    }
    expect.unreachable(String(message));
  };

  it('for values that exist in one process only', async () => {
    const { Socket } = await import('node:net');
    const { PassThrough } = await import('node:stream');
    const { EventEmitter } = await import('node:events');
    const db = { conn: { socket: new Socket() } };
    const plain = /Send plain data instead\.$/;
    refused(() => db.conn.socket, /captures 'db\.conn\.socket', a Socket/, plain);
    const use = () => db;
    refused(() => use(), /captures 'use → db\.conn\.socket', a Socket/, plain);
    const interval = setInterval(() => {}, 1000);
    clearInterval(interval);
    const values: [unknown, RegExp, RegExp][] = [
      [new PassThrough(), /a PassThrough/, plain],
      [new EventEmitter(), /an EventEmitter/, plain],
      [new (class Bus extends EventEmitter {})(), /a Bus/, plain],
      [setTimeout(() => {}, 0), /a Timeout/, plain],
      [interval, /a Timeout/, plain],
      [setImmediate(() => {}), /an Immediate/, plain],
      [new MessageChannel().port1, /a MessagePort/, /use a Queue of heddle\/sync/],
      [Promise.resolve(), /a Promise/, /Await it first/],
      [(function* () {})(), /a generator/, /Collect it into an array first/],
      [(async function* () {})(), /a generator/, /Collect it into an array first/],
      [new WeakMap(), /a WeakMap/, /Use a Map or a Set/],
      [new WeakSet(), /a WeakSet/, /Use a Map or a Set/],
      [new WeakRef({}), /a WeakRef/, /Send what it refers to/],
      [new Proxy({}, {}), /a Proxy/, /Send what it stands for/],
      [new Proxy(half, {}), /'value', a Proxy/, /Send what it stands for/],
      [new AbortController(), /an AbortController/, /Use the task's own ctx\.signal/],
      [AbortSignal.timeout(1), /an AbortSignal/, /Use the task's own ctx\.signal/],
      [Symbol('own'), /an unregistered symbol \(Symbol\(own\)\)/, /Use Symbol\.for\(\)/],
      [half.bind(null), /a bound function/, /\(x\) => f\(x\)/],
      [new Derived(1), /a Derived with #private members/, /heddle\.state/],
    ];
    for (const [value, message, remedy] of values) {
      refused(() => value, message, remedy);
      expect(() => encode({ a: [value] }, { to: 'process', maxBytes: 1e6, path: 'task' })).toThrow(
        /task\.a\[0\]/,
      );
    }
  });

  it('for what ties a function to its place', () => {
    const argument = /Pass what it needs as an argument\.$/;
    let count = 0;
    refused(
      () => {
        count++;
      },
      /captures 'count', a variable that it assigns to/,
      /Return the value, or use shared\.zeros\(\)/,
    );
    refused(
      () => {
        [count] = [1];
      },
      /'count'/,
      /Return the value/,
    );
    expect(count).toBe(0);
    class Owner extends Base {
      #secret = 1;
      arrow() {
        return () => this;
      }
      private() {
        return (other: Owner) => other.#secret;
      }
      method() {
        return super.twice();
      }
    }
    refused(new Owner(1).arrow() as Any, /uses the 'this' of the place/, argument);
    refused(new Owner(1).private() as Any, /private member #secret/, argument);
    refused(Owner.prototype.method as Any, /uses 'super'/, argument);
    function outer(..._: number[]) {
      // biome-ignore lint/complexity/noArguments: that is what is tested
      return () => arguments.length;
    }
    refused(outer(1) as Any, /'arguments'/, argument);
    expect(() => encodeFunction(half.bind(null))).toThrow(/'bound half' .* it is a bound function/);
  });

  it('for the one kind of variable that cannot be read', () => {
    const make = function basename(_: number) {
      return () => basename.length;
    };
    refused(
      make(1),
      /captures 'basename', the name of a function expression around it/,
      /Give that function to a variable/,
    );
  });

  it('for too much that is not shared', () => {
    const text = 'x'.repeat(65 << 20);
    refused(
      () => text.length,
      /65 MiB of captures that are not shared/,
      /share\(\) them, or .* invoker\(\)/,
    );
  });
});
