/** Tables of options. */

import { describe, expect, it } from 'vitest';
import {
  checkKeys,
  flag,
  nearestName,
  oneOf,
  positiveNumber,
  readOptions,
  wholeNumber,
} from '../src/options.ts';
import { fc } from './helpers/seeds.ts';

describe('the nearest name', () => {
  const known = ['fullMatrices', 'jobs', 'batchSize', 'idleTimeout', 'timeout', 'signal', 'out'];

  it.each([
    ['full_matrices', 'fullMatrices'],
    ['fullmatrices', 'fullMatrices'],
    ['job', 'jobs'],
    ['n_jobs', 'jobs'],
    ['batch-size', 'batchSize'],
    ['timout', 'timeout'],
    ['tiemout', 'timeout'],
    ['idle', 'idleTimeout'],
    ['singal', 'signal'],
    ['xyzzy', undefined],
    ['', undefined],
  ])("of '%s' is %s", (given, expected) => {
    expect(nearestName(given, known)).toBe(expected);
  });

  it('is the name itself where one letter is wrong', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('fullMatrices', 'batchSize', 'idleTimeout', 'preDispatch'),
        fc.nat(),
        fc.constantFrom('q', 'z', ''),
        (name, at, letter) => {
          const i = at % name.length;
          const given = name.slice(0, i) + letter + name.slice(i + 1);
          const names = ['fullMatrices', 'batchSize', 'idleTimeout', 'preDispatch'];
          expect(nearestName(given, names)).toBe(name);
        },
      ),
    );
  });
});

describe('a table of options', () => {
  const table = {
    count: wholeNumber({ least: 1, most: 9, unlimited: true }),
    ms: positiveNumber({ most: 100 }),
    mode: oneOf('a', 'b'),
    on: flag,
  };

  it('gives what was given, and leaves out what is undefined', () => {
    const given = { count: 3, ms: undefined, mode: 'a', on: false };
    expect(readOptions('options', table, given)).toEqual({ count: 3, mode: 'a', on: false });
    expect(readOptions('options', table, undefined)).toEqual({});
    expect(readOptions('options', table, { count: Number.POSITIVE_INFINITY }).count).toBe(Infinity);
  });

  it.each<[unknown, RegExp]>([
    [
      { count: 0 },
      /'count' must be a whole number of at least 1 and at most 9, or Infinity, but 0/,
    ],
    [{ count: 10 }, /at most 9/],
    [{ count: '3' }, /count/],
    [{ count: Number.NaN }, /count/],
    [{ ms: 0 }, /greater than 0 and at most 100/],
    [{ ms: Number.POSITIVE_INFINITY }, /ms/],
    [{ mode: 'c' }, /one of 'a', 'b'/],
    [{ on: 1 }, /true or false/],
    [{ cuont: 1 }, /'options.cuont' must be left out: did you mean 'count'\?/],
    [{ constructor: 1 }, /must be left out: there are count, mode, ms, on/],
    [7, /'options' must be an object/],
    [null, /'options' must be an object/],
  ])('refuses %j', (given, message) => {
    const read = () => readOptions('options', table, given);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
  });

  it('can have its keys checked alone', () => {
    checkKeys('options', { a: 1 }, ['a', 'b']);
    checkKeys('options', undefined, ['a']);
    expect(() => checkKeys('options', { c: 1 }, ['a', 'b'])).toThrow(TypeError);
  });
});
