/**
 * `heddle doctor`: watches a Node process at work and says whether it is oversubscribed.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuReport, cpuThrottling } from '../machine/index.ts';
import { start } from './start.ts';
import { table } from './table.ts';
import { hostOf } from './watch/host.ts';
import { Sampler } from './watch/sampler.ts';
import { judge, type Verdict } from './watch/verdict.ts';

/** Options of the command. */
export interface DoctorOptions {
  readonly pid?: number;
  readonly seconds?: number;
  readonly interval: number;
  readonly json?: boolean;
}

/** How long a process is watched that doctor hasn't started. */
const SECONDS_FOR_A_PID = 10;

function render(verdict: Verdict, seconds: number): string {
  const round = (value: number) => Math.round(value * 100) / 100;
  const lines = [
    `Watched for ${seconds.toFixed(1)} s. Cores: ${verdict.cores}. Threads running or ready: ` +
      `${verdict.running.toFixed(1)} on average while busy, ${verdict.mostRunning} at most. ` +
      `Involuntary context switches: ${Math.round(verdict.involuntaryPerSecond)} a second.`,
    '',
    table(
      ['pool', 'threads', 'processes', 'running', 'CPU seconds', 'involuntary switches'],
      verdict.pools.map((pool) => [
        pool.pool,
        pool.threads,
        pool.processes,
        round(pool.running),
        round(pool.cpuSeconds),
        pool.involuntary,
      ]),
    ),
    '',
    ...verdict.sentences,
  ];
  return lines.join('\n');
}

/** Watches a process until it ends, the time is up, or `stop` is aborted. */
export async function watch(
  pid: number,
  options: { milliseconds: number; interval: number; stop?: AbortSignal },
): Promise<{ verdict: Verdict; seconds: number }> {
  const host = hostOf(pid);
  // Counted while the process is there to be asked.
  const cores = cpuReport(host).count;
  const throttledBefore = cpuThrottling(host, pid)?.throttledMs ?? 0;
  let throttled = throttledBefore;
  const sampler = new Sampler(pid);
  const end = performance.now() + options.milliseconds;
  while (performance.now() < end && !options.stop?.aborted && sampler.sample()) {
    // A process that has just ended counts as one of the root group, which has no quota.
    throttled = Math.max(throttled, cpuThrottling(host, pid)?.throttledMs ?? 0);
    const wait = Math.min(options.interval, end - performance.now());
    await sleep(Math.max(wait, 1), undefined, { signal: options.stop }).catch(() => {});
  }
  const observation = sampler.finish();
  const verdict = judge(observation, cores, throttled - throttledBefore);
  return { verdict, seconds: observation.seconds };
}

/** Runs the command and returns the exit status. */
export async function doctor(command: readonly string[], options: DoctorOptions): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Error('heddle doctor reads /proc, which only Linux has');
  }
  if ((command.length === 0) === (options.pid === undefined)) {
    throw new Error(
      'give either --pid N or, after --, a command to start: heddle doctor -- node x.js',
    );
  }
  const stop = new AbortController();
  let child: ChildProcess | undefined;
  let exited: Promise<unknown[]> | undefined;
  if (options.pid === undefined) {
    child = await start(command);
    exited = once(child, 'exit');
    exited.then(() => stop.abort());
  }
  // Ctrl-C ends the watch; the terminal has sent it to the program that was started, too.
  process.on('SIGINT', () => stop.abort());

  const pid = options.pid ?? child?.pid ?? 0;
  try {
    readFileSync(`/proc/${pid}/stat`);
  } catch {
    throw new Error(`there is no process ${pid}`);
  }
  const seconds = options.seconds ?? (child ? Number.POSITIVE_INFINITY : SECONDS_FOR_A_PID);
  const { verdict, seconds: watched } = await watch(pid, {
    milliseconds: seconds * 1000,
    interval: options.interval,
    stop: stop.signal,
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ seconds: watched, ...verdict }, null, 2)}\n`);
  } else {
    // The program that was started owns stdout.
    const out = child ? process.stderr : process.stdout;
    out.write(`\n${render(verdict, watched)}\n`);
  }
  if (!exited) return 0;
  const [code] = (await exited) as [number | null];
  return code ?? 1;
}
