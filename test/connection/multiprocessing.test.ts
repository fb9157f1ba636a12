/**
 * CPython 3.11's tests of multiprocessing's connections, translated; each under its own name.
 *
 * Left out: descriptors sent over connections (test_fd_transfer and its kin, test_access), abstract
 * sockets, pipes of one direction (test_duplex_false), recv_bytes_into, the ends of pipes in children
 * (test_spawn_close), sockets and processes in `wait`, and XML-RPC: there is nothing of that here.
 */
import { executor, submit } from 'heddle';
import { type Address, connect, listen, wait } from 'heddle/connection';
import { Barrier } from 'heddle/sync';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { failure, fakeServer, families, key, MAGIC, pair, raw, read } from './support.ts';

const CLOSED = 'ERR_HEDDLE_CONNECTION_CLOSED';

/** Sends back what comes until the text 'end' does; in another process. */
const echo = async (address: Address, secret: string): Promise<void> => {
  await using connection = await connect(address, { key: secret });
  for await (const value of connection) {
    if (value === 'end') return;
    await connection.send(value);
  }
};

/** Sends values and closes; in another process. */
const sendAll = async (address: Address, secret: string, values: unknown[]): Promise<number> => {
  await using connection = await connect(address, { key: secret });
  for (const value of values) await connection.send(value);
  return process.pid;
};

describe.each(families)('%s', (_name, address) => {
  it('test_connection', { timeout: 60_000 }, async () => {
    await using listener = await listen({ key, address: address() });
    const child = submit(echo, listener.address, key);
    const connection = await listener.accept();

    const seq = [1, 2.25, null];
    expect(await connection.send(seq)).toBeUndefined();
    expect(await connection.receive()).toEqual(seq);
    const bytes = Buffer.from('hello world');
    await connection.send(bytes);
    expect(await connection.receive()).toEqual(bytes);
    const numbers = Int32Array.of(0, 1, 2, 3);
    await connection.send(numbers);
    expect(await connection.receive()).toEqual(numbers);

    expect(await connection.poll()).toBe(false);
    expect(await connection.poll({ timeout: 20 })).toBe(false);
    await connection.send(undefined);
    expect(await connection.poll({ timeout: 60_000 })).toBe(true);
    expect(await connection.poll()).toBe(true);
    expect(await connection.receive()).toBeUndefined();

    const big = new Uint8Array(16 * 2 ** 20).map((_, i) => i);
    void connection.send(big);
    expect(Buffer.compare((await connection.receive()) as Uint8Array, big)).toBe(0);

    await connection.send('end');
    expect(await failure(connection.receive())).toBe(CLOSED);
    expect(await failure(connection.receive())).toBe(CLOSED);
    expect(await failure(connection.send(1))).toBe(CLOSED);
    await child;
  });

  it('_TestListener.test_multiple_bind', async () => {
    await using listener = await listen({ key, address: address() });
    expect(await failure(listen({ key, address: listener.address }))).toBe('EADDRINUSE');
    await using connection = await connect(listener.address, { key }); // and the first still listens
    await using accepted = await listener.accept();
    await accepted.send('here');
    expect(await connection.receive()).toBe('here');
  });

  it('_TestListener.test_context', async () => {
    const listener = await listen({ key, address: address() });
    {
      await using _closes = listener;
      await using client = await connect(listener.address, { key });
      await using server = await listener.accept();
      await client.send(1729);
      expect(await server.receive()).toBe(1729);
    }
    expect(await failure(listener.accept())).toBe(CLOSED);
    expect(['ENOENT', 'ECONNREFUSED']).toContain(await failure(connect(listener.address, { key })));
  });

  it('test_listener_client, test_issue14725: it may have gone before it is accepted', async () => {
    await using listener = await listen({ key, address: address() });
    await submit(sendAll, listener.address, key, ['hello']);
    const connection = await listener.accept();
    expect(await connection.receive()).toBe('hello');
    expect(await failure(connection.receive())).toBe(CLOSED);
    await connection.close();
  });

  it('test_issue16955', async () => {
    await using listener = await listen({ key, address: address() });
    const client = await connect(listener.address, { key });
    const accepted = await listener.accept();
    await accepted.send(Buffer.from('hello'));
    expect(await client.poll({ timeout: 60_000 })).toBe(true);
    await accepted.close();
    await client.close();
  });
});

it('test_sendbytes: views are what they show of their buffers', async () => {
  await using both = await pair();
  const { a, b } = both;
  const text = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  for (const [from, to] of [
    [0, 26],
    [5, 26],
    [7, 15],
    [26, 26],
  ] as const) {
    await a.send(text.subarray(from, to));
    expect(await b.receive()).toEqual(Buffer.from(text.subarray(from, to)));
  }
});

it('_TestConnection.test_context', async () => {
  await using both = await pair();
  const { a, b } = both;
  {
    await using _a = a;
    await using _b = b;
    await a.send(1729);
    expect(await b.receive()).toBe(1729);
    expect([a.closed, b.closed]).toEqual([false, false]);
  }
  expect([a.closed, b.closed]).toEqual([true, true]);
  expect(await failure(a.receive())).toBe(CLOSED);
  expect(await failure(b.receive())).toBe(CLOSED);
});

