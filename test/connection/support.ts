/** The other side by hand: the protocol as src/connection/handshake.ts and frames.ts describe it. */
import { createHmac, randomBytes } from 'node:crypto';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Address, Connection, Listener, ListenOptions } from 'heddle/connection';
import { connect, listen } from 'heddle/connection';

export const key = 'this is the key of the tests';
export const MAGIC = Buffer.from('heddle/1');

/** Every kind of address. */
export const families: readonly [string, () => Address | undefined][] = [
  ['Unix socket', () => undefined],
  ['TCP', () => ({ port: 0 })],
];

export interface Pair extends AsyncDisposable {
  readonly listener: Listener;
  readonly a: Connection;
  readonly b: Connection;
}

/** Two ends of one connection: `a` was accepted, `b` has connected. */
export async function pair(options: Partial<ListenOptions> = {}): Promise<Pair> {
  const listener = await listen({ key, ...options });
  const { maxBytes } = options;
  const [a, b] = await Promise.all([
    listener.accept(),
    connect(listener.address, { key, maxBytes }),
  ]);
  return {
    listener,
    a,
    b,
    async [Symbol.asyncDispose]() {
      a.destroy();
      b.destroy();
      await listener.close();
    },
  };
}

/** A socket to a listener, by hand. Its errors are of no interest. */
export function raw(address: Address): Socket {
  const socket = createConnection(address as { path: string });
  return socket.on('error', () => {});
}

/** A server that is no listener. */
export async function fakeServer(
  serve: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly address: { port: number } }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: { port: (server.address() as { port: number }).port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads so many bytes; fewer where the socket ends before. */
export async function read(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes) return bytes;
    if (socket.readableEnded || socket.destroyed) return Buffer.alloc(0);
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('readable', done).off('end', done).off('close', done);
        resolve();
      };
      socket.on('readable', done).on('end', done).on('close', done);
    });
  }
}

export function code(what: string, ...parts: Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key).update(what);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

export interface Session {
  /** Of the messages to and from the other side. */
  readonly send: Buffer;
  readonly receive: Buffer;
}

/** Shows the key to a listener. */
export async function shakeHands(socket: Socket): Promise<Session> {
  const server = (await read(socket, 40)).subarray(8);
  const client = randomBytes(32);
  socket.write(Buffer.concat([MAGIC, client, code('client', server, client)]));
  const answer = await read(socket, 33);
  if (!answer.equals(Buffer.concat([Buffer.of(0), code('server', server, client)]))) {
    throw new Error(`refused: ${answer.toString('hex')}`);
  }
  return {
    send: code('from client', server, client),
    receive: code('from server', server, client),
  };
}

/** A message with its header; `length` is what the header says. */
export function frame(
  session: Session,
  position: number,
  body: Uint8Array,
  { kind = 0, length = body.length }: { kind?: number; length?: number } = {},
): Buffer {
  const fields = Buffer.alloc(8);
  fields[0] = kind;
  fields.writeUIntBE(length, 2, 6);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(position));
  const hmac = createHmac('sha256', session.send).update(number).update(fields).update(body);
  return Buffer.concat([fields, hmac.digest(), body]);
}

/** What a promise ends with: the error's code, or its name where it has none. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    return ['no error', await promise];
  } catch (error) {
    const { name, code: given } = error as { name: string; code?: unknown };
    return typeof given === 'string' ? given : name;
  }
}

/** Resolves when a socket has ended, whoever ended it. */
export function over(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** A connection whose other side is in our hands, with what it may sign. */
export async function held(maxBytes?: number) {
  const listener = await listen({ key, maxBytes });
  const socket = raw(listener.address);
  const session = await shakeHands(socket);
  const connection = await listener.accept();
  return {
    socket,
    session,
    connection,
    async [Symbol.asyncDispose]() {
      connection.destroy();
      socket.destroy();
      await listener.close();
    },
  };
}
