/**
 * What it costs to ship a function, and what the shipped one costs to call.
 */
import assert from 'node:assert/strict';
import { inProcess, type Suite } from './harness/index.ts';

type Functions = typeof import('../src/functions/index.ts');

/** The compiled library: what ships. Its functions floor is no public entry. */
const functions = (): Promise<Functions> =>
  import(new URL('../dist/functions/index.js', import.meta.url).href) as Promise<Functions>;

type Loop = (array: Float64Array) => number;

interface Kernel {
  readonly makeLoop: (factor: number, table: Float64Array) => Loop;
  readonly loop: Loop;
}

/** Native modules, which the benchmark's own loader leaves as they are. */
const kernel = (): Promise<Kernel> =>
  import(new URL('./functions/kernel.mjs', import.meta.url).href) as Promise<Kernel>;

const suite: Suite = {
  title: 'Functions',
  about: 'A function on its way to a worker, and a hot loop of 1 000 000 steps there.',
  async groups() {
    const { encodeFunction, decodeFunction } = await functions();
    const { makeLoop, loop } = await kernel();
    const table = new Float64Array([1, 2, 3, 4]);
    const array = new Float64Array(1_000_000).fill(2);
    const plain = (x: number) => Math.sqrt(x) + 1;
    return [
      {
        name: 'shipping, warm',
        unit: 'function',
        about: 'encodeFunction() on the side of the caller, once for each job.',
        contenders: [
          inProcess('no captures, the same function', () => ({
            run: () => encodeFunction(plain as never),
          })),
          inProcess('no captures, a new function object', () => ({
            run: () => encodeFunction(((x: number) => Math.sqrt(x) + 1) as never),
          })),
          inProcess('captures: a number and an array', () => {
            let factor = 0;
            return { run: () => encodeFunction(makeLoop(++factor, table) as never) };
          }),
        ],
        targets: [
          { contender: 'no captures, the same function', seconds: 10e-6 },
          { contender: 'no captures, a new function object', seconds: 10e-6 },
          { contender: 'captures: a number and an array', seconds: 300e-6 },
        ],
      },
      {
        name: 'a hot loop',
        unit: 'loop',
        contenders: [
          inProcess('in its module', () => ({ run: () => loop(array) })),
          inProcess('shipped with its captures', async () => {
            const payload = structuredClone(encodeFunction(makeLoop(3, table) as never));
            const shipped = (await decodeFunction(payload)) as unknown as Loop;
            return { run: () => shipped(array) };
          }),
        ],
        verify: (result) => assert.equal(result, loop(array)),
        targets: [
          {
            contender: 'shipped with its captures',
            against: 'in its module',
            speedup: 1 / 1.03,
          },
        ],
      },
    ];
  },
};

export default suite;
