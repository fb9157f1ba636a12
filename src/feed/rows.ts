/**
 * The rows of workers and engines: who they are, and what their processes take.
 */
import { readStat, residentBytes, TICKS_PER_SECOND } from '../machine/index.ts';
import {
  type BatchFinishedEvent,
  type WorkerEvent,
  type WorkerStats,
  workerStats,
} from '../scheduler/index.ts';
import type { RowState } from './messages.ts';
import { nameText } from './texts.ts';

/** Rows of workers that are no more and are still shown. */
const KEPT_ENDED = 64;
/** The processor time of an engine from which it counts as busy, in cores. */
const BUSY_CORES = 0.05;

export interface Row {
  readonly row: number;
  readonly key: string;
  /** Its number among workers; null for what is none. */
  readonly worker: number | null;
  readonly name: string;
  readonly pid: number;
  readonly threadId: number | null;
  /** Whether what it does is not told by its pool: it is an engine, or this program itself. */
  readonly apart: boolean;
  /** It hands all that it gets to engines, and has no row. */
  lane: boolean;
  ended: boolean;
  tasks: number;
  threads: number | null;
  lastMessageAt: number | null;
}

/** Who is no worker of a pool. */
const NOBODY = { worker: null, threadId: null, apart: true } as const;

/** What the processor and the memory of a process were at a moment. */
interface Usage {
  ticks: number;
  cores: number;
  memory: number;
  threads: number;
}

export class Rows {
  readonly #rows = new Map<string, Row>();
  /** Keys by the number of the worker. */
  readonly #workers = new Map<number, string>();
  readonly #usage = new Map<number, Usage>();
  #own = { time: performance.now(), cpu: process.cpuUsage() };
  #last = 0;
  /** Cores that all processes together kept busy in the latest second, and their memory. */
  busyCores = 0;
  memory = 0;

  constructor() {
    for (const one of workerStats()) {
      const { threadId, ...event } = one;
      this.started({ ...event, ...(threadId === null ? {} : { threadId }) });
    }
  }

  #add(key: string, who: Pick<Row, 'name' | 'worker' | 'pid' | 'threadId' | 'apart'>): Row {
    const row: Row = {
      row: ++this.#last,
      key,
      ...who,
      name: nameText(who.name),
      lane: false,
      ended: false,
      tasks: 0,
      threads: null,
      lastMessageAt: null,
    };
    this.#rows.set(key, row);
    return row;
  }

  #self(): Row {
    return (
      this.#rows.get('self') ??
      this.#add('self', { ...NOBODY, name: 'this program', pid: process.pid })
    );
  }

  started({ worker, pid, threadId }: WorkerEvent): void {
    if (pid === process.pid && threadId === undefined) {
      this.#workers.set(worker, 'self');
      return;
    }
    const key = `worker ${worker}`;
    this.#workers.set(worker, key);
    this.#add(key, { name: key, worker, pid, threadId: threadId ?? null, apart: false });
  }

  ended({ worker }: WorkerEvent): void {
    const key = this.#workers.get(worker);
    if (key === 'self') this.#workers.delete(worker);
    const row = key === undefined || key === 'self' ? undefined : this.#rows.get(key);
    if (!row) return;
    // It keeps its number: what it has done may be told after its end.
    row.ended = true;
    const ended = [...this.#rows.values()].filter((one) => one.ended);
    if (ended.length <= KEPT_ENDED) return;
    const { key: oldest, worker: number } = ended[0]!;
    this.#rows.delete(oldest);
    if (number !== null) this.#workers.delete(number);
  }

  /** Who ran a batch. */
  of({ worker, by, count, completed, threads }: BatchFinishedEvent): Row {
    const key = this.#workers.get(worker);
    let row = key === undefined || key === 'self' ? this.#self() : this.#rows.get(key)!;
    if (by) {
      row.lane = true;
      const name = `engine ${by.engine} (${by.node})`;
      const engine = this.#rows.get(name);
      if (engine?.pid === by.pid) row = engine;
      else row = this.#add(name, { ...NOBODY, name, pid: by.pid });
    }
    row.tasks += count;
    row.threads = threads;
    row.lastMessageAt = completed;
    return row;
  }

  /** What a worker is called on the page. */
  nameOf(worker: number): string {
    const key = this.#workers.get(worker);
    return (key === undefined ? undefined : this.#rows.get(key)?.name) ?? `worker ${worker}`;
  }

  /** The names of processes, by their numbers. */
  processes(): Map<number, string> {
    const names = new Map([[process.pid, 'this program']]);
    for (const { pid, name, ended } of this.#rows.values()) {
      if (!ended && !names.has(pid)) names.set(pid, name);
    }
    return names;
  }

  /** Reads what the processes have taken since the last time. */
  sample(): void {
    const now = performance.now();
    const seconds = (now - this.#own.time) / 1000;
    const cpu = process.cpuUsage(this.#own.cpu);
    this.#own = { time: now, cpu: process.cpuUsage() };
    let cores = (cpu.user + cpu.system) / 1e6 / seconds;
    let memory = process.memoryUsage.rss();
    const pids = new Set(
      [...this.#rows.values()].filter((row) => !row.ended).map(({ pid }) => pid),
    );
    pids.delete(process.pid);
    for (const pid of this.#usage.keys()) if (!pids.has(pid)) this.#usage.delete(pid);
    for (const pid of pids) {
      const stat = readStat(pid);
      if (!stat) {
        this.#gone(pid);
        continue;
      }
      const before = this.#usage.get(pid);
      const usage = {
        ticks: stat.ticks,
        cores: before ? (stat.ticks - before.ticks) / TICKS_PER_SECOND / seconds : 0,
        memory: residentBytes(pid) ?? 0,
        threads: stat.threads,
      };
      this.#usage.set(pid, usage);
      cores += usage.cores;
      memory += usage.memory;
    }
    this.busyCores = cores;
    this.memory = memory;
  }

  /** There is no such process, or no way to know. */
  #gone(pid: number): void {
    this.#usage.delete(pid);
    if (process.platform !== 'linux') return;
    for (const row of this.#rows.values()) if (row.pid === pid && row.apart) row.ended = true;
  }

  shown(): RowState[] {
    const stats = new Map<string, WorkerStats>();
    for (const one of workerStats()) stats.set(`worker ${one.worker}`, one);
    return [...this.#rows.values()]
      .filter((row) => !row.lane)
      .map((row) => {
        const { key, pid, threadId, tasks, threads } = row;
        const worker = stats.get(key);
        const usage = row.ended || threadId !== null ? undefined : this.#usage.get(pid);
        return {
          row: row.row,
          name: row.name,
          pid,
          threadId,
          state: stateOf(row, worker, usage),
          tasks: worker?.tasks ?? tasks,
          cpu: usage?.cores ?? null,
          memory: usage?.memory ?? null,
          threads: usage?.threads ?? null,
          blasThreads: threads,
          lastMessageAt: worker?.lastMessageAt ?? row.lastMessageAt,
        };
      });
  }
}

function stateOf(
  row: Row,
  worker: WorkerStats | undefined,
  usage: Usage | undefined,
): RowState['state'] {
  if (row.ended) return 'ended';
  if (worker) return worker.state;
  if (!row.apart || !usage) return 'unknown';
  return usage.cores > BUSY_CORES ? 'busy' : 'idle';
}
