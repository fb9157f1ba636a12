/**
 * Arrays in shared memory, made on purpose: share() for data that exists, `shared` for new arrays.
 */
import { types } from 'node:util';
import { type DType, type DTypes, lengthOf, type TypedArray } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { allocateCopy } from './copy.ts';
import { arrayOrShaped, constructorOf, dtypeOf, type ShapedArray } from './dtype.ts';
import { allocate, handleOf, type SharedMode } from './segment.ts';

/** How shared memory is to be used. */
export interface ShareOptions {
  /** See {@link SharedMode}. */
  readonly mode?: SharedMode;
}

/** Buffers below this size share a segment: each costs a page, a descriptor and a mapping. */
const SMALL = 64 * 1024;
const ALIGNMENT = 64;

/**
 * Moves the typed arrays of a structure into shared segments, so that workers map them instead of
 * getting copies.
 *
 * Returns a structure of the same kind in which the typed arrays are new ones; the given one stays
 * as it is. Objects, arrays, Maps and instances that hold no typed array, and arrays that are shared
 * already, are taken over unchanged. Workers see the arrays copy-on-write by default: they may
 * write, and nobody else sees it. What this process writes, they see. With `mode: 'readwrite'`
 * everyone sees all writes; two that write the same element at a time need a lock, or
 * `Atomics.add` and `Atomics.compareExchange`, which work across processes.
 *
 * Members behind `#private` names cannot be reached; share them where the instance is made.
 *
 * @param value - a typed array or any structure that holds some
 * @example
 * ```ts
 * const model = share({ weights: new Float64Array(1e8), names });
 * await map(users, (user) => score(model, user));   // one copy, however many workers
 * ```
 */
export function share<T>(value: T, options: ShareOptions = {}): T {
  return new Sharer(checkMode(options.mode ?? 'copyonwrite')).run(value) as T;
}

function checkMode(mode: SharedMode): SharedMode {
  if (mode !== 'copyonwrite' && mode !== 'readwrite') {
    throw typeError('mode', mode, "'copyonwrite' or 'readwrite'");
  }
  return mode;
}

class Sharer {
  readonly #mode: SharedMode;
  readonly #buffers = new Map<ArrayBufferLike, { buffer: ArrayBufferLike; offset: number }>();
  readonly #copies = new Map<object, unknown>();
  readonly #found = new Set<ArrayBufferLike>();
  readonly #holders = new Map<object, object[]>();
  /** Objects that hold a buffer that moves, at any depth. */
  readonly #changed = new Set<object>();

  constructor(mode: SharedMode) {
    this.#mode = mode;
  }

  run(value: unknown): unknown {
    this.#collect(value, null);
    if (this.#found.size === 0) return value;
    this.#allocate();
    return this.#copy(value);
  }

  #allocate(): void {
    let small = 0;
    for (const buffer of this.#found) {
      if (buffer.byteLength < SMALL) small += align(buffer.byteLength);
      else {
        const copy = allocateCopy(new Uint8Array(buffer), this.#mode);
        this.#buffers.set(buffer, { buffer: copy, offset: 0 });
      }
    }
    if (small === 0) return;
    const target = allocate(small, this.#mode);
    let offset = 0;
    for (const buffer of this.#found) {
      if (buffer.byteLength >= SMALL) continue;
      this.#move(buffer, target, offset);
      offset += align(buffer.byteLength);
    }
  }

  #move(from: ArrayBufferLike, to: ArrayBuffer, offset: number): void {
    new Uint8Array(to, offset, from.byteLength).set(new Uint8Array(from));
    this.#buffers.set(from, { buffer: to, offset });
  }

  /** Finds the buffers to be moved, and remembers which containers hold one. */
  #collect(value: unknown, holder: object | null): void {
    if (typeof value !== 'object' || value === null || types.isProxy(value)) return;
    const holders = this.#holders.get(value);
    if (holders) {
      if (holder) holders.push(holder);
      if (this.#changed.has(value)) this.#mark(holder);
      return;
    }
    this.#holders.set(value, holder ? [holder] : []);
    if (!ArrayBuffer.isView(value)) {
      for (const item of membersOf(value)) this.#collect(item, value);
    } else if (value.byteLength > 0 && !handleOf(value.buffer)) {
      this.#found.add(value.buffer);
      this.#mark(value);
    }
  }

  #mark(value: object | null): void {
    const open = value ? [value] : [];
    for (let at = open.pop(); at; at = open.pop()) {
      if (this.#changed.has(at)) continue;
      this.#changed.add(at);
      open.push(...(this.#holders.get(at) ?? []));
    }
  }

  /** The value itself where nothing below it moved, else a copy of its containers. */
  #copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#changed.has(value)) return value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (types.isMap(value)) {
      const copy = this.#keep(value, new Map<unknown, unknown>());
      for (const [key, item] of value) copy.set(key, this.#copy(item));
      return copy;
    }
    if (types.isSet(value)) {
      const copy = this.#keep(value, new Set<unknown>());
      for (const item of value) copy.add(this.#copy(item));
      return copy;
    }
    const copy = this.#keep(
      value,
      Array.isArray(value)
        ? new Array<unknown>(value.length)
        : (Object.create(Object.getPrototypeOf(value) as object | null) as object),
    );
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      if ('value' in descriptor) descriptor.value = this.#copy(descriptor.value);
      Object.defineProperty(copy, key, descriptor);
    }
    return copy;
  }

  #keep<T extends object>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    return copy;
  }

