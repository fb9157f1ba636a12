/**
 * Several inputs as one: calls of a function with an element of each.
 */
import { typeError } from '../errors.ts';

/** A call of the job's first function. */
type Call = [fn: 0, args: unknown[]];

type Input = Iterable<unknown> | AsyncIterable<unknown>;

function iteratorOf(input: Input): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in input
    ? input[Symbol.asyncIterator]()
    : (input as Iterable<unknown>)[Symbol.iterator]();
}

function isInput(input: unknown): input is Input {
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = (input ?? {}) as {
    [Symbol.asyncIterator]?: unknown;
    [Symbol.iterator]?: unknown;
  };
  return typeof async === 'function' || typeof sync === 'function';
}

function* zipSync(inputs: readonly Iterable<unknown>[]): Generator<Call, undefined> {
  const iterators = inputs.map((input) => input[Symbol.iterator]());
  try {
    for (;;) {
      const row: unknown[] = [];
      for (const iterator of iterators) {
        const step = iterator.next();
        if (step.done) return;
        row.push(step.value);
      }
      yield [0, row];
    }
  } finally {
    for (const iterator of iterators) iterator.return?.();
  }
}

async function* zipAsync(inputs: readonly Input[]): AsyncGenerator<Call, undefined> {
  const iterators = inputs.map(iteratorOf);
  try {
    for (;;) {
      const row: unknown[] = [];
      for (const iterator of iterators) {
        const step = await iterator.next();
        if (step.done) return;
        row.push(step.value);
      }
      yield [0, row];
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

/**
 * Calls with one element of each input, until the shortest ends; the others are told so. Inputs whose
 * length is known make an array, of which as much is known.
 *
 * @throws TypeError for no input, or one that can't be iterated
 */
export function zippedCalls(inputs: readonly unknown[]): Iterable<Call> | AsyncIterable<Call> {
  if (inputs.length === 0) throw typeError('inputs', inputs, 'one iterable at least');
  for (const input of inputs) {
    if (!isInput(input)) throw typeError('inputs', input, 'iterables');
  }
  if (inputs.every((input) => Array.isArray(input))) {
    const length = Math.min(...inputs.map((input) => input.length));
    return Array.from({ length }, (_, i) => [0, inputs.map((input) => input[i] as unknown)]);
  }
  const all = inputs as readonly Input[];
  const isAsync = all.some((input) => Symbol.asyncIterator in input);
  return isAsync ? zipAsync(all) : zipSync(all as readonly Iterable<unknown>[]);
}
