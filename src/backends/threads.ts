/**
 * The backend 'threads': each worker is a thread of this process.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { addonFile } from '../native.ts';
import { CELL_BYTES, Cell } from './cell.ts';
import { threadEntry } from './entry.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { packMessage, unpackMessage } from './tuples.ts';
import type { Backend, WorkerEvents, WorkerHandle, WorkerSpec } from './types.ts';

/**
 * Where coverage is measured, a thread writes what it counted as it ends, so the process waits for
 * that: an idle thread, which keeps no process alive, is told to end before the process does.
 */
const measured = Boolean(process.env.NODE_V8_COVERAGE);
const living = new Set<ThreadHandle>();
if (measured) {
  process.on('beforeExit', () => {
    for (const handle of living) handle.send({ type: 'stop' });
  });
}

class ThreadHandle implements WorkerHandle {
  readonly cell: Cell;
  readonly pid = process.pid;
  readonly threadId: number;
  readonly #worker: Worker;

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    const memory = new SharedArrayBuffer(CELL_BYTES);
    this.cell = new Cell(memory);
    const { resourceLimits, ...init } = spec;
    const { entry, eval: code } = threadEntry();
    const options: WorkerOptions = {
      workerData: { cell: memory, addon: addonFile },
      name: `heddle-${spec.id}`,
      eval: code,
      ...(resourceLimits ? { resourceLimits } : {}),
    };
    this.#worker = new Worker(entry, options);
    this.threadId = this.#worker.threadId;
    let error: Error | undefined;
    this.#worker.on('message', (posted: unknown) => {
      events.message(unpackMessage(posted) as FromWorker);
    });
    this.#worker.on('error', (thrown: unknown) => {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    });
    this.#worker.on('exit', (code) => {
      living.delete(this);
      events.exit({ code, signal: null, ...(error ? { error } : {}) });
    });
    this.#worker.unref();
    living.add(this);
    this.send(init);
  }

  send(message: ToWorker, transfer?: readonly unknown[]): void {
    if (measured && message.type === 'stop') this.#worker.ref();
    this.#worker.postMessage(packMessage(message), transfer as readonly ArrayBuffer[] | undefined);
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
    to: 'thread',
    knob: 'threads',
    start: (spec, events) => new ThreadHandle(spec, events),
  };
}
