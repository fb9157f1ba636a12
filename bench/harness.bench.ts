/**
 * The harness's own benchmark: the sum of a million squares, by each kind of contender.
 *
 * It claims nothing about Heddle; it shows that the kinds agree on the result and on the clock.
 */
import assert from 'node:assert/strict';
import { inProcess, python, type Suite, wholeProcess } from './harness/index.ts';

const LENGTH = 1_000_000;
const EXPECTED = ((LENGTH - 1) * LENGTH * (2 * LENGTH - 1)) / 6;

function verify(result: unknown): void {
  assert.ok(Math.abs(Number(result) / EXPECTED - 1) < 1e-9, `the sum is ${String(result)}`);
}

const program = `
  const data = Float64Array.from({ length: ${LENGTH} }, (_, i) => i);
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, result: sum }));
`;

const suite: Suite = {
  title: 'The harness itself',
  about: 'The sum of a million squares; the same work by each kind of contender.',
  groups: () => [
    {
      name: 'sum of squares',
      unit: 'sum',
      verify,
      contenders: [
        inProcess('loop', () => {
          const data = Float64Array.from({ length: LENGTH }, (_, i) => i);
          return {
            run: () => {
              let sum = 0;
              for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!;
              return sum;
            },
          };
        }),
        inProcess('awaited loop', () => {
          const data = Float64Array.from({ length: LENGTH }, (_, i) => i);
          return {
            run: async () => {
              let sum = 0;
              for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!;
              return sum;
            },
          };
        }),
        wholeProcess('a process, its own clock', process.execPath, ['-e', program]),
        python('numpy dot', {
          modules: { numpy: 'python3-numpy' },
          env: { OPENBLAS_NUM_THREADS: '1' },
          params: { length: LENGTH },
          source: `
import numpy as np

def setup(params):
    data = np.arange(params["length"], dtype=float)
    return lambda: float(data @ data)
`,
        }),
      ],
    },
    {
      name: 'starting a process',
      unit: 'start',
      about: 'From spawn to exit, as seen from outside.',
      contenders: [
        wholeProcess('node', process.execPath, ['-e', '0']),
        wholeProcess('python3', '/usr/bin/python3', ['-c', 'pass']),
      ],
    },
  ],
  plots: [
    {
      file: 'harness.svg',
      title: 'Sum of a million squares',
      kind: 'bars',
      figure: 'seconds',
      groups: /sum/,
    },
  ],
};

export default suite;
