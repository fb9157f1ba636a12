import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { decode, encode, loading } from '../../../src/codec/index.ts';
import type { Request } from './peer.ts';

interface Answer {
  readonly id: number;
  readonly message?: unknown;
  readonly error?: string;
}

/** A process or thread that runs peer.ts. */
export class Peer {
  readonly kind: 'process' | 'thread';
  readonly #target: ChildProcess | Worker;
  readonly #open = new Map<number, { resolve(a: Answer): void; reject(e: Error): void }>();
  #next = 0;

  constructor(kind: 'process' | 'thread') {
    this.kind = kind;
    const file = new URL('./peer.ts', import.meta.url);
    const execArgv = ['--import', 'tsx'];
    this.#target =
      kind === 'process'
        ? fork(fileURLToPath(file), { execArgv, serialization: 'advanced' })
        : new Worker(new URL('./thread.mjs', import.meta.url));
    this.#target.on('message', (answer: Answer) => {
      const waiting = this.#open.get(answer.id);
      this.#open.delete(answer.id);
      if (answer.error !== undefined) waiting?.reject(new Error(answer.error));
      else waiting?.resolve(answer);
    });
    this.#target.on('exit', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the peer ended'));
      this.#open.clear();
    });
  }

  get pid(): number {
    return this.kind === 'process' ? (this.#target as ChildProcess).pid! : process.pid;
  }

  /** Sends a value, has the peer do something with it, and gives back the result. */
  async call(operation: Request['operation'], value: unknown): Promise<unknown> {
    const { message, release } = encode(value, { to: this.kind, maxBytes: 1 << 20 });
    const answer = await this.post(operation, message);
    release();
    await loading(answer);
    return decode(answer);
  }

  /** Runs a function there, with what it captures. */
  run<R>(fn: () => R | Promise<R>): Promise<R> {
    return this.call('run', fn) as Promise<R>;
  }

  post(operation: Request['operation'], message: unknown): Promise<unknown> {
    const id = this.#next++;
    return new Promise<Answer>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      const request: Request = { id, operation, message };
      if (this.kind === 'process') (this.#target as ChildProcess).send(request);
      else (this.#target as Worker).postMessage(request);
    }).then((answer) => answer.message);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.kind === 'thread') {
      await (this.#target as Worker).terminate();
      return;
    }
    const child = this.#target as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  }
}
