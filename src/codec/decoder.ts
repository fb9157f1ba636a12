/**
 * The other half of the encoder: makes the special values and puts them in their places.
 */

import { open } from '../memory/index.ts';
import { restore } from './hooks.ts';
import type { Reference, Step, Wrapped } from './wire.ts';

type Constructor = new (...args: unknown[]) => object;

/** Looks up a function or class of the message that is being decoded. */
export type FunctionSource = (index: number) => unknown;

/** Runs the steps of one message. */
export class Decoder {
  readonly #references: readonly Reference[];
  readonly #functions: FunctionSource;
  readonly #made: unknown[] = [];

  constructor(references: readonly Reference[], functions: FunctionSource) {
    this.#references = references;
    this.#functions = functions;
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step[0]) {
        case 'set':
          define(step[1], step[2], this.get(step[3]));
          break;
        case 'map':
          for (let i = 0; i < step[2].length; i += 2) step[1].set(step[2][i], step[2][i + 1]);
          break;
        case 'collect':
          for (const item of step[2]) step[1].add(item);
          break;
        case 'assign':
          assign(this.get(step[1]) as object, step[2], true);
          break;
        case 'describe': {
          const error = this.get(step[1]) as object;
          assign(error, step[2], false);
          assign(error, step[3], true);
          break;
        }
      }
    }
  }

  /** The value of a reference, made when it is first asked for. */
  get(index: number): unknown {
    if (!(index in this.#made)) this.#made[index] = this.#make(this.#references[index]!);
    return this.#made[index];
  }

  #make(reference: Reference): unknown {
    switch (reference.kind) {
      case 'buffer':
        return reference.bytes;
      case 'segment':
        return open(reference.handle);
      case 'view':
        return view(reference, this.get(reference.buffer) as ArrayBuffer);
      case 'symbol':
        return reference.wellKnown
          ? (Symbol as unknown as Record<string, symbol>)[reference.key]
          : Symbol.for(reference.key);
      case 'null-object':
        return Object.create(null);
      case 'url':
        return new URL(reference.href);
      case 'function':
        return this.#functions(reference.index);
      case 'instance':
        return Object.create(this.#class(reference.class).prototype as object);
      case 'restored': {
        const type = this.#class(reference.class) as unknown as Record<symbol, unknown>;
        return (type[restore] as (state: unknown) => unknown).call(type, reference.state[0]);
      }
      case 'error':
        return this.#error(reference);
    }
  }

  #class(index: number): Constructor {
    return this.#functions(index) as Constructor;
  }

  #error(reference: Extract<Reference, { kind: 'error' }>): object {
    const base = (globalThis as Record<string, unknown>)[reference.name];
    if (reference.class < 0) {
      const type = (typeof base === 'function' ? base : Error) as Constructor;
      if (reference.name === 'AggregateError') return new type([], reference.message);
      return new type(reference.message);
    }
    // A real error object with the prototype of its class, whose constructor must not run: it may
    // want other arguments than a message.
    return Reflect.construct(Error, [reference.message], this.#class(reference.class));
  }
}

function view(reference: Extract<Reference, { kind: 'view' }>, buffer: ArrayBuffer): unknown {
  const { type, offset, length } = reference;
  if (type === 'Buffer') return Buffer.from(buffer, offset, length);
  const View = (globalThis as Record<string, unknown>)[type] as Constructor;
  return new View(buffer, offset, length);
}

function define(holder: object, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(holder, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    (holder as Record<string | number, unknown>)[key] = value;
  }
}

function assign(target: object, properties: object, enumerable: boolean): void {
  for (const key of Object.keys(properties)) {
    Object.defineProperty(target, key, {
      value: (properties as Record<string, unknown>)[key],
      enumerable,
      configurable: true,
      writable: true,
    });
  }
}

/** Unwraps a message whose functions can be looked up. */
export function unwrap(
  message: Pick<Wrapped, 'root' | 'references' | 'steps'>,
  functions: FunctionSource,
): unknown {
  new Decoder(message.references, functions).run(message.steps);
  return message.root[0];
}
