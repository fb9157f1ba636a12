/**
 * The backend 'sequential': the tasks run in the calling environment, on values as they are.
 */
import { type ConfigScope, enterScope } from '../config/index.ts';
import { native } from '../native.ts';
import {
  type Backend,
  BUILD,
  ClaimTable,
  clockOffset,
  type FunctionMessage,
  localCodec,
  slotsFor,
  type TaskFunction,
  type ToWorker,
  VERSION,
  type WorkerEvents,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import { plainError, Runner, taskRng } from '../worker/index.ts';
import { hostName } from './host-name.ts';

/** What the native operations of this environment have had of the cores, by the clock of `performance`. */
function coresHere(): readonly number[] | undefined {
  const spans = native.executor.coreSpans();
  if (!spans) return undefined;
  const offset = clockOffset();
  return spans.map((value, i) => (i % 3 === 2 ? value : value - offset));
}

function load(message: FunctionMessage): TaskFunction {
  if (message.kind !== 'local') throw new TypeError('a local worker takes functions as they are');
  return message.fn as TaskFunction;
}

/** Initializers that have run in this environment, or are running: it is one worker for all jobs. */
const initialized = new WeakMap<object, Promise<void>>();

function callInitializer(initializer: TaskFunction): Promise<void> {
  let done = initialized.get(initializer);
  if (!done) {
    done = (async () => {
      await initializer();
    })();
    initialized.set(initializer, done);
    done.catch(() => initialized.delete(initializer));
  }
  return done;
}

/** Teardowns of jobs that have run here, with the initializers that are to run again after them. */
const teardowns = new Map<TaskFunction, TaskFunction | null>();

/** Runs the teardowns: this environment ends with the program, or goes on without these workers. */
async function tearDown(): Promise<void> {
  const all = [...teardowns];
  teardowns.clear();
  for (const [teardown, initializer] of all) {
    if (initializer) initialized.delete(initializer);
    try {
      await teardown();
    } catch (error) {
      process.emitWarning(`The teardown failed: ${plainError(error).stack}`, {
        type: 'HeddleWarning',
        code: 'HEDDLE_TEARDOWN',
      });
    }
  }
}

let tearsDownAtEnd = false;

function noteTeardown(teardown: TaskFunction, initializer: TaskFunction | null): void {
  teardowns.set(teardown, initializer);
  if (tearsDownAtEnd) return;
  tearsDownAtEnd = true;
  process.on('beforeExit', () => void tearDown());
}

class LocalHandle implements WorkerPort {
  readonly claims: ClaimTable;
  readonly slots: number;
  readonly address = { host: hostName(), pid: process.pid };
  readonly #runner: Runner;
  readonly #events: WorkerEvents;
  readonly #inbox: ToWorker[] = [];
  #scheduled = false;
  /** The initializer runs: messages wait. */
  #held = false;
  #dead = false;

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    this.#events = events;
    const { concurrency = 1 } = spec;
    this.slots = slotsFor(concurrency);
    this.claims = new ClaimTable(this.slots);
    this.#runner = new Runner({
      worker: { id: spec.id, backend: spec.backend, pid: process.pid },
      claims: this.claims,
      concurrency,
      exchange: null,
      load,
      codec: () => localCodec,
      send: (message) => {
        if (!this.#dead) events.message(message);
      },
      enter: (scope, body) => enterScope(scope as ConfigScope, body),
      rng: taskRng,
      memory: () => process.memoryUsage.rss(),
      cores: coresHere,
      now: () => performance.now(),
      stop: () => this.kill(),
    });
    queueMicrotask(() => {
      if (!this.#dead)
        events.message({ type: 'ready', clockOffset: null, version: VERSION, build: BUILD });
    });
    const initializer = spec.initializer ? load(spec.initializer) : null;
    const note = (): void => {
      if (spec.teardown) noteTeardown(load(spec.teardown), initializer);
    };
    if (initializer) this.#initialize(initializer, note);
    else note();
  }

  #initialize(initializer: TaskFunction, done: () => void): void {
    this.#held = true;
    callInitializer(initializer).then(
      () => {
        done();
        this.#held = false;
        this.#schedule();
      },
      (error: unknown) => {
        if (!this.#dead) this.#events.message({ type: 'init-failed', error });
      },
    );
  }

  /** Messages are taken on later turns of the event loop, a batch on each. */
  send(message: ToWorker): void {
    this.#inbox.push(message);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#held) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (;;) {
        const message = this.#inbox.shift();
        if (!message || this.#dead) return;
        this.#runner.receive(message);
        if (message.type === 'batch') break;
      }
      if (this.#inbox.length > 0) this.#schedule();
    });
  }

  /** Stops taking messages. A task that runs can't be stopped from here. */
  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    setImmediate(() => this.#events.exit({ reason: 'exit', code: 0 }));
  }

  ref(): void {}

  unref(): void {}
}

/** Makes the backend. */
export function sequential(): Backend {
  return {
    name: 'sequential',
    reach: 'local',
    knob: null,
    start: (spec, events) => new LocalHandle(spec, events),
    close: tearDown,
  };
}
