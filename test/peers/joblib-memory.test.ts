/**
 * What joblib's own tests (1.2: test_memory.py, test_hashing.py) ask of a cache of results; each names the one
 * that it follows. docs/peers.md tells what is left out, and why.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hash, map, memory, shutdownWorkers } from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { everyBackend, range, rejection } from '../parallel/support.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-peers-'));
let folder = root;
let next = 0;

beforeEach(() => {
  folder = path.join(root, String(next++));
});

afterAll(async () => {
  await shutdownWorkers({ kill: true });
  fs.rmSync(root, { recursive: true, force: true });
});

/** How often a function has been called, wherever: a line of a file each. */
function counter() {
  const file = path.join(root, `calls-${next++}`);
  fs.writeFileSync(file, '');
  return { file, read: () => fs.readFileSync(file, 'utf8').length };
}

const append = (file: string) => fs.appendFileSync(file, '.');

describe('a cached function', () => {
  it('test_memory_integration, test_memory_lambda, test_persistence', async () => {
    const { file, read } = counter();
    const f = (x: number) => {
      append(file);
      return x;
    };
    const cached = memory(folder).cache(f);
    for (const x of [0, 1, 0, 1, 0, 1]) expect(await cached(x)).toBe(x);
    expect(read()).toBe(2);
    // Another object for the same folder has them, too.
    expect(await memory(folder).cache(f)(1)).toBe(1);
    expect(read()).toBe(2);
  });

  it('test_no_memory', async () => {
    const { file, read } = counter();
    const f = (x: number) => {
      append(file);
      return x;
    };
    const cached = memory(null).cache(f);
    for (const _ of range(4)) expect(await cached(1)).toBe(1);
    expect(read()).toBe(4);
  });

  it('test_memory_kwarg, test_memory_args_as_kwargs: members of an argument, in any order', async () => {
    const { file, read } = counter();
    const f = ({ a, b = 2 }: { a: number; b?: number }) => {
      append(file);
      return a * b;
    };
    const cached = memory(folder).cache(f);
    const results = [await cached({ a: 1, b: 3 }), await cached({ b: 3, a: 1 })];
    expect([...results, read()]).toEqual([3, 3, 1]);
    expect([await cached({ a: 1 }), read()]).toEqual([2, 2]);
  });

  it('test_memory_name_collision, test_memory_warning_lambda_collisions: by what they do, not by name', async () => {
    const make = (by: number) =>
      by === 1 ? (x: number) => x + 1 : by === 2 ? (x: number) => x + 2 : (x: number) => x + by;
    const store = memory(folder);
    const all = [1, 2, 3, 4].map((by) => store.cache(make(by)));
    for (const round of range(2)) {
      for (const [i, one] of all.entries()) expect([round, await one(10)]).toEqual([round, 11 + i]);
    }
  });

  it('test_memory_in_memory_function_code_change, test_memory_file_modification', async () => {
    const { file, read } = counter();
    const store = memory(folder);
    const texts = ['x + 1', 'x + 2', 'x + 1'];
    const results = [];
    for (const text of texts) {
      const f = new Function('x', 'append', `append(); return ${text};`) as (
        x: number,
        append: () => void,
      ) => number;
      results.push(await store.cache(f, { ignore: ['append'] })(1, () => append(file)));
    }
    expect(results).toEqual([2, 3, 2]);
    // The text of before is still kept.
    expect(read()).toBe(2);
  });

  it('test_argument_change, test_memory_numpy', async () => {
    const { file, read } = counter();
    const sum = (a: Float64Array) => {
      append(file);
      return a.reduce((x, y) => x + y, 0);
    };
    const cached = memory(folder).cache(sum);
    const a = new Float64Array(1000).fill(1);
    expect([await cached(a), await cached(a.slice()), read()]).toEqual([1000, 1000, 1]);
    a[5] = 2;
    expect([await cached(a), read()]).toEqual([1001, 2]);
  });

  it('test_memory_numpy_check_mmap_mode: large arrays are mapped, and nobody writes into the file', async () => {
    const { file, read } = counter();
    const make = (n: number) => {
      append(file);
      return new Float64Array(n).fill(1);
    };
    const cached = memory(folder).cache(make);
    await cached(400_000);
    const first = await cached(400_000);
    first[3] = 7;
    expect([(await cached(400_000))[3], read()]).toEqual([1, 1]);
  });

  it('test_memory_exception', async () => {
    const { file, read } = counter();
    class OwnError extends Error {}
    const fail = (x: number): number => {
      append(file);
      if (x > 0) throw new OwnError('no');
      return x;
    };
    const cached = memory(folder).cache(fail);
    for (const _ of range(3)) expect(await rejection(cached(1))).toBeInstanceOf(OwnError);
    expect([await cached(0), await cached(0), read()]).toEqual([0, 0, 4]);
  });

  it('test_memory_ignore, test_memory_ignore_decorated', async () => {
    const { file, read } = counter();
    const z = (x: number, y = 1) => {
      append(file);
      return x + 0 * y;
    };
    const cached = memory(folder).cache(z, { ignore: ['y'] });
    expect([await cached(0, 1), await cached(0, 2), await cached(0), read()]).toEqual([0, 0, 0, 1]);
    const unknown = () => memory(folder).cache(z, { ignore: ['unheardOf'] });
    expect(unknown).toThrow(/unheardOf/);
  });

  it('test_partial_decoration, test_memory_partial: options, and captured arguments', async () => {
    const { file, read } = counter();
    const bound = (by: number) => (x: number) => {
      append(file);
      return x * by;
    };
    const store = memory(folder, { compress: 'deflate' });
    const [twice, thrice] = [store.cache(bound(2)), store.cache(bound(3))];
    expect([await twice(5), await thrice(5), await twice(5)]).toEqual([10, 15, 10]);
    expect(read()).toBe(2);
  });

  it('test_check_call_in_cache, test_clear_memory_with_none_location, test_memory_clear', async () => {
    const { file, read } = counter();
    const f = (x: number) => {
      append(file);
      return x;
    };
    const store = memory(folder);
    const cached = store.cache(f);
    expect(await cached.checkCallInCache(2)).toBe(false);
    await cached(2);
    expect([await cached.checkCallInCache(2), await cached.checkCallInCache(3)]).toEqual([
      true,
      false,
    ]);
    await cached.clear();
    expect(await cached.checkCallInCache(2)).toBe(false);
    await cached(2);
    await store.clear();
    expect(await cached.checkCallInCache(2)).toBe(false);
    expect(read()).toBe(2);
    await memory(null).clear();
  });

  it('test_memory_recomputes_after_an_error_while_loading_results', async () => {
    const { file, read } = counter();
    const f = (x: number) => {
      append(file);
      return { x, text: 'result' };
    };
    const cached = memory(folder).cache(f);
    await cached(1);
    const files = fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(folder, name))
      .filter((name) => fs.statSync(name).isFile());
    for (const name of files) fs.truncateSync(name, Math.floor(fs.statSync(name).size / 2));
    expect([await cached(1), read()]).toEqual([{ x: 1, text: 'result' }, 2]);
    expect([await cached(1), read()]).toEqual([{ x: 1, text: 'result' }, 2]);
  });

  it('test_memory_reduce_size', async () => {
    const store = memory(folder);
    const make = (x: number) => new Float64Array(10_000).fill(x);
    const cached = store.cache(make);
    for (const x of range(5)) await cached(x);
    await store.reduceSize({ items: 2 });
    const kept = [];
    for (const x of range(5)) kept.push(await cached.checkCallInCache(x));
    expect(kept.filter(Boolean)).toHaveLength(2);
    await store.reduceSize({ bytes: 0 });
    expect(await cached.checkCallInCache(4)).toBe(false);
  });

  it('test_memorized_pickling, test_memory_pickle_dump_load: it goes to workers with its cache', async () => {
    for (const [name, options] of everyBackend) {
      const { file, read } = counter();
      const f = (x: number) => {
        append(file);
        return x * 10;
      };
      const cached = memory(path.join(folder, name)).cache(f);
      const ask = (x: number) => cached(x);
      expect([name, await map([1, 2], ask, options), read()]).toEqual([name, [10, 20], 2]);
      const again = await map([1, 2, 1, 2, 1], ask, options);
      expect([name, again, read()]).toEqual([name, [10, 20, 10, 20, 10], 2]);
      expect([name, await cached(2), read()]).toEqual([name, 20, 2]);
    }
  });

  it('test_cached_function_race_condition: many that ask at once get whole results', async () => {
    const make = (x: number) => new Float64Array(200_000).fill(x);
    const cached = memory(folder).cache(make);
    const all = await Promise.all(range(12).map((i) => cached(i % 3)));
    for (const [i, one] of all.entries()) {
      expect([one.length, one[0], one[199_999]]).toEqual([200_000, i % 3, i % 3]);
    }
  });
});

