/**
 * Arguments of calls that are made elsewhere: as they are when the call is made, with references among them
 * to objects that may not be there yet.
 */
import { DependencyError } from '../../graphs/index.ts';
import { ObjectRef } from '../../objects/index.ts';
import type { KeptValue } from './adoption.ts';
import { type ObjectStore, objectsIn } from './store.ts';

/** The arguments of a call. */
export interface PackedArguments {
  /** As what a task of mode 'objects' has: an array of primitives, or a sealed one. */
  readonly args: unknown;
  /** Pairs of a position and the id of the object that goes there. */
  readonly holes: readonly (number | string)[];
  /** Objects to which they refer further down. */
  readonly inner: readonly string[];
  /** Lets go of them. */
  release(): void;
}

const none: readonly never[] = [];
const noop = (): void => {};

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol');
}

/** Ids of objects that go to positions. */
export function idsOf(holes: readonly (number | string)[]): string[] {
  return holes.filter((_, i) => i % 2 === 1) as string[];
}

/** Arguments that have been packed where the call was made. */
export function receivedArguments(
  store: ObjectStore,
  args: unknown,
  holes: readonly (number | string)[],
): PackedArguments {
  return heldArguments(store, { value: args, release: noop }, holes);
}

function heldArguments(
  store: ObjectStore,
  kept: KeptValue,
  holes: readonly (number | string)[],
): PackedArguments {
  const inner = objectsIn(kept.value);
  const all = [...idsOf(holes), ...inner];
  for (const id of all) store.retain(id);
  let held = true;
  return {
    args: kept.value,
    holes,
    inner,
    release() {
      if (!held) return;
      held = false;
      for (const id of all) store.release(id);
      kept.release();
    },
  };
}

/**
 * Packs arguments.
 *
 * @param args - an array that nobody else has
 * @throws CloneError where one of them can't travel
 */
export function packArguments(store: ObjectStore, args: readonly unknown[]): PackedArguments {
  if (args.every(isPrimitive)) return { args, holes: none, inner: none, release: noop };
  const holes: (number | string)[] = [];
  const values = args.map((arg, position) => {
    if (!(arg instanceof ObjectRef)) return arg;
    holes.push(position, arg.id);
    return undefined;
  });
  const kept = values.every(isPrimitive)
    ? { value: values, release: noop }
    : store.seal(values, 'arguments');
  return heldArguments(store, kept, holes);
}

/**
 * What a task of mode 'objects' has behind its arguments: positions and sealed values.
 *
 * @param label - what the call is called
 * @throws DependencyError where one of the objects could not be made, or is there no more
 */
export function filledHoles(
  store: ObjectStore,
  holes: readonly (number | string)[],
  label: string,
): unknown[] {
  return holes.map((hole, i) => {
    if (i % 2 === 0) return hole;
    try {
      return store.sealed(hole as string);
    } catch (error) {
      throw new DependencyError(label, `object ${hole}`, error);
    }
  });
}
