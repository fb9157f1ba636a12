/**
 * The process of a manager: that of an actor, without a cluster around it.
 */
import { scopedConfig } from '../../config/index.ts';
import type { ActorHandle } from '../../objects/index.ts';
import { MAX_BYTES, notify, poolListeners, START_TIMEOUTS } from '../../scheduler/index.ts';
import { EngineHost } from '../host/host.ts';
import { ClusterObjects } from '../kept/objects.ts';
import { laneBackend } from '../transport/lanes.ts';
import { LocalTransport } from '../transport/local.ts';
import { ManagerServer } from './server.ts';

/** How it is started. */
export interface ProcessSettings {
  readonly startTimeout?: number | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
}

/** What is given to it to tell those who are connected that it ends (ms). */
const CLOSE_MS = 1000;

export class ManagerProcess {
  readonly server: ActorHandle<ManagerServer>;
  readonly #host: EngineHost;
  readonly #kept: ClusterObjects;
  #ending: Promise<void> | null = null;

  private constructor(server: ActorHandle<ManagerServer>, host: EngineHost, kept: ClusterObjects) {
    this.server = server;
    this.#host = host;
    this.#kept = kept;
  }

  static async start({ startTimeout, env, cwd }: ProcessSettings): Promise<ManagerProcess> {
    const host = new EngineHost({
      threads: 1,
      threadsAsked: false,
      maxBytes: MAX_BYTES,
      startTimeout: startTimeout ?? scopedConfig().startTimeout ?? START_TIMEOUTS.process,
      ...(env ? { env } : {}),
      ...(cwd === undefined ? {} : { cwd }),
    });
    const transport = new LocalTransport(host);
    transport.onNews((news) => {
      if (news.kind !== 'log') return;
      const { engine, node, pid } = news.by;
      const event = { worker: engine, backend: 'manager', host: node, pid };
      notify(poolListeners, (one) => one.log?.(event, news.message));
    });
    const kept = new ClusterObjects(transport, laneBackend(transport), MAX_BYTES);
    try {
      const server = await kept.makeActor(ManagerServer, []);
      return new ManagerProcess(server, host, kept);
    } catch (error) {
      await kept.close(() => host.close());
      throw error;
    }
  }

  get pid(): number {
    return this.server.$.engine.pid;
  }

  /** Ends it; those who are connected are told, unless it takes too long for that. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.server.close().catch(() => {}), late]);
    clearTimeout(timer);
    await this.kill();
  }

  kill(): Promise<void> {
    this.#ending ??= this.#kept.close(() => this.#host.close());
    return this.#ending;
  }
}
