/**
 * `memory`: behaviours of joblib's Memory (its test_memory), and what files and processes add.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HashError, Memory, map, memory } from '../../src/index.ts';
import { builtUrl } from '../helpers/built.ts';
import { ended } from '../helpers/child.ts';

let folder = '';
let warnings: string[] = [];
const onWarning = (warning: Error): void => {
  if ((warning as NodeJS.ErrnoException).code === 'HEDDLE_CACHE') warnings.push(warning.message);
};

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memory-'));
  warnings = [];
  process.on('warning', onWarning);
});

afterEach(() => {
  process.off('warning', onWarning);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** The files of results, the newest last. */
function results(): string[] {
  return (fs.readdirSync(folder, { recursive: true, withFileTypes: true }) as fs.Dirent[])
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Sets back when a file was written and used. */
function backdate(file: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  fs.utimesSync(file, then, then);
}

describe('a cached function', () => {
  it('is called once for each combination of arguments', async () => {
    let calls = 0;
    const add = memory(folder).cache((a: number, b?: number) => {
      calls++;
      return a + (b ?? 0);
    });
    for (const args of [[1, 2], [2, 1], [1], [1, 0], [1, undefined]] as [number, number?][]) {
      for (let i = 0; i < 3; i++) expect(await add(...args)).toBe(args[0] + (args[1] ?? 0));
    }
    // f(1) and f(1, undefined) are one call; f(1, 0) is another one.
    expect(calls).toBe(4);
    expect(results()).toHaveLength(4);
  });

  it('tells calls with undefined arguments from others where the function can', async () => {
    const folderOf = memory(folder);
    const rest = folderOf.cache((...all: unknown[]) => all.length);
    const second = folderOf.cache((_: unknown, ...all: unknown[]) => all.length);
    const old = folderOf.cache(function () {
      // biome-ignore lint/complexity/noArguments: that is what is asked
      return arguments.length;
    } as (...all: unknown[]) => number);
    const bound = folderOf.cache(((...all: unknown[]) => all.length).bind(null));
    for (const args of [[], [1], [1, undefined], [1, undefined, undefined], [undefined]]) {
      expect(await rest(...args)).toBe(args.length);
      expect(await old(...args)).toBe(args.length);
      expect(await second(...(args as [unknown]))).toBe(Math.max(0, args.length - 1));
    }
    await expect(bound(1)).rejects.toMatchObject({ code: 'ERR_HEDDLE_HASH' });
  });

  it('ignores a member of an instance, and not its class', async () => {
    class A {
      verbose = true;
      k = 1;
    }
    class B extends A {}
    const name = memory(folder).cache((x: A) => `${x.constructor.name} ${x.k}`, {
      ignore: ['x.verbose'],
    });
    expect(await name(new A())).toBe('A 1');
    expect(await name(new B())).toBe('B 1');
    expect(await name.checkCallInCache(Object.assign(new A(), { verbose: false }))).toBe(true);
    const map = Object.assign(new Map([['k', 1]]), { verbose: true });
    const size = memory(folder).cache((x: Map<string, number>) => x.get('k'), {
      ignore: ['x.verbose'],
    });
    expect(await size(map)).toBe(1);
    map.set('k', 2);
    expect(await size(map)).toBe(2);
  });

  it('keeps all kinds of results', async () => {
    const results = new Map<string, unknown>([
      ['undefined', undefined],
      ['array', new Float64Array(2 ** 18).fill(3)],
      ['map', new Map([['a', new Set([1n])]])],
      ['error', new RangeError('kept')],
    ]);
    let calls = 0;
    const get = memory(folder).cache((name: string) => {
      calls++;
      return results.get(name);
    });
    for (const [name, value] of results) {
      await get(name);
      expect(await get(name)).toEqual(value);
    }
    expect(calls).toBe(results.size);
  });

  it('awaits async functions, and keeps no error', async () => {
    let calls = 0;
    const fails = memory(folder).cache(async (x: number) => {
      calls++;
      await null;
      if (calls === 1) throw new Error('at first');
      return x;
    });
    await expect(fails(1)).rejects.toThrow('at first');
    expect(await fails(1)).toBe(1);
    expect(await fails(1)).toBe(1);
    expect(calls).toBe(2);
  });

  it('gives each caller a result of its own', async () => {
    const make = memory(folder).cache(() => ({ list: [1], array: new Float64Array(2 ** 18) }));
    const [a, b] = await Promise.all([make(), make()]);
    a.list.push(2);
    a.array[0] = 5;
    expect(b.list).toEqual([1]);
    expect(b.array[0]).toBe(0);
    b.array[1] = 6;
    expect((await make()).array.subarray(0, 2)).toEqual(Float64Array.of(0, 0));
  });

  it('is called once by callers that ask at the same time', async () => {
    let calls = 0;
    const slow = memory(folder).cache(async (x: number) => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return x;
    });
    expect(await Promise.all([slow(1), slow(1), slow(2), slow(1)])).toEqual([1, 1, 2, 1]);
    expect(calls).toBe(2);
  });

  it('is another one with another text, captured value or version', async () => {
    const cache = memory(folder);
    const withFactor = (factor: number, version?: number) =>
      cache.cache((x: number) => x * factor, version === undefined ? {} : { version });
    expect(await withFactor(2)(3)).toBe(6);
    expect(await withFactor(3)(3)).toBe(9);
    expect(await withFactor(2).checkCallInCache(3)).toBe(true);
    expect(await withFactor(2, 1).checkCallInCache(3)).toBe(false);
    expect(await withFactor(2, 1)(3)).toBe(6);
    expect(await withFactor(2, 1).checkCallInCache(3)).toBe(true);
    expect(await withFactor(2, 2).checkCallInCache(3)).toBe(false);
    const other = cache.cache((x: number) => 2 * x);
    expect(await other.checkCallInCache(3)).toBe(false);
    // joblib tells functions of one name in one file apart, too: here the text does.
    const same = cache.cache((x: number) => x);
    const again = cache.cache((x: number) => x);
    await same(1);
    expect(await again.checkCallInCache(1)).toBe(true);
  });

  it('leaves out what it is told to', async () => {
    let calls = 0;
    const f = (x: number, verbose: boolean, options: { tol: number; log?: string }) => {
      calls++;
      return [x, verbose, options.tol];
    };
    const ignoring = memory(folder).cache(f, { ignore: ['verbose', 'options.log'] });
    await ignoring(1, true, { tol: 1, log: 'a' });
    await ignoring(1, false, { tol: 1 });
    await ignoring(1, false, { tol: 1, log: 'b' });
    expect(calls).toBe(1);
    await ignoring(1, false, { tol: 2, log: 'b' });
    expect(calls).toBe(2);
    const byIndex = memory(folder).cache((...all: number[]) => all.length, { ignore: [1] });
    await byIndex(1, 2, 3);
    expect(await byIndex.checkCallInCache(1, 9, 3)).toBe(true);
    expect(await byIndex.checkCallInCache(1, 9, 4)).toBe(false);
    const byRest = memory(folder).cache((x: number, ...others: number[]) => x + others.length, {
      ignore: ['others'],
    });
    await byRest(1, 2, 3);
    expect(await byRest.checkCallInCache(1)).toBe(true);
  });

  it.each([
    ['verbos', /'ignore' must be a parameter of the function: 'x', 'verbose'/],
    [2, /'ignore'/],
    [-1, /'ignore'/],
    ['verbose.a.b', /'ignore'/],
  ])('refuses to leave out %s, which is no parameter', (one, message) => {
    const f = (x: number, verbose: boolean) => [x, verbose];
    expect(() => memory(folder).cache(f, { ignore: [one] })).toThrow(message);
  });

  it('sees arguments that were changed in place', async () => {
    let calls = 0;
    const total = memory(folder).cache((array: Float64Array) => {
      calls++;
      return array.reduce((a, b) => a + b);
    });
    const array = Float64Array.of(1, 2);
    expect(await total(array)).toBe(3);
    array[0] = 5;
    expect(await total(array)).toBe(7);
    expect(await total(array.slice())).toBe(7);
    expect(await total(Float32Array.from(array) as unknown as Float64Array)).toBe(7);
    expect(calls).toBe(3);
  });

  it('hashes the arguments as they are when it is called', async () => {
    const f = memory(folder).cache((list: number[]) => {
      list.push(9);
      return list.length;
    });
    expect(await f([1])).toBe(2);
    expect(await f.checkCallInCache([1])).toBe(true);
    expect(await f.checkCallInCache([1, 9])).toBe(false);
  });

  it('can be computed anew, and forgotten', async () => {
    let calls = 0;
    const count = memory(folder).cache((_x: number) => ++calls);
    expect([await count(1), await count(1), await count.refresh(1), await count(1)]).toEqual([
      1, 1, 2, 2,
    ]);
    const kept = memory(folder).cache((x: number) => x);
    await kept(5);
    await count.clear();
    expect(await count.checkCallInCache(1)).toBe(false);
    expect(await kept.checkCallInCache(5)).toBe(true);
    await memory(folder).clear();
    expect(await kept.checkCallInCache(5)).toBe(false);
    expect(await count(1)).toBe(3);
  });

  it('removes nothing of others with the cache', async () => {
    fs.writeFileSync(path.join(folder, 'mine'), '');
    const f = memory(folder).cache((x: number) => x);
    await f(1);
    await memory(folder).clear();
    expect(fs.readdirSync(folder)).toEqual(['mine']);
  });

  it('keeps nothing without a folder', async () => {
    let calls = 0;
    const f = memory(null).cache((x: number) => {
      calls++;
      return x;
    });
    expect([await f(1), await f(1), await f.refresh(1)]).toEqual([1, 1, 1]);
    expect(calls).toBe(3);
    expect(await f.checkCallInCache(1)).toBe(false);
    await f.clear();
    await memory(null).clear();
    await memory(null).reduceSize({ items: 0 });
  });

  it('refuses arguments that have no hash', async () => {
    const f = memory(folder).cache((x: unknown) => x === null);
    await expect(f(Promise.resolve())).rejects.toThrow(HashError);
    await expect(f(Promise.resolve())).rejects.toThrow(/'arguments\[0\]' cannot be hashed/);
  });

  it('gives a result that cannot be kept, with a warning', async () => {
    const f = memory(folder).cache((x: number) => ({ x, on: new WeakMap() }));
    expect((await f(1)).x).toBe(1);
    await new Promise(setImmediate);
    expect(warnings).toEqual([expect.stringMatching(/could not be kept.*'result\.on'/)]);
    expect(results()).toEqual([]);
  });

  it('computes anew what is damaged, with a warning', async () => {
    let calls = 0;
    const f = memory(folder).cache((x: number) => {
      calls++;
      return new Float64Array(2 ** 18).fill(x);
    });
    await f(3);
    const [file] = results();
    const bytes = fs.readFileSync(file!);
    bytes[bytes.length - 1]! ^= 1;
    fs.writeFileSync(file!, bytes);
    expect((await f(3)).at(-1)).toBe(3);
    expect(calls).toBe(2);
    await new Promise(setImmediate);
    expect(warnings).toEqual([expect.stringMatching(/computed again: .* checksum of an array/)]);
    expect((await f(3)).at(-1)).toBe(3);
    expect(calls).toBe(2);
    fs.truncateSync(file!, 10);
    expect((await f(3)).at(-1)).toBe(3);
    expect(calls).toBe(3);
  });

  it('may be cached within a cached one', async () => {
    const cache = memory(folder);
    const outer = (factor: number) => {
      const inner = cache.cache((x: number) => x * factor);
      return cache.cache(async (x: number) => (await inner(x)) + 1);
    };
    expect(await outer(2)(3)).toBe(7);
    expect(await outer(3)(3)).toBe(10);
    expect(await outer(2).checkCallInCache(3)).toBe(true);
  });
});

