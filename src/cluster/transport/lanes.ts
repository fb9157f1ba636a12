/**
 * A backend whose workers are lanes to a transport. What the scheduler sends to a lane goes to whichever
 * engine is free, so engines may come, go and die without the scheduler noticing.
 */
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers';
import { MAX_TIMER_MS } from '../../options.ts';
import {
  type AskMessage,
  type Backend,
  type BatchMessage,
  type FromWorker,
  type FunctionsMessage,
  type OpenMessage,
  type Pace,
  type ToWorker,
  VERSION,
  valueCount,
  type WorkerAddress,
  type WorkerEvents,
  type WorkerExit,
  type WorkerPort,
  type WorkerSpec,
} from '../../protocol/index.ts';
import { ClusterError } from './errors.ts';
import { nextChunk, type Outcome, type Target, type Transport } from './types.ts';

/** A lane has one chunk on its way, whatever that costs: an engine that dies takes no second one. */
const PACE: Pace = { target: 4, least: 0.25, prefetch: 0, growth: 16 };

/** A job of lanes: what its chunks name it by. All lanes open the same one. */
interface LaneJob {
  open: OpenMessage;
  key: Promise<string>;
  /** By which it has gone, the latest last: with each, it has more functions. */
  readonly keys: Promise<string>[];
  /** Lanes that have it open. */
  lanes: number;
}

let lastBackend = 0;

/** What lanes of one backend have in common. */
interface Lanes {
  readonly transport: Transport;
  readonly target: Target;
  /** Before the numbers of runs: others' runs have the same. */
  readonly name: string;
  readonly all: Set<Lane>;
  /** By the scheduler's numbers. */
  readonly jobs: Map<number, LaneJob>;
  /** What is listened to as long as there are lanes. */
  listening: readonly Disposable[];
}

function join(lanes: Lanes, lane: Lane): void {
  const { transport, all } = lanes;
  all.add(lane);
  if (all.size > 1) return;
  lanes.listening = [
    transport.onNews((news) => {
      if (news.kind !== 'progress') return;
      const one = [...all].find((lane) => lane.has(news.run));
      one?.advanced(news.amount);
    }),
    transport.onEngines(() => {
      if (transport.closed === null) return;
      for (const one of [...all]) one.end({ reason: 'lost', why: transport.closed });
    }),
  ];
}

function leave(lanes: Lanes, lane: Lane): void {
  if (!lanes.all.delete(lane) || lanes.all.size > 0) return;
  for (const one of lanes.listening) one[Symbol.dispose]();
}

class Lane implements WorkerPort {
  readonly claims = null;
  readonly slots = 1;
  address: WorkerAddress = { host: hostname(), pid: -1 };
  readonly #lanes: Lanes;
  readonly #spec: WorkerSpec;
  readonly #events: WorkerEvents;
  /** Jobs that it has open, with the number of functions that it was told of. */
  readonly #functions = new Map<number, number>();
  /** The chunk that is on its way. */
  #chunk: { readonly id: number; readonly message: BatchMessage } | null = null;
  /** Keeps the process up while a chunk is on its way; its engine does so too, when it has one. */
  #alive: NodeJS.Timeout | null = null;
  #ended = false;
  /** Who had the chunk before. */
  #by: Outcome['by'] = null;

  constructor(lanes: Lanes, spec: WorkerSpec, events: WorkerEvents) {
    this.#lanes = lanes;
    this.#spec = spec;
    this.#events = events;
    join(lanes, this);
    const { heddle = VERSION, build = '' } = lanes.transport.engines()[0] ?? {};
    // The times of messages are put right as they come.
    setImmediate(() => this.#tell({ type: 'ready', clockOffset: 0, version: heddle, build }));
  }

  #tell(message: FromWorker): void {
    if (!this.#ended) this.#events.message(message);
  }

  /** Whether the chunk that is on its way is of this run. */
  has(run: string): boolean {
    return this.#chunk !== null && this.#run(this.#chunk.message.run) === run;
  }

  advanced(amount: number): void {
    const { run } = this.#chunk!.message;
    this.#tell({ type: 'progress', run, amount });
  }

  #run(run: number): string {
    return `${this.#lanes.name}.${run}`;
  }

  send(message: ToWorker): void {
    const { transport } = this.#lanes;
    switch (message.type) {
      case 'open':
        this.#open(message);
        return;
      case 'functions':
        this.#extend(message);
        return;
      case 'batch':
        this.#submit(message);
        return;
      case 'abort':
        transport.cancel(this.#run(message.run));
        return;
      case 'ask':
        this.#ask(message);
        return;
      case 'close':
        this.#close(message.context);
        return;
      case 'stop':
        if (!this.#chunk) this.end({ reason: 'exit', code: 0 });
        return;
      case 'init':
      case 'bytes': // engines ask their host
        return;
    }
  }

  /** Results that can't be opened here are in memory of the engine that was the last one. */
  #ask({ id, handle }: AskMessage): void {
    const by = this.#by;
    const asked = by ? this.#lanes.transport.ask(by, handle) : Promise.resolve(null);
    void asked.then((bytes) => this.#tell({ type: 'bytes', id, bytes }));
  }

  #open(open: OpenMessage): void {
    const { transport, jobs } = this.#lanes;
    const { context, functions } = open;
    this.#functions.set(context, functions.length);
    const known = jobs.get(context);
    if (known) {
      known.lanes++;
      this.#grow(known, functions);
      return;
    }
    const { context: _, ...record } = open;
    const key = Promise.resolve(transport.publish({ open: record }));
    jobs.set(context, { open, key, keys: [key], lanes: 1 });
  }

  #extend({ context, functions }: FunctionsMessage): void {
    const job = this.#lanes.jobs.get(context);
    const before = this.#functions.get(context);
    if (!job || before === undefined) return;
    this.#functions.set(context, before + functions.length);
    this.#grow(job, [...job.open.functions.slice(0, before), ...functions]);
  }

