/**
 * Waiting for objects.
 */
import { rangeError, typeError } from '../../errors.ts';
import { ObjectRef } from '../../objects/index.ts';
import { milliseconds, type OptionsOf, readOptions, wholeNumber } from '../../options.ts';
import type { ObjectStore } from './store.ts';

const waitOptions = {
  /** How many have to be there. Default 1. */
  count: wholeNumber({ least: 0 }),
  /** Milliseconds to wait at most. Default Infinity. */
  timeout: milliseconds,
};

/** Options of {@link Client.wait}. */
export interface ObjectWaitOptions extends OptionsOf<typeof waitOptions> {}

/** Which objects are there. */
export interface WaitedObjects<T> {
  /** At most as many as were asked for, in the order of the list. */
  readonly ready: ObjectRef<T>[];
  readonly pending: ObjectRef<T>[];
}

/** Checks a list of references. */
export function checkRefs(name: string, refs: unknown): readonly ObjectRef<unknown>[] {
  if (!Array.isArray(refs) || !refs.every((one) => one instanceof ObjectRef)) {
    throw typeError(name, refs, 'an array of references to objects');
  }
  return refs as readonly ObjectRef<unknown>[];
}

/** See {@link Client.wait}. */
export async function waitForObjects<T>(
  store: ObjectStore,
  refs: readonly ObjectRef<T>[],
  options?: ObjectWaitOptions,
): Promise<WaitedObjects<T>> {
  checkRefs('refs', refs);
  const ids = new Set(refs.map(({ id }) => id));
  if (ids.size < refs.length) throw rangeError('refs', refs, 'references to different objects');
  const given = readOptions('options', waitOptions, options);
  const { count = Math.min(1, refs.length), timeout = Number.POSITIVE_INFINITY } = given;
  if (count > refs.length) {
    throw rangeError('count', count, `at most ${refs.length}, the number of references`);
  }
  let left = count - refs.filter(({ id }) => store.isSettled(id)).length;
  if (left > 0 && timeout > 0) {
    await new Promise<void>((resolve) => {
      const endless = timeout === Number.POSITIVE_INFINITY;
      const timer = endless ? undefined : setTimeout(resolve, timeout);
      const settled = (): void => {
        if (--left > 0) return;
        clearTimeout(timer);
        resolve();
      };
      for (const { id } of refs) if (!store.isSettled(id)) store.whenSettled(id, settled);
    });
  }
  const ready: ObjectRef<T>[] = [];
  const pending: ObjectRef<T>[] = [];
  for (const ref of refs) {
    (ready.length < count && store.isSettled(ref.id) ? ready : pending).push(ref);
  }
  return { ready, pending };
}
