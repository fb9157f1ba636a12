/**
 * Results of engines as this program keeps them: their memory stays when the engine has ended.
 */
import { Sealed, type SealedMemory } from '../../codec/index.ts';
import { adopt, isGone, type MemoryHandle, send } from '../../memory/index.ts';
import type { Ask } from '../../protocol/index.ts';

/** A sealed value, and what lets go of its memory. */
export interface KeptValue {
  readonly value: unknown;
  /** What has to be there as long as it. */
  readonly owner?: unknown;
  release(): void;
}

const noop = (): void => {};

/** The engine has ended, and memory of its result with it. */
export class MemoryGoneError extends Error {}

/** Memory that can't be taken over, as a copy of this program's own. */
async function copyOf(handle: MemoryHandle, ask: Ask, reason: unknown): Promise<KeptValue> {
  const bytes = await ask(handle);
  if (!bytes) throw new MemoryGoneError('its memory could not be read', { cause: reason });
  try {
    const outgoing = send(new Uint8Array(bytes), 'many');
    return { value: outgoing.handle, release: () => outgoing.release() };
  } catch {
    // No descriptor is left: the bytes go with each message.
    return { value: bytes, release: noop };
  }
}

/** Whether memory came for one receiver; what all see each other write to stays where it is. */
function isGiven(part: SealedMemory): part is MemoryHandle {
  return !(part instanceof ArrayBuffer) && part.kind === 'memory' && part.mode !== 'readwrite';
}

/**
 * Takes a result over.
 *
 * @param ask - gets the bytes of memory that can't be opened here
 * @returns at once where that is possible
 * @throws MemoryGoneError where its memory is lost
 */
export function keepResult(value: unknown, ask: Ask): KeptValue | Promise<KeptValue> {
  if (!(value instanceof Sealed) || value.memory.length === 0) return { value, release: noop };
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const one of releases.splice(0)) one();
  };
  const memory: (SealedMemory | Promise<KeptValue>)[] = [];
  for (const part of value.memory) {
    if (!isGiven(part)) {
      memory.push(part);
      continue;
    }
    try {
      const adopted = adopt(part);
      releases.push(adopted.release);
      memory.push(adopted.handle);
    } catch (error) {
      if (isGone(error)) {
        release();
        throw new MemoryGoneError('the engine that had it has ended', { cause: error });
      }
      memory.push(copyOf(part, ask, error));
    }
  }
  if (!memory.some((part) => part instanceof Promise)) {
    return { value: value.withMemory(memory as SealedMemory[]), release };
  }
  return Promise.all(
    memory.map(async (part) => {
      if (!(part instanceof Promise)) return part;
      const copy = await part;
      releases.push(copy.release);
      return copy.value as SealedMemory;
    }),
  ).then(
    (all) => ({ value: value.withMemory(all), release }),
    (error: unknown) => {
      release();
      throw error;
    },
  );
}
