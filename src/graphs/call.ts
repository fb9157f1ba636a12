/**
 * Calls that have been noted and not made.
 */
import { CloneError, restore, state } from '../codec/index.ts';
import { typeError } from '../errors.ts';
import { type OptionsOf, readOptions, text } from '../options.ts';

/** A call that has been noted and not made; from {@link delayed}. */
export interface DelayedCall<R = unknown> {
  readonly fn: (...args: never[]) => R;
  readonly args: readonly unknown[];
}

/**
 * What stands for an argument: the argument, a delayed call that gives it, or an array, plain object,
 * Map or Set that has delayed calls in it.
 */
export type Delayable<T> =
  | T
  | DelayedCall<T | PromiseLike<T>>
  | (T extends readonly unknown[] ? { readonly [K in keyof T]: Delayable<T[K]> } : never)
  | (T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<Delayable<K>, Delayable<V>> : never)
  | (T extends ReadonlySet<infer V> ? ReadonlySet<Delayable<V>> : never)
  | (T extends PlainObject ? { readonly [K in keyof T]: Delayable<T[K]> } : never);

type PlainObject = { readonly [key: string]: unknown };

type DelayableArguments<P extends readonly unknown[]> = {
  [K in keyof P]: Delayable<P[K]>;
};

/** The class by which a call is known where it is an argument. */
export class Call implements DelayedCall {
  readonly fn: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  readonly label: string | undefined;
  /** Its result, where that is known. */
  readonly known: { readonly value: unknown } | null;

  constructor(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    label?: string,
    known: { readonly value: unknown } | null = null,
  ) {
    this.fn = fn;
    this.args = args;
    this.label = label;
    this.known = known;
  }

  [state](): never {
    throw new CloneError(
      nameOf(this),
      'a delayed call that is not an argument of another one',
      'Calls are found in arguments, and in arrays, plain objects, Maps and Sets of these. ' +
        'Elsewhere give its result: await compute(call).',
    );
  }

  static [restore](): never {
    throw new TypeError('a delayed call does not travel');
  }
}

export function isCall(value: unknown): value is Call {
  return value instanceof Call;
}

/** What a call is called: its label, or its function's name. */
export function nameOf({
  label,
  fn,
}: {
  readonly label?: string | undefined;
  fn: unknown;
}): string {
  if (label !== undefined) return label;
  const { name } = fn as { name?: unknown };
  return typeof name === 'string' && name !== '' ? name : 'anonymous';
}

const delayedOptions = {
  /** What the calls are called in errors and drawings. Default: the function's name. */
  label: text('a text'),
};

/** Options of {@link delayed}. */
export interface DelayedOptions extends OptionsOf<typeof delayedOptions> {}

/**
 * Makes a function that notes calls of `fn` instead of making them. Its arguments may be such calls
 * themselves, at any depth of arrays, plain objects, Maps and Sets: `compute` and `Parallel` make each
 * of them once, and give `fn` the results.
 *
 * @example
 * ```ts
 * const parts = files.map((file) => delayed(count)(delayed(load)(file)));
 * console.log(await compute(delayed(sum)(parts)));
 * ```
 */
export function delayed<P extends readonly unknown[], R>(
  fn: (...args: P) => R,
  options?: DelayedOptions,
): (...args: DelayableArguments<P>) => DelayedCall<R> {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  const { label } = readOptions('options', delayedOptions, options);
  return (...args) => new Call(fn as never, args, label) as unknown as DelayedCall<R>;
}
