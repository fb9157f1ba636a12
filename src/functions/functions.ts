/**
 * How a function reaches a worker: by reference to its module, by its text, or with its captures.
 */

import { type Callable, registerCallables, textOf } from '../codec/index.ts';
import { typeError } from '../errors.ts';
import { linkPayload } from './decode.ts';
import { encodeGraph, type FunctionOptions, forget, releaseAll } from './encode.ts';
import type { FunctionPayload } from './payload.ts';
import { bindings, references } from './registry.ts';
import { parseFunction } from './source.ts';
import { mapStack } from './stacks.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * A function by reference: workers import the module and call its export.
 *
 * The returned function also works in this process, where it imports the module at its first call.
 *
 * @param moduleUrl - the module, as `new URL('./kernels.js', import.meta.url)`
 * @param exportName - the name of the exported function
 * @example
 * ```ts
 * await map(rows, task(new URL('./kernels.js', import.meta.url), 'score'));
 * ```
 */
export function task<A extends readonly unknown[] = never[], R = unknown>(
  moduleUrl: string | URL,
  exportName: string,
): (...args: A) => Promise<R> {
  const url = String(moduleUrl);
  if (!URL.canParse(url)) {
    throw typeError('moduleUrl', moduleUrl, "a URL, as new URL('./kernels.js', import.meta.url)");
  }
  if (typeof exportName !== 'string' || exportName === '') {
    throw typeError('exportName', exportName, 'the name of an exported function');
  }
  const payload: FunctionPayload = {
    id: `${url}#${exportName}`,
    nodes: [{ kind: 'module', url, name: exportName, system: 'import' }],
    slots: null,
  };
  const reference = async (...args: A): Promise<R> => {
    const fn = await decodeFunction(payload);
    return (await fn(...args)) as R;
  };
  Object.defineProperty(reference, 'name', { value: exportName });
  references.set(reference, payload);
  return reference;
}

/**
 * Names what a function captures, for runtimes where that can't be read (Node's permission model).
 *
 * Returns the function itself: nothing changes where it is called directly.
 *
 * @param captures - values by the names that the function uses for them
 * @param fn - a function that uses no other names from outside
 * @example
 * ```ts
 * await map(rows, bind({ alpha, table }, (row) => table[row] * alpha));
 * ```
 */
export function bind<F extends (...args: never[]) => unknown>(
  captures: Readonly<Record<string, unknown>>,
  fn: F,
): F {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  if (typeof captures !== 'object' || captures === null) {
    throw typeError('captures', captures, 'an object with the captured values by their names');
  }
  bindings.set(fn, captures);
  forget(fn);
  return fn;
}

/**
 * Makes the plain data by which workers get a function.
 *
 * A function that captures nothing has one payload for ever; with `asValue`, until its properties
 * change. One with captures is read anew each time, so that a change is seen; as long as nothing
 * changed, the payload has the same `id`. Shared memory that the payload refers to lives as long as
 * the payload does.
 *
 * @throws CloneError when the function, or something that it captures, cannot travel
 */
export function encodeFunction(fn: AnyFunction, options: FunctionOptions = {}): FunctionPayload {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  return encodeGraph(fn as unknown as Callable, options);
}

/** Makes the function of a payload; compiled (or imported) once for each payload's `id`. */
export async function decodeFunction(
  payload: FunctionPayload,
): Promise<(...args: unknown[]) => unknown> {
  return (await linkPayload(payload)) as (...args: unknown[]) => unknown;
}

/** Frees the shared memory of a payload now instead of when the payload is collected. */
export function releaseFunction(payload: FunctionPayload): void {
  releaseAll(payload);
}

registerCallables({
  encode: (fn, path, options) => encodeGraph(fn, { ...options, path, asValue: true }),
  load(payload) {
    const linked = linkPayload(payload as FunctionPayload);
    return linked instanceof Promise ? linked.then(() => {}) : null;
  },
  decode: (payload) => linkPayload(payload as FunctionPayload),
  hasPrivate: (type) => parseFunction(textOf(type), true).hasPrivate,
  mapStack,
});
