/**
 * Names of values on engines, as arguments.
 */
import { callWithNames } from '../host/namespace.ts';
import { checkName } from './script.ts';

/** Stands for what an engine has under a name; from {@link ref}. */
export class EngineRef<T> {
  /** The name. */
  readonly name: string;
  /** Only for types: nothing is there. */
  declare readonly type?: T;

  /** @internal */
  constructor(name: string) {
    this.name = name;
  }
}

/**
 * As an argument of `apply` it stands for what the engine has under the name, which need not travel.
 *
 * @param name - as it was pushed
 * @throws RangeError for what can't be a name
 *
 * @example
 * ```ts
 * await view.push({ table });
 * await view.apply((table: Float64Array, i: number) => table[i], ref<Float64Array>('table'), 3);
 * ```
 */
export function ref<T = unknown>(name: string): EngineRef<T> {
  return new EngineRef<T>(checkName('name', name));
}

/** Arguments of a function, any of which may be a name on the engine. */
export type EngineArguments<A extends readonly unknown[]> = {
  readonly [K in keyof A]: A[K] | EngineRef<A[K]>;
};

type AnyFunction = (...args: never[]) => unknown;

/** The call of a function with arguments some of which may be names. */
export function callOf(
  fn: AnyFunction,
  args: readonly unknown[],
): { readonly fn: AnyFunction; readonly args: readonly unknown[] } {
  const names: [number, string][] = [];
  const values = args.map((arg, position) => {
    if (!(arg instanceof EngineRef)) return arg;
    names.push([position, arg.name]);
    return undefined;
  });
  return names.length === 0 ? { fn, args } : { fn: callWithNames, args: [fn, values, names] };
}
