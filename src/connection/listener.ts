/** The side that accepts. */
import { chmodSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { typeError } from '../errors.ts';
import {
  anything,
  type ByteSize,
  byteSize,
  bytesOf,
  milliseconds,
  type OptionsOf,
  readOptions,
  wholeNumber,
} from '../options.ts';
import { type Address, checkAddress, peerOf, privateAddress } from './address.ts';
import {
  type Connection,
  checkWait,
  DEFAULT_MAX_BYTES,
  MOST_BYTES,
  makeConnection,
  type WaitOptions,
} from './connection.ts';
import { ConnectionClosedError, timeoutError } from './errors.ts';
import { acceptHandshake, checkKey, type Key } from './handshake.ts';
import { Inbox } from './inbox.ts';

/** Is told of who was not let in. */
export type RefusedListener = (
  error: Error,
  peer: { readonly host: string; readonly port: number } | null,
) => void;

const listenOptions = {
  key: anything<Key>(),
  address: anything<Address>(),
  /** Milliseconds that others have to show their key, from when they connect. Default 10 000. */
  handshakeTimeout: milliseconds,
  /**
   * How many may be connected and not yet accepted. One more takes the place of the oldest that has not shown
   * its key; where all have, it is refused. Default 128.
   */
  backlog: wholeNumber({ least: 1, most: 65_535 }),
  maxBytes: byteSize({ least: 1, most: MOST_BYTES }),
  onRefused: anything<RefusedListener>(),
};

/** How {@link listen} listens. */
export interface ListenOptions
  extends OptionsOf<Pick<typeof listenOptions, 'handshakeTimeout' | 'backlog'>> {
  /** The secret that both sides have, of at least 16 bytes. */
  readonly key: Key;
  /**
   * Where: `{ path }` of a Unix socket, which only this user may connect to, or `{ port, host }`; port 0 for
   * any, host '127.0.0.1' unless given. Default: a Unix socket of its own (on Windows a named pipe).
   */
  readonly address?: Address | undefined;
  /** How long a message may be, in bytes or as '100M'; of those that come and those that are sent. Default '1G'. */
  readonly maxBytes?: ByteSize | undefined;
  /** Is told of who was not let in: the error, and where it was (null with Unix sockets). */
  readonly onRefused?: RefusedListener | undefined;
}

const HANDSHAKE_TIMEOUT = 10_000;
const BACKLOG = 128;

type Settings = {
  readonly key: Buffer;
  readonly handshakeTimeout: number;
  readonly backlog: number;
  readonly maxBytes: number;
  readonly onRefused: RefusedListener | undefined;
};

let make: (server: Server, address: Address, remove: () => void, settings: Settings) => Listener;

/** Waits for others to connect; from {@link listen}. It keeps the program up until it is closed. */
export class Listener implements AsyncDisposable {
  /** Where others reach it: what {@link connect} takes. */
  readonly address: Address;
  readonly #server: Server;
  readonly #remove: () => void;
  readonly #settings: Settings;
  readonly #accepted = new Inbox<Connection>();
  /** Those that have not shown their key yet, the oldest first, and what ends them. */
  readonly #strangers = new Map<Socket, (error: Error) => void>();
  #refused = 0;
  #closing: Promise<void> | null = null;

  static {
    make = (...args) => new Listener(...args);
  }

  private constructor(server: Server, address: Address, remove: () => void, settings: Settings) {
    this.address = address;
    this.#server = server;
    this.#remove = remove;
    this.#settings = settings;
    server.on('connection', (socket) => this.#admit(socket));
    server.on('error', () => {}); // no descriptor is left: the system tries again
  }

  /** How many were not let in: wrong keys, other programs, some that said nothing. */
  get refused(): number {
    return this.#refused;
  }

  get closed(): boolean {
    return this.#closing !== null;
  }

  /**
   * Gives the next connection whose other side has shown the key. Who has none is no error here, and holds
   * up nobody: see `onRefused`.
   *
   * @throws a DOMException TimeoutError, or the signal's reason: a connection is for the next call then;
   *   {@link ConnectionClosedError} when the listener is or was closed
   */
  async accept(options?: WaitOptions): Promise<Connection> {
    return this.#accepted.next(checkWait(options), 'nobody has connected');
  }

  /** Connections until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, void> {
    for (;;) {
      let connection: Connection;
      try {
        connection = await this.accept();
      } catch (error) {
        if (error instanceof ConnectionClosedError) return;
        throw error;
      }
      yield connection;
    }
  }

  /** Lets nobody in any more, and ends those that have not been accepted. Connections that were stay. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      // Node calls back when the last connection has ended, too: the socket itself is closed at once.
      this.#server.close();
      const error = new ConnectionClosedError('the listener was closed');
      this.#accepted.end(error);
      for (const connection of this.#accepted.clear()) connection.destroy();
      for (const end of [...this.#strangers.values()]) end(error);
      this.#remove();
      setImmediate(resolve);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(socket: Socket): void {
    const { key, handshakeTimeout, backlog, maxBytes } = this.#settings;
    socket.on('error', () => {}); // the handshake's, or the connection's
    if (this.closed) {
      socket.destroy();
      return;
    }
    if (this.#strangers.size + this.#accepted.size >= backlog) {
      const full = new ConnectionClosedError(
        `more than ${backlog} were connected and not accepted`,
      );
      const [oldest] = this.#strangers.values();
      if (!oldest) {
        this.#refuse(socket, full);
        return;
      }
      oldest(full);
    }
    const late = timeoutError(`it did not show its key within ${handshakeTimeout} ms`);
    const end = (error: Error): void => {
      if (!leave()) return;
      this.#refuse(socket, error);
    };
    const timer =
      handshakeTimeout === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(end, handshakeTimeout, late);
    const leave = (): boolean => {
      clearTimeout(timer);
      return this.#strangers.delete(socket);
    };
    this.#strangers.set(socket, end);
    acceptHandshake(socket, key).then((keys) => {
      if (leave()) this.#accepted.push(makeConnection(socket, keys, maxBytes));
    }, end);
  }

  #refuse(socket: Socket, error: Error): void {
    const peer = peerOf(socket);
    this.#refused++;
    socket.destroySoon(); // an answer that says so goes out first
    if (!this.closed) this.#settings.onRefused?.(error, peer);
  }
}

/**
 * Listens for programs that have the same key.
 *
 * @throws Node's errors, such as EADDRINUSE; errors of arguments
 * @example
 * ```ts
 * const key = process.env.MY_KEY; // both sides have it
 * await using listener = await listen({ key, address: { port: 7000 } });
 * for await (const connection of listener) void serve(connection);
 * ```
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const read = readOptions('options', listenOptions, options);
  const { onRefused, backlog = BACKLOG, handshakeTimeout = HANDSHAKE_TIMEOUT } = read;
  if (onRefused !== undefined && typeof onRefused !== 'function') {
    throw typeError('onRefused', onRefused, 'a function');
  }
  const key = checkKey(read.key);
  const maxBytes = bytesOf(read.maxBytes) ?? DEFAULT_MAX_BYTES;
  const given = read.address === undefined ? null : checkAddress(read.address, true);
  const own = given ? null : privateAddress();
  const remove = own?.remove ?? (() => {});
  const target = given ?? own!.address;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(target, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if ('path' in target && process.platform !== 'win32') chmodSync(target.path, 0o600);
  } catch (error) {
    server.close();
    remove();
    throw error;
  }
  const address =
    'path' in target
      ? { path: target.path }
      : { port: (server.address() as AddressInfo).port, host: target.host };
  const settings = { key, handshakeTimeout, backlog, maxBytes, onRefused };
  return make(server, address, remove, settings);
}
