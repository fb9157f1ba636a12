/**
 * Workers that are nothing but their claim tables, and a clock that stands until it is told to go on:
 * everything happens when a test says so.
 */

import type {
  Backend,
  BatchMessage,
  FromWorker,
  WorkerEvents,
  WorkerExit,
  WorkerPort,
} from '../../src/protocol/index.ts';
import { BUILD, ClaimTable, slotsFor, VERSION } from '../../src/protocol/index.ts';
import type { Clock } from '../../src/scheduler/clock.ts';

export class SimulatedClock implements Clock {
  #now = 1000;
  readonly #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  /** Lets time go by, with the timers that are due in it. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at);
      const next = this.#timers[0];
      if (!next || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}

/** A batch that a worker has, with what it has done of it. */
interface Held {
  readonly message: BatchMessage;
  settled: number;
}

/** What tests hear of workers. */
export interface SimulationListener {
  /** A worker begins a task. */
  begins(worker: SimulatedWorker, index: number): void;
  /** Tasks are taken back from a worker. */
  stolen(count: number): void;
  /** Whether a task throws. */
  throws(index: number): boolean;
}

/** A task that runs. */
export interface SimulatedTask {
  readonly held: Held;
  readonly position: number;
  readonly since: number;
  readonly index: number;
}

export class SimulatedWorker {
  readonly table: ClaimTable;
  /** Tasks that it runs at a time. */
  readonly concurrency: number;
  readonly events: WorkerEvents;
  /** Whether it was killed, and has not ended yet. */
  killed = false;
  /** When it was. */
  killedAt = Number.POSITIVE_INFINITY;
  dead = false;
  up = false;
  /** The tasks that run, in the order in which they began. */
  readonly running: SimulatedTask[] = [];
  readonly batches: Held[] = [];
  #stopped = false;
  readonly #clock: Clock;
  readonly #listener: SimulationListener;

  constructor(
    events: WorkerEvents,
    clock: Clock,
    listener: SimulationListener,
    concurrency: number,
  ) {
    this.concurrency = concurrency;
    this.table = new ClaimTable(slotsFor(concurrency));
    this.events = events;
    this.#clock = clock;
    this.#listener = listener;
  }

  get port(): WorkerPort {
    const { table } = this;
    const steal = (slot: number, most: number): number => {
      const taken = table.steal(slot, most);
      if (taken > 0) this.#listener.stolen(taken);
      return taken;
    };
    return {
      claims: {
        open: (slot, count) => table.open(slot, count),
        steal,
        unclaimed: (slot) => table.unclaimed(slot),
        end: (slot) => table.end(slot),
        running: (slot) => table.running(slot),
      },
      slots: slotsFor(this.concurrency),
      address: { host: 'simulated', pid: 1 },
      send: (message) => {
        if (message.type === 'batch') this.batches.push({ message, settled: 0 });
        if (message.type === 'stop') this.#stopped = true;
      },
      kill: () => {
        if (!this.killed) this.killedAt = this.#clock.now();
        this.killed = true;
      },
      ref: () => {},
      unref: () => {},
    };
  }

  /** The indices of the tasks that run. */
  get tasks(): number[] {
    return this.running.map(({ index }) => index);
  }

  #tell(message: FromWorker): void {
    this.events.message(message);
  }

  end(exit: WorkerExit): void {
    if (this.dead) return;
    this.dead = true;
    this.events.exit(exit);
  }

  /**
   * Does the next thing: ends if it was killed, comes up, begins a task of a batch that has none
   * running, ends one of those that run, or stops.
   *
   * @param pick - which task ends, of several
   */
  step(pick = 0): void {
    if (this.dead) return;
    if (this.killed) this.end({ reason: 'signal', signal: 'SIGKILL' });
    else if (!this.up) {
      this.up = true;
      this.#tell({ type: 'ready', clockOffset: null, version: VERSION, build: BUILD });
    } else {
      const next = this.batches
        .slice(0, this.concurrency)
        .find((held) => this.running.every((task) => task.held !== held));
      // As many may end as begin: which of both comes first is by chance.
      if (this.running.length > 0 && (!next || (this.concurrency > 1 && pick % 3 === 2))) {
        this.#finish(pick % this.running.length);
      } else if (next) this.#begin(next);
      else if (this.#stopped) this.end({ reason: 'exit', code: 0 });
    }
  }

  #begin(held: Held): void {
    const { slot, first } = held.message;
    const position = this.table.claim(slot);
    if (position < 0) {
      this.batches.splice(this.batches.indexOf(held), 1);
      this.#result(held, held.settled, [], [], true);
      return;
    }
    const since = this.#clock.now();
    this.table.begin(slot, position, since);
    this.running.push({ held, position, since, index: first + position });
    this.#listener.begins(this, first + position);
  }

  #finish(nth: number): void {
    const [{ held, position, since, index }] = this.running.splice(nth, 1) as [SimulatedTask];
    const { run, batch, slot } = held.message;
    this.table.idle(slot);
    held.settled = position + 1;
    const end = this.#clock.now();
    if (this.#listener.throws(index)) {
      const error = new RangeError(`no ${index}`);
      this.#tell({ type: 'failure', run, batch, offset: position, error, start: since, end });
    } else this.#result(held, position, [index * 2], [since, end], false);
  }

  #result(held: Held, offset: number, values: number[], times: number[], last: boolean): void {
    const { run, batch, slot } = held.message;
    this.#tell({
      type: 'result',
      run,
      batch,
      slot,
      offset,
      values: { kind: 'plain', values },
      times: Float64Array.from(times),
      last,
    });
  }
}

/** A backend of such workers. */
export function simulated(
  clock: Clock,
  listener: SimulationListener,
): Backend & { readonly started: SimulatedWorker[] } {
  const started: SimulatedWorker[] = [];
  return {
    name: 'simulated',
    reach: 'local',
    knob: null,
    width: () => 3,
    started,
    start: ({ concurrency = 1 }, events) => {
      const worker = new SimulatedWorker(events, clock, listener, concurrency);
      started.push(worker);
      return worker.port;
    },
  };
}
