/**
 * Listens to what the jobs of this program tell, and keeps the latest of it: bounded, whatever runs.
 * It never asks for what is told of each task.
 */
import { channel } from 'node:diagnostics_channel';
import path from 'node:path';
import { coreBudget } from '../config/index.ts';
import { executorStats } from '../executor/index.ts';
import { sharedMemoryInfo } from '../memory/index.ts';
import type { LogMessage } from '../protocol/index.ts';
import {
  type BatchFinishedEvent,
  type PoolListener,
  poolListeners,
  poolStats,
  type RunEndedEvent,
  type RunStartedEvent,
  type TaskRejectedEvent,
  type WorkerEndedEvent,
  type WorkerEvent,
} from '../scheduler/index.ts';
import { threadpoolInfo } from '../threadpools/index.ts';
import type {
  CoreSpan,
  Cursor,
  ErrorLine,
  FeedMessage,
  GraphMessage,
  LogLine,
  MemoryMessage,
  PoolInfo,
  Sample,
  Source,
} from './messages.ts';
import { metricsText } from './metrics.ts';
import { Ring } from './ring.ts';
import { Rows } from './rows.ts';
import { Runs } from './runs.ts';
import { KEPT_SLICES, Slices } from './slices.ts';
import { errorLine, lineText, nameText } from './texts.ts';
import { traceText } from './timeline.ts';

const KEPT_SAMPLES = 600;
const KEPT_LOGS = 1000;
const KEPT_ERRORS = 200;
/** Slices in one message: what a page can draw anew at once. */
const MAX_NEW_SLICES = 5000;
const SAMPLE_MS = 1000;
/** Of so many errors a second the texts are kept; the others are counted. */
const MAX_ERRORS_A_SECOND = 100;

/** The libraries of this process that have threads. */
function threadpools(): PoolInfo[] {
  return threadpoolInfo().map(({ userApi, internalApi, version, numThreads, scope }) => ({
    name: `${userApi}: ${internalApi}${version === null ? '' : ` ${version}`}`,
    threads: numThreads,
    scope,
  }));
}

export class Feed implements Source {
  readonly #runs = new Runs();
  readonly #rows = new Rows();
  readonly #slices = new Slices();
  readonly #spans = new Ring<CoreSpan>(KEPT_SLICES);
  readonly #samples = new Ring<Sample>(KEPT_SAMPLES);
  readonly #logs = new Ring<LogLine>(KEPT_LOGS);
  readonly #errors = new Ring<ErrorLine>(KEPT_ERRORS);
  readonly #timer: NodeJS.Timeout;
  /** Errors that there were, and those that may still be kept in this second. */
  #errorCount = 0;
  #errorsLeft = MAX_ERRORS_A_SECOND;
  #lastError: unknown = null;
  /** Of the latest second: to look for them costs more than all the rest of a message. */
  #threadpools = threadpools();
  #sampled = { time: performance.now(), finished: 0 };

