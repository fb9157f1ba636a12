/**
 * The other half of the encoder: makes the special values and puts them in their places.
 */
import { noteUnopened, open, type SegmentHandle, unopenedMemory } from '../memory/index.ts';
import { restore } from './hooks.ts';
import { build, buildError } from './platform.ts';
import { makeRemote } from './remotes.ts';
import { Sealed } from './sealed.ts';
import { restoreBy, serializerById } from './serializers.ts';
import {
  ACCESSOR,
  type Closedness,
  type Reference,
  SHOWN,
  type Step,
  type Target,
  type Wrapped,
} from './wire.ts';

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
        case 'map': {
          const map = this.#target(step[1]);
          for (let i = 0; i < step[2].length; i += 2) {
            Reflect.apply(mapSet, map, [step[2][i], step[2][i + 1]]);
          }
          break;
        }
        case 'collect': {
          const set = this.#target(step[1]);
          for (const item of step[2]) Reflect.apply(setAdd, set, [item]);
          break;
        }
        case 'assign':
          assign(this.#target(step[1]), step[2]);
          break;
        case 'define':
          this.#define(this.#target(step[1]), step[2], step[3], step[4]);
          break;
        case 'close':
          close(this.#target(step[1]), step[2]);
          break;
      }
    }
  }

  #target(target: Target): object {
    return typeof target === 'number' ? (this.get(target) as object) : target;
  }

  #define(
    target: object,
    keys: readonly (string | number)[],
    flags: readonly number[],
    values: readonly unknown[],
  ): void {
    let at = 0;
    keys.forEach((key, i) => {
      const name = typeof key === 'number' ? (this.get(key) as symbol) : key;
      const settings = { enumerable: (flags[i]! & SHOWN) !== 0, configurable: true };
      if (flags[i]! & ACCESSOR) {
        const [get, set] = [values[at++], values[at++]] as [() => unknown, () => void];
        Object.defineProperty(target, name, { ...settings, get, set });
      } else {
        Object.defineProperty(target, name, { ...settings, value: values[at++], writable: true });
      }
    });
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
        return this.#open(reference.handle);
      case 'view':
        return this.#view(reference, this.get(reference.buffer) as ArrayBuffer);
      case 'memory':
        throw new TypeError('memory of a sealed value is named outside of it');
      case 'sealed':
        return new Sealed(reference.bytes, reference.memory, reference.objects);
      case 'remote':
        return makeRemote(reference.type, reference.state);
      case 'symbol':
        return reference.wellKnown
          ? (Symbol as unknown as Record<string, symbol>)[reference.key]
          : Symbol.for(reference.key);
      case 'null-object':
        return Object.create(null);
      case 'built':
        return build(reference.base, reference.args, this.#subclass(reference.class));
      case 'function':
        return this.#functions(reference.index);
      case 'instance':
        return Object.create(this.#class(reference.class).prototype as object);
      case 'restored': {
        const type = this.#class(reference.class) as unknown as Record<symbol, unknown>;
        return (type[restore] as (state: unknown) => unknown).call(type, reference.state[0]);
      }
      case 'registered': {
        const known = serializerById(reference.id);
        if (known) return restoreBy(known, reference.state[0]);
        const make = this.#functions(reference.restore) as (state: unknown) => unknown;
        return make(reference.state[0]);
      }
      case 'error':
        return buildError(reference.name, this.#subclass(reference.class));
    }
  }

  /** Who tries again must find what has been opened: its sender may take that for done with. */
  #open(handle: SegmentHandle): ArrayBuffer {
    try {
      return open(handle);
    } catch (error) {
      const memory = unopenedMemory(error);
      if (memory) {
        const opened: [SegmentHandle, ArrayBuffer][] = [];
        for (const [i, reference] of this.#references.entries()) {
          if (reference.kind !== 'segment' || !(i in this.#made)) continue;
          opened.push([reference.handle, this.#made[i] as ArrayBuffer]);
        }
        noteUnopened(error, { handle: memory.handle, opened });
      }
      throw error;
    }
  }

  #class(index: number): Constructor {
    return this.#functions(index) as Constructor;
  }

  #subclass(index: number): Constructor | undefined {
    return index < 0 ? undefined : this.#class(index);
  }

  #view(reference: Extract<Reference, { kind: 'view' }>, buffer: ArrayBuffer): unknown {
    const { type, offset, length } = reference;
    if (type === 'Buffer') {
      const bytes = Buffer.from(buffer, offset, length);
      const own = this.#subclass(reference.class);
      return own ? Object.setPrototypeOf(bytes, own.prototype as object) : bytes;
    }
    return build(type, [buffer, offset, length], this.#subclass(reference.class));
  }
}

function close(target: object, how: Closedness): void {
  if (how === 'freeze') Object.freeze(target);
  else if (how === 'seal') Object.seal(target);
  else Object.preventExtensions(target);
}

const mapSet = Map.prototype.set;
const setAdd = Set.prototype.add;

function define(holder: object, key: string | number, value: unknown): void {
  // What a program has put on the prototypes may be a setter, or frozen.
  if (key in holder && !Object.hasOwn(holder, key)) {
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

function assign(target: object, properties: object): void {
  for (const key of Object.keys(properties)) {
    const value = (properties as Record<string, unknown>)[key];
    // What its constructor made, such as lastIndex, may be written but not defined anew.
    if (Object.hasOwn(target, key)) (target as Record<string, unknown>)[key] = value;
    else {
      Object.defineProperty(target, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
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
