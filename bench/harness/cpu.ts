/**
 * CPU time of this process and of every process below it.
 *
 * A pool of processes that a contender keeps is part of what the contender costs, so the harness
 * adds what the kernel says of the living descendants and of those that have been waited for.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; 100 on every Linux that Node supports. */
const TICKS = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  readonly reaped: number;
}

function readTimes(pid: string | number): ProcessTimes | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name is in brackets and may hold anything; fields count from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      parent: Number(fields[1]),
      own: (Number(fields[11]) + Number(fields[12])) / TICKS,
      reaped: (Number(fields[13]) + Number(fields[14])) / TICKS,
    };
  } catch {
    return undefined; // gone, or not Linux
  }
}

/** Seconds that all threads of a living process have run, in nanosecond steps where told. */
function preciseSeconds(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(
        readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0],
      );
    }
    return nanoseconds / 1e9;
  } catch {
    return undefined;
  }
}

/** Identifiers of all living descendants of this process. */
export function descendants(root = process.pid): number[] {
  const children = new Map<number, number[]>();
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const times = readTimes(name);
    if (!times) continue;
    const siblings = children.get(times.parent);
    if (siblings) siblings.push(Number(name));
    else children.set(times.parent, [Number(name)]);
  }
  const found: number[] = [];
  const queue = [root];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

/** CPU readings of the whole tree at one moment. */
export interface CpuReading {
  /** This process's own CPU-seconds when the reading began and when it was done. */
  readonly begun: number;
  readonly done: number;
  readonly reaped: number;
  readonly living: ReadonlyMap<number, number>;
}

function ownSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}

export function readCpu(): CpuReading {
  const begun = ownSeconds();
  const living = new Map<number, number>();
  let reaped = readTimes('self')?.reaped ?? 0;
  for (const pid of descendants()) {
    const times = readTimes(pid);
    if (!times) continue;
    living.set(pid, preciseSeconds(pid) || times.own);
    reaped += times.reaped;
  }
  return { begun, reaped, living, done: ownSeconds() };
}

/**
 * CPU-seconds that the tree used between two readings. A child that was there at the start and
 * has been waited for since is counted once: what it had used before comes off its final sum.
 * The reading itself, a walk through /proc, is not counted.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let used = after.begun - before.done + (after.reaped - before.reaped);
  for (const [pid, seconds] of after.living) used += seconds - (before.living.get(pid) ?? 0);
  for (const [pid, seconds] of before.living) if (!after.living.has(pid)) used -= seconds;
  return Math.max(used, 0);
}