  /** The job has that many functions by now, unless another lane has been told of more. */
  #grow(job: LaneJob, functions: OpenMessage['functions']): void {
    if (functions.length <= job.open.functions.length) return;
    const { transport } = this.#lanes;
    job.open = { ...job.open, functions };
    const { context: _, ...record } = job.open;
    job.key = job.key.then((before) => transport.publish({ open: record, extends: before }));
    job.keys.push(job.key);
  }

  #close(context: number): void {
    const { transport, jobs } = this.#lanes;
    const job = jobs.get(context);
    if (!this.#functions.delete(context) || !job || --job.lanes > 0) return;
    jobs.delete(context);
    for (const key of job.keys) void key.then((one) => transport.withdraw(one));
  }

  #submit(message: BatchMessage): void {
    const { transport, target } = this.#lanes;
    const job = this.#lanes.jobs.get(message.context);
    if (!job) throw new Error(`the lane has no job ${message.context}`);
    const id = nextChunk();
    this.#chunk = { id, message };
    void job.key.then((key) => {
      const { first, args } = message;
      const run = this.#run(message.run);
      const chunk = { id, run, job: key, target, count: valueCount(args), batch: { first, args } };
      transport.submit(chunk, (outcome) => this.#settled(id, outcome));
    });
  }

  #settled(id: number, outcome: Outcome): void {
    const sent = this.#chunk;
    if (sent?.id !== id || this.#ended) return;
    this.#chunk = null;
    const { by, clock, messages } = outcome;
    this.#by = by;
    if (by) this.address = { host: by.node, pid: by.pid };
    for (const message of messages) this.#tell(this.#translated(message, sent.message, by, clock));
    if (outcome.kind === 'ended') this.end(outcome.exit);
  }

  /** A message of an engine as one of this lane's. */
  #translated(
    message: FromWorker,
    { context, run, batch, slot }: BatchMessage,
    by: Outcome['by'],
    clock: number,
  ): FromWorker {
    const from = by ? { by } : {};
    switch (message.type) {
      case 'result': {
        const times = clock === 0 ? message.times : message.times.map((time) => time + clock);
        return { ...message, run, batch, slot, times, ...from };
      }
      case 'cores': {
        const spans = message.spans.map((value, i) => (i % 3 === 2 ? value : value + clock));
        return { ...message, run, batch, spans };
      }
      case 'failure': {
        const [start, end] = [message.start + clock, message.end + clock];
        return { ...message, run, batch, start, end, ...from };
      }
      case 'unreadable':
        return { ...message, batch };
      case 'open-failed':
        return { ...message, context };
      default:
        return message;
    }
  }

  end(exit: WorkerExit): void {
    if (this.#ended) return;
    leave(this.#lanes, this);
    this.unref();
    for (const context of [...this.#functions.keys()]) this.#close(context);
    // What the messages of this turn say comes first.
    setImmediate(() => {
      if (this.#ended) return;
      this.#ended = true;
      this.#events.exit(exit);
    });
  }

  kill(): void {
    const sent = this.#chunk;
    this.#chunk = null;
    if (sent) this.#lanes.transport.kill(sent.id);
    this.end({ reason: 'lost', why: `worker ${this.#spec.id} was ended` });
  }

  ref(): void {
    // The longest that a timer can wait: nothing happens then.
    this.#alive ??= setInterval(() => {}, MAX_TIMER_MS);
  }

  unref(): void {
    if (this.#alive) clearInterval(this.#alive);
    this.#alive = null;
  }
}

/** What jobs may ask of their workers that engines can't give: they are there already. */
function refuse({ teardown, concurrency = 1 }: WorkerSpec): void {
  const asked = teardown ? 'teardown' : concurrency > 1 ? 'concurrency' : null;
  if (asked === null) return;
  throw new ClusterError(
    `'${asked}' must be left out with engines of a cluster: they serve jobs of all kinds, and go on after each`,
  );
}

/** Engines that a target has. */
function width({ transport, target }: Lanes): number {
  const engines = transport.engines();
  if (target.kind === 'any') return engines.length;
  if (target.kind === 'one') return engines.filter(({ uid }) => uid === target.uid).length;
  return engines.filter(({ id }) => target.engines.includes(id)).length;
}

/**
 * Makes the backend, for the option `backend` of every call.
 *
 * @param target - the engines that may run what is sent there
 */
export function laneBackend(transport: Transport, target: Target = { kind: 'any' }): Backend {
  const name = `lanes${++lastBackend}`;
  const lanes: Lanes = { transport, target, name, all: new Set(), jobs: new Map(), listening: [] };
  return {
    name: 'cluster',
    reach: transport.reach,
    knob: null,
    pace: PACE,
    keepsTime: true,
    width: () => width(lanes),
    changed: (listener) => transport.onEngines(listener),
    start(spec, events) {
      if (transport.closed !== null) throw new ClusterError(transport.closed);
      refuse(spec);
      return new Lane(lanes, spec, events);
    },
  };
}
