/**
 * The seam between what programs call and the engines that run it. A transport knows engines by number,
 * takes chunks of work for them, and gives one outcome for each.
 */
import type { SegmentHandle } from '../../memory/index.ts';
import type {
  BatchMessage,
  FromWorker,
  LogMessage,
  OpenMessage,
  RunBy,
  WorkerExit,
} from '../../protocol/index.ts';

/** The number of an engine; it stays when the engine's process has to be replaced. */
export type EngineId = number;

/** What is known of an engine. */
export interface EngineInfo {
  readonly id: EngineId;
  /** Of the process that it is now: another one has another. */
  readonly uid: string;
  /** Name of its machine. */
  readonly node: string;
  readonly pid: number;
  /** Threads inside it, of BLAS and OpenMP. */
  readonly threads: number;
  /** Versions of this package and of Node there, and its platform. */
  readonly heddle: string;
  readonly build: string;
  readonly state: 'starting' | 'idle' | 'busy' | 'draining';
}

/** Where a chunk may run: with whoever is free, or with this one engine as it is now. */
export type Target =
  /** `cpus`: as many engines' worth; one process with the threads of all of them. */
  | { readonly kind: 'any'; readonly cpus?: number }
  | { readonly kind: 'some'; readonly engines: readonly EngineId[] }
  | { readonly kind: 'one'; readonly engine: EngineId; readonly uid: string };

/** What is published once for all chunks of a job. */
export interface JobRecord {
  readonly open: Omit<OpenMessage, 'context'>;
  /** The key of a record that is the same but for its functions, of which this one has more. */
  readonly extends?: string;
}

/** A batch on its way. */
export interface Chunk {
  /** Unique in its session. */
  readonly id: number;
  /** What can be cancelled together. */
  readonly run: string;
  /** Key of the {@link JobRecord}. */
  readonly job: string;
  readonly target: Target;
  /** Tasks in it. */
  readonly count: number;
  readonly batch: Pick<BatchMessage, 'first' | 'args'>;
}

/** What a chunk ends with. */
export type Outcome = {
  /** Who had it last; null where nobody had. */
  readonly by: RunBy | null;
  /** Add to the times of its messages to get this machine's `systemNow`. */
  readonly clock: number;
  /** What the engine has sent about the chunk, in order. */
  readonly messages: readonly FromWorker[];
} & (
  | { readonly kind: 'done' }
  /**
   * The engine ended with it. `reason: 'lost'`: for no fault of the chunk's. How far it had come is in
   * `exit.reached`.
   */
  | { readonly kind: 'ended'; readonly exit: WorkerExit }
);

/** What engines tell beside outcomes. */
export type News =
  | { readonly kind: 'log'; readonly by: RunBy; readonly message: LogMessage }
  | { readonly kind: 'progress'; readonly run: string; readonly amount: number };

/** An engine that is there, or is there no more. */
export type EngineEvent =
  | { readonly kind: 'joined'; readonly engine: EngineInfo }
  | { readonly kind: 'left'; readonly engine: EngineInfo; readonly why: string };

/** What an engine has to do, and has done. */
export interface EngineStatus {
  readonly id: EngineId;
  /** Tasks of the chunk that runs, and of chunks that wait for this engine. */
  readonly running: number;
  readonly waiting: number;
  /** Tasks that have been done. */
  readonly done: number;
}

/** What all engines have to do. */
export interface QueueStatus {
  readonly engines: readonly EngineStatus[];
  /** Tasks that wait for any engine. */
  readonly waiting: number;
}

/** What an actor asks of its process. */
export interface ActorSpec {
  /** Engines that are held back as long as it lives, whose threads it has; 0: none, and one thread. */
  readonly cpus: number;
  /** Calls that it may run at a time. */
  readonly concurrency: number;
}

/** What the process of an actor tells. */
export interface ActorEvents {
  /** Called once, after the outcomes of all its calls. */
  ended(exit: WorkerExit, why: string): void;
}

/** The process of an actor. */
export interface ActorPort {
  readonly info: EngineInfo;
  /**
   * Sends calls, which are made in the order of the sending.
   *
   * @param job - the same each time
   * @param told - called with what the process says about them, as it comes
   * @param settled - called once, when no more comes
   */
  call(
    job: JobRecord,
    batch: { readonly count: number; readonly args: BatchMessage['args'] },
    told: (message: FromWorker) => void,
    settled: (outcome: Outcome) => void,
  ): void;
  /** A copy of memory that it has sent; null where it has none. */
  ask(handle: SegmentHandle): Promise<ArrayBuffer | null>;
  /** Ends it, whatever it does; resolves when it has ended. */
  kill(why: string): Promise<void>;
}

/** What keeps values and actors for who has only their names. */
export interface EngineService {
  /** Names of objects have been sent to an engine or an actor, by its uid. */
  lent(uid: string, objects: readonly string[]): void;
  /**
   * Answers what a task asks for.
   *
   * @param body - the codec's message
   * @returns the answer, as the codec's message
   */
  request(uid: string, body: unknown): Promise<{ readonly ok: boolean; readonly body: unknown }>;
  /** It has ended, and has no names any more. */
  ended(uid: string): void;
}

/** Carries chunks to engines. */
export interface Transport {
  /** How far away the engines are, for the codec. */
  readonly reach: 'process' | 'machine';
  /** Why it takes nothing any more; null while it does. */
  readonly closed: string | null;
  /** The engines that are up. */
  engines(): readonly EngineInfo[];
  onEngines(listener: (event: EngineEvent) => void): Disposable;
  onNews(listener: (news: News) => void): Disposable;
  /** Makes a job known; gives the key by which chunks name it, at once where it can. */
  publish(record: JobRecord): string | Promise<string>;
  /** No more chunks of the job will come. */
  withdraw(job: string): void;
  /** Hands a chunk over; `settled` is called once, on a later turn or microtask. */
  submit(chunk: Chunk, settled: (outcome: Outcome) => void): void;
  /** A copy of memory that an engine has sent and that can't be opened here; null where it has none. */
  ask(by: RunBy, handle: SegmentHandle): Promise<ArrayBuffer | null>;
  /** Nobody wants a run any more: what has not begun is dropped, what runs gets an aborted signal. */
  cancel(run: string): void;
  /** Ends a chunk at once; the engine that runs it is replaced. */
  kill(chunk: number): void;
  /** Replaces engines by new ones of the same number, whatever they do. */
  restart(engines: readonly EngineId[]): Promise<void>;
  status(): Promise<QueueStatus>;
  /** Says who answers what tasks ask for. */
  serve(service: EngineService): void;
  /** Starts a process for an actor, once as many engines as it asks for are free and held back. */
  startActor(spec: ActorSpec, events: ActorEvents): Promise<ActorPort>;
}

let lastChunk = 0;

/** A number for a chunk of this session. */
export function nextChunk(): number {
  return ++lastChunk;
}
