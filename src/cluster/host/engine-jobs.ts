/**
 * The jobs that one engine has open.
 */
import type { ToWorker } from '../../protocol/index.ts';
import type { JobRecord } from '../transport/types.ts';

let lastContext = 0;

interface Open {
  readonly context: number;
  /** Functions that the engine has of it. */
  functions: number;
  /** Keys by which it goes: it has grown since the first. */
  readonly keys: Set<string>;
}

/** Jobs that are over are closed with the next message, or so much later (ms): an idle engine sleeps. */
const CLOSE_MS = 20;

/** Opens each job once, under a number of the engine's own. */
export class EngineJobs {
  readonly #open = new Map<string, Open>();
  readonly #send: (message: ToWorker) => void;

  /** Jobs that the engine is to close. */
  #closing: number[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
  }

  /** Closes what is to be closed; to be called before other messages. */
  flush(): void {
    if (this.#closing.length === 0) return;
    const closing = this.#closing;
    this.#closing = [];
    for (const context of closing) this.#send({ type: 'close', context });
  }

  /** The engine has gone. */
  end(): void {
    this.#closing = [];
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** The number of a job, which is opened if it has not been. */
  contextOf(key: string, record: JobRecord): number {
    let open = this.#open.get(key);
    if (!open) {
      const before = record.extends === undefined ? undefined : this.#open.get(record.extends);
      open = before ? this.#grow(before, record) : this.#begin(record);
      open.keys.add(key);
      this.#open.set(key, open);
    }
    return open.context;
  }

  #begin({ open }: JobRecord): Open {
    const context = ++lastContext;
    this.#send({ ...open, context });
    return { context, functions: open.functions.length, keys: new Set() };
  }

  #grow(open: Open, { open: { functions } }: JobRecord): Open {
    const { context } = open;
    if (functions.length > open.functions) {
      this.#send({ type: 'functions', context, functions: functions.slice(open.functions) });
      open.functions = functions.length;
    }
    return open;
  }

  /** A job won't be needed any more. */
  close(key: string): void {
    const open = this.#open.get(key);
    if (!open) return;
    this.#open.delete(key);
    open.keys.delete(key);
    if (open.keys.size > 0) return;
    this.#closing.push(open.context);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, CLOSE_MS).unref();
  }
}
