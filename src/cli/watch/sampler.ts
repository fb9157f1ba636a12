/**
 * Watches the threads of a process and of all that it starts, through /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { processTree, readStat, TICKS_PER_SECOND } from '../../machine/index.ts';
import { MAIN, poolKinds, UNKNOWN, WORKERS } from './pools.ts';
import { type Origin, StackReader } from './stacks.ts';

/** What is known of one thread after the watch. */
export interface ThreadRecord {
  readonly pid: number;
  readonly tid: number;
  pool: string;
  /** Samples in which it ran or was ready to run. */
  running: number;
  /** Processor time while it was watched, in seconds. */
  cpuSeconds: number;
  /** Times the system took the processor away from it. */
  involuntary: number;
}

/** What was seen. */
export interface Observation {
  readonly seconds: number;
  readonly samples: number;
  /** For each sample: how many threads ran or were ready to run. */
  readonly running: readonly number[];
  readonly threads: readonly ThreadRecord[];
  /** Most processes at once. */
  readonly processes: number;
  /** Whether the system forbade looking into the process. */
  readonly forbidden: boolean;
}

interface Seen extends ThreadRecord {
  name: string;
  origin: Origin | undefined;
  startedAt: number;
  ticks: number;
  switches: number;
}

/** Looks at a stack that often before a thread is given up as not recognised. */
const MAX_LOOKS = 40;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function involuntarySwitches(pid: number, tid: number): number | undefined {
  const text = read(`/proc/${pid}/task/${tid}/status`);
  const count = /^nonvoluntary_ctxt_switches:\s*(\d+)/m.exec(text ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Names the pool of a thread by its own name, by where it began, or by when. */
export function poolOf(thread: {
  pid: number;
  tid: number;
  name: string;
  mainName: string;
  origin: Origin | undefined;
  /** Clock ticks between the start of the process and its own. */
  age: number;
}): string {
  const { name, origin } = thread;
  if (thread.pid === thread.tid) return MAIN;
  if (name !== thread.mainName) {
    const named = poolKinds.find((kind) => kind.threadNames?.test(name));
    if (named) return named.name;
  }
  if (!origin) return name === thread.mainName ? UNKNOWN : name;
  const begun = poolKinds.find(
    (kind) =>
      kind.files?.test(origin.file) || (origin.function && kind.functions?.test(origin.function)),
  );
  if (begun) return begun.name;
  if (!/^(node|iojs)/.test(origin.file)) return origin.file;
  // A node program without symbols. V8's threads are there before any script runs.
  if (thread.age <= 5) return 'V8';
  return origin.waitsForEvents ? WORKERS : 'libuv';
}

/** Takes samples until it is stopped. */
export class Sampler {
  readonly #root: number;
  readonly #threads = new Map<number, Seen>();
  readonly #mains = new Map<number, { name: string; startedAt: number }>();
  readonly #readers = new Map<number, StackReader>();
  readonly #running: number[] = [];
  readonly #looks = new Map<number, number>();
  readonly #began = performance.now();
  #processes = 0;

  constructor(pid: number) {
    this.#root = pid;
  }

  /** Looks once. False when the process is gone. */
  sample(): boolean {
    const pids = processTree(this.#root);
    let running = 0;
    let alive = 0;
    for (const pid of pids) {
      const tasks = list(`/proc/${pid}/task`);
      if (tasks.length > 0) alive++;
      for (const task of tasks) if (this.#look(pid, Number(task))) running++;
    }
    this.#processes = Math.max(this.#processes, alive);
    const root = readStat(this.#root, this.#root);
    if (!root || root.state === 'Z' || root.state === 'X') return false;
    this.#running.push(running);
    return true;
  }

  #look(pid: number, tid: number): boolean {
    const stat = readStat(pid, tid);
    if (!stat || stat.state === 'Z' || stat.state === 'X') return false;
    if (pid === tid) this.#mains.set(pid, { name: stat.name, startedAt: stat.startedAt });
    let thread = this.#threads.get(tid);
    if (!thread) {
      thread = {
        pid,
        tid,
        pool: '',
        running: 0,
        cpuSeconds: 0,
        involuntary: 0,
        name: stat.name,
        origin: undefined,
        startedAt: stat.startedAt,
        ticks: stat.ticks,
        switches: involuntarySwitches(pid, tid) ?? 0,
      };
      this.#threads.set(tid, thread);
    }
    thread.name = stat.name;
    thread.cpuSeconds = (stat.ticks - thread.ticks) / TICKS_PER_SECOND;
    thread.involuntary =
      (involuntarySwitches(pid, tid) ?? thread.switches + thread.involuntary) - thread.switches;
    const running = stat.state === 'R';
    if (running) thread.running++;
    if (!thread.origin && pid !== tid) this.#identify(thread);
    return running;
  }

  #identify(thread: Seen): void {
    const looks = this.#looks.get(thread.tid) ?? 0;
    if (looks >= MAX_LOOKS) return;
    this.#looks.set(thread.tid, looks + 1);
    let reader = this.#readers.get(thread.pid);
    if (!reader) {
      reader = new StackReader(thread.pid);
      this.#readers.set(thread.pid, reader);
    }
    thread.origin = reader.origin(thread.tid);
  }

  /** What was seen so far. */
  finish(): Observation {
    let forbidden = false;
    for (const reader of this.#readers.values()) {
      forbidden ||= reader.forbidden;
      reader.close();
    }
    for (const thread of this.#threads.values()) {
      const main = this.#mains.get(thread.pid);
      thread.pool = poolOf({
        ...thread,
        mainName: main?.name ?? 'node',
        age: thread.startedAt - (main?.startedAt ?? 0),
      });
    }
    return {
      seconds: (performance.now() - this.#began) / 1000,
      samples: this.#running.length,
      running: this.#running,
      threads: [...this.#threads.values()],
      processes: this.#processes,
      forbidden,
    };
  }
}
