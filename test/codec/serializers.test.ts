/**
 * Classes of others, by registered serializers; and Heddle's own classes, everywhere they may be.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { invoker, map, registerSerializer, shutdownWorkers } from 'heddle';
import { KNeighbors, RadiusNeighborsModel } from 'heddle/neighbors';
import { defaultRng, MT19937, PCG64, PCG64DXSM, Philox, SeedSequence, SFC64 } from 'heddle/random';
import {
  Barrier,
  BoundedSemaphore,
  Event,
  Lock,
  Queue,
  Semaphore,
  Array as SharedArray,
  Value,
} from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import { root, runProgram, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** The recipes of docs/memory.md, as they stand there. */
function recipes(): string {
  const text = readFileSync(path.join(root, 'docs/memory.md'), 'utf8');
  const [, code] = /<!-- serializers -->\s*```ts\n([\s\S]*?)```/.exec(text)!;
  return code!;
}

it('the example of the documentation runs as it stands there', () => {
  const text = readFileSync(path.join(root, 'docs/memory.md'), 'utf8');
  const [, code] = /<!-- serializer -->\s*```ts\n([\s\S]*?)```/.exec(text)!;
  const file = path.join(root, 'test', `account-${process.pid}.ts`);
  writeFileSync(file, `${code}process.exit(0);`);
  try {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout, stderr).toBe('true Ada\n');
    expect(status).toBe(0);
  } finally {
    rmSync(file);
  }
}, 120_000);

it('the recipes of the documentation carry what people pass, in every place', () => {
  const imports = [...recipes().matchAll(/^import .*$/gm)].map(([line]) => line).join('\n');
  const rest = recipes().replace(/^import .*$/gm, '');
  const { stdout, stderr, code } = runProgram(`
    ${imports.replace(/^import .* from 'heddle';$/m, '')}
    const { registerSerializer, map, invoker } = heddle;
    ${rest}
    const values = {
      matrix: [new Matrix([[1, 2], [3, 4]]), (m) => m.mmul(m).to2DArray().flat().join()],
      ndarray: [ndarray(new Float64Array([1, 2, 3, 4]), [2, 2]).transpose(1, 0), (a) => [a.get(1, 0), a.shape, a.size].join()],
      table: [tableFromArrays({ a: Float64Array.from([1, 2]), b: ['x', 'y'] }), (t) => [t.numRows, t.getChild('b').get(1), t.getChild('a').get(0)].join()],
      dense: [math.matrix([[1, 2], [3, 4]]), (m) => [m.size(), m.get([1, 0])].join()],
      decimal: [new Decimal('0.1'), (d) => d.plus('0.2').toString()],
    };
    for (const backend of ['threads', 'processes']) {
      const options = { backend, jobs: 2 };
      for (const [name, [value, look]] of Object.entries(values)) {
        const expected = look(value);
        const back = (await map([value], (v) => v, options))[0];
        const seen = [
          (await map([value], look, options))[0],
          (await map([1], () => look(value), options))[0],
          (await invoker(value, (v) => look(v), options).map([1]).toArray())[0],
          look(back),
          look((await map([{ deep: [value] }], (v) => new Map([['v', v]]), options))[0].get('v').deep[0]),
        ];
        console.log(backend, name, seen.every((one) => one === expected), back.constructor === value.constructor);
      }
    }
    process.exit(0);
  `);
  const names = ['matrix', 'ndarray', 'table', 'dense', 'decimal'];
  const lines = ['threads', 'processes'].flatMap((b) => names.map((n) => `${b} ${n} true true\n`));
  expect(stdout, stderr).toBe(lines.join(''));
  expect(code).toBe(0);
}, 120_000);

