/**
 * What the system tells of a program that says nothing itself, for the page: its processes, what they take, and
 * the pools of its threads.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Cursor,
  type FeedMessage,
  metricsText,
  Ring,
  type RowState,
  type Sample,
  type Source,
} from '../../feed/index.ts';
import {
  cpuReport,
  processTree,
  readStat,
  residentBytes,
  TICKS_PER_SECOND,
} from '../../machine/index.ts';
import { hostOf } from './host.ts';
import { Sampler } from './sampler.ts';

const SAMPLE_MS = 1000;
const KEPT_SAMPLES = 600;
/** Samples after which pools are told, and threads looked at anew. */
const SAMPLES_A_LOOK = 5;

/** The script that a process runs; its name where that can't be told. */
function titleOf(pid: number): string {
  try {
    const [, ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = rest.find((argument) => argument !== '' && !argument.startsWith('-'));
    if (script) return path.basename(script).slice(0, 100);
  } catch {
    // It has ended.
  }
  return readStat(pid)?.name ?? 'a process';
}

export class SystemSource implements Source {
  readonly #pid: number;
  readonly #cores: number;
  readonly #title: string;
  readonly #timer: NodeJS.Timeout;
  readonly #samples = new Ring<Sample>(KEPT_SAMPLES);
  /** Ticks by process, of the sample before. */
  #ticks = new Map<number, number>();
  #time = performance.now();
  #rows: RowState[] = [];
  #sampler: Sampler;
  #looks = 0;
  #pools: FeedMessage['threadpools'] = [];

  constructor(pid: number) {
    this.#pid = pid;
    this.#cores = cpuReport(hostOf(pid)).count;
    this.#title = titleOf(pid);
    this.#sampler = new Sampler(pid);
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sampler.finish();
  }

  #sample(): void {
    const now = performance.now();
    const seconds = Math.max((now - this.#time) / 1000, 0.001);
    this.#time = now;
    const ticks = new Map<number, number>();
    let busy = 0;
    let memory = 0;
    this.#rows = processTree(this.#pid).flatMap((pid): RowState[] => {
      const stat = readStat(pid);
      if (!stat) return [];
      ticks.set(pid, stat.ticks);
      const before = this.#ticks.get(pid);
      const cpu = before === undefined ? 0 : (stat.ticks - before) / TICKS_PER_SECOND / seconds;
      const bytes = residentBytes(pid) ?? 0;
      busy += cpu;
      memory += bytes;
      return [
        {
          row: pid,
          name: `${stat.name} ${pid}`,
          pid,
          threadId: null,
          state: cpu > 0.05 ? 'busy' : 'idle',
          tasks: 0,
          cpu,
          memory: bytes,
          threads: stat.threads,
          blasThreads: null,
          lastMessageAt: null,
        },
      ];
    });
    this.#ticks = ticks;
    this.#samples.push([now, busy, this.#cores, 0, memory]);
    this.#sampler.sample();
    if (++this.#looks % SAMPLES_A_LOOK === 0 || this.#looks === 1) this.#tellPools();
  }

  #tellPools(): void {
    const counts = new Map<string, number>();
    for (const { pool } of this.#sampler.finish().threads) {
      counts.set(pool, (counts.get(pool) ?? 0) + 1);
    }
    this.#sampler = new Sampler(this.#pid);
    this.#pools = Array.from(counts, ([name, threads]) => ({
      name,
      threads,
      scope: 'all its processes',
    }));
  }

  message(cursor: Cursor): FeedMessage {
    const samples = this.#samples.since(cursor.samples);
    cursor.samples = this.#samples.count;
    const none = { items: [], lost: 0 };
    return {
      now: performance.now(),
      origin: performance.timeOrigin,
      program: {
        pid: this.#pid,
        title: this.#title,
        node: null,
        cores: this.#cores,
        source: 'system',
      },
      totals: { runs: 0, finished: 0, failed: 0, errors: 0, logs: 0 },
      runs: [],
      rows: this.#rows,
      pools: [],
      executor: null,
      threadpools: this.#pools,
      labels: ['other'],
      spans: none,
      slices: none,
      samples,
      logs: none,
      errors: none,
    };
  }

  memory(): { segments: []; bytes: number; waitingBytes: number } {
    return { segments: [], bytes: 0, waitingBytes: 0 };
  }

  graph(): null {
    return null;
  }

  metrics(): string {
    const [, busyCores = 0, cores = 0, , memory = 0] = this.#samples.all().at(-1) ?? [];
    return metricsText({ busyCores, cores, memory, pools: [] });
  }

  trace(): string {
    return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [] });
  }
}
