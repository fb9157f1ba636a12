import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import {
  type BitGenerator,
  type BitGeneratorState,
  Generator,
  MT19937,
  PCG64,
  PCG64DXSM,
  Philox,
  SFC64,
} from '../../src/random/index.ts';

export const kinds = { PCG64, PCG64DXSM, Philox, SFC64, MT19937 };

// biome-ignore lint/suspicious/noExplicitAny: the vectors' shape is theirs
export function vectors(name: string): any {
  return JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8'));
}

export function pcg(seed: string | number): Generator {
  return new Generator(new PCG64(String(seed)));
}

/** The hash of the bytes of a typed array. */
export function sha256(array: ArrayBufferView): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}

/** The state in the words of the vectors: `{ state, inc, has_uint32, uinteger }` flat or nested. */
export function expectState(generator: BitGenerator, expected: Record<string, unknown>): void {
  const state = generator.state;
  if ('bit_generator' in expected) {
    expect(state).toEqual(expected);
  } else {
    const { has_uint32, uinteger } = state as BitGeneratorState;
    expect({ ...(state.state as object), has_uint32, uinteger }).toEqual(expected);
  }
}

/** Numbers of any kind as strings. */
export function strings(values: Iterable<number | bigint | boolean>): string[] {
  return Array.from(values, (value) =>
    String(Number.isInteger(value) ? BigInt(value as number) : value),
  );
}
