/** The words that a scheduler and a worker claim tasks by. */
import { describe, expect, it } from 'vitest';
import { configKeys } from '../../src/config/index.ts';
import {
  ClaimTable,
  claimTableBytes,
  MAX_CONCURRENCY,
  slotsFor,
} from '../../src/protocol/claims.ts';

describe('a claim table', () => {
  it('gives each task to one claimer', () => {
    const claims = new ClaimTable(2);
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
    const claims = new ClaimTable(2);
    expect(claims.running(0)).toBeNull();
    claims.begin(0, 3, 12.5);
    claims.begin(1, 1, 13.5);
    expect(claims.running(0)).toEqual({ position: 3, since: 12.5 });
    claims.idle(0);
    expect(claims.running(0)).toBeNull();
    expect(claims.running(1)).toEqual({ position: 1, since: 13.5 });
  });

  it('has room for as many tasks as the setting allows', () => {
    expect(configKeys.concurrency('concurrency', MAX_CONCURRENCY)).toBe(MAX_CONCURRENCY);
    expect(() => configKeys.concurrency('concurrency', MAX_CONCURRENCY + 1)).toThrow(RangeError);
  });

  it('keeps the slots of as many tasks as fit into a page apart', () => {
    const slots = slotsFor(MAX_CONCURRENCY);
    expect(claimTableBytes(slots)).toBeLessThanOrEqual(4096);
    const claims = new ClaimTable(slots, new ArrayBuffer(4096));
    for (let slot = 0; slot < slots; slot++) {
      claims.open(slot, slot + 1);
      claims.begin(slot, slot, slot + 0.5);
    }
    for (let slot = 0; slot < slots; slot++) {
      expect(claims.running(slot)).toEqual({ position: slot, since: slot + 0.5 });
      expect([claims.claim(slot), claims.unclaimed(slot)]).toEqual([0, slot]);
    }
  });

  it('settles a race between a worker and the scheduler', async () => {
    const { Worker } = await import('node:worker_threads');
    const memory = new SharedArrayBuffer(claimTableBytes(2));
    const claims = new ClaimTable(2, memory);
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