  readonly #listeners: Readonly<Record<string, (event: never) => void>> = {
    'heddle:run:started': (event: RunStartedEvent) => this.#runs.started(event),
    'heddle:run:ended': (event: RunEndedEvent) => this.#runEnded(event),
    'heddle:batch:finished': (event: BatchFinishedEvent) => this.#batch(event),
    'heddle:task:rejected': (event: TaskRejectedEvent) => {
      this.#error(`task ${event.index} of ${event.label || 'tasks'}`, event.error);
    },
  };
  readonly #pools: PoolListener = {
    workerStarted: (event) => this.#rows.started(event),
    workerEnded: (event) => this.#workerEnded(event),
    log: (event, message) => this.#log(event, message),
  };

  constructor() {
    for (const [name, listener] of Object.entries(this.#listeners)) {
      channel(name).subscribe(listener as (event: unknown) => void);
    }
    poolListeners.add(this.#pools);
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Listens no more. */
  close(): void {
    for (const [name, listener] of Object.entries(this.#listeners)) {
      channel(name).unsubscribe(listener as (event: unknown) => void);
    }
    poolListeners.delete(this.#pools);
    clearInterval(this.#timer);
  }

  #batch(event: BatchFinishedEvent): void {
    const { run, first, started, completed, count, failed, threads, cores } = event;
    const record = this.#runs.batch(event);
    const { row } = this.#rows.of(event);
    const name = record?.graph ? nameText(record.graph.labelOf(first)) : record?.label;
    const label = name === undefined ? 0 : this.#slices.labelIndex(name);
    this.#slices.add({ row, label, run, started, completed, tasks: count, failed, threads });
    for (let i = 0; cores && i + 2 < cores.length; i += 3) {
      this.#spans.push([row, cores[i]!, cores[i + 1]!, cores[i + 2]!]);
    }
  }

  #runEnded(event: RunEndedEvent): void {
    const record = this.#runs.ended(event);
    const { error } = event;
    // The error of a task that ends its run is told before.
    if (error === undefined || error === this.#lastError) return;
    this.#error(record?.label ?? `run ${event.run}`, error);
  }

  #workerEnded(event: WorkerEndedEvent): void {
    const name = this.#rows.nameOf(event.worker);
    this.#rows.ended(event);
    if (event.error !== undefined) this.#error(name, event.error);
  }

  #error(where: string, error: unknown): void {
    this.#errorCount++;
    this.#lastError = error;
    if (this.#errorsLeft === 0) return;
    this.#errorsLeft--;
    this.#errors.push(errorLine(nameText(where), error));
  }

  #log({ worker }: WorkerEvent, { level, text, time, by }: LogMessage): void {
    const who = by ? `engine ${by.engine} (${by.node})` : this.#rows.nameOf(worker);
    this.#logs.push({ time, who: nameText(who), level, text: lineText(text) });
  }

  #sample(): void {
    const time = performance.now();
    const { finished } = this.#runs;
    const { time: before, finished: had } = this.#sampled;
    this.#sampled = { time, finished };
    this.#errorsLeft = MAX_ERRORS_A_SECOND;
    this.#lastError = null;
    this.#rows.sample();
    this.#threadpools = threadpools();
    const rate = ((finished - had) * 1000) / (time - before);
    const { busyCores, memory } = this.#rows;
    this.#samples.push([time, busyCores, coreBudget(), Math.max(rate, 0), memory]);
  }

  message(cursor: Cursor): FeedMessage {
    const slices = this.#slices.read();
    const news = {
      slices: slices.since(cursor.slices, MAX_NEW_SLICES),
      spans: this.#spans.since(cursor.spans, MAX_NEW_SLICES),
      samples: this.#samples.since(cursor.samples),
      logs: this.#logs.since(cursor.logs),
      errors: this.#errors.since(cursor.errors),
    };
    cursor.slices = slices.count;
    cursor.spans = this.#spans.count;
    cursor.samples = this.#samples.count;
    cursor.logs = this.#logs.count;
    cursor.errors = this.#errors.count;
    const { count, finished, failed } = this.#runs;
    const { budget, busy, queued, running } = executorStats();
    return {
      now: performance.now(),
      origin: performance.timeOrigin,
      program: {
        pid: process.pid,
        title: nameText(path.basename(process.argv[1] ?? 'node')),
        node: process.version,
        cores: coreBudget(),
        source: 'program',
      },
      totals: { runs: count, finished, failed, errors: this.#errorCount, logs: this.#logs.count },
      runs: this.#runs.shown(),
      rows: this.#rows.shown(),
      pools: poolStats(),
      executor: { budget, busy, queued, running },
      threadpools: this.#threadpools,
      labels: this.#slices.labels,
      ...news,
    };
  }

  memory(): MemoryMessage {
    const names = this.#rows.processes();
    const nameOf = (pid: number): string => names.get(pid) ?? `process ${pid}`;
    const { segments, bytes, waitingBytes } = sharedMemoryInfo();
    return {
      segments: segments.map(({ inode, bytes: size, owner, mappedBy }) => ({
        inode,
        bytes: size,
        owner: owner === 0 ? '?' : nameOf(owner),
        holders: mappedBy.map(nameOf),
      })),
      bytes,
      waitingBytes,
    };
  }

  graph(run: number): GraphMessage | null {
    return this.#runs.graph(run);
  }

  metrics(): string {
    const { count, finished, failed } = this.#runs;
    const errors = this.#errorCount;
    return metricsText({
      runs: count,
      finished,
      failed,
      errors,
      active: this.#runs.shown().filter(({ ended }) => ended === null).length,
      busyCores: this.#rows.busyCores,
      cores: coreBudget(),
      memory: this.#rows.memory,
      pools: poolStats(),
    });
  }

  trace(): string {
    return traceText({
      slices: this.#slices,
      spans: this.#spans.all(),
      rows: this.#rows.shown(),
      samples: this.#samples.all(),
    });
  }
}
