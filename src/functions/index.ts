/**
 * How a function reaches a worker: by reference to its module, or by its text.
 */
import { createHash, randomUUID } from 'node:crypto';
import { typeError } from '../errors.ts';
import { registerCallables } from '../memory/callables.ts';
import { CloneError } from '../memory/clone-error.ts';
import { compile } from './compile.ts';
import type { FunctionPayload } from './payload.ts';

export type { FunctionPayload } from './payload.ts';

type AnyFunction = (...args: never[]) => unknown;

/** What encodeFunction has to know. */
export interface FunctionOptions {
  /** The kind of worker; a payload for a process serves a thread too. */
  readonly to?: 'thread' | 'process';
  /** Size from which captured arrays are shared. */
  readonly maxBytes?: number;
  /** What the function is called in error messages. */
  readonly path?: string;
}

/** Payloads of functions that have one, and on the other side of what was made from one. */
const payloads = new WeakMap<object, FunctionPayload>();
/** What this environment has for an id: its own functions, and those that were sent to it. */
const known = new Map<string, unknown>();
/** Tells the classes of this environment from those of any other. */
const environment = randomUUID();
let classes = 0;
const pending = new Map<string, Promise<unknown>>();

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
    kind: 'module',
    id: `${url}#${exportName}`,
    url,
    name: exportName,
  };
  const reference = async (...args: A): Promise<R> => {
    const fn = await decodeFunction(payload);
    return (await fn(...args)) as R;
  };
  Object.defineProperty(reference, 'name', { value: exportName });
  payloads.set(reference, payload);
  return reference;
}

/**
 * Makes the plain data by which a worker gets a function. Cached for each function object.
 *
 * @throws {@link CloneError} when the function cannot travel
 */
export function encodeFunction(fn: AnyFunction, options: FunctionOptions = {}): FunctionPayload {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  let payload = payloads.get(fn);
  if (!payload) {
    const code = Function.prototype.toString.call(fn);
    if (/\[native code\]\s*\}$/.test(code)) {
      throw new CloneError(
        options.path ?? 'fn',
        'a bound or native function',
        'Wrap it: (x) => f(x).',
      );
    }
    // Two classes of one text are still two classes: what is an instance of one is not of the other.
    const id = /^class\b/.test(code) ? `${environment}:${++classes}` : digest(code);
    payload = { kind: 'text', id, code };
    payloads.set(fn, payload);
    if (!known.has(payload.id)) known.set(payload.id, fn);
  }
  return payload;
}

function digest(code: string): string {
  return createHash('sha1').update(code).digest('base64url');
}

/** Makes the function of a payload; compiled (or imported) once for each payload. */
export async function decodeFunction(
  payload: FunctionPayload,
): Promise<(...args: unknown[]) => unknown> {
  return (await loadFunction(payload)) as (...args: unknown[]) => unknown;
}

function loadFunction(payload: FunctionPayload): Promise<unknown> {
  if (known.has(payload.id)) return Promise.resolve(known.get(payload.id));
  let wait = pending.get(payload.id);
  if (!wait) {
    wait = make(payload).then((fn) => {
      known.set(payload.id, fn);
      if (typeof fn === 'function') payloads.set(fn, payload);
      return fn;
    });
    // A module that fails to load may be there at the next try.
    wait.catch(() => {}).finally(() => pending.delete(payload.id));
    pending.set(payload.id, wait);
  }
  return wait;
}

async function make(payload: FunctionPayload): Promise<unknown> {
  if (payload.kind === 'text') return compile(payload);
  const namespace = (await import(payload.url)) as Record<string, unknown>;
  const fn = namespace[payload.name];
  if (typeof fn !== 'function') {
    throw new TypeError(
      `${payload.url} exports no function '${payload.name}'; it exports ` +
        `${Object.keys(namespace).join(', ') || 'nothing'}`,
    );
  }
  return fn;
}

registerCallables({
  encode: (fn, path) => encodeFunction(fn as unknown as AnyFunction, { path }),
  load: (payload) =>
    known.has((payload as FunctionPayload).id)
      ? null
      : loadFunction(payload as FunctionPayload).then(() => {}),
  decode: (payload) => known.get((payload as FunctionPayload).id),
});
