/**
 * The way between a process and one of its workers: bytes there and bytes back.
 */
import type { ChildProcess } from 'node:child_process';
import type net from 'node:net';
import { type NativeLink, native } from '../native.ts';

/** The parent's side. Nothing here keeps the process alive. */
export interface Channel {
  /**
   * Tells what comes, and once that nothing more will. The bytes may be overwritten after. To be
   * called once, before anything is written.
   */
  listen(bytes: (chunk: Buffer) => void, end: () => void): void;
  /** Sends bytes; in order, and without waiting. */
  write(bytes: Buffer): void;
  close(): void;
}

const READ_BYTES = 64 * 1024;

/**
 * Two pipes. What Node makes for `stdio` are sockets with a stream on each side; pipes that are
 * written and read directly take 5 µs less for a small message there and back.
 */
export class PipePair implements Channel {
  readonly #toWorker: readonly [number, number];
  readonly #fromWorker: readonly [number, number];
  #link: NativeLink | null = null;
  /** What the pipe had no room for. */
  #waiting: Buffer[] = [];
  #closed = false;

  constructor() {
    this.#toWorker = native.workers.createPipe(1);
    try {
      this.#fromWorker = native.workers.createPipe(0);
    } catch (error) {
      for (const fd of this.#toWorker) native.workers.closeDescriptor(fd);
      throw error;
    }
  }

  /** The worker's ends: where it reads, and where it writes. */
  get child(): readonly [number, number] {
    return [this.#toWorker[0], this.#fromWorker[1]];
  }

  /** Lets go of the worker's ends, which it has by now. */
  closeChild(): void {
    for (const fd of this.child) native.workers.closeDescriptor(fd);
  }

  listen(bytes: (chunk: Buffer) => void, end: () => void): void {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const received = (count: number): void => {
      if (count > 0) bytes(buffer.subarray(0, count));
      else end();
    };
    const [reading] = this.#fromWorker;
    const [, writing] = this.#toWorker;
    this.#link = new native.workers.Link(reading, writing, buffer, received);
    this.#link.unref();
  }

  write(bytes: Buffer): void {
    if (this.#waiting.length > 0) this.#waiting.push(bytes);
    else this.#put(bytes);
  }

  /** Writes, and keeps what the pipe has no room for until it has. */
  #put(bytes: Buffer): void {
    // A worker that has gone tells so by its exit; writing to it is no error of its own.
    const written = this.#link?.write(bytes) ?? -1;
    if (written < 0 || written === bytes.length) return;
    this.#waiting.unshift(bytes.subarray(written));
    this.#link?.whenWritable(() => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const next of waiting) this.write(next);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    if (this.#link) this.#link.close();
    else
      for (const fd of [this.#toWorker[1], this.#fromWorker[0]]) native.workers.closeDescriptor(fd);
    this.#link = null;
  }
}

/** What stands in `stdio` for a {@link StdioChannel}. */
export const PIPES: readonly ['pipe', 'pipe'] = ['pipe', 'pipe'];

/** The streams that Node makes, where a child takes no descriptors: on Windows. */
export class StdioChannel implements Channel {
  readonly #inbox: net.Socket | undefined;
  readonly #outbox: net.Socket | undefined;

  constructor(child: ChildProcess, inbox: number, outbox: number) {
    // A process that could not be started has none.
    this.#inbox = child.stdio?.[inbox] as net.Socket | undefined;
    this.#outbox = child.stdio?.[outbox] as net.Socket | undefined;
    for (const socket of [this.#inbox, this.#outbox]) {
      socket?.unref();
      // The exit tells what happened; writing to a process that has gone is no error of its own.
      socket?.on('error', () => {});
    }
  }

  write(bytes: Buffer): void {
    if (this.#inbox && !this.#inbox.destroyed) this.#inbox.write(bytes);
  }

  listen(bytes: (chunk: Buffer) => void, end: () => void): void {
    this.#outbox?.on('data', bytes);
    this.#outbox?.on('end', end);
    this.#outbox?.on('close', end);
  }

  close(): void {
    this.#inbox?.destroy();
    this.#outbox?.destroy();
  }
}
