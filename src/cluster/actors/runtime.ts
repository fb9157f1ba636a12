/**
 * What runs inside an actor's process. These functions travel by their text: each has all that it needs in
 * itself. The instance is kept under a symbol of `globalThis`.
 */
import type { GeneratorStep } from '../../objects/index.ts';

type Methods = Record<string, (...args: unknown[]) => unknown>;

interface Actor {
  readonly instance: Methods;
  /** Generators that have been begun, by the ids that their callers have given them. */
  readonly generators: Map<string, Generator<unknown> | AsyncGenerator<unknown>>;
}

/** The place of each function in the job. */
export const MAKE = 0;
export const CALL = 1;
export const STEP = 2;

/** Makes the instance. */
export function makeActor(Type: new (...args: unknown[]) => object, ...args: unknown[]): void {
  const instance = new Type(...args);
  const all = globalThis as unknown as Record<symbol, unknown>;
  all[Symbol.for('heddle.actor')] = { instance, generators: new Map() };
}

/** Calls a method. */
export function callActor(method: string, ...args: unknown[]): unknown {
  const all = globalThis as unknown as Record<symbol, unknown>;
  return (all[Symbol.for('heddle.actor')] as Actor).instance[method]!(...args);
}

/** Takes a step of a generator method. */
export async function stepActor(
  method: string,
  step: GeneratorStep,
  ...args: unknown[]
): Promise<{ readonly done: boolean; readonly value: unknown }> {
  const all = globalThis as unknown as Record<symbol, unknown>;
  const { instance, generators } = all[Symbol.for('heddle.actor')] as Actor;
  const { generator: id, kind } = step;
  if (kind === 'begin') generators.set(id, instance[method]!(...args) as Generator<unknown>);
  const generator = generators.get(id);
  if (!generator) {
    const text = `the generator of ${method}() is there no more: another instance has taken the place of its actor`;
    throw Object.assign(new Error(text), { code: 'ERR_HEDDLE_ACTOR_DIED' });
  }
  try {
    const action = kind === 'begin' ? 'next' : kind;
    const { done = false, value } = await generator[action](step.value);
    if (done) generators.delete(id);
    return { done, value: await value };
  } catch (error) {
    generators.delete(id);
    throw error;
  }
}
