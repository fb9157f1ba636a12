/** Running batches. */
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/protocol/claims.ts';
import { localCodec } from '../../src/protocol/codec.ts';
import type { FromWorker, ResultMessage } from '../../src/protocol/messages.ts';
import { valueCount } from '../../src/protocol/value-batch.ts';
import { Runner } from '../../src/worker/runner.ts';

describe('a runner', () => {
  /** What is sent of one batch of tasks that take `ms` each; `spans` are those of the cores. */
  function messagesOf(
    count: number,
    ms: number,
    spans?: { readonly asked: boolean; take(): readonly number[] | undefined },
  ): FromWorker[] {
    const messages: FromWorker[] = [];
    const claims = new ClaimTable(2);
    const runner = new Runner({
      worker: { id: 1, backend: 'test', pid: process.pid },
      claims,
      concurrency: 1,
      exchange: null,
      load: (message) => (message as unknown as { fn: never }).fn,
      codec: () => localCodec,
      send: (message) => void messages.push(message),
      enter: (_scope, body) => body(),
      rng: () => Promise.reject(new Error('none')),
      cores: () => spans?.take(),
      memory: () => 0,
      now: () => performance.now(),
      stop: () => {},
    });
    const fn = () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    const open = {
      type: 'open',
      context: 1,
      mode: 'task',
      collectErrors: false,
      eager: false,
    } as const;
    const functions = [{ kind: 'local', fn }] as const;
    const asked = spans?.asked ? { cores: true as const } : {};
    runner.receive({ ...open, ...asked, functions, scope: null, memory: false, maxBytes: 1e6 });
    claims.open(1, count);
    const args = { kind: 'plain', values: new Array<number>(count).fill(0) } as const;
    runner.receive({ type: 'batch', context: 1, run: 1, batch: 1, slot: 1, first: 0, args });
    return messages;
  }

  /** The results, as they were sent. */
  function sent(count: number, ms: number): { offset: number; count: number; last: boolean }[] {
    return (messagesOf(count, ms) as ResultMessage[]).map(({ slot, offset, values, last }) => {
      expect(slot).toBe(1);
      return { offset, count: valueCount(values), last };
    });
  }

  it('sends the result of a slow task at once, the last one with the end of its batch', () => {
    expect(sent(1, 1)).toEqual([{ offset: 0, count: 1, last: true }]);
    expect(sent(3, 1)).toEqual([
      { offset: 0, count: 1, last: false },
      { offset: 1, count: 1, last: false },
      { offset: 2, count: 1, last: true },
    ]);
  });

  it('tells what operations had of the cores before their results, and only who asks', () => {
    const all = [[1, 2, 3], undefined, [4, 5, 6]];
    let at = 0;
    const take = (): readonly number[] | undefined => all[at++];
    const told = messagesOf(3, 1, { asked: true, take });
    const cores = { type: 'cores', run: 1, batch: 1 };
    expect(told.map((one) => (one.type === 'cores' ? one : one.type))).toEqual([
      { ...cores, spans: [1, 2, 3] },
      'result',
      'result',
      { ...cores, spans: [4, 5, 6] },
      'result',
    ]);
    const never = (): never => {
      throw new Error('nobody has asked');
    };
    const types = messagesOf(3, 1, { asked: false, take: never }).map(({ type }) => type);
    expect(types).toEqual(['result', 'result', 'result']);
  });
});
