/**
 * A function that was sent before is looked at again: what has been put on it since then arrives, or
 * is refused, and so does what another of the same text is called.
 */
import { describe, expect, it } from 'vitest';
import { CloneError } from '../../src/codec/index.ts';
import { bind, decodeFunction, encodeFunction } from '../../src/functions/index.ts';

type Probe = ((x: number) => unknown) & Record<PropertyKey, unknown>;

/** Each time a new function of the same text. */
const KINDS: Readonly<Record<string, () => Probe>> = {
  arrow: () => ((x: number) => Math.abs(x)) as Probe,
  method: () =>
    ({
      probe(x: number) {
        return Math.abs(x);
      },
    }).probe as unknown as Probe,
  function: () => ((x: number) => Math.abs(x)) as unknown as Probe,
  async: () => (async (x: number) => Math.abs(x)) as unknown as Probe,
  generator: () =>
    function* (x: number) {
      yield Math.abs(x);
    } as unknown as Probe,
  sloppy: () => new Function('x', 'return Math.abs(x)') as Probe,
};

class Kind {
  static called = 'a kind';
}

/** What is done to a function, and how it shows. */
const CHANGES: Readonly<Record<string, (fn: Probe) => void>> = {
  nothing: () => {},
  'a member': (fn) => void Reflect.set(fn, 'k', 2),
  'a hidden member': (fn) => void Object.defineProperty(fn, 'k', { value: 3 }),
  'a symbol': (fn) => void Reflect.set(fn, Symbol.for('k'), 4),
  'a hidden symbol': (fn) => void Object.defineProperty(fn, Symbol.for('k'), { value: 5 }),
  'a getter': (fn) => void Object.defineProperty(fn, 'k', { get: () => 6 }),
  'another name': (fn) => void Object.defineProperty(fn, 'name', { value: 'renamed' }),
  'another length': (fn) => void Object.defineProperty(fn, 'length', { value: 7 }),
  'a class that it inherits from': (fn) => void Object.setPrototypeOf(fn, Kind),
};

/** What is to be seen of a function. */
function shown(fn: Probe): unknown {
  return [fn.name, fn.length, fn.k, fn[Symbol.for('k')], fn.called];
}

async function ship(fn: Probe): Promise<Probe> {
  const payload = structuredClone(encodeFunction(fn as never, { asValue: true }));
  return (await decodeFunction(payload)) as unknown as Probe;
}

describe.each(Object.entries(KINDS))('%s', (_, make) => {
  it.each(Object.entries(CHANGES))('with %s', async (_name, change) => {
    const fn = make();
    // Its text is known, and so is the function itself.
    await ship(make());
    await ship(fn);
    change(fn);
    const arrived = await ship(fn);
    expect(shown(arrived)).toEqual(shown(fn));
    expect(String(arrived(-1))).toBe(String(fn(-1)));
    // Another one has nothing of it.
    const other = make();
    expect(shown(await ship(other))).toEqual(shown(other));
  });

  it('refuses what inherits from no class', () => {
    for (const base of [null, { called: 'an object' }, (x: number) => x]) {
      const fn = make();
      encodeFunction(fn as never, { asValue: true });
      Object.setPrototypeOf(fn, base);
      expect(() => encodeFunction(fn as never, { asValue: true })).toThrow(CloneError);
    }
  });
});

it('tells functions of one text by their names', async () => {
  const [one, other] = [(x: number) => x * 3, (x: number) => x * 3];
  for (const fn of [one, other, one, other]) {
    expect((await ship(fn as Probe)).name).toBe(fn.name);
  }
});

describe('a function that is only called', () => {
  const called = async (fn: unknown): Promise<unknown> => {
    const shipped = await decodeFunction(structuredClone(encodeFunction(fn as never)));
    return shipped(2);
  };

  it('is not looked at again where it cannot see itself', async () => {
    for (const make of Object.values(KINDS)) {
      const fn = make();
      const first = encodeFunction(fn as never);
      Object.assign(fn, { k: new WeakMap() });
      Object.setPrototypeOf(fn, Kind);
      expect(encodeFunction(fn as never)).toBe(first);
      // What it has is refused where somebody can see it.
      expect(() => encodeFunction(fn as never, { asValue: true })).toThrow(CloneError);
      const other = Object.assign(make(), { k: new WeakMap() });
      expect(await called(other)).toEqual(await called(fn));
    }
  });

  it('arrives with what it can see of itself', async () => {
    const byName = function own(): unknown {
      return (own as unknown as { k: unknown }).k;
    };
    const byArguments = new Function('return arguments.callee.k') as () => unknown;
    const byCaller = new Function(
      'function inner() { return inner.caller.k; } return inner();',
    ) as () => unknown;
    const byVariable = (): unknown => (byVariable as unknown as { k: unknown }).k;
    const byHelper = (): unknown => helper();
    const helper = (): unknown => (byHelper as unknown as { k: unknown }).k;
    const all = [byName, byArguments, byCaller, byVariable, byHelper];
    for (const k of [1, 2, undefined]) {
      for (const fn of all) {
        Object.assign(fn, { k });
        expect(await called(fn)).toBe(k);
      }
    }
  });

  it('has the captures that bind() gives it after it was sent', async () => {
    const fn = new Function('return Math') as () => unknown;
    expect(await called(fn)).toBe(Math);
    expect(await called(bind({ Math: 3 }, fn))).toBe(3);
  });
});
