// An imported module: its exports go by reference, also what keeps state of its own.
const state = { calls: 0 };

export function counted(x: number): number {
  state.calls++;
  return x + Math.sign(state.calls);
}

export const unit = 2;

/** Can't be sent at all: who imports the module's namespace must get what they use alone. */
export const table = new WeakMap<object, number>();

export class Model {
  weights = new Float64Array([1, 2, 3]);
  predict(i: number): number {
    return this.weights[i]! * unit;
  }
}

export class Secret {
  #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  get value(): number {
    return this.#value;
  }
}

export default function fallback(x: number): number {
  return x - 1;
}
