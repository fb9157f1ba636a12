/**
 * The transport without a server: the engines' host is in this process, and a chunk reaches it by a call.
 */
import type { SegmentHandle } from '../../memory/index.ts';
import type { RunBy } from '../../protocol/index.ts';
import type {
  ActorEvents,
  ActorPort,
  ActorSpec,
  Chunk,
  EngineEvent,
  EngineId,
  EngineInfo,
  EngineService,
  JobRecord,
  News,
  Outcome,
  QueueStatus,
  Transport,
} from './types.ts';

/** A host of engines, as this transport needs it. */
export interface Host {
  readonly closed: string | null;
  readonly engines: readonly EngineInfo[];
  readonly status: QueueStatus;
  onEngines(listener: (event: EngineEvent) => void): Disposable;
  onNews(listener: (news: News) => void): Disposable;
  publish(record: JobRecord): string;
  withdraw(job: string): void;
  submit(chunk: Chunk, settled: (outcome: Outcome) => void): void;
  ask(pid: number, handle: SegmentHandle): Promise<ArrayBuffer | null>;
  cancel(run: string): void;
  kill(chunk: number): void;
  restart(engines: readonly EngineId[]): Promise<void>;
  serve(service: EngineService): void;
  startActor(spec: ActorSpec, events: ActorEvents): Promise<ActorPort>;
}

export class LocalTransport implements Transport {
  readonly reach = 'process';
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get closed(): string | null {
    return this.#host.closed;
  }

  engines(): readonly EngineInfo[] {
    return this.#host.engines;
  }

  onEngines(listener: (event: EngineEvent) => void): Disposable {
    return this.#host.onEngines(listener);
  }

  onNews(listener: (news: News) => void): Disposable {
    return this.#host.onNews(listener);
  }

  publish(record: JobRecord): string {
    return this.#host.publish(record);
  }

  withdraw(job: string): void {
    this.#host.withdraw(job);
  }

  submit(chunk: Chunk, settled: (outcome: Outcome) => void): void {
    this.#host.submit(chunk, settled);
  }

  ask({ pid }: RunBy, handle: SegmentHandle): Promise<ArrayBuffer | null> {
    return this.#host.ask(pid, handle);
  }

  cancel(run: string): void {
    this.#host.cancel(run);
  }

  kill(chunk: number): void {
    this.#host.kill(chunk);
  }

  restart(engines: readonly EngineId[]): Promise<void> {
    return this.#host.restart(engines);
  }

  serve(service: EngineService): void {
    this.#host.serve(service);
  }

  startActor(spec: ActorSpec, events: ActorEvents): Promise<ActorPort> {
    return this.#host.startActor(spec, events);
  }

  status(): Promise<QueueStatus> {
    return Promise.resolve(this.#host.status);
  }
}
