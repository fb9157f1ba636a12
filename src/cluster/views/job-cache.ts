/**
 * Jobs of direct calls that engines keep: one that is called again and again is opened once.
 */
import type { FunctionPayload } from '../../functions/index.ts';
import type { OpenMessage } from '../../protocol/index.ts';
import type { Transport } from '../transport/types.ts';

/** Jobs that are kept; the one that has not been used for longest goes first. */
const MAX_JOBS = 64;

/** Their keys by what they are, in the order of their use. */
const caches = new WeakMap<Transport, Map<string, string>>();

/**
 * What a job is, as a text; null for one that is not kept: with what it captures it may hold much memory,
 * and serializers are no text.
 */
function identityOf({ functions, model, serializers, ...rest }: Omit<OpenMessage, 'context'>) {
  if (model !== undefined || serializers) return null;
  const ids: string[] = [];
  for (const one of functions) {
    if (one.kind !== 'payload') return null;
    const { id, slots } = one.payload as FunctionPayload;
    if (slots !== null) return null;
    ids.push(id);
  }
  return JSON.stringify([ids, rest]);
}

/** A job that has been published. */
export interface Published {
  readonly key: string | Promise<string>;
  /** To be called when its chunks are done. */
  done(): void;
}

/** Makes a job known to engines, if it is not. */
export function publishJob(transport: Transport, open: Omit<OpenMessage, 'context'>): Published {
  const identity = identityOf(open);
  let cache = caches.get(transport);
  if (!cache) {
    cache = new Map();
    caches.set(transport, cache);
  }
  const known = identity === null ? undefined : cache.get(identity);
  if (identity !== null && known !== undefined) {
    cache.delete(identity);
    cache.set(identity, known);
    return { key: known, done: () => {} };
  }
  const key = transport.publish({ open });
  if (identity === null || typeof key !== 'string') {
    return { key, done: () => void Promise.resolve(key).then((one) => transport.withdraw(one)) };
  }
  cache.set(identity, key);
  if (cache.size > MAX_JOBS) {
    const [oldest, old] = cache.entries().next().value!;
    cache.delete(oldest);
    transport.withdraw(old);
  }
  return { key, done: () => {} };
}
