/** Peers that mean harm, or are broken: what they can do to the other side, which is not much. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { serialize } from 'node:v8';
import { connect, type Listener, listen } from 'heddle/connection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { builtUrl } from '../helpers/built.ts';
import { fc, runsOf } from '../helpers/seeds.ts';
import { code, failure, fakeServer, frame, held, key, MAGIC, over, raw, read } from './support.ts';

const AUTHENTICATION = 'ERR_HEDDLE_AUTHENTICATION';
const PROTOCOL = 'ERR_HEDDLE_CONNECTION_PROTOCOL';
const CLOSED = 'ERR_HEDDLE_CONNECTION_CLOSED';
const LOST = 'ERR_HEDDLE_CONNECTION_LOST';
/** For what comes by itself. */
const LONG = { timeout: 60_000 };
const TOO_LARGE = 'ERR_HEDDLE_MESSAGE_TOO_LARGE';

describe('a listener', () => {
  let listener: Listener;
  let refused: unknown[] = [];
  beforeAll(async () => {
    const onRefused = (error: Error) =>
      void refused.push((error as { code?: unknown }).code ?? error.name);
    listener = await listen({ key, onRefused, address: { port: 0 } });
  });
  afterAll(() => listener.close());

  /** A friend is let in, whatever has been. */
  async function servesFriends(): Promise<void> {
    await using friend = await connect(listener.address, { key });
    await using accepted = await listener.accept();
    await friend.send('hello');
    expect(await accepted.receive()).toBe('hello');
  }

  it('refuses garbage, of any length, and serves on', { timeout: 120_000 }, async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const beginning = fc.boolean();
    await fc.assert(
      fc.asyncProperty(bytes, beginning, async (garbage, asOurs) => {
        refused = [];
        const socket = raw(listener.address);
        socket.end(asOurs ? Buffer.concat([MAGIC, garbage]) : garbage);
        await over(socket);
        await expect.poll(() => refused.length, LONG).toBe(1);
        expect([AUTHENTICATION, PROTOCOL, LOST]).toContain(refused[0]);
      }),
      { numRuns: runsOf(60) },
    );
    const before = listener.refused;
    await servesFriends();
    expect(listener.refused).toBe(before);
  });

  it('refuses another version, and other programs at their first word', async () => {
    for (const words of ['heddle/2', 'GET / HTTP/1.1\r\n\r\n', '#CHALLENGE#']) {
      refused = [];
      const socket = raw(listener.address);
      socket.write(words);
      await over(socket); // though this side has not ended
      expect(refused).toEqual([PROTOCOL]);
    }
  });

  it('refuses other keys, and says so', async () => {
    refused = [];
    for (const other of [`${key}.`, Buffer.alloc(16), key.toUpperCase()]) {
      await expect(connect(listener.address, { key: other })).rejects.toThrow(/another key/);
      expect(await failure(connect(listener.address, { key: other }))).toBe(AUTHENTICATION);
    }
    await expect.poll(() => refused, LONG).toEqual(Array(6).fill(AUTHENTICATION));
    await servesFriends();
  });

  it('refuses what it has heard before', async () => {
    // What a friend says, as one hears it who passes it on.
    const said: Buffer[] = [];
    await using proxy = await fakeServer((socket) => {
      const through = raw(listener.address);
      socket
        .on('data', (bytes) => said.push(bytes))
        .pipe(through)
        .pipe(socket);
    });
    const friend = await connect(proxy.address, { key });
    const accepted = await listener.accept();
    await friend.send('open the door');
    expect(await accepted.receive()).toBe('open the door');
    await friend.close();
    await accepted.close();

    refused = [];
    const socket = raw(listener.address);
    socket.write(Buffer.concat(said));
    await over(socket);
    expect(refused).toEqual([AUTHENTICATION]);
    expect(await failure(listener.accept({ timeout: 0 }))).toBe('TimeoutError');
  });

  it('refuses its own words and codes', async () => {
    refused = [];
    const mirror = raw(listener.address);
    const own = await read(mirror, 40);
    mirror.write(Buffer.concat([own, own.subarray(8)])); // its nonce as a nonce and as a code
    await over(mirror);
    // The code that it would show itself, as one knows it who has the key; roles are told apart.
    const other = raw(listener.address);
    const server = (await read(other, 40)).subarray(8);
    other.write(Buffer.concat([MAGIC, server, code('server', server, server)]));
    await over(other);
    expect(refused).toEqual([AUTHENTICATION, AUTHENTICATION]);
  });

  it('is not held up by those who say nothing, or very little', async () => {
    refused = [];
    const strangers = [raw(listener.address), raw(listener.address)];
    await Promise.all(strangers.map((socket) => read(socket, 40)));
    strangers[1]!.write(MAGIC.subarray(0, 3));
    await servesFriends(); // while they are there
    expect(refused).toEqual([]);
    for (const socket of strangers) socket.destroy();
  });

  it('ends those who say nothing, or very little, for long', async () => {
    const told: string[] = [];
    const onRefused = (error: Error) => void told.push(error.name);
    const hasty = await listen({ key, handshakeTimeout: 200, onRefused });
    const [quiet, slow] = [raw(hasty.address), raw(hasty.address)];
    const drip = setInterval(() => slow.write(Buffer.of(1)), 500); // none, or a byte of eight
    await Promise.all([over(quiet), over(slow)]);
    clearInterval(drip);
    expect(told).toEqual(['TimeoutError', 'TimeoutError']);
    await hasty.close();
  });

  it('lets friends in however many strangers there are', async () => {
    const small = await listen({ key, backlog: 4 });
    const strangers = Array.from({ length: 40 }, () => raw(small.address));
    await Promise.all(strangers.map((socket) => read(socket, 40)));
    await expect.poll(() => small.refused, LONG).toBe(36);
    await using _friend = await connect(small.address, { key });
    await using accepted = await small.accept({ timeout: 60_000 });
    expect(accepted.closed).toBe(false);
    // Where all are friends, one more is refused.
    const friends = await Promise.all([1, 2, 3, 4].map(() => connect(small.address, { key })));
    await expect.poll(() => failure(connect(small.address, { key })), LONG).toBe(LOST);
    for (const friend of friends) friend.destroy();
    await small.close();
    await Promise.all(strangers.map(over));
  });

  it.runIf(process.platform === 'linux')('keeps no descriptor of those it refused', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await servesFriends();
    const before = open();
    for (let i = 0; i < 100; i++) await failure(connect(listener.address, { key: `${key}${i}` }));
    await expect.poll(open, LONG).toBeLessThan(before + 20);
  });
});

