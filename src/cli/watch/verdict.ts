/**
 * What an observation means: whether more threads want to run than there are cores, whose they
 * are, and what to set.
 */
import { MAIN, remedyOf, WORKERS } from './pools.ts';
import type { Observation } from './sampler.ts';

/** One pool over the whole watch. */
export interface PoolSummary {
  readonly pool: string;
  /** Threads seen. */
  readonly threads: number;
  /** Processes that it was seen in. */
  readonly processes: number;
  /** Threads that ran or were ready to run, on average. */
  readonly running: number;
  readonly cpuSeconds: number;
  readonly involuntary: number;
}

/** The diagnosis. */
export interface Verdict {
  readonly cores: number;
  readonly oversubscribed: boolean;
  /** Whether a control group's quota held the process back. */
  readonly throttled: boolean;
  /** Threads that ran or were ready to run, on average over the busy samples. */
  readonly running: number;
  /** The most in one sample. */
  readonly mostRunning: number;
  /** Share of the samples in which more were ready to run than there are cores. */
  readonly overShare: number;
  readonly involuntaryPerSecond: number;
  readonly pools: readonly PoolSummary[];
  /** In plain words. */
  readonly sentences: readonly string[];
}

/** A sample with one thread too many can be chance: a thread that hands over to another. */
const SLACK = 1;
/** Above this share of samples it is no chance. */
const OFTEN = 0.1;

/** Adds up the threads of each pool; the most active first. */
export function summarize(observation: Observation): PoolSummary[] {
  const pools = new Map<string, { -readonly [K in keyof PoolSummary]: PoolSummary[K] }>();
  const processes = new Map<string, Set<number>>();
  for (const thread of observation.threads) {
    const pool = pools.get(thread.pool) ?? {
      pool: thread.pool,
      threads: 0,
      processes: 0,
      running: 0,
      cpuSeconds: 0,
      involuntary: 0,
    };
    pool.threads++;
    pool.running += thread.running / Math.max(observation.samples, 1);
    pool.cpuSeconds += thread.cpuSeconds;
    pool.involuntary += thread.involuntary;
    const pids = processes.get(thread.pool) ?? new Set();
    pool.processes = pids.add(thread.pid).size;
    processes.set(thread.pool, pids);
    pools.set(thread.pool, pool);
  }
  return [...pools.values()].sort((a, b) => b.running - a.running || b.threads - a.threads);
}

const one = (value: number) => value.toFixed(1);

/** Callers that keep pools busy at the same time: one for each busy process, or JavaScript thread. */
function callers(observation: Observation): number {
  const busy = observation.threads.filter(
    (thread) =>
      (thread.pool === MAIN || thread.pool === WORKERS) &&
      thread.running > observation.samples * 0.05,
  );
  return Math.max(1, busy.length);
}

/**
 * Judges an observation.
 *
 * @param observation - what was seen
 * @param cores - cores that the process has
 * @param throttledMs - milliseconds that quotas held it back
 */
export function judge(observation: Observation, cores: number, throttledMs: number): Verdict {
  const pools = summarize(observation);
  const { running, samples, seconds } = observation;
  const busy = running.filter((count) => count > 0);
  const mean = busy.reduce((sum, count) => sum + count, 0) / Math.max(busy.length, 1);
  const over = busy.filter((count) => count > cores + SLACK).length;
  const overShare = over / Math.max(busy.length, 1);
  const involuntary = pools.reduce((sum, pool) => sum + pool.involuntary, 0);
  const oversubscribed = overShare > OFTEN && mean > cores;
  const throttled = throttledMs > seconds * 10;

  const sentences: string[] = [];
  const shares = pools.filter((pool) => pool.running >= 0.1);
  if (oversubscribed) {
    const from = shares.map((pool) => `${one(pool.running)} from ${pool.pool}`).join(', ');
    sentences.push(
      `Oversubscribed: on average ${one(mean)} threads wanted to run on ${cores} ` +
        `core${cores === 1 ? '' : 's'} (${from}).`,
    );
    const n = Math.max(1, Math.floor(cores / callers(observation)));
    const guilty = shares.filter((pool) => pool.pool !== MAIN && pool.running >= 0.25);
    for (const { pool } of guilty) {
      sentences.push(`Set ${remedyOf(pool, pool === WORKERS ? cores : n)}.`);
    }
    const mains = shares.find((pool) => pool.pool === MAIN);
    if (mains && mains.running > cores) {
      sentences.push(
        `Start at most ${cores} processes that compute at a time (jobs: ${cores}, or ` +
          `HEDDLE_NUM_PROCS=${cores}).`,
      );
    }
  } else {
    sentences.push(
      busy.length === 0
        ? 'Not oversubscribed: no thread was seen running.'
        : `Not oversubscribed: on average ${one(mean)} threads wanted to run on ${cores} ` +
            `core${cores === 1 ? '' : 's'} while it was busy.`,
    );
  }
  if (throttled) {
    sentences.push(
      `The control group's CPU quota held it back for ${Math.round(throttledMs)} ms in all: it ` +
        'used up its share in bursts. Fewer threads at a time, or a larger quota, mend that.',
    );
  }
  if (observation.forbidden) {
    sentences.push(
      'The system did not let the threads be looked into (ptrace permission), so that pools are ' +
        'known by their names only. Run doctor as the same user, or start the program through it.',
    );
  }
  return {
    cores,
    oversubscribed,
    throttled,
    running: mean,
    mostRunning: samples === 0 ? 0 : Math.max(...running),
    overShare,
    involuntaryPerSecond: involuntary / Math.max(seconds, 0.001),
    pools,
    sentences,
  };
}
