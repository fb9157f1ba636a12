/**
 * How two programs make sure that both have the same key, without telling it.
 *
 * Each side sends random bytes, and each shows a code (HMAC with SHA-256, RFC 2104) of both sides'
 * bytes and of its own role. An answer that was heard before is worth nothing, for the bytes are new
 * each time; one side's answer is worth nothing to the other, for the role is in it. The side that
 * accepts shows no code before it has seen a right one, so who has no key can't ask it for guesses to be
 * checked elsewhere. The keys of the messages come from the same bytes: who only passes the words of
 * two others on can't say anything of his own.
 *
 * ```text
 *   accepts   'heddle/1' nonce(32)
 *   connects  'heddle/1' nonce(32) code(32)
 *   accepts   0 code(32), or 1: refused
 * ```
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { rangeError, typeError } from '../errors.ts';
import { AuthenticationError, ConnectionLostError, ProtocolError } from './errors.ts';

/** A secret that both sides have. A text counts as its bytes in UTF-8. */
export type Key = string | Uint8Array;

/** Keys that are shorter are guessed. */
const MIN_KEY_BYTES = 16;

const MAGIC = Buffer.from('heddle/1');
const NONCE_BYTES = 32;
const CODE_BYTES = 32;
const WELCOME = 0;
const REFUSED = 1;

/** The keys of the messages of a connection, each for one direction. */
export interface SessionKeys {
  readonly send: Buffer;
  readonly receive: Buffer;
}

/** Checks a key; what is given back is a copy. */
export function checkKey(key: unknown): Buffer {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    // The value itself stays out of the message: it may be a secret in another form.
    throw typeError('key', typeof key, 'a string or a Uint8Array that both sides have');
  }
  const bytes = typeof key === 'string' ? Buffer.from(key) : Buffer.from(key);
  if (bytes.length < MIN_KEY_BYTES) {
    const right = `of at least ${MIN_KEY_BYTES} bytes, such as randomBytes(32) of node:crypto`;
    throw rangeError('key', `one of ${bytes.length} bytes`, right);
  }
  return bytes;
}

function code(key: Buffer, what: string, server: Buffer, client: Buffer): Buffer {
  // Both nonces have their fixed length, and no name is the beginning of another: no two meanings.
  return createHmac('sha256', key).update(what).update(server).update(client).digest();
}

/**
 * Reads so many bytes of a socket that nobody else reads.
 *
 * @throws {@link ConnectionLostError} where it ends before
 */
export function readExactly(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off('readable', attempt).off('end', ended).off('close', ended).off('error', failed);
    };
    const failed = (cause?: Error): void => {
      stop();
      reject(new ConnectionLostError('the other side ended the connection', { cause }));
    };
    const ended = (): void => failed(socket.errored ?? undefined);
    const attempt = (): void => {
      const bytes = socket.read(count) as Buffer | null;
      if (!bytes) return;
      stop();
      if (bytes.length === count) resolve(bytes);
      else failed(); // the rest of what there will ever be
    };
    socket.on('readable', attempt).on('end', ended).on('close', ended).on('error', failed);
    if (socket.destroyed || socket.readableEnded) ended();
    else attempt();
  });
}

async function readMagic(socket: Socket): Promise<void> {
  const bytes = await readExactly(socket, MAGIC.length);
  if (bytes.equals(MAGIC)) return;
  const same = bytes.subarray(0, 7).equals(MAGIC.subarray(0, 7));
  throw new ProtocolError(
    same
      ? `the other side speaks '${bytes.toString('latin1')}', this one '${MAGIC}': use one version of the library`
      : 'the other side is no program that uses heddle/connection',
  );
}

/**
 * The side that accepts. Everything is refused by an error; the caller sees to the time and ends the
 * socket.
 *
 * @throws {@link AuthenticationError}, {@link ProtocolError}, {@link ConnectionLostError}
 */
export async function acceptHandshake(socket: Socket, key: Buffer): Promise<SessionKeys> {
  const server = randomBytes(NONCE_BYTES);
  socket.write(Buffer.concat([MAGIC, server]));
  await readMagic(socket);
  const client = await readExactly(socket, NONCE_BYTES);
  const shown = await readExactly(socket, CODE_BYTES);
  if (!timingSafeEqual(shown, code(key, 'client', server, client))) {
    socket.write(Buffer.of(REFUSED));
    throw new AuthenticationError('the other side has another key than this one');
  }
  socket.write(Buffer.concat([Buffer.of(WELCOME), code(key, 'server', server, client)]));
  return {
    send: code(key, 'from server', server, client),
    receive: code(key, 'from client', server, client),
  };
}

/** The side that connects; as {@link acceptHandshake}. */
export async function connectHandshake(socket: Socket, key: Buffer): Promise<SessionKeys> {
  await readMagic(socket);
  const server = await readExactly(socket, NONCE_BYTES);
  const client = randomBytes(NONCE_BYTES);
  socket.write(Buffer.concat([MAGIC, client, code(key, 'client', server, client)]));
  const [answer] = await readExactly(socket, 1);
  if (answer === REFUSED) {
    throw new AuthenticationError('the listener has another key than this side');
  }
  if (answer !== WELCOME) {
    throw new ProtocolError(
      `the listener answered with ${answer}, not with ${WELCOME} or ${REFUSED}`,
    );
  }
  const shown = await readExactly(socket, CODE_BYTES);
  if (!timingSafeEqual(shown, code(key, 'server', server, client))) {
    throw new AuthenticationError('the listener could not show that it has the key');
  }
  return {
    send: code(key, 'from client', server, client),
    receive: code(key, 'from server', server, client),
  };
}