describe('one that connects', () => {
  it('finds out who is no listener, and tells nothing', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (garbage, asOurs) => {
        await using server = await fakeServer((socket) =>
          socket.end(asOurs ? Buffer.concat([MAGIC, garbage]) : garbage),
        );
        const outcome = await failure(connect(server.address, { key }));
        expect([AUTHENTICATION, PROTOCOL, LOST]).toContain(outcome);
      }),
      { numRuns: runsOf(40) },
    );
  });

  it('is not taken in by its own code', async () => {
    await using server = await fakeServer(async (socket) => {
      socket.write(Buffer.concat([MAGIC, Buffer.alloc(32, 1)]));
      const said = await read(socket, 72);
      socket.write(Buffer.concat([Buffer.of(0), said.subarray(40)])); // the code, thrown back
    });
    expect(await failure(connect(server.address, { key }))).toBe(AUTHENTICATION);
  });

  it('waits for no longer than it is told', async () => {
    await using server = await fakeServer((socket) => void socket.write(MAGIC));
    expect(await failure(connect(server.address, { key, timeout: 50 }))).toBe('TimeoutError');
    const signal = AbortSignal.timeout(50);
    const aborted = await connect(server.address, { key, signal }).catch((error) => error);
    expect(aborted).toBe(signal.reason);
    const early = AbortSignal.abort(new RangeError('not at all'));
    await expect(connect(server.address, { key, signal: early })).rejects.toThrow('not at all');
  });

  it('says where nobody is', async () => {
    const server = await fakeServer(() => {});
    await server[Symbol.asyncDispose]();
    expect(await failure(connect(server.address, { key }))).toBe('ECONNREFUSED');
    expect(await failure(connect({ path: '/nowhere/at/all' }, { key }))).toBe('ENOENT');
  });
});

describe('one in between', () => {
  /** Two ends, and a hand on what goes from one to the other after they have shown their keys. */
  async function between(change: (bytes: Buffer) => Buffer) {
    const listener = await listen({ key });
    const server = await fakeServer((socket) => {
      const through = raw(listener.address);
      through.pipe(socket);
      let seen = 0;
      socket.on('data', (bytes) => {
        const handshake = Math.max(0, Math.min(bytes.length, 72 - seen));
        seen += bytes.length;
        through.write(bytes.subarray(0, handshake));
        if (handshake < bytes.length) through.write(change(bytes.subarray(handshake)));
      });
    });
    const [sender, receiver] = await Promise.all([
      connect(server.address, { key }),
      listener.accept(),
    ]);
    return {
      sender,
      receiver,
      async [Symbol.asyncDispose]() {
        sender.destroy();
        receiver.destroy();
        await server[Symbol.asyncDispose]();
        await listener.close();
      },
    };
  }

  it('changes nothing unseen: any byte of any message', { timeout: 120_000 }, async () => {
    const where = fc.nat({ max: 60 });
    const how = fc.integer({ min: 1, max: 255 });
    await fc.assert(
      fc.asyncProperty(where, how, async (at, mask) => {
        await using ends = await between((bytes) => {
          const changed = Buffer.from(bytes);
          changed[at % bytes.length]! ^= mask;
          return changed;
        });
        void ends.sender.send('pay 100 to Anna').catch(() => {});
        const outcome = await failure(ends.receiver.receive({ timeout: 500 }));
        // A greater length is waited for.
        expect([PROTOCOL, TOO_LARGE, 'TimeoutError']).toContain(outcome);
      }),
      { numRuns: runsOf(30) },
    );
  });

  it('can say nothing twice, and leave nothing out', async () => {
    {
      await using ends = await between((bytes) => Buffer.concat([bytes, bytes]));
      void ends.sender.send('once').catch(() => {});
      expect(await ends.receiver.receive()).toBe('once');
      expect(await failure(ends.receiver.receive())).toBe(PROTOCOL);
    }
    let messages = 0;
    await using ends = await between((bytes) => (messages++ === 0 ? Buffer.alloc(0) : bytes));
    await ends.sender.send('not this');
    await expect.poll(() => messages, LONG).toBe(1);
    void ends.sender.send('but that').catch(() => {});
    expect(await failure(ends.receiver.receive())).toBe(PROTOCOL);
    expect(ends.receiver.closed).toBe(true);
  });

  it('can throw nothing back, and put no end to it unseen', async () => {
    await using mine = await held();
    const { socket, connection } = mine;
    await connection.send('mine'); // comes back as if from the other side
    const echoed = await read(socket, 40);
    socket.write(Buffer.concat([echoed, await read(socket, echoed.readUIntBE(2, 6))]));
    expect(await failure(connection.receive())).toBe(PROTOCOL);

    await using other = await held();
    other.socket.end(); // no last frame
    expect(await failure(other.connection.receive())).toBe(LOST);
  });
});