describe.each(workerBackends)('registered serializers with %s', (_name, options) => {
  class Secret {
    readonly #n: number;
    constructor(n: number) {
      this.#n = n;
    }
    get n(): number {
      return this.#n;
    }
  }
  const build = (n: number): Secret => new Secret(n);

  it('reach workers that are running, and end', async () => {
    await map([1, 2], (x) => x, options);
    const secret = [new Secret(1)];
    const refused = expect.objectContaining({
      message: expect.stringMatching(/a Secret with #private/),
    });
    await expect(map(secret, (s) => s.n, options)).rejects.toEqual(refused);
    const registration = registerSerializer(Secret, {
      state: ({ n }) => [n],
      restore: ([n]) => build(n!),
    });
    const back = await map(secret, (s) => s, options);
    expect(back[0]).toBeInstanceOf(Secret);
    expect(back[0]!.n).toBe(1);
    // What a worker makes itself comes back too, in another job of the same workers.
    const made = await map([5], (n) => ({ made: new Secret(n), twice: build(2 * n) }), options);
    expect([made[0]!.made.n, made[0]!.twice.n]).toEqual([5, 10]);
    const [same] = await map([[secret[0], secret[0]]], ([a, b]) => a === b, options);
    expect(same).toBe(true);
    registration[Symbol.dispose]();
    await expect(map(secret, (s) => s.n, options)).rejects.toEqual(refused);
  });

  it('hold for classes that extend the class, and an error of theirs is the task’s', async () => {
    using _ = registerSerializer(Secret, {
      state: (s) => {
        if (s.n < 0) throw new RangeError('negative');
        return s.n;
      },
      restore: (n) => new Secret(n),
    });
    class Deeper extends Secret {}
    const [n] = await map([new Deeper(4)], (s) => s.n, options);
    expect(n).toBe(4);
    const settled = await map([new Secret(1), new Secret(-1)], (s) => s.n, {
      ...options,
      returnErrors: true,
    });
    expect(settled[0]).toEqual({ status: 'fulfilled', value: 1 });
    expect(settled[1]).toMatchObject({
      status: 'rejected',
      reason: { cause: { message: 'negative' } },
    });
  });
});

it('says what is wrong with a registration', () => {
  const code = 'ERR_HEDDLE_INVALID_ARGUMENT';
  const serializer = { state: () => 1, restore: () => ({}) };
  expect(() => registerSerializer({} as never, serializer)).toThrow(
    expect.objectContaining({ code }),
  );
  expect(() => registerSerializer(Map, { state: 1, restore: () => 1 } as never)).toThrow(
    /'serializer\.state' must be a function, but 1 was given/,
  );
});

/** Heddle's own: how to make one, and what tells that it is the same elsewhere. */
const rows = { data: Float64Array.from({ length: 20 }, (_, i) => i % 7), shape: [10, 2] };
const own: Readonly<Record<string, readonly [() => object, (value: never) => unknown]>> = {
  KNeighbors: [
    () => new KNeighbors({ k: 3 }).fit(rows, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
    (model: KNeighbors) => [...model.classifySync(rows)].join(),
  ],
  RadiusNeighborsModel: [
    () => new RadiusNeighborsModel({ radius: 2.5 }).fit(rows, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
    (model: RadiusNeighborsModel) => [...model.classifySync(rows)].join(),
  ],
  Generator: [() => defaultRng(3), (rng: ReturnType<typeof defaultRng>) => rng.random()],
  SeedSequence: [
    () => new SeedSequence(5, { spawnKey: [1, 2] }),
    (seq: SeedSequence) => [...seq.generateState(4)].join(),
  ],
  ...Object.fromEntries(
    [PCG64, PCG64DXSM, MT19937, Philox, SFC64].map((Type) => [
      Type.name,
      [() => new Type(7), (bits: PCG64) => defaultRng(bits).random()],
    ]),
  ),
  Lock: [() => new Lock(), (lock: Lock) => lock.runSync(() => 'held')],
  Semaphore: [
    () => new Semaphore(2),
    (one: Semaphore) => {
      one.acquireSync();
      one.release();
      return 'free';
    },
  ],
  BoundedSemaphore: [
    () => new BoundedSemaphore(1),
    (one: BoundedSemaphore) => {
      one.acquireSync();
      one.release();
      try {
        one.release();
        return 'no bound';
      } catch (error) {
        return (error as Error).name;
      }
    },
  ],
  Event: [
    () => new Event(),
    (event: Event) => {
      event.set();
      return event.isSet;
    },
  ],
  Barrier: [() => new Barrier(1), (barrier: Barrier) => barrier.waitSync()],
  Queue: [
    () => new Queue(),
    (queue: Queue<number>) => {
      queue.putSync(3);
      return queue.getSync();
    },
  ],
  Value: [() => new Value('float64', 2.5), (value: Value<'float64'>) => value.value],
  Array: [
    () => new SharedArray('int32', [3, 4]),
    (array: SharedArray<'int32'>) => [...array.data, array.length].join(),
  ],
};

describe.each(workerBackends)('classes of Heddle with %s', (_name, options) => {
  it.each(Object.entries(own))(
    '%s travels as argument, capture, model and result',
    async (_n, [make, look]) => {
      const expected = look(make() as never);
      expect(await map([make()], (value) => look(value as never), options)).toEqual([expected]);
      const captured = make();
      expect(await map([1], () => look(captured as never), options)).toEqual([expected]);
      const scorer = invoker(make(), (model) => look(model as never), options);
      expect(await scorer.map([1]).toArray()).toEqual([expected]);
      const [back] = await map([make()], (value) => value, options);
      expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(make()));
      expect(look(back as never)).toEqual(expected);
    },
  );
});
