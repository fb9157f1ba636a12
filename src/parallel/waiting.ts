/**
 * Waiting for several futures, as concurrent.futures does.
 */
import { typeError } from '../errors.ts';
import { milliseconds, type OptionsOf, oneOf, readOptions } from '../options.ts';
import { controlOf, type Future, type FutureControl } from './future.ts';

const waitOptions = {
  /** When to stop waiting: 'all-completed' (default), 'first-completed', or 'first-error'. */
  returnWhen: oneOf('all-completed', 'first-completed', 'first-error'),
  /** Milliseconds to wait at most, 0 for not at all. Default: no limit. */
  timeout: milliseconds,
};

/** How {@link wait} waits. */
export interface WaitOptions extends OptionsOf<typeof waitOptions> {}

const completedOptions = {
  /** Milliseconds to wait for all of them at most. Default: no limit. */
  timeout: milliseconds,
};

/** How long {@link asCompleted} waits. */
export interface AsCompletedOptions extends OptionsOf<typeof completedOptions> {}

/** Each future once. */
function controlsOf(futures: unknown): Map<FutureControl, Future<unknown>> {
  const controls = new Map<FutureControl, Future<unknown>>();
  const { [Symbol.iterator]: iterate } = (futures ?? {}) as { [Symbol.iterator]?: unknown };
  if (typeof iterate !== 'function') throw typeError('futures', futures, 'an iterable of futures');
  for (const future of futures as Iterable<unknown>) {
    const control = controlOf(future);
    if (!control) throw typeError('futures', future, 'futures of submit() or an executor');
    controls.set(control, future as Future<unknown>);
  }
  return controls;
}

function startTimer(ms: number, expire: () => void): NodeJS.Timeout | null {
  return ms === Number.POSITIVE_INFINITY ? null : setTimeout(expire, ms);
}

/** What {@link wait} gives. */
export interface Waited<F> {
  /** Those that have a result or an error, or were cancelled. */
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

/**
 * Waits for futures.
 *
 * @param futures - any number; one that is there twice counts once
 * @param options - `returnWhen`: 'all-completed' (default), 'first-completed', 'first-error' (or all; one
 *   that was cancelled is no error); `timeout`
 * @returns which are done by then. A time-out is no error
 * @example
 * ```ts
 * const { done, notDone } = await wait(futures, { returnWhen: 'first-completed' });
 * for (const future of notDone) future.cancel();
 * ```
 */
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitOptions,
): Promise<Waited<F>> {
  const { returnWhen = 'all-completed', timeout = Number.POSITIVE_INFINITY } = readOptions(
    'options',
    waitOptions,
    options,
  );
  const controls = controlsOf(futures);
  return new Promise((resolve) => {
    let open = 0;
    const isEnough = (): boolean => {
      const all = [...controls.keys()];
      open = all.filter((one) => !one.isDone).length;
      if (open === 0) return true;
      if (returnWhen === 'first-completed') return open < all.length;
      return returnWhen === 'first-error' && all.some(hasFailed);
    };
    const finish = (): void => {
      if (timer) clearTimeout(timer);
      const done = new Set<F>();
      const notDone = new Set<F>();
      for (const [control, future] of controls) {
        control.forget(look);
        (control.isDone ? done : notDone).add(future as F);
      }
      resolve({ done, notDone });
    };
    let timer: NodeJS.Timeout | null = null;
    const look = (): void => {
      // Looking at all of them each time would take the square of their number.
      if (returnWhen === 'all-completed' ? --open === 0 : isEnough()) finish();
    };
    for (const control of controls.keys()) control.promise.catch(() => {});
    if (isEnough() || timeout === 0) {
      finish();
      return;
    }
    for (const control of controls.keys()) if (!control.isDone) control.whenDone(look);
    timer = startTimer(timeout, finish);
  });
}

function hasFailed({ state, outcome }: FutureControl): boolean {
  return state === 'finished' && outcome?.status === 'rejected';
}

/**
 * Futures in the order in which they are done, those that are already done first.
 *
 * @param futures - any number; one that is there twice is given once
 * @throws a DOMException 'TimeoutError' from the iterator, if `timeout` has passed before all are done
 * @example
 * ```ts
 * for await (const future of asCompleted(futures)) console.log(await future);
 * ```
 */
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: AsCompletedOptions,
): AsyncIterableIterator<F, undefined, undefined> {
  const { timeout = Number.POSITIVE_INFINITY } = readOptions('options', completedOptions, options);
  return new Completions(controlsOf(futures) as Map<FutureControl, F>, timeout);
}

/** No generator: `yield` would await a future, and give its result. */
class Completions<F> implements AsyncIterableIterator<F, undefined, undefined> {
  readonly #ready: F[] = [];
  readonly #callbacks = new Map<FutureControl, () => void>();
  readonly #count: number;
  readonly #timer: NodeJS.Timeout | null;
  #waiters: {
    resolve(step: IteratorResult<F, undefined>): void;
    reject(error: unknown): void;
  }[] = [];
  #expired = false;
  #ended = false;

  constructor(controls: Map<FutureControl, F>, timeout: number) {
    this.#count = controls.size;
    for (const [control, future] of controls) {
      const done = (): void => {
        this.#callbacks.delete(control);
        this.#ready.push(future);
        this.#serve();
      };
      if (!control.isDone) this.#callbacks.set(control, done);
      control.whenDone(done);
    }
    const expire = (): void => {
      this.#expired = true;
      this.#serve();
    };
    this.#timer = this.#callbacks.size === 0 ? null : startTimer(timeout, expire);
  }

  #serve(): void {
    if (this.#callbacks.size === 0 && this.#timer) clearTimeout(this.#timer);
    while (this.#waiters.length > 0) {
      if (this.#ready.length > 0) {
        this.#waiters.shift()!.resolve({ done: false, value: this.#ready.shift()! });
      } else if (this.#ended || this.#callbacks.size === 0) {
        this.#waiters.shift()!.resolve({ done: true, value: undefined });
      } else if (this.#expired) {
        const what = `${this.#callbacks.size} of ${this.#count} futures are not done`;
        this.#waiters.shift()!.reject(new DOMException(what, 'TimeoutError'));
        this.#end();
      } else return;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#ready.length = 0;
    for (const [control, callback] of this.#callbacks) control.forget(callback);
    if (this.#timer) clearTimeout(this.#timer);
  }

  next(): Promise<IteratorResult<F, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Waits no longer; called by `break`. The futures go on. */
  return(): Promise<IteratorResult<F, undefined>> {
    this.#end();
    this.#serve();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
