/** The words that a scheduler and a worker claim tasks by. */
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/protocol/claims.ts';

describe('a claim table', () => {
  it('gives each task to one claimer', () => {
    const claims = new ClaimTable();
    claims.open(0, 5);
    expect([claims.claim(0), claims.claim(0)]).toEqual([0, 1]);
    expect(claims.unclaimed(0)).toBe(3);
    expect(claims.steal(0, 2)).toBe(2);
    expect(claims.end(0)).toBe(3);
    expect([claims.claim(0), claims.claim(0)]).toEqual([2, -1]);
    expect(claims.steal(0, 1)).toBe(0);
    claims.open(1, 1);
    expect(claims.claim(1)).toBe(0);
  });

  it('notes what runs', () => {
    const claims = new ClaimTable();
    expect(claims.running()).toBeNull();
    claims.begin(7, 3, 12.5);
    expect(claims.running()).toEqual({ batch: 7, position: 3, since: 12.5 });
    claims.idle();
    expect(claims.running()).toBeNull();
  });

  it('settles a race between a worker and the scheduler', async () => {
    const { Worker } = await import('node:worker_threads');
    const memory = new SharedArrayBuffer(64);
    const claims = new ClaimTable(memory);
    claims.open(0, 30_000);
    // The worker claims with the same words as ClaimTable.claim does.
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const words = new Int32Array(workerData);
       let count = 0;
       for (;;) {
         const word = Atomics.load(words, 0);
         if ((word >>> 16) >= (word & 0xffff)) break;
         if (Atomics.compareExchange(words, 0, word, word + 0x10000) === word) count++;
       }
       parentPort.postMessage(count);`,
      { eval: true, workerData: memory },
    );
    const claimed = new Promise<number>((resolve) => worker.on('message', resolve));
    let stolen = 0;
    while (claims.unclaimed(0) > 0) {
      stolen += claims.steal(0, 3);
      await new Promise(setImmediate);
    }
    expect(stolen + (await claimed)).toBe(30_000);
  });
});
