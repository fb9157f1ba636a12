/**
 * Results kept on disk, beside joblib's Memory: a call whose result is there, and one that is made
 * and kept.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Contender, inProcess, python, type Suite } from './harness/index.ts';

const modules = { joblib: 'python3-joblib', numpy: 'python3-numpy' };

/** joblib's Memory; `mode` maps results instead of reading them. */
function joblib(name: string, body: string, length: number, mode: string | null): Contender {
  return python(name, {
    modules,
    params: { length, mode },
    source: `
import tempfile
import numpy as np
from joblib import Memory, hash

def setup(params):
    folder = tempfile.TemporaryDirectory()
    memory = Memory(folder.name, mmap_mode=params["mode"], verbose=0)
    length = params["length"]
    def make(n):
        return np.full(length, n, dtype=np.float64)
    cached = memory.cache(make)
    argument = np.full(length, 3.0)
    state = [folder, 0]
${body.replace(/^/gm, '    ')}
    run()
    return run
`,
  });
}

function heddle(
  name: string,
  length: number,
  body: (calls: {
    cached: (n: number) => Promise<Float64Array>;
    hash: (value: unknown) => string;
  }) => () => number | Promise<number>,
): Contender {
  return inProcess(name, async () => {
    const { hash, memory } = await import('heddle');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-memory-'));
    const cached = memory(folder).cache((n: number) => new Float64Array(length).fill(n));
    const run = body({ cached, hash });
    await run();
    return { run, close: () => fs.rmSync(folder, { recursive: true, force: true }) };
  });
}

const suite: Suite = {
  title: 'Results kept on disk',
  about:
    "Arrays of float64, and joblib's Memory beside. Heddle compares the checksums of a file that it maps " +
    'the first time that it reads it; joblib keeps none.',
  groups({ short }) {
    const length = short ? 2 ** 18 : 12_500_000;
    const size = short ? '2 MiB' : '100 MB';
    const is = (expected: number) => (result: unknown) => assert.equal(Number(result), expected);
    const hit = 'def run():\n    return float(cached(3)[length // 2])';
    const all = 'def run():\n    return float(cached(3).sum())';
    const miss = 'def run():\n    state[1] += 1\n    return float(cached(state[1])[0] == state[1])';
    const key = 'def run():\n    return len(hash(argument)) // 32';
    return [
      {
        name: `a result of ${size} that is there`,
        unit: 'call',
        about: 'One of its numbers is read.',
        verify: is(3),
        contenders: [
          heddle(
            'heddle',
            length,
            ({ cached }) =>
              async () =>
                (await cached(3))[length >> 1]!,
          ),
          joblib('joblib', hit, length, null),
          joblib('joblib, mmap_mode="c"', hit, length, 'c'),
        ],
        targets: [{ contender: 'heddle', against: 'joblib', speedup: 5 }],
      },
      {
        name: `a result of ${size} that is there, all of it`,
        unit: 'call',
        about: 'All of its numbers are added up.',
        verify: is(3 * length),
        contenders: [
          heddle('heddle', length, ({ cached }) => async () => {
            const array = await cached(3);
            let sum = 0;
            for (let i = 0; i < array.length; i++) sum += array[i]!;
            return sum;
          }),
          joblib('joblib', all, length, null),
          joblib('joblib, mmap_mode="c"', all, length, 'c'),
        ],
      },
      {
        name: 'a result of one number that is there',
        unit: 'call',
        verify: is(3),
        contenders: [
          heddle(
            'heddle',
            1,
            ({ cached }) =>
              async () =>
                (await cached(3))[0]!,
          ),
          joblib('joblib', 'def run():\n    return float(cached(3)[0])', 1, null),
        ],
      },
      {
        name: `a result of ${short ? '2 MiB' : '8 MiB'} that is made and kept`,
        unit: 'call',
        verify: is(1),
        contenders: [
          heddle('heddle', short ? 2 ** 18 : 2 ** 20, ({ cached }) => {
            let n = 0;
            return async () => Number((await cached(++n))[0] === n);
          }),
          joblib('joblib', miss, short ? 2 ** 18 : 2 ** 20, null),
        ],
        iterations: 4,
        rounds: 5,
      },
      {
        name: `hash of ${size}`,
        unit: 'call',
        verify: is(1),
        contenders: [
          heddle('heddle', 1, ({ hash }) => {
            const argument = new Float64Array(length).fill(3);
            return () => hash(argument).length / 64;
          }),
          joblib('joblib', key, length, null),
        ],
        targets: [{ contender: 'heddle', against: 'joblib', speedup: 1 }],
      },
    ];
  },
};

export default suite;
