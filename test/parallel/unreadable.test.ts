/**
 * What can't be made where it arrives: arguments there, results and errors here.
 */
import { channel } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { invoker, map, shutdownWorkers, TaskError } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { range, rejection, workerBackends } from './support.ts';

/** Known in this process alone, not in workers. */
(globalThis as { heddleTestHome?: boolean }).heddleTestHome = true;

const folder = mkdtempSync(path.join(tmpdir(), 'heddle-test-'));
const file = path.join(folder, 'far.mjs');
writeFileSync(
  file,
  `if ('heddleTestHome' in globalThis) throw new RangeError('boom');
  export class Far {}
  export class FarError extends Error {}`,
);
const far = pathToFileURL(file).href;

afterAll(() => {
  rmSync(folder, { recursive: true });
  return shutdownWorkers({ kill: true });
});

/** A class that can only be made here. */
class Homely {
  readonly away = false;
  static made = (() => {
    if (!('heddleTestHome' in globalThis)) throw new RangeError('boom');
    return true;
  })();
}

const arrivals = {
  'a result of a class that can not be compiled here': (x: number) => {
    class Away {
      readonly away = true;
      static made = (() => {
        if ('heddleTestHome' in globalThis) throw new RangeError('boom');
        return true;
      })();
    }
    return x === 4 ? new Away() : x;
  },
  'a result of a class that can not be imported here': async (x: number) => {
    const { Far } = await import(far);
    return x === 4 ? new Far() : x;
  },
  'an error of a class that can not be compiled here': (x: number) => {
    class AwayError extends Error {
      static made = (() => {
        if ('heddleTestHome' in globalThis) throw new RangeError('boom');
        return true;
      })();
    }
    if (x === 4) throw new AwayError();
    return x;
  },
  'an error of a class that can not be imported here': async (x: number) => {
    const { FarError } = await import(far);
    if (x === 4) throw new FarError();
    return x;
  },
} satisfies Record<string, (x: number) => unknown>;

describe.each(workerBackends)('%s', (_, options) => {
  it('an argument that can not be made there fails alone, however its batch is shared out', async () => {
    const tasks = range(6).map((x) => (x === 4 ? new Homely() : x));
    const settings = { ...options, batchSize: 3, returnErrors: true } as const;
    const see = (task: unknown) => (typeof task === 'number' ? task : 'never');
    await map(tasks, see, settings);
    let ends = 0;
    const ended = (event: unknown) => {
      // Those of the other backend, which a test before killed, may end late.
      if ((event as { backend: string }).backend === options.backend) ends++;
    };
    channel('heddle:worker:ended').subscribe(ended);
    for (let round = 0; round < 200; round++) {
      const settled = await map(tasks, see, settings);
      for (const x of [0, 1, 2, 3, 5]) {
        expect(settled[x]).toEqual({ status: 'fulfilled', value: x });
      }
      const { reason } = settled[4] as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(TaskError);
      expect(reason).toMatchObject({ index: 4, cause: { message: 'boom' } });
    }
    channel('heddle:worker:ended').unsubscribe(ended);
    expect(ends).toBe(0);
  });

  it('a model or an initializer fails with an error that can not be made here', async () => {
    class Model {
      readonly far = true;
      static made = (() => {
        if ('heddleTestHome' in globalThis) return true;
        class AwayError extends Error {
          static made = (() => {
            if ('heddleTestHome' in globalThis) throw new RangeError('boom');
            return true;
          })();
        }
        throw new AwayError();
      })();
    }
    const setup = { code: 'ERR_HEDDLE_WORKER_SETUP', cause: { message: 'boom' } };
    const scorer = invoker(new Model(), (_model, x: number) => x, options);
    expect(await rejection(scorer.map(range(5)).toArray())).toMatchObject(setup);
    const initializer = async () => {
      throw new (await import(far)).FarError();
    };
    const failing = map(range(5), (x) => x, { ...options, initializer });
    expect(await rejection(failing)).toMatchObject(setup);
    expect(await map(range(5), (x) => x, options)).toEqual(range(5));
  });

  it.each(Object.entries(arrivals))('%s is an error of its task', async (_name, fn) => {
    const error = await rejection(map(range(9), fn, { ...options, batchSize: 1 }));
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ index: 4, cause: { message: 'boom' } });
    expect((error as TaskError).cause).toBeInstanceOf(RangeError);
    const settled = await map(range(9), fn, { ...options, batchSize: 1, returnErrors: true });
    for (const x of [0, 1, 2, 3, 5, 6, 7, 8]) {
      expect(settled[x]).toEqual({ status: 'fulfilled', value: x });
    }
    expect(settled[4]).toMatchObject({ status: 'rejected', reason: { index: 4 } });
  });
});

it('a worker whose channel something else writes to is given up', async () => {
  const scribble = async (x: number) => {
    const { writeSync } = await import('node:fs');
    writeSync(4, Buffer.alloc(4, 0xff));
    writeSync(4, Buffer.alloc(100_000, 0xff));
    return x;
  };
  const error = await rejection(
    map([1, 2], scribble, { backend: 'processes', jobs: 2, retries: 0 }),
  );
  expect(String((error as Error).message)).toMatch(/no message/);
});
