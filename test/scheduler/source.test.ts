/** Where tasks come from. */
import { describe, expect, it } from 'vitest';
import { taskSource } from '../../src/scheduler/source.ts';
import { collect } from '../helpers/collect.ts';

describe('sources', () => {
  it('count what is left of arrays, and do not look ahead in iterators', () => {
    const array = taskSource([1, 2, 3]);
    expect(array.remaining).toBe(3);
    expect(Array.from(array.take(2))).toEqual([1, 2]);
    expect([array.remaining, array.done]).toEqual([1, false]);
    let read = 0;
    const iterator = taskSource(
      (function* () {
        for (; read < 5; ) yield ++read;
      })(),
    );
    expect(Array.from(iterator.take(2))).toEqual([1, 2]);
    expect(read).toBe(2);
    expect(Array.from(iterator.take(9))).toEqual([3, 4, 5]);
    expect(iterator.done).toBe(true);
  });

  it('takes what is like an array, as its type says', () => {
    const like = taskSource({ length: 3, 0: 'a', 2: 'c' });
    expect(like.remaining).toBe(3);
    expect(Array.from(like.take(5))).toEqual(['a', undefined, 'c']);
  });

  it.each([[1], ['step'], [true], [null], [undefined]])(
    'refuses an iterator whose next() gives %j, instead of reading for ever',
    async (step) => {
      const next = () => step as never;
      const sync = taskSource({ [Symbol.iterator]: () => ({ next }) });
      expect(() => sync.take(3)).toThrow(TypeError);
      expect(sync.done).toBe(true);
      const async = taskSource({ [Symbol.asyncIterator]: () => ({ next: async () => step }) });
      async.take(1);
      await new Promise(setImmediate);
      expect(() => async.take(1)).toThrow(TypeError);
    },
  );

  it.each([[5], [null], [undefined], [{}], [{ length: -1 }], [{ length: 1.5 }]])(
    '%j is refused',
    (value) => {
      expect(() => taskSource(value)).toThrow(TypeError);
    },
  );

  it('keep whom they call back only where they may have to', async () => {
    const array = taskSource([1, 2]);
    const generator = taskSource(new Set([1, 2]));
    const refs = [array, generator].map((source) => {
      const callback = (): void => {};
      source.whenReady(callback);
      return new WeakRef(callback);
    });
    await new Promise(setImmediate);
    collect();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined]);
    expect([array.done, generator.done]).toEqual([false, false]);
    let called = 0;
    const async = taskSource(
      (async function* () {
        yield 1;
      })(),
    );
    async.whenReady(() => called++);
    expect(async.take(1)).toEqual([]);
    await new Promise(setImmediate);
    expect(called).toBeGreaterThan(0);
    expect(async.take(1)).toEqual([1]);
  });
});
