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

it('a prototype that inherits from nothing does so in a worker', async () => {
  class Bare {
    get(): number {
      return 1;
    }
  }
  Object.setPrototypeOf(Bare.prototype, null);
  class Rootless extends (null as unknown as new () => object) {}
  class Below extends Bare {}
  const seen = () =>
    [Bare, Rootless, Below].map((type) => {
      const above = Object.getPrototypeOf(type.prototype) as object | null;
      return above === null ? 'nothing' : above === Bare.prototype ? 'Bare' : 'Object';
    });
  expect(seen()).toEqual(['nothing', 'nothing', 'Bare']);
  const fn = (await decodeFunction(structuredClone(encodeFunction(seen)))) as typeof seen;
  expect(fn()).toEqual(seen());
});

it('an accessor of a function that neither reads nor writes is one', async () => {
  const holder = Object.assign(() => Object.getOwnPropertyDescriptor(holder, 'none'), {});
  const none = undefined as unknown as () => void;
  Object.defineProperty(holder, 'none', { get: none, set: none, configurable: true });
  const fn = (await decodeFunction(structuredClone(encodeFunction(holder)))) as typeof holder;
  expect(fn()).toEqual(holder());
});
