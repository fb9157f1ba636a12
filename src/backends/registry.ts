/**
 * The backends by name.
 */
import { rangeError, typeError } from '../errors.ts';
import type { Backend, BackendFactory } from '../protocol/index.ts';
import { processes } from './processes.ts';
import { sequential } from './sequential.ts';
import { threads } from './threads.ts';

const factories = new Map<string, BackendFactory>([
  ['processes', processes],
  ['threads', threads],
  ['sequential', sequential],
]);
const made = new Map<string, Backend>();

/**
 * Makes a backend known by a name, for the option `backend` and for `withConfig`.
 *
 * @param name - a name that no backend has yet
 * @param factory - called when the backend is first used
 * @returns takes the name back when disposed of
 * @throws RangeError if the name is taken
 */
export function registerBackend(name: string, factory: BackendFactory): Disposable {
  if (typeof name !== 'string' || name === '') throw typeError('name', name, 'a name');
  if (typeof factory !== 'function') throw typeError('factory', factory, 'a function');
  if (factories.has(name)) throw rangeError('name', name, 'a name that no backend has');
  factories.set(name, factory);
  return {
    [Symbol.dispose]() {
      if (factories.get(name) !== factory) return;
      factories.delete(name);
      made.delete(name);
    },
  };
}

const REACHES = ['local', 'thread', 'process', 'machine'] as const;

/**
 * Checks what somebody gives as a backend.
 *
 * @param name - the argument or option, as its giver knows it
 * @throws TypeError if it is none
 */
export function checkBackend(name: string, backend: unknown): Backend {
  const right = "a backend: an object with a name, a reach ('process', …), a knob and start()";
  if (typeof backend !== 'object' || backend === null) throw typeError(name, backend, right);
  const { name: own, reach, knob, start } = backend as Partial<Backend>;
  if (typeof own !== 'string' || typeof start !== 'function') throw typeError(name, backend, right);
  if (!REACHES.includes(reach as (typeof REACHES)[number])) {
    throw rangeError(`${name}.reach`, reach, `one of ${REACHES.join(', ')}`);
  }
  if (knob !== null && knob !== 'processes' && knob !== 'threads') {
    throw rangeError(`${name}.knob`, knob, "'processes', 'threads' or null");
  }
  return backend as Backend;
}

/** The backend of a name. */
export function backendNamed(name: string): Backend {
  const existing = made.get(name);
  if (existing) return existing;
  const factory = factories.get(name);
  if (!factory) {
    throw rangeError('backend', name, `one of ${[...factories.keys()].join(', ')}`);
  }
  const backend = checkBackend(`factory() of '${name}'`, factory());
  made.set(name, backend);
  return backend;
}