describe('one that has the key', () => {
  it('takes no memory by senseless lengths', async () => {
    for (const length of [2 ** 48 - 1, 2 ** 31, 1001]) {
      await using mine = await held(1000);
      mine.socket.write(frame(mine.session, 0, Buffer.alloc(0), { length }));
      const error = await mine.connection.receive().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: TOO_LARGE, size: length, maxBytes: 1000 });
      await over(mine.socket);
    }
    await using mine = await held();
    const before = process.memoryUsage().arrayBuffers;
    mine.socket.write(frame(mine.session, 0, Buffer.alloc(100), { length: 2 ** 30 }));
    expect(await failure(mine.connection.receive({ timeout: 100 }))).toBe('TimeoutError');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
    mine.socket.destroy();
    expect(await failure(mine.connection.receive())).toBe(LOST);
  });

  it('ends the connection, and no more, by nonsense', { timeout: 60_000 }, async () => {
    const kinds = [2, 255].map((kind) => ({ kind }));
    for (const wrong of [...kinds, { kind: 1, length: 5 }]) {
      await using mine = await held();
      mine.socket.write(frame(mine.session, 0, Buffer.from('hello'), wrong));
      expect(await failure(mine.connection.receive())).toBe(PROTOCOL);
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 50 }), async (body) => {
        await using mine = await held();
        mine.socket.write(frame(mine.session, 0, body)); // signed, and no value
        const [outcome] = [await failure(mine.connection.receive())].flat();
        expect([PROTOCOL, 'no error']).toContain(outcome);
      }),
      { numRuns: runsOf(30) },
    );
  });

  it('may break off anywhere', { timeout: 60_000 }, async () => {
    const whole = 40 + 20;
    for (const count of [1, 39, 40, 41, whole - 1]) {
      await using mine = await held();
      mine.socket.end(frame(mine.session, 0, Buffer.alloc(20)).subarray(0, count));
      expect(await failure(mine.connection.receive())).toBe(LOST);
    }
  });

  it('may have closed before it is written to: what it sent is there', async () => {
    await using mine = await held();
    const { socket, session, connection } = mine;
    const value = (n: number) => serialize(n);
    const all = [0, 1, 2].map((n) => frame(session, n, value(n)));
    socket.end(Buffer.concat([...all, frame(session, 3, Buffer.alloc(0), { kind: 1 })]), () =>
      socket.destroy(),
    );
    await over(socket);
    await connection.poll(LONG);
    let outcome: unknown;
    while (typeof outcome !== 'string') outcome = await failure(connection.send('are you there?'));
    expect(outcome).toBe(CLOSED);
    for (const n of [0, 1, 2]) expect(await connection.receive()).toBe(n);
    expect(await failure(connection.receive())).toBe(CLOSED);
  });

  it('may be killed: the other side is told', { timeout: 60_000 }, async () => {
    await using listener = await listen({ key });
    const url = new URL('connection/index.js', builtUrl).href;
    const program = `
      const { connect } = await import(${JSON.stringify(url)});
      const connection = await connect(${JSON.stringify(listener.address)}, { key: ${JSON.stringify(key)} });
      await connection.send(process.pid);
      await connection.receive();
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const connection = await listener.accept({ timeout: 50_000 });
    expect(await connection.receive()).toBe(child.pid);
    const waiting = failure(connection.receive());
    child.kill('SIGKILL');
    expect(await waiting).toBe(LOST);
    expect(await failure(connection.send('hello?'))).toBe(LOST);
  });
});
