/** One of the two ends of a connection. */
import { constants } from 'node:buffer';
import type { Socket } from 'node:net';

// Values may be instances and functions, which travel with their modules.
import '../functions/index.ts';
import { decode, deserialize, discard, encode, loading, serialize } from '../codec/index.ts';
import { abortSignal, milliseconds, type OptionsOf, readOptions } from '../options.ts';
import { peerOf } from './address.ts';
import {
  ConnectionClosedError,
  ConnectionLostError,
  MessageTooLargeError,
  ProtocolError,
} from './errors.ts';
import { CLOSE, FrameReader, FrameWriter, VALUE } from './frames.ts';
import type { SessionKeys } from './handshake.ts';
import { Inbox } from './inbox.ts';

const waitOptions = {
  /** Milliseconds to wait at most; 0 for not at all. Default: no limit. */
  timeout: milliseconds,
  /** Ends the wait. */
  signal: abortSignal,
};

/** How long to wait for something. */
export interface WaitOptions extends OptionsOf<typeof waitOptions> {}

/** Checks how long to wait. */
export function checkWait(options: WaitOptions | undefined): WaitOptions {
  return readOptions('options', waitOptions, options);
}

const closeOptions = {
  /** Milliseconds for what has been sent to go out. Default 10 000. */
  timeout: milliseconds,
};

/** How {@link Connection.close} closes. */
export interface CloseOptions extends OptionsOf<typeof closeOptions> {}

const CLOSE_TIMEOUT = 10_000;
/** How long a closed socket waits for the other side's end, so that the system throws nothing away (ms). */
const LINGER = 2000;
/** When a connection that says nothing is looked after by the system (ms). */
const KEEP_ALIVE = 30_000;

/** How long messages may be where nothing is said. */
export const DEFAULT_MAX_BYTES = 2 ** 30;
/** How long they can be. */
export const MOST_BYTES = constants.MAX_LENGTH;

let internals: {
  make(socket: Socket, keys: SessionKeys, maxBytes: number): Connection;
  inbox(connection: Connection): Inbox<Buffer>;
};

/**
 * A connection to a program that has shown that it has the same key; from `connect` or
 * {@link Listener.accept}. Both ends are alike. It keeps the program up until it is closed.
 */
export class Connection implements AsyncDisposable {
  /** Where the other side is; null with Unix sockets, which don't tell. */
  readonly peer: { readonly host: string; readonly port: number } | null;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #maxBytes: number;
  readonly #inbox = new Inbox<Buffer>();
  /** Why nothing can be sent any more. */
  #ended: Error | null = null;
  #closing: Promise<void> | null = null;

  static {
    internals = {
      make: (socket, keys, maxBytes) => new Connection(socket, keys, maxBytes),
      inbox: (connection) => connection.#inbox,
    };
  }

