/**
 * Numbers in shared memory with a lock: the jobs of multiprocessing.Value and Array.
 */

import type { DType, DTypes } from '../arrays/index.ts';
import { restore, state } from '../codec/index.ts';
import { typeError } from '../errors.ts';
import { shared } from '../memory/index.ts';
import { Lock } from './lock.ts';

type Element<D extends DType> = DTypes[D] extends BigInt64Array | BigUint64Array ? bigint : number;

interface State<T> {
  readonly data: T;
  readonly lock: Lock;
}

/**
 * An array in shared memory with a lock to go with it.
 *
 * Reading and writing `data` takes no lock; what reads and writes belongs inside of `lock`.
 */
class SharedArray<D extends DType> {
  /** The numbers; everyone sees everyone's writes. */
  readonly data: DTypes[D];
  readonly lock: Lock;

  /**
   * @param dtype - the element type
   * @param init - a length, or the values
   */
  constructor(dtype: D | State<DTypes[D]>, init: number | Iterable<number> | Iterable<bigint> = 0) {
    if (typeof dtype === 'object') {
      this.data = dtype.data;
      this.lock = dtype.lock;
      return;
    }
    this.data =
      typeof init === 'number'
        ? shared.zeros(dtype, init)
        : shared.from(init as Iterable<number>, { dtype });
    this.lock = new Lock();
  }

  get length(): number {
    return this.data.length;
  }

  [state](): State<DTypes[D]> {
    return { data: this.data, lock: this.lock };
  }

  static [restore]<D extends DType>(from: State<DTypes[D]>): SharedArray<D> {
    return new SharedArray<D>(from);
  }
}

/** One number in shared memory, with a lock. */
class SharedValue<D extends DType> {
  readonly lock: Lock;
  readonly #data: DTypes[D];

  /**
   * @param dtype - the type of the number
   * @param value - what it is at first; default 0
   */
  constructor(dtype: D | State<DTypes[D]>, value?: Element<D>) {
    if (typeof dtype === 'object') {
      this.#data = dtype.data;
      this.lock = dtype.lock;
      return;
    }
    this.#data = shared.zeros(dtype, 1);
    this.lock = new Lock();
    if (value !== undefined) this.value = value;
  }

  [state](): State<DTypes[D]> {
    return { data: this.#data, lock: this.lock };
  }

  static [restore]<D extends DType>(from: State<DTypes[D]>): SharedValue<D> {
    return new SharedValue<D>(from);
  }

  get value(): Element<D> {
    return this.#data[0] as Element<D>;
  }

  set value(value: Element<D>) {
    if (typeof value !== typeof this.#data[0]) {
      throw typeError('value', value, `a ${typeof this.#data[0]}`);
    }
    (this.#data as unknown as Element<D>[])[0] = value;
  }

  /** Changes the number with the lock held, and returns what it became. */
  updateSync(change: (value: Element<D>) => Element<D>): Element<D> {
    return this.lock.runSync(() => {
      this.value = change(this.value);
      return this.value;
    });
  }

  /** The same without blocking the thread. */
  update(change: (value: Element<D>) => Element<D>): Promise<Element<D>> {
    return this.lock.run(() => {
      this.value = change(this.value);
      return this.value;
    });
  }
}

export { SharedArray as Array, SharedValue as Value };
