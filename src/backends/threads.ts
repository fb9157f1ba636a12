/**
 * The backend 'threads': each worker is a thread of this process.
 */
import { hostname } from 'node:os';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { addonFile, native } from '../native.ts';
import {
  type Backend,
  CLAIM_TABLE_BYTES,
  ClaimTable,
  type FromWorker,
  MAILBOX_BYTES,
  Mailbox,
  packMessage,
  SLOTS,
  type ToWorker,
  unpackMessage,
  type WorkerAddress,
  type WorkerEvents,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import { plainError } from '../worker/index.ts';
import { threadEntry } from './entry.ts';

/** Worker threads that are there. */
let alive = 0;

class ThreadHandle implements WorkerPort {
  readonly claims: ClaimTable;
  readonly slots = SLOTS;
  readonly address: WorkerAddress;
  readonly #worker: Worker;
  readonly #mailbox: Mailbox;

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    const memory = new SharedArrayBuffer(CLAIM_TABLE_BYTES + MAILBOX_BYTES);
    this.claims = new ClaimTable(memory);
    const mailbox = new Mailbox(memory, CLAIM_TABLE_BYTES);
    this.#mailbox = mailbox;
    const { resourceLimits, ...init } = spec;
    const { entry, eval: code } = threadEntry();
    const options: WorkerOptions = {
      workerData: { memory, addon: addonFile },
      name: `heddle-${spec.id}`,
      eval: code,
      ...(resourceLimits ? { resourceLimits } : {}),
    };
    this.#worker = new Worker(entry, options);
    const { threadId } = this.#worker;
    this.address = { host: hostname(), pid: process.pid, threadId };
    let error: Error | undefined;
    let uncaught = false;
    const failed = (thrown: unknown): void => {
      error = thrown instanceof Error ? thrown : plainError(thrown);
    };
    // Something that can't be read has been lost, and nobody may wait for it.
    const unreadable = (thrown: unknown): void => {
      failed(thrown);
      this.kill();
    };
    this.#worker.on('message', (posted: unknown) => {
      try {
        events.message(unpackMessage(posted, mailbox) as FromWorker);
      } catch (thrown) {
        unreadable(thrown);
      }
    });
    this.#worker.on('messageerror', unreadable);
    this.#worker.on('error', (thrown) => {
      failed(thrown);
      uncaught = (error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY';
    });
    alive++;
    this.#worker.on('exit', (code) => {
      alive--;
      if (alive === 0) native.workers.trimHeap();
      events.exit({ reason: 'exit', code, ...(error ? { error, uncaught } : {}) });
    });
    this.#worker.unref();
    this.send(init);
  }

  send(message: ToWorker, transfer?: readonly unknown[]): void {
    const posted = packMessage(message, this.#mailbox);
    this.#worker.postMessage(posted, transfer as readonly ArrayBuffer[] | undefined);
  }

  kill(): void {
    void this.#worker.terminate();
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }
}

/** Makes the backend. */
export function threads(): Backend {
  return {
    name: 'threads',
    reach: 'thread',
    knob: 'threads',
    start: (spec, events) => new ThreadHandle(spec, events),
  };
}
