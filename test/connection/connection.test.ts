/** What a connection does where nobody means harm. */
import { inspect } from 'node:util';
import { type Connection, listen } from 'heddle/connection';
import { Queue } from 'heddle/sync';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { failure, held, key, over, pair } from './support.ts';

const TOO_LARGE = 'ERR_HEDDLE_MESSAGE_TOO_LARGE';

describe('a connection', () => {
  it('goes on after what could not be sent or read', async () => {
    await using both = await pair({ maxBytes: '10K' });
    const { a, b } = both;
    expect(await failure(a.send(new WeakMap()))).toBe('ERR_HEDDLE_CLONE');
    // Memory that others write to stays here.
    expect(await failure(a.send(new Queue()))).toBe('ERR_HEDDLE_CLONE');
    expect(await failure(a.send(Buffer.alloc(20_000)))).toBe(TOO_LARGE);
    const missing = await failure(a.receive({ timeout: 10 }));
    expect(missing).toBe('TimeoutError');
    const stop = new AbortController();
    const waiting = a.receive({ signal: stop.signal });
    stop.abort(new RangeError('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await b.send({ still: 'here' });
    expect(await a.receive()).toEqual({ still: 'here' }); // none of the calls before took it
  });

  it('carries values, instances and functions with what they capture', async () => {
    class Point {
      readonly x: number;
      readonly y: number;
      constructor(x: number, y: number) {
        this.x = x;
        this.y = y;
      }
      get norm(): number {
        return Math.hypot(this.x, this.y);
      }
    }
    const factor = 3;
    await using both = await pair();
    const { a, b } = both;
    const shared = { list: [1, 2n, undefined, new Date(5)] };
    await a.send([new Point(3, 4), (x: number) => x * factor, shared, shared]);
    const [point, times, one, other] = (await b.receive()) as [
      Point,
      (x: number) => number,
      typeof shared,
      typeof shared,
    ];
    expect([point.norm, times(5)]).toEqual([5, 15]);
    expect(one).toEqual(shared);
    expect(other).toBe(one);
  });

  it('delivers all that was sent before it was closed, in order', async () => {
    await using both = await pair();
    const { a, b } = both;
    const count = 500;
    const sent = Array.from({ length: count }, (_, i) => a.send([i, 'x'.repeat(i * 10)]));
    await Promise.all([a.close(), drained(b, count), ...sent]);
  });

  async function drained(connection: Connection, count: number): Promise<void> {
    let next = 0;
    for await (const value of connection) {
      expect(value).toEqual([next, 'x'.repeat(next * 10)]);
      next++;
    }
    expect(next).toBe(count);
  }

  it('makes who sends wait for who receives', { timeout: 60_000 }, async () => {
    await using both = await pair();
    const { a, b } = both;
    const count = 100;
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        await a.send(new Uint8Array(2 ** 20).fill(i));
        sent++;
      }
    })();
    await b.poll({ timeout: 60_000 }); // one is there; the rest may come for a while
    let seen = -1;
    for (let still = 0; still < 10; still = sent === seen ? still + 1 : 0) {
      seen = sent;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(sent).toBeLessThan(count / 2);
    for (let i = 0; i < count; i++) expect(((await b.receive()) as Uint8Array)[99]).toBe(i);
    await sending;
  });

  it('closes though the other side does not read', async () => {
    await using mine = await held();
    mine.socket.pause();
    for (let i = 0; i < 8; i++) void mine.connection.send(new Uint8Array(2 ** 20)).catch(() => {});
    await mine.connection.close({ timeout: 50 });
    await over(mine.socket);
  });

  it('and its listener show no key', async () => {
    await using both = await pair();
    const shown = inspect(both, { depth: 10, showHidden: true });
    expect(shown).not.toContain(key);
    expect(shown).not.toContain(Buffer.from(key).toString('hex', 0, 4));
    for (const wrong of ['short', Buffer.alloc(15), 12, undefined, { secret: 'a secret thing' }]) {
      const outcome = listen({ key: wrong as string });
      await expect(outcome).rejects.toMatchObject({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
      const { message } = (await outcome.catch((error) => error)) as Error;
      expect(message).not.toMatch(/short|secret/);
    }
    const typo = { key, handshakeTimeOut: 5 } as Parameters<typeof listen>[0];
    await expect(listen(typo)).rejects.toThrow(/handshakeTimeout/);
  });
});