describe('a hash', () => {
  it('test_trivial_hash, test_hash_methods, test_bound_methods_hash', () => {
    const values: unknown[] = [1, 2, 1n, '1', [1], { a: 1 }, { a: 2 }, new Set([1]), true, null];
    values.push(undefined, 1.5, Number.NaN, '', [], {}, new Map([[1, 2]]), new Date(1));
    const all = values.map((value) => hash(value));
    expect(new Set(all).size).toBe(values.length);
    for (const [i, value] of values.entries()) {
      expect(hash(structuredClone(value))).toBe(all[i]);
    }
  });

  it('test_hash_numpy_arrays, test_hash_numpy_noncontiguous, test_numpy_datetime_array', () => {
    const a = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const same = new Float64Array(1100);
    same.set(a, 100);
    expect(hash(same.subarray(100))).toBe(hash(a));
    const others = [Float32Array.from(a), a.slice(1), new Uint8Array(a.buffer), a.map((x) => -x)];
    const all = [a, ...others].map((value) => hash(value));
    expect(new Set(all).size).toBe(all.length);
  });

  it('test_dict_hash, test_set_hash, test_set_decimal_hash: whatever the order', () => {
    const object = { first: 1, second: [1, 2], third: { x: 1 } };
    const turned = { third: { x: 1 }, second: [1, 2], first: 1 };
    expect(hash(object)).toBe(hash(turned));
    expect(hash([1, 2])).not.toBe(hash([2, 1]));
  });

  it('test_wrong_hash_typo: strings of the same letters, and one in two places', () => {
    const text = 'abc';
    expect(hash([text, text])).toBe(hash(['abc', ['a', 'bc'].join('')]));
    expect(hash(['ab', 'c'])).not.toBe(hash(['a', 'bc']));
  });
});
