/**
 * Payloads to functions, each once.
 */
import { checkOpens } from '../memory/index.ts';
import { link, linkSync, needsLoading } from './link.ts';
import type { FunctionNode, FunctionPayload } from './payload.ts';
import { classOf, isMine, isOwn, madeClasses, rememberClass } from './registry.ts';

const KEEP = 500;

/**
 * What was made, least recently used first. Functions with shared memory among their captures are
 * not kept alive by this: each call of `map` shares the arrays anew, and they would pile up.
 */
const made = new Map<string, Made>();
type Made = { deref(): unknown };
const pending = new Map<string, Promise<unknown>>();
const known = { get: classOf, add: rememberClass };

/** Whether a class, if it is one, has what its payload says that it has now. */
function isCurrent(node: FunctionNode): boolean {
  if (node.kind !== 'code' || node.id === undefined || isOwn(node.id)) return true;
  const fn = classOf(node.id);
  return fn === undefined || madeClasses.get(fn)?.version === (node.version ?? '');
}

/** The function of a payload; a promise for it while modules are loaded. */
export function linkPayload(payload: FunctionPayload): unknown {
  const { id } = payload;
  const current = payload.nodes.every(isCurrent);
  const class_ = classOf(id);
  if (class_ && current) return class_;
  const found = made.get(id);
  const fn = found?.deref();
  if (found && fn && current) {
    made.delete(id);
    made.set(id, found);
    return fn;
  }
  const waiting = pending.get(id);
  if (waiting) return waiting;
  const own = isMine(payload) ? structuredClone(payload) : payload;
  // Before anything is made: what is half made would be found at the next try.
  for (const reference of own.slots?.references ?? []) {
    if (reference.kind === 'segment') checkOpens(reference.handle);
  }
  if (!needsLoading(own)) return keep(payload, linkSync(own, known));
  const loading = link(own, known)
    .then((fn) => keep(payload, fn))
    // A module that fails to load may be there at the next try.
    .finally(() => pending.delete(id));
  pending.set(id, loading);
  return loading;
}

function keep(payload: FunctionPayload, fn: unknown): unknown {
  made.delete(payload.id);
  made.set(payload.id, holdsMemory(payload) ? new WeakRef(fn as object) : { deref: () => fn });
  if (made.size > KEEP) made.delete(made.keys().next().value!);
  return fn;
}

function holdsMemory({ slots }: FunctionPayload): boolean {
  return slots?.references.some(({ kind }) => kind === 'segment') === true;
}
