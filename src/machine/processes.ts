/**
 * What the system tells of processes and their threads: proc(5), which only Linux has.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** sysconf(_SC_CLK_TCK), 100 in the interface of every Linux. */
export const TICKS_PER_SECOND = 100;

/** A process, or a thread of one. */
export interface ProcessStat {
  /** What the system calls it. */
  readonly name: string;
  /** 'R' where it runs or is ready to, 'Z' and 'X' where it is no more, … */
  readonly state: string;
  /** Processor time so far, in {@link TICKS_PER_SECOND}. */
  readonly ticks: number;
  /** Threads of its process. */
  readonly threads: number;
  /** When it began, in ticks since the system's start. */
  readonly startedAt: number;
}

/**
 * Reads what a process or one of its threads does now.
 *
 * @param tid - a thread; left out: the process
 * @returns undefined where there is none, or no /proc
 */
export function readStat(pid: number, tid?: number): ProcessStat | undefined {
  const file = tid === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${tid}/stat`;
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
  // The name may hold spaces and brackets.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    state: fields[0] ?? '',
    ticks: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    startedAt: Number(fields[19]),
  };
}

/** Memory of a process that is resident, in bytes; undefined where that can't be told. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(
      readFileSync(`/proc/${pid}/status`, 'latin1'),
    )?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const found = [root];
  for (let index = 0; index < found.length; index++) {
    const pid = found[index];
    let tasks: string[];
    try {
      tasks = readdirSync(`/proc/${pid}/task`);
    } catch {
      continue;
    }
    for (const task of tasks) {
      try {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').trim();
        if (children) found.push(...children.split(' ').map(Number));
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return found;
}
