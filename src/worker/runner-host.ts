/**
 * What a runner is given by the environment that it is in.
 */
import type {
  Codec,
  FromWorker,
  FunctionLoader,
  MemoryExchange,
  TaskClaims,
} from '../protocol/index.ts';
import type { Generator } from '../random/index.ts';
import type { WorkerInfo } from './context.ts';

/** What a runner is given by the environment that it is in. */
export interface RunnerHost {
  readonly worker: WorkerInfo;
  /** Shared with the scheduler; null where the backend has no such memory. */
  readonly claims: TaskClaims | null;
  /** Batches of which a task may run at a time. */
  readonly concurrency: number;
  /** The initializer has come with the worker's first message, and has run: jobs bring it in vain. */
  readonly initialized?: boolean;
  readonly load: FunctionLoader;
  /** Told with each job where it comes from. */
  workFrom?(environment: string): void;
  codec(maxBytes: number): Codec;
  /** Asks the scheduler for memory that can't be opened here; null in its own environment. */
  readonly exchange: MemoryExchange | null;
  send(message: FromWorker, transfer?: readonly unknown[]): void;
  /** Runs a body under the scope that the job was started in. */
  enter<T>(scope: unknown, body: () => T): T;
  /** Makes the function that gives a task its generator. */
  rng(seed: unknown): Promise<(index: number) => Generator>;
  /** Takes over what the parent has registered with registerSerializer(). */
  adoptSerializers?(messages: readonly unknown[]): Promise<void>;
  memory(): number;
  /**
   * What the native operations of this environment have had of the cores since the last call: start, end (by `now`) and
   * cores of each span. Undefined: nothing.
   */
  cores(): readonly number[] | undefined;
  /** Milliseconds by the clock of which the worker has told the offset. */
  now(): number;
  stop(): void;
}
