/**
 * Memory that is given to a thread and back, beside memory that is copied.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { inProcess, peer, type Suite } from './harness/index.ts';

const file = fileURLToPath(new URL('./move/piscina.mjs', import.meta.url));

const suite: Suite = {
  title: 'Moved memory',
  about:
    'An array goes to a thread, which changes one number and sends it back; one call at a time.',
  groups({ short }) {
    const bytes = short ? 2 ** 20 : 2 ** 26;
    return [
      {
        name: `${bytes / 2 ** 20} MiB to a thread and back`,
        unit: 'call',
        verify: (result) => assert.equal(result, bytes / 8),
        contenders: [
          inProcess('heddle, move()', async () => {
            const { invoker, move } = await import('heddle');
            const add = (_: null, task: Float64Array) => {
              task[0]! += 1;
              return move(task);
            };
            const pool = invoker(null, add, { backend: 'threads', jobs: 2 });
            let array = new Float64Array(bytes / 8);
            return {
              run: async () => {
                [array] = (await pool.map([move(array)]).toArray()) as [Float64Array<ArrayBuffer>];
                return array.length;
              },
              close: () => pool.shutdown(),
            };
          }),
          inProcess('heddle, shared by size', async () => {
            const { invoker } = await import('heddle');
            const add = (_: null, task: Float64Array) => {
              task[0]! += 1;
              return task;
            };
            const pool = invoker(null, add, { backend: 'threads', jobs: 2 });
            const array = new Float64Array(bytes / 8);
            return {
              run: async () => (await pool.map([array]).toArray())[0]!.length,
              close: () => pool.shutdown(),
            };
          }),
          inProcess('piscina, move()', async () => {
            const { Piscina } = await peer<typeof import('piscina')>('piscina');
            const pool = new Piscina({ filename: file, minThreads: 2, maxThreads: 2 });
            let array = new Float64Array(bytes / 8);
            return {
              run: async () => {
                const moved = Piscina.move(array);
                array = (await pool.run(moved)) as Float64Array<ArrayBuffer>;
                return array.length;
              },
              close: () => pool.destroy(),
            };
          }),
        ],
        targets: [{ contender: 'heddle, move()', against: 'heddle, shared by size', speedup: 2 }],
      },
    ];
  },
};

export default suite;