describe('a bounded cache', () => {
  it('computes anew what is too old', async () => {
    let calls = 0;
    const f = memory(folder, { age: 60_000 }).cache((_x: number) => ++calls);
    await f(1);
    backdate(results()[0]!, 30_000);
    expect(await f(1)).toBe(1);
    backdate(results()[0]!, 90_000);
    expect(await f.checkCallInCache(1)).toBe(false);
    expect(await f(1)).toBe(2);
  });

  it('removes what was used longest ago where there is too much', async () => {
    // A result takes little more than 64 KiB.
    const f = memory(folder, { bytes: '250K' }).cache((x: number) =>
      new Uint8Array(2 ** 16).fill(x),
    );
    await f(0);
    const [first] = results();
    backdate(first!, 50_000);
    await f(1);
    const second = results().find((one) => one !== first);
    backdate(second!, 40_000);
    await f(0); // used: the other one is the oldest now
    await f(2);
    await f(3);
    expect(await f.checkCallInCache(1)).toBe(false);
    for (const x of [0, 2, 3]) expect(await f.checkCallInCache(x)).toBe(true);
    const total = results().reduce((sum, one) => sum + fs.statSync(one).size, 0);
    expect(total).toBeLessThanOrEqual(250 * 1024);
  });

  it('is reduced by items, bytes and age', async () => {
    const cache = memory(folder);
    const f = cache.cache((x: number) => 'x'.repeat(x));
    for (const x of [1, 2, 3, 4]) await f(x);
    results().forEach((file, i) => {
      backdate(file, (i + 1) * 10_000);
    });
    await cache.reduceSize();
    expect(results()).toHaveLength(4);
    await cache.reduceSize({ age: 35_000 });
    expect(results()).toHaveLength(3);
    await cache.reduceSize({ items: 2 });
    expect(results()).toHaveLength(2);
    await cache.reduceSize({ bytes: 0 });
    expect(results()).toHaveLength(0);
  });

  it('removes what killed programs have left', async () => {
    const cache = memory(folder);
    const f = cache.cache((x: number) => x);
    await f(1);
    const left = path.join(path.dirname(results()[0]!), '.abc.heddle.1-2.tmp');
    fs.writeFileSync(left, 'half');
    await cache.reduceSize();
    expect(fs.existsSync(left)).toBe(true);
    backdate(left, 7_200_000);
    await cache.reduceSize();
    expect(fs.existsSync(left)).toBe(false);
  });

  it('is compressed where that is wanted', async () => {
    const f = memory(folder, { compress: 'deflate' }).cache(() => new Float64Array(2 ** 18));
    await f();
    expect(fs.statSync(results()[0]!).size).toBeLessThan(2 ** 14);
    expect(await f()).toEqual(new Float64Array(2 ** 18));
  });

  it.each([
    [{ bytes: -1 }, /'bytes'/],
    [{ bytes: '3 apples' }, /'bytes' must be a number of bytes, or one as '100M'/],
    [{ age: 1.5 }, /'age'/],
    [{ compress: 'lzma' }, /'compress'/],
    [{ limit: 1 }, /'options\.limit'/],
  ])('refuses %j', (options, message) => {
    expect(() => memory(folder, options as never)).toThrow(message);
  });
});

