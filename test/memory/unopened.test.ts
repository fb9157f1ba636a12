/**
 * A receiver's "no": memory that one side of a worker can't open comes as bytes, and no task is lost, begun
 * twice or taken for the end of its worker because of it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { type AskMessage, decodeWithBytes, MemoryExchange } from '../../src/protocol/index.ts';
import { ended } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/unopened.mjs', import.meta.url));

describe.runIf(process.platform === 'linux')('memory that can not be opened', () => {
  const isRoot = process.geteuid?.() === 0;
  const ways = [
    ['because workers are another user', 'user'],
    ['because workers have no descriptor left', 'worker'],
    ['because the program has no descriptor left', 'parent'],
  ].filter(([, how]) => isRoot || how !== 'user');

  it.each(ways)('%s comes as bytes', { timeout: 120_000 }, async (_why, how) => {
    const child = spawn(process.execPath, [fixture, how!], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' }, // of workers that can't be started
    });
    const { code, stdout, stderr } = await ended(child, 100);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ problems: [] });
  });
});

describe('asking for bytes', () => {
  const handle = (inode: number) =>
    ({ kind: 'memory', locator: '', inode, bytes: 8, generation: 1, mode: 'once' }) as const;

  /** A codec for which some memory can't be opened, and a way that loses answers. */
  function side(denied: ReadonlySet<number>) {
    const given = new Map<number, ArrayBuffer>();
    const errors = new Map<unknown, number>();
    const codec = {
      unopened: (error: unknown) => {
        const inode = errors.get(error);
        return inode === undefined ? null : { handle: handle(inode), opened: [] };
      },
      supply: (one: unknown, bytes: ArrayBuffer) => {
        const { inode } = one as { inode: number };
        given.set(inode, bytes);
        return () => void given.delete(inode);
      },
    };
    const decode = (parts: readonly number[]): number[] =>
      parts.map((inode) => {
        if (!denied.has(inode)) return inode;
        const bytes = given.get(inode);
        if (bytes) return new Float64Array(bytes)[0]!;
        const error = new Error(`no ${inode}`);
        errors.set(error, inode);
        throw error;
      });
    return { codec, decode, given };
  }

  it('ends, with the value or the first error that nobody can help', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 9 })),
        fc.uniqueArray(fc.integer({ min: 0, max: 9 })),
        async (parts, deniedParts, gone) => {
          const denied = new Set(deniedParts);
          let asked = 0;
          const there = new MemoryExchange(
            (message) => queueMicrotask(() => here.receive(message)),
            (one) => {
              const { inode } = one as { inode: number };
              return gone.includes(inode) ? null : new Float64Array([inode]).buffer;
            },
          );
          const here: MemoryExchange = new MemoryExchange(
            (message) => {
              asked++;
              there.receive(message as AskMessage);
            },
            () => null,
          );
          const { codec, decode, given } = side(denied);
          const outcome = await (async () => decode(parts))()
            .catch((error: unknown) => decodeWithBytes(codec, here.ask, error, () => decode(parts)))
            .catch((error: unknown) => (error as Error).message);
          const lost = parts.find((inode) => denied.has(inode) && gone.includes(inode));
          expect(outcome).toEqual(lost === undefined ? parts : `no ${lost}`);
          expect(asked).toBeLessThanOrEqual(new Set(parts.filter((one) => denied.has(one))).size);
          expect(given.size).toBe(0);
        },
      ),
    );
  });

  it('ends when the other side has', async () => {
    const { codec, decode } = side(new Set([3]));
    const exchange = new MemoryExchange(
      () => {},
      () => null,
    );
    const first = new Promise<number[]>((resolve) => resolve(decode([3])));
    const outcome = first.catch((error: unknown) =>
      decodeWithBytes(codec, exchange.ask, error, () => decode([3])),
    );
    setImmediate(() => exchange.end());
    await expect(outcome).rejects.toThrow('no 3');
    await expect(exchange.ask(handle(1))).resolves.toBeNull();
  });
});
