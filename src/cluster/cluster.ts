/**
 * Engines of this machine, started by a program for itself.
 */
import {
  askedChildThreads,
  childThreadsFor,
  configKeys,
  coreBudget,
  MAX_WORKERS,
  scopedConfig,
  workerRole,
} from '../config/index.ts';
import { byteSize, bytesOf, type OptionsOf, readOptions, wholeNumber } from '../options.ts';
import { registerBackend } from '../parallel/index.ts';
import type { Backend } from '../protocol/index.ts';
import {
  MAX_BYTES,
  notify,
  poolListeners,
  START_TIMEOUTS,
  warnOfMore,
  workerSettings,
} from '../scheduler/index.ts';
import { Client } from './client.ts';
import { EngineHost } from './host/host.ts';
import { ClusterObjects } from './kept/objects.ts';
import { ClusterError } from './transport/errors.ts';
import { laneBackend } from './transport/lanes.ts';
import { LocalTransport } from './transport/local.ts';
import type { EngineInfo, Transport } from './transport/types.ts';

const count = wholeNumber({ least: 0, most: MAX_WORKERS });

const startOptions = {
  /** Engines. Default: one for each core of the budget. */
  n: count,
  /** Threads inside each engine. Default: the cores of the budget shared out, at least 1. */
  threads: wholeNumber({ least: 1 }),
  /** Arrays of at least so many bytes are shared with engines instead of copied. Default '1M'. */
  maxBytes: byteSize({ least: 0, unlimited: true }),
  /** Milliseconds that an engine may give no sign of life after its start. Default 60 000. */
  startTimeout: configKeys.startTimeout,
  /** Variables of the engines' environment, over those of this process; undefined takes one away. */
  env: workerSettings.env,
  /** The engines' folder. Default: that of this process. */
  cwd: workerSettings.cwd,
};

/** Options of {@link Cluster.start}. */
export interface ClusterOptions extends OptionsOf<typeof startOptions> {}

/** Clusters that are there; the latest is what the backend 'cluster' means. */
const running: { readonly backend: Backend; name: Disposable | null }[] = [];

/** Has the name 'cluster' mean the latest of them. */
function nameLatest(): void {
  const latest = running.at(-1);
  for (const one of running) {
    if (one === latest) continue;
    one.name?.[Symbol.dispose]();
    one.name = null;
  }
  if (latest && !latest.name) latest.name = registerBackend('cluster', () => latest.backend);
}

/** Engines, as one thing that is started and stopped; from {@link Cluster.start}. */
export class Cluster implements AsyncDisposable {
  readonly #host: EngineHost;
  readonly #transport: Transport;
  readonly #backend: Backend;
  readonly #kept: ClusterObjects;
  readonly #entry: (typeof running)[number];
  #stopping: Promise<void> | null = null;

  private constructor(host: EngineHost, maxBytes: number) {
    this.#host = host;
    this.#transport = new LocalTransport(host);
    this.#backend = laneBackend(this.#transport);
    this.#kept = new ClusterObjects(this.#transport, this.#backend, maxBytes);
    this.#entry = { backend: this.#backend, name: null };
    this.#transport.onNews((news) => {
      if (news.kind !== 'log') return;
      const { engine, node, pid } = news.by;
      const event = { worker: engine, backend: 'cluster', host: node, pid };
      notify(poolListeners, (one) => one.log?.(event, news.message));
    });
  }

  /**
   * Starts engines on this machine, numbered from 0. Nothing else is needed: no server, no port. While the
   * cluster runs, `{ backend: 'cluster' }` in any call means its engines. They end with this process, and keep
   * it up only while they have something to do.
   *
   * @returns when all are up
   * @throws WorkerStartError where they can't be started; RangeError or TypeError for options that make no
   * sense
   *
   * @example
   * ```ts
   * await using cluster = await Cluster.start({ n: 4 });
   * const client = await cluster.client();
   * const view = client.directView();
   * await view.push({ a: 5 });
   * console.log(await view.pull('a')); // [ 5, 5, 5, 5 ]
   * ```
   */
  static async start(options?: ClusterOptions): Promise<Cluster> {
    const given = readOptions('options', startOptions, options);
    const { env, cwd } = given;
    const role = workerRole();
    const n = given.n ?? (role.kind === 'main' ? coreBudget() : 1);
    const wish = given.threads ?? askedChildThreads();
    const maxBytes = bytesOf(given.maxBytes) ?? MAX_BYTES;
    const host = new EngineHost({
      threads: wish ?? childThreadsFor(Math.max(n, 1)),
      threadsAsked: wish !== undefined,
      maxBytes,
      startTimeout: given.startTimeout ?? scopedConfig().startTimeout ?? START_TIMEOUTS.process,
      ...(env ? { env } : {}),
      ...(cwd === undefined ? {} : { cwd }),
    });
    warnOfMore('engines', n, coreBudget());
    const cluster = new Cluster(host, maxBytes);
    try {
      await host.scale(n);
    } catch (error) {
      await host.close();
      throw error;
    }
    running.push(cluster.#entry);
    nameLatest();
    return cluster;
  }

  /** The engines that are up now. */
  get engines(): readonly EngineInfo[] {
    return this.#transport.engines();
  }

  /** A client of this cluster. All clients have the same engines, and the same names on them. */
  async client(): Promise<Client> {
    if (this.#transport.closed !== null) throw new ClusterError(this.#transport.closed);
    return new Client(this.#transport, this.#backend, this.#kept, () => this.stop());
  }

  /**
   * Starts further engines, or ends those of the highest numbers, which first do what they have.
   *
   * @returns when there are so many
   * @throws WorkerStartError where they can't be started; ClusterError after {@link Cluster.stop}
   */
  async scale(n: number): Promise<void> {
    if (this.#transport.closed !== null) throw new ClusterError(this.#transport.closed);
    warnOfMore('engines', count('n', n), coreBudget());
    await this.#host.scale(n);
  }

  /**
   * Ends the engines, whatever they do: what they have in hand fails.
   *
   * @returns when the last of their processes has ended
   */
  stop(): Promise<void> {
    const at = running.indexOf(this.#entry);
    if (at >= 0) {
      running.splice(at, 1);
      this.#entry.name?.[Symbol.dispose]();
      nameLatest();
    }
    this.#stopping ??= this.#kept.close(() => this.#host.close());
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
