/**
 * What a page is told: plain data, each type once for the program and for the page.
 */
import type { PoolStats } from '../scheduler/index.ts';

/** A run of tasks, as the page shows it. Times are milliseconds of the program's clock. */
export interface RunState {
  readonly run: number;
  readonly label: string;
  readonly backend: string;
  /** How many tasks it has; null where its input does not tell. */
  readonly tasks: number | null;
  readonly finished: number;
  readonly failed: number;
  readonly started: number;
  /** null while it goes on. */
  readonly ended: number | null;
  /** What it ended with, if not well. */
  readonly error: string | null;
  /** Whether it makes a graph that can be shown. */
  readonly graph: boolean;
}

/** A worker, an engine, or a process: one that has a row of its own. */
export interface RowState {
  /** Its number on the page. */
  readonly row: number;
  readonly name: string;
  readonly pid: number | null;
  readonly threadId: number | null;
  readonly state: 'starting' | 'idle' | 'busy' | 'ending' | 'ended' | 'unknown';
  /** Tasks that it has been sent, or has done. */
  readonly tasks: number;
  /** Cores that its process keeps busy; null where that is not known. */
  readonly cpu: number | null;
  /** Resident memory of its process in bytes. */
  readonly memory: number | null;
  /** Threads of its process. */
  readonly threads: number | null;
  /** Threads that BLAS and OpenMP may take in it; -1: no limit, null: not known. */
  readonly blasThreads: number | null;
  readonly lastMessageAt: number | null;
}

/** Tasks one after the other in a row, as numbers: JSON of objects would be several times as long. */
export type Slice = readonly [
  row: number,
  /** Place in {@link FeedMessage.labels}. */
  label: number,
  /** 0: several. */
  run: number,
  started: number,
  completed: number,
  tasks: number,
  failed: 0 | 1,
  threads: number,
];

/** What native operations in a row had of the cores for a while; 0 while one waited for some. */
export type CoreSpan = readonly [row: number, from: number, to: number, cores: number];

/** A second of the program, as numbers. */
export type Sample = readonly [
  time: number,
  /** Cores that the program and its workers kept busy. */
  busyCores: number,
  cores: number,
  tasksPerSecond: number,
  /** Resident memory of all its processes, in bytes. */
  memory: number,
];

/** A line of a worker. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly who: string;
  readonly level: string;
  readonly text: string;
}

/** A task that failed, a run that ended badly, or a worker that was lost. */
export interface ErrorLine {
  readonly time: number;
  readonly where: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The task's argument, as far as it fits on a line. */
  readonly argument: string | null;
}

/** Items of a ring that a page has not had yet. */
export interface News<T> {
  readonly items: readonly T[];
  /** Items that were dropped before the page could be told. */
  readonly lost: number;
}

/** A library whose threads are counted. */
export interface PoolInfo {
  readonly name: string;
  readonly threads: number;
  readonly scope: string;
}

/** The newest state, and what is new since the message before. */
export interface FeedMessage {
  readonly now: number;
  /** Milliseconds since 1970 at 0 of the program's clock. */
  readonly origin: number;
  readonly program: {
    readonly pid: number;
    readonly title: string;
    /** Version of Node; null where it is not known. */
    readonly node: string | null;
    /** Cores that are the program's. */
    readonly cores: number;
    /** 'system': the program says nothing of itself, and what is known comes from the system. */
    readonly source: 'program' | 'system';
  };
  readonly totals: {
    readonly runs: number;
    readonly finished: number;
    readonly failed: number;
    readonly errors: number;
    readonly logs: number;
  };
  /** Those that go on, and the latest that have ended; the latest first. */
  readonly runs: readonly RunState[];
  readonly rows: readonly RowState[];
  readonly pools: readonly PoolStats[];
  readonly executor: {
    readonly budget: number;
    readonly busy: number;
    readonly queued: number;
    readonly running: number;
  } | null;
  readonly threadpools: readonly PoolInfo[];
  readonly labels: readonly string[];
  readonly slices: News<Slice>;
  readonly spans: News<CoreSpan>;
  readonly samples: News<Sample>;
  readonly logs: News<LogLine>;
  readonly errors: News<ErrorLine>;
}

/** Shared segments, for the page that looks at them. */
export interface MemoryMessage {
  readonly segments: readonly {
    readonly inode: number;
    readonly bytes: number;
    readonly owner: string;
    readonly holders: readonly string[];
  }[];
  readonly bytes: number;
  readonly waitingBytes: number;
}

/** A graph, for the page that looks at it. */
export interface GraphMessage {
  readonly run: number;
  /** Calls in the graph. */
  readonly size: number;
  /** The calls that are shown: those of a graph that is not too large. */
  readonly labels: readonly string[];
  readonly states: readonly string[];
  readonly needs: readonly (readonly [number, number])[];
}

/** Where a page is in each of the rings. */
export interface Cursor {
  slices: number;
  spans: number;
  samples: number;
  logs: number;
  errors: number;
}

/** Who tells pages what goes on: this program, or what the system knows of another. */
export interface Source {
  /** The state now, and what is new since a cursor, which is moved on. */
  message(cursor: Cursor): FeedMessage;
  memory(): MemoryMessage;
  /** null: there is none. */
  graph(run: number): GraphMessage | null;
  /** For Prometheus. */
  metrics(): string;
  /** For Perfetto. */
  trace(): string;
}