describe('workers and processes', () => {
  it.each(['processes', 'threads', 'sequential'] as const)(
    'share the cache (%s)',
    async (backend) => {
      const cache = memory(folder);
      expect(cache).toBeInstanceOf(Memory);
      const square = cache.cache((x: number) => x * x, { version: 1 });
      const options = { backend, jobs: backend === 'sequential' ? 1 : 2 };
      expect(await map([1, 2, 3, 1], square as never, options)).toEqual([1, 4, 9, 1]);
      const kept = await map([2, 3, 4], (x: number) => square.checkCallInCache(x), options);
      expect(kept).toEqual([true, true, false]);
      // What is called here has the same key.
      expect(await square.checkCallInCache(3)).toBe(true);
      const inside = await map([5], (x: number) => cache.cache((y: number) => y + 1)(x), options);
      expect(inside).toEqual([6]);
    },
  );

  it('compute the same at once and see no part of a file', async () => {
    const script = `
      import { memory } from ${JSON.stringify(builtUrl)};
      const f = memory(${JSON.stringify(folder)}).cache((n) => new Float64Array(2 ** 18).fill(n));
      for (let round = 0; round < 15; round++) {
        for (let n = 0; n < 3; n++) {
          const array = await (round % 3 === 0 ? f.refresh(n) : f(n));
          if (!array.every((one) => one === n)) throw new Error('torn');
        }
      }
    `;
    const start = (): ChildProcess =>
      spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const ends = await Promise.all([start(), start(), start()].map((one) => ended(one, 100)));
    for (const { code, stderr } of ends) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(results()).toHaveLength(3);
    expect(results().every((file) => file.endsWith('.heddle'))).toBe(true);
  });

  it('find in another process what was kept', async () => {
    const run = async (): Promise<string> => {
      const script = `
        import { memory } from ${JSON.stringify(builtUrl)};
        const limits = { low: 1 };
        const f = memory(${JSON.stringify(folder)}).cache((x) => {
          console.log('called');
          return x + limits.low;
        });
        console.log(await f(2));
      `;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return (await ended(child, 60)).stdout;
    };
    expect(await run()).toBe('called\n3\n');
    expect(await run()).toBe('3\n');
  });
});
