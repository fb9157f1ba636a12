/**
 * Pools that users make known: the rules of limits for them, in TypeScript.
 */
import { rangeError, typeError } from '../errors.ts';
import type { LibraryController, ThreadpoolInfo } from './types.ts';

/** A registered pool and the limits on it. Its functions belong to one JavaScript environment. */
export class CustomRuntime {
  readonly controller: LibraryController;
  readonly prefix: string;
  #limits = new Map<number, number>();
  #original = 0;
  #pending: Promise<void> | undefined;

  constructor(controller: LibraryController) {
    this.controller = controller;
    this.prefix = controller.prefix ?? controller.internalApi;
  }

  get userApi(): string {
    return this.controller.userApi;
  }

  /** Settles when the setter has done all that was asked of it so far. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  threads(): number {
    return this.controller.getNumThreads();
  }

  info(): ThreadpoolInfo {
    const { userApi, internalApi, filepath = '', version = null, scope } = this.controller;
    return {
      ...this.controller.details?.(),
      userApi,
      internalApi,
      prefix: this.prefix,
      filepath,
      version: typeof version === 'function' ? version() : version,
      numThreads: this.threads(),
      scope: scope ?? 'process',
    };
  }

  open(lease: number, threads: number): void {
    if (this.#limits.size === 0) this.#original = this.threads();
    this.#limits.set(lease, threads);
    this.#apply();
  }

  close(lease: number): void {
    if (this.#limits.delete(lease)) this.#apply();
  }

  /** Ends all limits: the controller is being taken out. */
  closeAll(): void {
    if (this.#limits.size === 0) return;
    this.#limits.clear();
    this.#apply();
  }

  #apply(): void {
    const limits = [...this.#limits.values()];
    const ruling = this.controller.scope === 'thread' ? limits.at(-1) : Math.min(...limits);
    const threads = limits.length === 0 ? this.#original : (ruling ?? this.#original);
    if (this.#pending) {
      // One after the other, so that the last one asked for is the one that stays.
      this.#follow(this.#pending.then(() => this.controller.setNumThreads(threads)));
      return;
    }
    const done = this.controller.setNumThreads(threads);
    if (done) this.#follow(done);
  }

  #follow(done: Promise<void>): void {
    const settled: Promise<void> = done.then(
      () => this.#settle(settled),
      (error) => {
        this.#settle(settled);
        throw error;
      },
    );
    this.#pending = settled;
    // Whoever waits for `ready` is told; nobody having asked is no crash.
    settled.catch((error) => {
      process.emitWarning(
        `heddle: the controller '${this.prefix}' could not set its threads: ${error}`,
      );
    });
  }

  #settle(settled: Promise<void>): void {
    if (this.#pending === settled) this.#pending = undefined;
  }
}

const registered = new Set<CustomRuntime>();

/** The pools registered in this environment. */
export function customRuntimes(): readonly CustomRuntime[] {
  return registered.size === 0 ? [] : [...registered];
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw typeError(name, value, 'a text that is not empty');
  }
}

/**
 * Makes a pool known that Heddle doesn't know by itself: it appears in {@link threadpoolInfo} and
 * obeys limits by its `userApi` and its prefix, by the same rules as all others. Holds for the
 * JavaScript thread that registers it.
 *
 * @returns ends all limits on the pool and takes it out again when disposed
 * @throws TypeError for a controller without its texts and functions; RangeError if one with the
 *   same prefix and file is there already
 *
 * @example
 * ```ts
 * import sharp from 'sharp';
 * using registration = registerController({
 *   userApi: 'sharp',
 *   internalApi: 'sharp',
 *   version: sharp.versions.sharp,
 *   getNumThreads: () => sharp.concurrency(),
 *   setNumThreads: (threads) => void sharp.concurrency(threads),
 * });
 * ```
 */
export function registerController(controller: LibraryController): Disposable {
  if (controller === null || typeof controller !== 'object') {
    throw typeError('controller', controller, 'an object');
  }
  requireText('controller.userApi', controller.userApi);
  requireText('controller.internalApi', controller.internalApi);
  if (controller.prefix !== undefined) requireText('controller.prefix', controller.prefix);
  for (const name of ['getNumThreads', 'setNumThreads'] as const) {
    if (typeof controller[name] !== 'function') {
      throw typeError(`controller.${name}`, controller[name], 'a function');
    }
  }
  const runtime = new CustomRuntime(controller);
  for (const other of registered) {
    if (other.prefix === runtime.prefix && other.controller.filepath === controller.filepath) {
      throw rangeError('controller', runtime.prefix, 'one whose prefix is not registered already');
    }
  }
  registered.add(runtime);
  return {
    [Symbol.dispose]() {
      if (registered.delete(runtime)) runtime.closeAll();
    },
  };
}