  #view(value: ArrayBufferView): unknown {
    const moved = this.#buffers.get(value.buffer);
    if (!moved) return value;
    const at = moved.offset + value.byteOffset;
    const length =
      'length' in value ? (value as unknown as { length: number }).length : value.byteLength;
    const copy = Buffer.isBuffer(value)
      ? Buffer.from(moved.buffer as ArrayBuffer, at, length)
      : new (value.constructor as new (b: ArrayBufferLike, o: number, l: number) => object)(
          moved.buffer,
          at,
          length,
        );
    return this.#keep(value, copy);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function membersOf(value: object): Iterable<unknown> {
  if (types.isMap(value) || types.isSet(value)) return value.values();
  if (Array.isArray(value)) return value;
  return Object.values(value);
}

function zeros<D extends DType>(
  dtype: D,
  shape: number | readonly number[],
  options: ShareOptions = {},
): DTypes[D] | ShapedArray<DTypes[D]> {
  const View = constructorOf(dtype);
  const size = lengthOf(shape);
  const mode = checkMode(options.mode ?? 'readwrite');
  // Memory of no bytes cannot be mapped; nothing can be written to it either.
  const bytes = size * View.BYTES_PER_ELEMENT;
  const buffer = bytes === 0 ? new ArrayBuffer(0) : allocate(bytes, mode);
  return arrayOrShaped(new View(buffer, 0, size) as DTypes[D], shape);
}

function from<D extends DType>(
  values: Iterable<number> | Iterable<bigint> | TypedArray,
  options: ShareOptions & { readonly dtype?: D } = {},
): DTypes[D] {
  const typed = ArrayBuffer.isView(values) && !types.isDataView(values);
  const source = (typed ? values : Array.from(values as Iterable<number>)) as ArrayLike<number>;
  const dtype = options.dtype ?? (typed ? (dtypeOf(values as TypedArray) as D) : ('float64' as D));
  const mode = options.mode ?? 'readwrite';
  const array = zeros(dtype, source.length, { mode }) as DTypes[D];
  (array as Float64Array).set(source);
  return array;
}

/** Makes arrays in shared memory; everyone sees everyone's writes unless `mode` says otherwise. */
export interface Shared {
  /**
   * Zeros. A length gives a typed array, a list of lengths `{ data, shape }`.
   *
   * @example
   * ```ts
   * const out = shared.zeros('float64', rows);
   * await mapChunks(rows, (start, end) => { for (let i = start; i < end; i++) out[i] = f(i); });
   * ```
   */
  zeros<D extends DType>(dtype: D, length: number, options?: ShareOptions): DTypes[D];
  zeros<D extends DType>(
    dtype: D,
    shape: readonly number[],
    options?: ShareOptions,
  ): ShapedArray<DTypes[D]>;
  /** A copy of values: of a typed array's own element type, else 'float64' unless `dtype` is given. */
  from<T extends TypedArray>(array: T, options?: ShareOptions): T;
  from<D extends DType = 'float64'>(
    values: Iterable<number> | Iterable<bigint>,
    options?: ShareOptions & { readonly dtype?: D },
  ): DTypes[D];
}

/** See {@link Shared}. */
export const shared: Shared = Object.freeze({ zeros, from }) as unknown as Shared;
