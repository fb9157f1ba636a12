/**
 * A call on engines that are named one by one: a chunk for each, in the order of the calls.
 */
import {
  type Ask,
  type CallMode,
  clockOffset,
  decodeWithBytes,
  type FailureMessage,
  type RunBy,
  type ValueBatch,
} from '../../protocol/index.ts';
import {
  type CallSite,
  Job,
  type ResolvedOptions,
  TaskTimeoutError,
  WorkerSetupError,
} from '../../scheduler/index.ts';
import { EngineLostError } from '../transport/errors.ts';
import { type EngineInfo, nextChunk, type Outcome, type Transport } from '../transport/types.ts';
import { AsyncResult, type TaskMetadata } from './async-result.ts';
import { ResultBoard } from './board.ts';
import { CompositeError, EngineTaskError } from './errors.ts';
import { publishJob } from './job-cache.ts';

/** What one engine is to do. */
export interface Part {
  readonly engine: EngineInfo;
  /** Index of its first task in the call. */
  readonly first: number;
  readonly tasks: readonly unknown[];
}

/** What is to be called. */
export interface DirectCallSpec<T> {
  readonly mode: CallMode;
  readonly fn: (...args: never[]) => unknown;
  readonly parts: readonly Part[];
  /** Makes the result of the results of each part. */
  readonly combine: (results: readonly unknown[][]) => T;
}

/** Times of a task by this machine's `systemNow`. */
interface Times {
  readonly started: number;
  readonly completed: number;
}

/** What has come of a part. */
interface PartState {
  readonly part: Part;
  readonly results: unknown[];
  by: RunBy | null;
  error: unknown;
}

let lastRun = 0;

/** The results of equal arguments for all engines are packed once. */
function isShared(parts: readonly Part[]): boolean {
  return parts.every(({ tasks }) => tasks === parts[0]!.tasks);
}

