/** The side that connects. */
import { createConnection } from 'node:net';
import {
  abortSignal,
  anything,
  type ByteSize,
  byteSize,
  bytesOf,
  milliseconds,
  type OptionsOf,
  readOptions,
} from '../options.ts';
import { type Address, checkAddress } from './address.ts';
import { type Connection, DEFAULT_MAX_BYTES, MOST_BYTES, makeConnection } from './connection.ts';
import { timeoutError } from './errors.ts';
import { checkKey, connectHandshake, type Key } from './handshake.ts';

const connectOptions = {
  /** The secret that both sides have, of at least 16 bytes. */
  key: anything<Key>(),
  /** Milliseconds until the connection is there and both sides have shown their key. Default 10 000. */
  timeout: milliseconds,
  /** Gives up. */
  signal: abortSignal,
  /** How long a message may be, in bytes or as '100M'. Default '1G'. */
  maxBytes: byteSize({ least: 1, most: MOST_BYTES }),
};

/** How {@link connect} connects. */
export interface ConnectOptions extends OptionsOf<Omit<typeof connectOptions, 'key' | 'maxBytes'>> {
  /** The secret that both sides have, of at least 16 bytes. */
  readonly key: Key;
  /** How long a message may be, in bytes or as '100M'; of those that come and those that are sent. Default '1G'. */
  readonly maxBytes?: ByteSize | undefined;
}

const CONNECT_TIMEOUT = 10_000;

/**
 * Connects to a listener, and makes sure that both have the same key.
 *
 * @param address - `listener.address`, or where it is seen from here
 * @throws {@link AuthenticationError} when the listener has another key; {@link ProtocolError} when it is no
 *   listener of this library; {@link ConnectionLostError} when it ends the connection; a DOMException
 *   TimeoutError; the signal's reason; Node's errors, such as ECONNREFUSED
 * @example
 * ```ts
 * await using connection = await connect({ port: 7000 }, { key });
 * await connection.send({ rows: new Float64Array(1000) });
 * console.log(await connection.receive({ timeout: 5000 }));
 * ```
 */
export async function connect(address: Address, options: ConnectOptions): Promise<Connection> {
  const target = checkAddress(address, false);
  const read = readOptions('options', connectOptions, options);
  const key = checkKey(read.key);
  const { timeout = CONNECT_TIMEOUT, signal } = read;
  const maxBytes = bytesOf(read.maxBytes) ?? DEFAULT_MAX_BYTES;
  signal?.throwIfAborted();
  const socket = createConnection(target);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      stop();
      socket.destroy();
      reject(error);
    };
    const late = (): void =>
      fail(timeoutError(`the listener did not answer as one within ${timeout} ms`));
    const aborted = (): void => fail(signal!.reason);
    const timer = timeout === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeout);
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    socket.on('error', () => {}); // each is somebody's: at first ours, then the handshake's
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      connectHandshake(socket, key).then((keys) => {
        if (socket.destroyed) return; // too late
        stop();
        resolve(makeConnection(socket, keys, maxBytes));
      }, fail);
    });
  });
}
