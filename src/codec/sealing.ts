/**
 * Makes sealed values, and the messages of them.
 */
import { deserialize, serialize } from './bytes.ts';
import { type EncodeOptions, encode, isWrapped } from './codec.ts';
import { Sealed, type SealedMemory } from './sealed.ts';
import type { Reference, Wrapped } from './wire.ts';

/** A value that has been sealed. */
export interface Sealing {
  /** What there is to give away: a primitive as it is. */
  readonly value: unknown;
  /** As that of an encoded message. */
  release(forsaken?: () => boolean): void;
  /** As that of an encoded message. */
  drop(): void;
}

const noop = (): void => {};

function isPrimitive(value: unknown): boolean {
  if (value === null) return true;
  const type = typeof value;
  return type !== 'object' && type !== 'function' && type !== 'symbol';
}

/**
 * Makes a value that others can pass on.
 *
 * @throws CloneError with the path to what cannot travel
 */
export function seal(value: unknown, options: EncodeOptions): Sealing {
  if (isPrimitive(value)) return { value, release: noop, drop: noop };
  const { message, release, drop } = encode(value, options);
  const memory: SealedMemory[] = [];
  const objects: string[] = [];
  if (!isWrapped(message)) {
    return { value: new Sealed(serialize(message), memory, objects), release, drop };
  }
  const references = message.references.map((reference): Reference => {
    switch (reference.kind) {
      case 'segment':
        return { kind: 'memory', index: memory.push(reference.handle) - 1 };
      case 'remote':
        if (reference.type === 'object') objects.push(reference.state.id);
        return reference;
      default:
        return reference;
    }
  });
  const bytes = serialize({ ...message, references });
  return { value: new Sealed(bytes, memory, objects), release, drop };
}

/** The message of a sealed value, for who decodes it. */
export function unsealed({ bytes, memory }: Sealed): unknown {
  const message = deserialize(bytes);
  if (memory.length === 0) return message;
  const wrapped = message as Wrapped;
  const references = wrapped.references.map((reference): Reference => {
    if (reference.kind !== 'memory') return reference;
    const part = memory[reference.index]!;
    return part instanceof ArrayBuffer
      ? { kind: 'buffer', bytes: part.slice(0) }
      : { kind: 'segment', handle: part };
  });
  return { ...wrapped, references };
}

/** Ids of the objects that a message names, as often as it does. */
export function objectsOf(message: unknown): string[] {
  if (!isWrapped(message)) return [];
  const ids: string[] = [];
  for (const reference of message.references) {
    if (reference.kind === 'remote' && reference.type === 'object') ids.push(reference.state.id);
    if (reference.kind === 'sealed') ids.push(...reference.objects);
  }
  return ids;
}