class DirectCall<T> {
  readonly board: ResultBoard;
  readonly promise: Promise<T>;
  readonly #transport: Transport;
  readonly #spec: DirectCallSpec<T>;
  readonly #options: ResolvedOptions;
  readonly #site: CallSite;
  readonly #run = `direct${++lastRun}`;
  readonly #states: PartState[];
  readonly #times = new Map<number, Times>();
  #job: Job | null = null;
  #pending: number;
  #aborted = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(
    transport: Transport,
    spec: DirectCallSpec<T>,
    options: ResolvedOptions,
    site: CallSite,
  ) {
    this.#transport = transport;
    this.#spec = spec;
    this.#options = options;
    this.#site = site;
    this.#states = spec.parts.map((part) => ({ part, results: [], by: null, error: undefined }));
    this.#pending = spec.parts.length;
    this.board = new ResultBoard(spec.parts.reduce((sum, { tasks }) => sum + tasks.length, 0));
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Packs everything now, so that later changes of arguments are not seen, and sends it. */
  start(): void {
    const { mode, fn, parts } = this.#spec;
    if (parts.length === 0) {
      this.#end();
      return;
    }
    const releases: (() => void)[] = [];
    const release = (): void => {
      for (const one of releases.splice(0)) one();
      this.#job?.release();
    };
    try {
      const job = new Job(mode, fn, this.#options);
      this.#job = job;
      const pack = (tasks: readonly unknown[]) => {
        const packed = job.codec.pack(tasks, 'arguments');
        if (packed.release) releases.push(packed.release);
        return packed.message;
      };
      const shared = isShared(parts) ? pack(parts[0]!.tasks) : null;
      const packed = parts.map(({ tasks }) => shared ?? pack(tasks));
      const { context: _, ...open } = job.openMessage();
      const { key, done } = publishJob(this.#transport, open);
      releases.push(done);
      if (typeof key === 'string') this.#submit(key, packed, release);
      else void key.then((known) => this.#submit(known, packed, release));
    } catch (error) {
      release();
      this.board.end();
      this.#reject(error);
    }
  }

  #submit(job: string, packed: readonly ValueBatch[], release: () => void): void {
    const { parts } = this.#spec;
    let left = parts.length;
    if (this.#aborted) {
      release();
      return;
    }
    for (const [i, { engine, first, tasks }] of parts.entries()) {
      const { id, uid } = engine;
      const target = { kind: 'one', engine: id, uid } as const;
      const batch = { first, args: packed[i]! };
      const chunk = { id: nextChunk(), run: this.#run, job, target, count: tasks.length, batch };
      this.#transport.submit(chunk, (outcome) => {
        if (--left === 0) release();
        void this.#settled(this.#states[i]!, outcome);
      });
    }
  }

  // ---- What comes back ----------------------------------------------------------------------

  async #settled(state: PartState, outcome: Outcome): Promise<void> {
    const { engine, first, tasks } = state.part;
    const by = outcome.by ?? { engine: engine.id, node: engine.node, pid: engine.pid };
    state.by = by;
    try {
      await this.#read(state, outcome, by);
    } catch (error) {
      // A result that can't be made here.
      this.#fail(state, state.results.length, error);
    }
    if (outcome.kind === 'ended' && state.error === undefined) this.#ended(state, outcome);
    if (!this.#aborted) {
      for (let i = 0; i < tasks.length; i++) {
        if (i < state.results.length) continue;
        this.board.put(first + i, { status: 'rejected', reason: state.error });
      }
    }
    if (--this.#pending === 0) this.#end();
  }

  async #read(state: PartState, outcome: Outcome, by: RunBy): Promise<void> {
    const { codec } = this.#job!;
    const { first, tasks } = state.part;
    for (const message of outcome.messages) {
      switch (message.type) {
        case 'result': {
          const { values, times, offset } = message;
          for (let i = 0; i + 1 < times.length; i += 2) {
            this.#noteTimes(first + offset + i / 2, times[i]!, times[i + 1]!, outcome);
          }
          if (this.#aborted) {
            codec.drop(values);
            break;
          }
          const coded = values.kind === 'coded' ? values.message : null;
          const results = await this.#decode(coded, by, () => codec.unpack(values));
          for (let i = 0; i < results.length; i++) {
            state.results.push(results[i]);
            this.board.put(first + offset + i, { status: 'fulfilled', value: results[i] });
          }
          break;
        }
        case 'failure':
          this.#noteTimes(first + message.offset, message.start, message.end, outcome);
          this.#fail(state, message.offset, await this.#cause(message, by), message.step);
          break;
        case 'unreadable':
          this.#fail(state, 0, await this.#cause(message, by));
          break;
        case 'open-failed': {
          const what = `A function failed in engine ${by.engine}`;
          state.error ??= Object.assign(
            new WorkerSetupError(what, await this.#cause(message, by), this.#site),
            { engine: by.engine, node: by.node },
          );
          break;
        }
      }
    }
    const done = state.results.length === tasks.length;
    if (outcome.kind === 'done' && !done && state.error === undefined && !this.#aborted) {
      this.#fail(state, state.results.length, new Error('The engine left the task out'));
    }
  }

  /** Decodes what an engine has sent; memory that can't be opened here is asked for. */
  async #decode<V>(message: unknown, by: RunBy, decode: () => V): Promise<V> {
    const { codec } = this.#job!;
    if (message !== null) await codec.loading(message);
    try {
      return decode();
    } catch (error) {
      const ask: Ask = (handle) => this.#transport.ask(by, handle);
      return await decodeWithBytes(codec, ask, error, async () => {
        await codec.loading(message);
        return decode();
      });
    }
  }

  async #cause({ error }: Pick<FailureMessage, 'error'>, by: RunBy): Promise<unknown> {
    const { codec } = this.#job!;
    try {
      return await this.#decode(error, by, () => codec.unpackOne(error));
    } catch (undecodable) {
      return undecodable;
    }
  }

  #noteTimes(index: number, start: number, end: number, { clock }: Outcome): void {
    this.#times.set(index, { started: start + clock, completed: end + clock });
  }

  #fail(state: PartState, offset: number, cause: unknown, step = 0): void {
    const { first, tasks } = state.part;
    const task = this.#job!.describe(first + offset, tasks[offset], step);
    state.error ??= new EngineTaskError(task, cause, state.by!, this.#site);
  }

  /** The engine has ended with the part, or before it. */
  #ended(state: PartState, outcome: Outcome & { kind: 'ended' }): void {
    const { part, results } = state;
    const job = this.#job!;
    const { expired } = outcome.exit;
    const fatal = outcome.messages.find((message) => message.type === 'fatal');
    const exit = fatal ? { ...outcome.exit, error: fatal.error as Error } : outcome.exit;
    if (expired !== undefined) {
      const task = job.describe(part.first + expired, part.tasks[expired], 0);
      state.error = Object.assign(new TaskTimeoutError(task, job.options.timeout!, this.#site), {
        engine: state.by!.engine,
        node: state.by!.node,
      });
      return;
    }
    const missing = part.tasks
      .slice(results.length)
      .map((task, i) => job.describe(part.first + results.length + i, task, 0));
    state.error = new EngineLostError(state.by!, exit, missing);
  }

  #end(): void {
    if (this.#aborted) return;
    this.board.end();
    const errors = this.#states.filter(({ error }) => error !== undefined);
    if (errors.length > 0) {
      const reasons = errors.map(({ error }) => error);
      this.#reject(new CompositeError(reasons, this.#states.length, this.#site));
      return;
    }
    try {
      this.#resolve(this.#spec.combine(this.#states.map(({ results }) => results)));
    } catch (error) {
      this.#reject(error);
    }
  }

  // ---- The record ---------------------------------------------------------------------------

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.board.end();
    this.#reject(new DOMException('The call was aborted', 'AbortError'));
    this.#transport.cancel(this.#run);
  }

  serialTime(): number {
    let sum = 0;
    for (const { started, completed } of this.#times.values()) sum += completed - started;
    return sum;
  }

  metadata(): TaskMetadata[] {
    const offset = clockOffset();
    const list: TaskMetadata[] = [];
    for (const { part, by } of this.#states) {
      const { engine, first, tasks } = part;
      for (let i = first; i < first + tasks.length; i++) {
        const outcome = this.board.at(i);
        const times = this.#times.get(i);
        const open = this.#aborted ? 'aborted' : 'pending';
        list.push({
          index: i,
          engine: engine.id,
          node: engine.node,
          pid: by?.pid ?? engine.pid,
          submitted: this.board.began,
          started: times ? times.started - offset : null,
          completed: times ? times.completed - offset : null,
          received: this.board.receivedAt(i),
          status: outcome ? (outcome.status === 'fulfilled' ? 'ok' : 'error') : open,
          error: outcome?.status === 'rejected' ? outcome.reason : undefined,
        });
      }
    }
    return list;
  }
}

/** Makes a call; what is wrong with it is the result's error. */
export function directCall<T>(
  transport: Transport,
  spec: DirectCallSpec<T>,
  options: ResolvedOptions,
  site: CallSite,
): AsyncResult<T> {
  const call = new DirectCall(transport, spec, options, site);
  const result = new AsyncResult(call.promise, call.board, call);
  call.start();
  site.note();
  return result;
}