describe('_TestPoll', () => {
  it('test_empty_string', async () => {
    await using both = await pair();
    const { a, b } = both;
    expect(await a.poll()).toBe(false);
    await b.send(Buffer.alloc(0));
    expect(await a.poll({ timeout: 60_000 })).toBe(true);
    expect(await a.poll()).toBe(true);
  });

  it('test_strings, test_dont_merge', { timeout: 60_000 }, async () => {
    const strings = ['hello', '', 'a', 'b', '', 'bye', '', 'lop'].map((text) => Buffer.from(text));
    await using listener = await listen({ key });
    const child = submit(sendAll, listener.address, key, strings);
    const connection = await listener.accept();
    for (const text of strings) {
      expect(await connection.poll({ timeout: 60_000 })).toBe(true);
      expect(await connection.poll()).toBe(true);
      expect(await connection.receive()).toEqual(text);
    }
    await child;
    await connection.close();
  });

  it('test_boundaries: a poll takes nothing, whoever waits', async () => {
    await using both = await pair();
    const { a, b } = both;
    const polls = [a.poll({ timeout: 60_000 }), a.poll({ timeout: 60_000 })];
    for (const value of ['first', 'second']) await b.send(value);
    await b.close();
    expect(await Promise.all(polls)).toEqual([true, true]);
    expect([await a.receive(), await a.receive()]).toEqual(['first', 'second']);
    expect(await a.poll()).toBe(true); // the end is something, too
    expect(await failure(a.receive())).toBe(CLOSED);
  });
});

describe('OtherTest', () => {
  const bogus = Buffer.from('something bogus');

  it('test_deliver_challenge_auth_failure', async () => {
    const { promise, resolve } = deferred<Error>();
    await using listener = await listen({ key, onRefused: resolve });
    const socket = raw(listener.address);
    await read(socket, 40);
    socket.write(Buffer.concat([MAGIC, Buffer.alloc(64, bogus)]));
    expect(await promise).toMatchObject({ code: 'ERR_HEDDLE_AUTHENTICATION' });
    expect([...(await read(socket, 1))]).toEqual([1]);
    socket.destroy();
  });

  it('test_answer_challenge_auth_failure', async () => {
    await using server = await fakeServer((socket) => {
      socket.write(
        Buffer.concat([MAGIC, Buffer.alloc(32, 7), Buffer.of(0), Buffer.alloc(32, bogus)]),
      );
    });
    expect(await failure(connect(server.address, { key }))).toBe('ERR_HEDDLE_AUTHENTICATION');
  });
});

describe('TestWait', () => {
  it('test_wait, test_wait_slow', { timeout: 60_000 }, async () => {
    await using listener = await listen({ key });
    const numbers = [...Array(10).keys()];
    await using pool = executor({ jobs: 4, backend: 'threads' });
    const gate = new Barrier(4);
    const children = Array.from({ length: 4 }, (_, child) =>
      pool.submit(
        async (address: Address, secret: string, own: number[]) => {
          await gate.wait(); // all at once
          await using connection = await connect(address, { key: secret });
          for (const i of own) await connection.send([i, child]);
        },
        listener.address,
        key,
        numbers,
      ),
    );
    const connections = new Set(
      await Promise.all(children.map(() => listener.accept({ timeout: 50_000 }))),
    );
    const messages: [number, number][] = [];
    while (connections.size > 0) {
      const ready = await wait(connections);
      expect(ready.length).toBeGreaterThan(0);
      for (const connection of ready) {
        try {
          messages.push((await connection.receive({ timeout: 0 })) as [number, number]);
        } catch (error) {
          expect(error).toMatchObject({ code: CLOSED });
          connections.delete(connection);
        }
      }
    }
    await Promise.all(children);
    for (const child of children.keys()) {
      const own = messages.filter(([, from]) => from === child).map(([i]) => i);
      expect(own).toEqual(numbers); // in order
    }
  });

  it('test_wait_timeout, test_neg_timeout', async () => {
    await using both = await pair();
    const { a, b } = both;
    const began = performance.now();
    expect(await wait([a, b], { timeout: 50 })).toEqual([]);
    expect(performance.now() - began).toBeGreaterThan(45);
    await b.send(null);
    expect(await wait([a, b], { timeout: 60_000 })).toEqual([a]);
    expect(await failure(wait([a], { timeout: -1 }))).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
    const stop = new AbortController();
    const waiting = wait([b], { signal: stop.signal });
    stop.abort(new RangeError('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(await failure(wait([{} as typeof a]))).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
  });
});

it('TestInvalidFamily.test_invalid_family', async () => {
  const paths = process.platform === 'win32' ? ['/var/test.pipe'] : ['\\\\.\\pipe\\test'];
  for (const path of [...paths, '', 'a\0b', 'x'.repeat(200)]) {
    expect(await failure(listen({ key, address: { path } }))).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
  }
  for (const address of [{}, { path: 'x', port: 1 }, { port: 70_000 }, { port: 0.5 }, 'x', null]) {
    const wrong = listen({ key, address: address as Address });
    expect(await failure(wrong)).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
  }
  expect(await failure(connect({ port: 0 }, { key }))).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
});

it('_TestPicklingConnections: a connection stays where it is, which an error says', async () => {
  await using both = await pair();
  const { a, b } = both;
  await expect(a.send(a)).rejects.toThrow(expect.objectContaining({ name: 'CloneError' }));

  await expect(submit(() => a).then()).rejects.toThrow(/Connection/);
  await a.send('still there');
  expect(await b.receive()).toBe('still there');
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
