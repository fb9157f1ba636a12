import { expect, it } from 'vitest';
import { CloneError } from '../../src/codec/index.ts';
import { decodeFunction, encodeFunction, task } from '../../src/functions/index.ts';

it('sends a function by its text', async () => {
  const payload = encodeFunction((a: number, b: number) => a + b);
  expect(structuredClone(payload)).toEqual(payload);
  const fn = await decodeFunction(payload);
  expect(fn(1, 2)).toBe(3);
  expect(await decodeFunction(payload)).toBe(fn);
});

it('sends a function by reference to its module', async () => {
  const reference = task<[string], string>('node:path', 'basename');
  expect(await reference('/a/b')).toBe('b');
  const fn = await decodeFunction(structuredClone(encodeFunction(reference)));
  expect(fn('/a/b.js')).toBe('b.js');
  await expect(decodeFunction(encodeFunction(task('node:path', 'nothing')))).rejects.toThrow(
    /exports no 'nothing'/,
  );
  expect(() => task('not a url', 'x')).toThrow(TypeError);
  expect(() => task('node:path', '')).toThrow(/exportName/);
});

it('refuses bound functions', () => {
  expect(() => encodeFunction(Math.max.bind(null))).toThrow(CloneError);
});