  private constructor(socket: Socket, keys: SessionKeys, maxBytes: number) {
    this.peer = peerOf(socket);
    this.#socket = socket;
    this.#writer = new FrameWriter(keys.send);
    this.#reader = new FrameReader(keys.receive, maxBytes);
    this.#maxBytes = maxBytes;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on('readable', this.#onReadable);
    socket.on('error', (cause) => this.#lost(cause));
    socket.on('end', () => this.#lost());
    socket.on('close', () => this.#lost());
    this.#read();
  }

  /** Whether nothing can be sent any more: one of the sides has closed it, or it was lost. */
  get closed(): boolean {
    return this.#ended !== null;
  }

  /**
   * Sends a value: anything that can be sent to a worker of another machine. Values arrive in the order
   * of the calls, also of calls that were not awaited.
   *
   * @returns when the system has taken it over. Who awaits this runs no further ahead of the other side
   *   than the system's buffers go
   * @throws CloneError for what can't travel and {@link MessageTooLargeError}: both before anything is sent;
   *   {@link ConnectionClosedError}, {@link ConnectionLostError}
   */
  async send(value: unknown): Promise<void> {
    if (this.#ended) throw this.#ended;
    const to = {
      to: 'machine',
      maxBytes: this.#maxBytes,
      receivers: 'one',
      path: 'value',
    } as const;
    const encoded = encode(value, to);
    let body: Buffer;
    try {
      body = serialize(encoded.message);
    } finally {
      encoded.drop();
    }
    if (body.length > this.#maxBytes) {
      throw new MessageTooLargeError(body.length, this.#maxBytes, 'sent');
    }
    await this.#write(VALUE, body);
  }

  /**
   * Takes the oldest value that has come, and waits for one. Of several calls each gets one, in order.
   *
   * @throws a DOMException TimeoutError, or the signal's reason: the value is for the next call then;
   *   {@link ConnectionClosedError} when the other side has closed the connection and all it sent has been
   *   taken; {@link ConnectionLostError}, {@link ProtocolError}, {@link MessageTooLargeError}; what a
   *   class or function of the value throws as its module is imported, which ends nothing
   */
  async receive(options?: WaitOptions): Promise<unknown> {
    const limits = checkWait(options);
    const next = this.#inbox.next(limits, 'the other side has sent nothing');
    this.#read(); // there may be room for more
    const body = await next;
    let message: unknown;
    try {
      message = deserialize(body);
    } catch (cause) {
      const why = 'a message was written by a version of Node that this one does not understand';
      throw new ProtocolError(why, { cause });
    }
    try {
      await loading(message);
    } catch (error) {
      discard(message);
      throw error;
    }
    return decode(message);
  }

  /**
   * Whether `receive` would have something at once, an error at the end included.
   *
   * @param options - waits so long for it; without a time-out not at all
   * @throws the signal's reason
   */
  async poll(options?: WaitOptions): Promise<boolean> {
    const { timeout = 0, signal } = checkWait(options);
    const ready = await waitFor([this.#inbox], { timeout, signal });
    return ready.length > 0;
  }

  /** Values until the other side closes the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, void> {
    for (;;) {
      let value: unknown;
      try {
        value = await this.receive();
      } catch (error) {
        if (error instanceof ConnectionClosedError) return;
        throw error;
      }
      yield value;
    }
  }

  /** Has the connection keep the program up, which it does unless {@link Connection.unref} was called. */
  ref(): void {
    this.#socket.ref();
  }

  /** Lets the program end though the connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  /**
   * Says that nothing more will be sent or received, and ends. The other side gets what was sent before;
   * what it has sent, and nobody here has taken, is forgotten.
   *
   * @returns when the system has taken over all that was sent, or the time is up. Never fails
   */
  close(options?: CloseOptions): Promise<void> {
    const { timeout = CLOSE_TIMEOUT } = readOptions('options', closeOptions, options);
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  /** Ends at once: the other side may not get what was sent, and finds the connection lost. */
  destroy(): void {
    this.#end(new ConnectionClosedError('this side has ended the connection'));
    this.#inbox.clear();
    this.#socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(kind: number, body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const written = (cause?: Error | null): void => {
        if (!cause) {
          resolve();
          return;
        }
        this.#lost(cause);
        reject(this.#ended);
      };
      const header = this.#writer.header(kind, body);
      // A write of nothing would still be one, and fail where the other side has read all and gone.
      if (body.length === 0) {
        socket.write(header, written);
        return;
      }
      socket.cork();
      socket.write(header);
      socket.write(body, written);
      socket.uncork();
    });
  }

  /** Reads while there is nothing that nobody has taken: who sends too fast has to wait. */
  #read(everything = false): void {
    const socket = this.#socket;
    const read = (count: number): Buffer | null => socket.read(count) as Buffer | null;
    const available = (): number => socket.readableLength;
    try {
      while (!this.#ended && (everything || this.#reader.within || this.#inbox.size === 0)) {
        const frame = this.#reader.next(read, available);
        if (!frame) {
          socket.read(0); // has 'readable' come for what is still missing
          return;
        }
        if (frame.kind === CLOSE) {
          this.#closedByPeer();
          return;
        }
        this.#inbox.push(frame.body);
      }
    } catch (error) {
      this.#end(error as Error);
      socket.destroy();
    }
  }

  readonly #onReadable = (): void => this.#read();

  #closedByPeer(): void {
    this.#end(new ConnectionClosedError('the other side has closed the connection'));
    this.#socket.off('readable', this.#onReadable);
    this.#socket.resume(); // what follows is its end
    this.#socket.destroySoon();
  }

  /** The end of the socket that nobody has announced. */
  #lost(cause?: Error): void {
    if (this.#ended) return;
    // What has come whole counts, and the last frame may be among it.
    this.#read(true);
    if (this.#ended) return;
    const why = cause === undefined ? '' : `: ${cause.message}`;
    this.#end(new ConnectionLostError(`the connection broke off${why}`, { cause }));
    this.#socket.destroy();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#inbox.end(error);
  }

  async #close(timeout: number): Promise<void> {
    const socket = this.#socket;
    if (this.#ended) {
      this.#inbox.clear();
      if (!(this.#ended instanceof ConnectionClosedError)) socket.destroy();
      return;
    }
    const written = this.#write(CLOSE, Buffer.alloc(0)).catch(() => {});
    this.#end(new ConnectionClosedError('this side has closed the connection'));
    this.#inbox.clear();
    // A socket that is destroyed with bytes that nobody has read takes what was sent along.
    socket.off('readable', this.#onReadable);
    socket.resume();
    socket.end();
    const inTime = await new Promise<boolean>((resolve) => {
      const late = (): void => resolve(false);
      const timer = timeout === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeout);
      void written.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    if (!inTime) {
      socket.destroy();
      return;
    }
    socket.unref();
    const linger = setTimeout(() => socket.destroy(), LINGER).unref();
    socket.once('close', () => clearTimeout(linger));
  }
}

/**
 * Waits until one of several inboxes is ready.
 *
 * @returns which are; none when the time is up
 */
export function waitFor<T>(
  inboxes: readonly Inbox<T>[],
  { timeout = Number.POSITIVE_INFINITY, signal }: WaitOptions,
): Promise<number[]> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const ready = (): number[] => inboxes.flatMap((inbox, i) => (inbox.ready ? [i] : []));
    if (timeout === 0 || ready().length > 0) return resolve(ready());
    const done = (): void => {
      stop();
      resolve(ready());
    };
    const aborted = (): void => {
      stop();
      reject(signal!.reason as Error);
    };
    const stops = inboxes.map((inbox) => inbox.watch(done));
    const timer = timeout === Number.POSITIVE_INFINITY ? undefined : setTimeout(done, timeout);
    const stop = (): void => {
      for (const end of stops) end();
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Makes a connection of a socket whose other side has shown its key. */
export const makeConnection: typeof internals.make = (...args) => internals.make(...args);

/** What has come on a connection. */
export const inboxOf: typeof internals.inbox = (connection) => internals.inbox(connection);
