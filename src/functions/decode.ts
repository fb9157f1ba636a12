/**
 * Payloads to functions, each once.
 */
import { link, linkSync, needsLoading } from './link.ts';
import type { FunctionPayload } from './payload.ts';
import { classOf, isMine, rememberClass } from './registry.ts';

const KEEP = 500;

/** What was made, least recently used first. */
const made = new Map<string, unknown>();
const pending = new Map<string, Promise<unknown>>();
const known = { get: classOf, add: rememberClass };

/** The function of a payload; a promise for it while modules are loaded. */
export function linkPayload(payload: FunctionPayload): unknown {
  const { id } = payload;
  const class_ = classOf(id);
  if (class_) return class_;
  if (made.has(id)) {
    const fn = made.get(id);
    made.delete(id);
    made.set(id, fn);
    return fn;
  }
  const waiting = pending.get(id);
  if (waiting) return waiting;
  const own = isMine(payload) ? structuredClone(payload) : payload;
  if (!needsLoading(own)) return keep(id, linkSync(own, known));
  const loading = link(own, known)
    .then((fn) => keep(id, fn))
    // A module that fails to load may be there at the next try.
    .finally(() => pending.delete(id));
  pending.set(id, loading);
  return loading;
}

function keep(id: string, fn: unknown): unknown {
  made.set(id, fn);
  if (made.size > KEEP) made.delete(made.keys().next().value!);
  return fn;
}
