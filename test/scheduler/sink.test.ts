/** Where results go. */
import { describe, expect, it } from 'vitest';
import { CollectSink, StreamSink } from '../../src/scheduler/sink.ts';

describe('sinks', () => {
  it('put results in their places', async () => {
    const sink = new CollectSink(4);
    sink.accept(2, [3, 4]);
    sink.accept(0, Float64Array.of(1, 2));
    sink.end();
    expect(await sink.promise).toEqual([1, 2, 3, 4]);
  });

  it('stream in order or as they come', async () => {
    const ordered = new StreamSink(true, 4);
    ordered.accept(1, ['b', 'c']);
    expect(ordered.waiting).toBe(2);
    const first = ordered.next();
    ordered.accept(0, ['a']);
    expect(await first).toEqual({ done: false, value: 'a' });
    ordered.end();
    expect(await ordered.collect()).toEqual(['b', 'c']);
    const loose = new StreamSink(false, 4);
    loose.accept(1, ['b']);
    expect(await loose.next()).toEqual({ done: false, value: 'b' });
    const waiting = loose.next();
    loose.fail(new Error('no'));
    await expect(waiting).rejects.toThrow('no');
    expect(await loose.next()).toEqual({ done: true, value: undefined });
  });
});
