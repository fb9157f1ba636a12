/** Options that the functions of memory and the objects of heddle/sync don't have. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { share } from '../../src/codec/index.ts';
import { loadNpz, mapFile, saveNpy, saveNpz, shared } from '../../src/memory/index.ts';
import { Barrier, Event, Lock, Queue, Semaphore } from '../../src/sync/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a caller without types could pass
type Anything = any;

const folder = mkdtempSync(path.join(tmpdir(), 'heddle-options-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, 'array');
const numbers = Float64Array.of(1, 2);

/** Calls with an option that there is not, and what the error tells. */
const calls: Record<string, [() => unknown, RegExp]> = {
  mapFile: [() => mapFile(file, 'float64', 2, { modes: 'create' } as Anything), /modes.*'mode'/],
  saveNpy: [() => saveNpy(file, numbers, { dtyp: 'float64' } as Anything), /dtyp.*'dtype'/],
  saveNpz: [() => saveNpz(file, { numbers }, { compressed: true } as Anything), /'compress'/],
  loadNpz: [() => loadNpz(file, { name: ['a'] } as Anything), /'names'/],
  'shared.zeros': [
    () => shared.zeros('float64', 2, { dtype: 'int8' } as Anything),
    /there are mode/,
  ],
  'shared.from': [() => shared.from([1, 2], { type: 'int8' } as Anything), /'dtype'/],
  share: [() => share(numbers, { mod: 'readwrite' } as Anything), /'mode'/],
  Queue: [() => new Queue({ max_size: 3 } as Anything), /'maxSize'/],
  'Queue.get': [() => new Queue().get({ timeOut: 1 } as Anything), /'timeout'/],
  'Queue.getSync': [
    () => new Queue().getSync({ signal: new AbortController().signal } as Anything),
    /there are timeout/,
  ],
  'Queue.put': [() => new Queue().put(1, { times: 1 } as Anything), /there are signal, timeout/],
  'Queue.putSync': [() => new Queue().putSync(1, { wait: 1 } as Anything), /there are timeout/],
  'Lock.acquire': [() => new Lock().acquire({ tmeout: 1 } as Anything), /'timeout'/],
  'Lock.acquireSync': [() => new Lock().acquireSync({ tmeout: 1 } as Anything), /'timeout'/],
  'Lock.run': [() => new Lock().run(() => 1, { timeout: 1 } as Anything), /there are signal/],
  'Semaphore.acquire': [() => new Semaphore(1).acquire({ sgnal: null } as Anything), /'signal'/],
  'Semaphore.acquireSync': [
    () => new Semaphore(1).acquireSync({ sgnal: null } as Anything),
    /there are timeout/,
  ],
  'Event.wait': [() => new Event().wait({ timeouts: 1 } as Anything), /'timeout'/],
  'Event.waitSync': [() => new Event().waitSync({ timeouts: 1 } as Anything), /'timeout'/],
  'Barrier.wait': [() => new Barrier(1).wait({ timeouts: 1 } as Anything), /'timeout'/],
  'Barrier.waitSync': [() => new Barrier(1).waitSync({ timeouts: 1 } as Anything), /'timeout'/],
  'a signal that is none': [() => new Event().wait({ signal: 'now' } as Anything), /AbortSignal/],
};

describe('options that there are not', () => {
  it.each(Object.entries(calls))('are refused by %s', async (_name, [call, message]) => {
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => new Error('it was taken'),
        (reason: unknown) => reason as Error,
      );
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    expect(error.message).toMatch(message);
  });
});
